// Algebra on graphs: rules applied bottom-up until none applies.
import { standFor } from '../../ir/builder.js';
import type { Builder, Node, Op } from '../../ir/graph.js';
import { reachable } from '../../ir/reachable.js';
import { constantRules } from './simplify/constants.js';
import { indexingRules } from './simplify/indexing.js';
import { likeTermRules } from './simplify/likeTerms.js';
import { movementRules } from './simplify/movement.js';
import { productRules } from './simplify/products.js';
import { reductionRules } from './simplify/reductions.js';
import type { Role, SimplifyRule } from './simplify/rule.js';
import { scaleRules } from './simplify/scale.js';

/** Every rule, in the order in which they are tried: constants first, so that the others see them; scales last, as they rebuild most. */
export const ruleGroups: readonly { readonly title: string; readonly rules: readonly SimplifyRule[] }[] = [
  { title: 'Numbers, and what is done before it repeats', rules: constantRules },
  { title: 'Movement', rules: movementRules },
  { title: 'What indices choose', rules: indexingRules },
  { title: 'Reductions', rules: reductionRules },
  { title: 'Sums, products and powers', rules: productRules },
  { title: 'Scales', rules: scaleRules },
  { title: 'Like terms', rules: likeTermRules },
];

export const rules: readonly SimplifyRule[] = ruleGroups.flatMap((group) => group.rules);

const byOp: Readonly<Record<Role, ReadonlyMap<Op, readonly SimplifyRule[]>>> = {
  value: rulesByOp(rules.filter((rule) => rule.given === undefined)),
  derived: rulesByOp(rules),
};

function rulesByOp(list: readonly SimplifyRule[]): ReadonlyMap<Op, readonly SimplifyRule[]> {
  const found = new Map<Op, SimplifyRule[]>();
  for (const rule of list) for (const op of rule.ops) found.set(op, [...(found.get(op) ?? []), rule]);
  return found;
}

/** More rewrites of one node than this mean that two rules undo each other: our bug. */
const limit = 200;

interface Work {
  readonly g: Builder;
  readonly role: Role;
  readonly done: Map<Node, Node>;
}

/**
 * The roots in a simpler form of the same value. Roles, names and origins pass to what replaces a node. `values` are nodes that derived ones
 * stand on: they stay as they are.
 */
export function simplify(roots: readonly Node[], g: Builder, role: Role, values: readonly Node[] = []): Node[] {
  const done = new Map(values.map((node) => [node, node]));
  for (const node of reachable(roots)) visit(node, { g, role, done }, []);
  return roots.map((root) => done.get(root) ?? root);
}

/** `trail` holds the rules that led to this node, oldest first. */
function visit(node: Node, work: Work, trail: readonly string[]): Node {
  const { g, role, done } = work;
  const known = done.get(node);
  if (known) return known;
  if (trail.length > limit)
    throw new Error(`these rules undo one another: ${[...new Set(trail.slice(-20))].join(' | ')}`);
  const inputs = node.inputs.map((input) => visit(input, work, trail));
  let result = node;
  if (inputs.some((input, i) => input !== node.inputs[i])) {
    result = g.like(node, () => g.make(node.op, inputs, node.attrs));
    standFor(node, result);
  }
  const better = g.like(node, () => firstRewrite(result, g, role));
  if (better) {
    standFor(result, better.node);
    result = visit(better.node, work, [...trail, better.equation]);
  }
  done.set(node, result);
  if (!done.has(result)) done.set(result, result);
  return result;
}

function firstRewrite(
  node: Node,
  g: Builder,
  role: Role,
): { readonly node: Node; readonly equation: string } | undefined {
  for (const { rewrite, equation } of byOp[role].get(node.op) ?? []) {
    const found = rewrite(node, g);
    if (found && found !== node) return { node: found, equation };
  }
  return undefined;
}
