// Factors that are the same for every element (numbers and run-time sizes) are taken out of products and sums, and applied once, last:
// a / n - b / n = (a - b) / n. So the textbook forms come out of the chain rule.
import { keptChanges } from '../../../ir/builder.js';
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, div as quotient, mul as times, one, type Index } from '../../../ir/index.js';
import { add, div, mul, neg, sub } from '../../../ir/ops/arithmetic.js';
import { filled, numberOf, spread, spreadFrom } from '../../../ir/ops/calls.js';
import { size } from '../../../ir/ops/constants.js';
import { select } from '../../../ir/ops/logic.js';
import { broadcast } from '../../../ir/ops/movement.js';
import { isLearningRate } from '../../../ir/recognise.js';
import type { TensorType } from '../../../ir/types.js';
import { given, type SimplifyRule } from './rule.js';

/** A node as number · up / down · core; the sizes are integers, the core absent where nothing is left. */
export interface Scaled {
  readonly number: number;
  readonly up: Index;
  readonly down: Index;
  readonly core?: Node;
}

export const scaleRules: readonly SimplifyRule[] = [
  {
    equation: '(2 * x) * (y / n) = 2 * (x * y) / n',
    given: given.range,
    ops: [mul, div, neg],
    rewrite: gatherScale,
  },
  {
    equation: 'if c then a / n else 0 = (if c then a else 0) / n',
    given: given.range,
    ops: [select],
    rewrite: gatherScale,
  },
  { equation: 'a / n - b / n = (a - b) / n', given: given.finite, ops: [add, sub], rewrite: commonScale },
];

const plain: Scaled = { number: 1, up: one, down: one };

/** Of the nodes of a builder, while none of them comes to be named. */
const known = new WeakMap<Builder, { readonly since: number; readonly scales: Map<Node, Scaled> }>();

/** What multiplies every element of a node. Nodes that the author named stay whole, but for the one on top, and so do learning rates. */
export function scaleOf(node: Node, g: Builder, top = false): Scaled {
  if (top && node.kept) return findScale(node, g);
  let found = known.get(g);
  if (found?.since !== keptChanges()) known.set(g, (found = { since: keptChanges(), scales: new Map() }));
  let scale = found.scales.get(node);
  if (!scale) found.scales.set(node, (scale = findScale(node, g, node.kept)));
  return scale;
}

function findScale(node: Node, g: Builder, stays = false): Scaled {
  const number = numberOf(node);
  // What an infinite factor makes of 0 would be NaN elsewhere.
  if (number !== undefined && Number.isFinite(number)) return { ...plain, number };
  const sized = sizeOf(node);
  if (sized) return { ...plain, up: sized };
  if (stays || isLearningRate(node)) return { ...plain, core: node };
  const [a, b] = node.inputs;
  if (isOp(node, broadcast)) {
    const inner = scaleOf(a, g);
    if (!inner.core) return inner;
    if (inner.core === a) return { ...plain, core: node };
    return { ...inner, core: g.make(broadcast, [inner.core], node.attrs) };
  }
  switch (node.op) {
    case neg: {
      const inner = scaleOf(a, g);
      return { ...inner, number: -inner.number };
    }
    case mul: {
      const [x, y] = [scaleOf(a, g), scaleOf(b, g)];
      const core =
        x.core && y.core
          ? x.core === a && y.core === b
            ? node
            : g.make(mul, [x.core, y.core], {})
          : (x.core ?? y.core);
      return { number: x.number * y.number, up: times(x.up, y.up), down: times(x.down, y.down), core };
    }
    case div: {
      const [x, y] = [scaleOf(a, g), scaleOf(b, g)];
      if (y.number === 0) return { ...plain, core: node };
      const over = x.core ?? (y.core && filled(g, 1, node.type));
      const core = y.core && over ? (x.core === a && y.core === b ? node : g.make(div, [over, y.core], {})) : over;
      // A division by a number stays one: 1 / 3 is not exact.
      const divided = divide(x.number, y.number);
      return {
        number: divided.number,
        up: times(x.up, y.down),
        down: times(times(x.down, y.up), whole(divided.by)),
        core,
      };
    }
    case select:
      return scaleOfChoice(node, g);
    default:
      return { ...plain, core: node };
  }
}

/** What multiplies both cases, or the one that is not 0. */
function scaleOfChoice(node: Node, g: Builder): Scaled {
  const [condition, ...branches] = node.inputs;
  const scales = branches.map((branch) => (numberOf(branch) === 0 ? undefined : scaleOf(branch, g)));
  const found = scales.filter((scale) => scale !== undefined);
  const [first] = found;
  const same = found.every(
    ({ number, up, down }) => number === first.number && up.key === first.up.key && down.key === first.down.key,
  );
  if (!first || !same || isPlain(first)) return { ...plain, core: node };
  const [a, b] = scales.map((scale) => (scale ? (scale.core ?? filled(g, 1, node.type)) : filled(g, 0, node.type)));
  return { ...first, core: g.make(select, [condition, a, b], {}) };
}

/** a / b as a number over a small integer, without rounding where b is a whole number. */
function divide(a: number, b: number): { number: number; by: number } {
  if (a % b === 0) return { number: a / b, by: 1 };
  return Number.isInteger(b) && b > 0 && b < 2 ** 31 ? { number: a, by: b } : { number: a / b, by: 1 };
}

/** A run-time size in the shape of a tensor. */
function sizeOf(node: Node): Index | undefined {
  const at = spreadFrom(node);
  return isOp(at, size) ? at.attrs.of : undefined;
}

/** The node of a scaled core: 2 * core, core / n, -core. */
export function rebuilt(scaled: Scaled, type: TensorType, g: Builder): Node {
  const { number, up, down } = cancelled(scaled);
  const by = constantOf(down);
  const times = up.key === one.key ? undefined : spread(g, g.make(size, [], { of: up }), type);
  // Nothing but a number: no operation at all.
  let node = scaled.core ?? times ?? filled(g, 1, type);
  const exact = by !== undefined && by !== 1 && Number.isInteger(Math.log2(by));
  node = scaledBy(node, exact ? number / by : number, g);
  // n * (1 / y) is n / y.
  const reciprocal = isOp(node, div) && numberOf(node.inputs[0]) === 1;
  if (times && scaled.core)
    node = reciprocal ? g.make(div, [times, node.inputs[1]], {}) : g.make(mul, [times, node], {});
  if (by === undefined) return g.make(div, [node, spread(g, g.make(size, [], { of: down }), type)], {});
  return by === 1 || exact ? node : g.make(div, [node, filled(g, by, type)], {});
}

function scaledBy(node: Node, number: number, g: Builder): Node {
  if (number === 1) return node;
  const known = numberOf(node);
  if (known !== undefined) return filled(g, known * number, node.type);
  // 2 * (1 / y) is 2 / y.
  const over = isOp(node, div) ? numberOf(node.inputs[0]) : undefined;
  if (over !== undefined) return g.make(div, [filled(g, over * number, node.type), node.inputs[1]], {});
  return number === -1 ? g.make(neg, [node], {}) : g.make(mul, [filled(g, number, node.type), node], {});
}

/** Common factors of the number, up and down go. */
function cancelled({ number, up, down }: Scaled): { number: number; up: Index; down: Index } {
  if (up.key === down.key) return { number, up: one, down: one };
  const [above, below] = [factorOf(up), factorOf(down)];
  if (above.rest.key === below.rest.key) {
    const ratio = divide(number * above.factor, below.factor);
    return { number: ratio.number, up: one, down: whole(ratio.by) };
  }
  const { number: n, by } = divide(number * above.factor, below.factor);
  return { number: n, up: above.rest, down: times(below.rest, whole(by)) };
}

/** An index of one term as its number and the rest. */
function factorOf(index: Index): { factor: number; rest: Index } {
  if (index.terms.length !== 1) return { factor: 1, rest: index };
  const [{ factor }] = index.terms;
  return { factor, rest: quotient(index, whole(factor)) };
}

function isPlain({ number, up, down }: Scaled): boolean {
  return number === 1 && up.key === one.key && down.key === one.key;
}

function gatherScale(node: Node, g: Builder): Node | undefined {
  if (node.kept || isLearningRate(node)) return undefined;
  const scaled = scaleOf(node, g, true);
  if (scaled.core === node || isPlain(scaled)) return undefined;
  return rebuilt(scaled, node.type, g);
}

function commonScale(node: Node, g: Builder): Node | undefined {
  if (node.kept) return undefined;
  const [a, b] = node.inputs.map((input) => scaleOf(input, g));
  if (!a.core || !b.core || a.up.key !== b.up.key || a.down.key !== b.down.key) return undefined;
  if (Math.abs(a.number) !== Math.abs(b.number) || (isPlain(a) && isPlain(b))) return undefined;
  if (a.up.key === one.key && a.down.key === one.key && Math.abs(a.number) === 1) return undefined;
  // Both have the same size; the sign of the second is its own.
  const same = Math.sign(a.number) === Math.sign(b.number);
  const op = isOp(node, add) === same ? add : sub;
  return rebuilt({ ...a, core: g.make(op, [a.core, b.core], {}) }, node.type, g);
}
