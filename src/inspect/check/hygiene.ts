// What a model computes that may give no number, or an infinite one, where nothing that stands in the graph guards it.
import { isOp, through, type Node } from '../../ir/graph.js';
import { everyNode } from '../../ir/bodies.js';
import { modeRoots, type ModelGraph } from '../../ir/model.js';
import { div, pow, sqrt } from '../../ir/ops/arithmetic.js';
import { numberOf } from '../../ir/ops/calls.js';
import { stopGradient } from '../../ir/ops/control.js';
import { state } from '../../ir/ops/leaves.js';
import { broadcast, reshape } from '../../ir/ops/movement.js';
import { exp, expm1, log, log1p } from '../../ir/ops/transcendental.js';
import { chosenAmong } from '../../passes/derive/reach/chosen.js';
import { rangesOf, type Range } from '../../passes/derive/reach/ranges.js';

export interface Hazard {
  readonly what: 'log' | 'sqrt' | 'division' | 'exp' | 'power';
  /** `log of what may be 0 or negative` */
  readonly reason: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The functions or layers whose call it stands in, outermost first. */
  readonly calls: readonly string[];
}

/** exp overflows above, in 32 bits. */
const highestExponent = 88.7;

/**
 * What bounds of values do not rule out, over all finite inputs, parameters and states: each place once. A guard is what bounds follow
 * from (an addend above 0, a maximum, a clamp, a square, a sigmoid), or an `if` that chooses between it and something else.
 */
export function hazardsOf(model: ModelGraph): readonly Hazard[] {
  const nodes = everyNode(modeRoots(model));
  const ranges = rangesOf(nodes, leastOfStates(model));
  const chosen = chosenAmong(nodes, new Set(modeRoots(model)));
  const found = new Map<string, Hazard>();
  for (const node of nodes) {
    const { origin } = node;
    const hazard = origin && !chosen.has(node) ? hazardOf(node, ranges) : undefined;
    if (!origin || !hazard) continue;
    const { file, line, calls } = origin;
    const key = JSON.stringify([file, line, calls, hazard]);
    found.set(key, { ...hazard, file, line, calls });
  }
  return [...found.values()].sort((a, b) => compare(a.file, b.file) || a.line - b.line);
}

/** States that begin at 0 or above and become nothing below: a running variance. */
function leastOfStates({ states, training }: ModelGraph): (leaf: Node) => number | undefined {
  const positive = new Set(states.flatMap((s) => (s.initial.kind === 'fill' && s.initial.value >= 0 ? [s.name] : [])));
  const least = (leaf: Node): number | undefined =>
    isOp(leaf, state) && positive.has(leaf.attrs.name) ? 0 : undefined;
  const nodes = everyNode(training.states.map(({ node }) => node));
  for (;;) {
    const ranges = rangesOf(nodes, least);
    const negative = training.states.filter(
      ({ name, node }) => positive.has(name) && !((ranges.get(node)?.low ?? -1) >= 0),
    );
    if (negative.length === 0) return least;
    for (const { name } of negative) positive.delete(name);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function hazardOf(node: Node, ranges: ReadonlyMap<Node, Range>): Pick<Hazard, 'what' | 'reason'> | undefined {
  const [x, y] = node.inputs;
  const low = (of: Node): number => ranges.get(of)?.low ?? -Infinity;
  const high = (of: Node): number => ranges.get(of)?.high ?? Infinity;
  if (isOp(node, log)) return below(low(x), 0, 'log', 'log of what may be 0', 'log of what may be 0 or negative');
  if (isOp(node, log1p)) return below(low(x), -1, 'log', 'log1p of what may be -1', 'log1p of what may be -1 or less');
  if (isOp(node, sqrt)) {
    const steep = 'sqrt of what may be 0, where its slope is infinite';
    return below(low(x), 0, 'sqrt', steep, 'sqrt of what may be negative');
  }
  if (isOp(node, div) && !apart(ranges.get(y))) return { what: 'division', reason: 'division by what may be 0' };
  if (isOp(node, exp, expm1) && high(x) > highestExponent && !growsAnyway(x))
    return { what: 'exp', reason: `exp of what may be more than ${highestExponent}, where it is infinite` };
  if (isOp(node, pow)) {
    const power = numberOf(y);
    if (power === undefined)
      return below(low(x), 0, 'power', 'a power of what may be 0', 'a power of what may be negative');
    if (power < 0 && !apart(ranges.get(x))) return { what: 'power', reason: `a power of ${power} of what may be 0` };
    if (!Number.isInteger(power) && low(x) < 0)
      return { what: 'power', reason: `a power of ${power} of what may be negative` };
  }
  return undefined;
}

function below(
  low: number,
  limit: number,
  what: Hazard['what'],
  at: string,
  under: string,
): Pick<Hazard, 'what' | 'reason'> | undefined {
  if (low > limit) return undefined;
  return { what, reason: low === limit ? at : under };
}

function apart(range: Range | undefined): boolean {
  return range !== undefined && (range.low > 0 || range.high < 0);
}

/** Literals and sizes are what their author wrote. */
function growsAnyway(x: Node): boolean {
  return numberOf(through(x, [broadcast, reshape, stopGradient])) !== undefined;
}
