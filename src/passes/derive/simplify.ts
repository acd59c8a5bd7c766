// Algebra on graphs: rules applied bottom-up until none applies.
import { standFor } from '../../ir/builder.js';
import { isOp, type Builder, type Node, type Op } from '../../ir/graph.js';
import { bodyRoots, createLoop, runsAmong, scan, type Loop, type LoopResult } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import { choiceRules } from './simplify/choices.js';
import { constantRules } from './simplify/constants.js';
import { indexingRules } from './simplify/indexing.js';
import { likeTermRules } from './simplify/likeTerms.js';
import { movementRules } from './simplify/movement.js';
import { normalisedRules } from './simplify/normalised.js';
import { productRules } from './simplify/products.js';
import { reductionRules } from './simplify/reductions.js';
import type { Role, SimplifyRule } from './simplify/rule.js';
import type { Trace } from './trace.js';
import { scaleRules } from './simplify/scale.js';
import { shareRules } from './simplify/shares.js';
import { windowRules } from './simplify/windows.js';

/** Every rule, in the order in which they are tried: constants first, so that the others see them; scales last, as they rebuild most. */
export const ruleGroups: readonly { readonly title: string; readonly rules: readonly SimplifyRule[] }[] = [
  { title: 'Numbers, and what is done before it repeats', rules: constantRules },
  { title: 'Movement', rules: movementRules },
  { title: 'Windows', rules: windowRules },
  { title: 'What indices choose', rules: indexingRules },
  { title: 'Reductions', rules: reductionRules },
  { title: 'Sums, products and powers', rules: productRules },
  { title: 'Choices', rules: choiceRules },
  { title: 'Shares', rules: shareRules },
  { title: 'What is centred', rules: normalisedRules },
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
  /** What loops became, by their keys. */
  readonly loops: Map<string, Loop>;
  readonly trace?: Trace;
}

/**
 * The roots in a simpler form of the same value. Roles, names and origins pass to what replaces a node. `values` are nodes that derived ones
 * stand on: they stay as they are.
 */
export function simplify(
  roots: readonly Node[],
  g: Builder,
  role: Role,
  values: readonly Node[] = [],
  trace?: Trace,
): Node[] {
  const work: Work = { g, role, done: trace?.became ?? new Map<Node, Node>(), loops: new Map(), trace };
  keep(values, work);
  for (const node of reachable(roots)) visit(node, work, []);
  const { done } = work;
  return roots.map((root) => done.get(root) ?? root);
}

/** Nodes that stay as they are, and so does what is in the bodies of loops. */
function keep(values: readonly Node[], work: Work): void {
  for (const node of values) work.done.set(node, node);
  for (const results of runsAmong(values).values()) {
    const { loop } = results[0].attrs;
    if (work.loops.has(loop.key)) continue;
    work.loops.set(loop.key, loop);
    keep(reachable(bodyRoots(results)), work);
  }
}

/** A loop with a simpler body; its results stay those of one run. */
function visitLoop(loop: Loop, work: Work): Loop {
  const known = work.loops.get(loop.key);
  if (known) return known;
  for (const node of reachable(loop.next)) visit(node, work, []);
  const next = loop.next.map((node) => work.done.get(node) ?? node);
  const simpler = next.some((node, k) => node !== loop.next[k]) ? createLoop({ ...loop, next }) : loop;
  work.loops.set(loop.key, simpler);
  work.loops.set(simpler.key, simpler);
  return simpler;
}

function visitResult(result: LoopResult, work: Work): LoopResult {
  if (result.kind !== 'emit') return result;
  for (const node of reachable([result.of])) visit(node, work, []);
  const of = work.done.get(result.of) ?? result.of;
  return of === result.of ? result : { kind: 'emit', of };
}

/** `trail` holds the rules that led to this node, oldest first. */
function visit(node: Node, work: Work, trail: readonly string[]): Node {
  const { g, role, done } = work;
  const known = done.get(node);
  if (known) return known;
  if (trail.length > limit)
    throw new Error(`these rules undo one another: ${[...new Set(trail.slice(-20))].join(' | ')}`);
  const inputs = node.inputs.map((input) => visit(input, work, trail));
  const attrs = isOp(node, scan)
    ? { loop: visitLoop(node.attrs.loop, work), result: visitResult(node.attrs.result, work) }
    : node.attrs;
  let result = node;
  if (attrs !== node.attrs || inputs.some((input, i) => input !== node.inputs[i])) {
    result = g.like(node, () => g.make(node.op, inputs, attrs));
    if (result !== node) standFor(node, result);
  }
  const better = g.like(node, () => firstRewrite(result, g, role));
  if (better) {
    work.trace?.rewrites.set(node, { from: result, to: better.node, equation: better.equation });
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
