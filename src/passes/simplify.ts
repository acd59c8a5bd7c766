// Algebra on graphs: rules applied bottom-up until none applies.
import { keepName } from '../ir/builder.js';
import type { Builder, Node } from '../ir/graph.js';
import { reachable } from '../ir/reachable.js';
import { constantRules } from './simplify/constants.js';
import { likeTermRules } from './simplify/likeTerms.js';
import { movementRules } from './simplify/movement.js';
import { productRules } from './simplify/products.js';
import { reductionRules } from './simplify/reductions.js';
import type { SimplifyRule } from './simplify/rule.js';
import { scaleRules } from './simplify/scale.js';

/** Every rule, in the order in which they are tried: constants first, so that the others see them; scales last, as they rebuild most. */
export const rules: readonly SimplifyRule[] = [
  ...constantRules,
  ...movementRules,
  ...reductionRules,
  ...productRules,
  ...scaleRules,
  ...likeTermRules,
];

const byOp = new Map<string, SimplifyRule[]>();
for (const rule of rules) for (const op of rule.ops) byOp.set(op, [...(byOp.get(op) ?? []), rule]);

/** More rewrites of one node than this mean that two rules undo each other: our bug. */
const limit = 200;

/** The roots in a simpler form of the same value. Names and origins pass to what replaces a node. */
export function simplify(roots: readonly Node[], g: Builder): Node[] {
  const done = new Map<Node, Node>();
  for (const node of reachable(roots)) visit(node, done, g, []);
  return roots.map((root) => done.get(root) ?? root);
}

/** `trail` holds the rules that led to this node, oldest first. */
function visit(node: Node, done: Map<Node, Node>, g: Builder, trail: readonly string[]): Node {
  const known = done.get(node);
  if (known) return known;
  if (trail.length > limit)
    throw new Error(`these rules undo one another: ${[...new Set(trail.slice(-20))].join(' | ')}`);
  const inputs = node.inputs.map((input) => visit(input, done, g, trail));
  let result = node;
  if (inputs.some((input, i) => input !== node.inputs[i])) {
    result = g.at(node.origin, () => g.make(node.op, inputs, node.attrs));
    keepName(node, result);
  }
  const better = g.at(node.origin, () => firstRewrite(result, g));
  if (better) {
    keepName(result, better.node);
    result = visit(better.node, done, g, [...trail, better.equation]);
  }
  done.set(node, result);
  if (!done.has(result)) done.set(result, result);
  return result;
}

function firstRewrite(node: Node, g: Builder): { readonly node: Node; readonly equation: string } | undefined {
  for (const { rewrite, equation } of byOp.get(node.op.name) ?? []) {
    const found = rewrite(node, g);
    if (found && found !== node) return { node: found, equation };
  }
  return undefined;
}
