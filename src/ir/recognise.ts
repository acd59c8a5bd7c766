// Well-known compositions recognised for display: the graph stays as it is, a reader sees `softmax(logits)`.
import type { Node } from './graph.js';
import { constantOf, printIndex, product } from './index.js';
import { axisArgument } from './types.js';

export interface Form {
  readonly name: string;
  readonly inputs: readonly Node[];
  /** Further arguments: `axis = 1`. */
  readonly rest: readonly string[];
  /** It stands for -name(…). */
  readonly negative?: true;
}

/** The well-known function that a node is, if it is one. */
export function recognise(node: Node): Form | undefined {
  return (
    softmax(node) ??
    logSoftmax(node) ??
    logSumExp(node) ??
    oneHot(node) ??
    argExtreme(node) ??
    mean(node) ??
    relu(node) ??
    lowerTriangle(node)
  );
}

/** exp(x - m) / sum(exp(x - m)), the maximum m subtracted */
function softmax(node: Node): Form | undefined {
  if (node.op.name !== 'div') return undefined;
  const [exp, spread] = node.inputs;
  const total = through(spread);
  if (exp.op.name !== 'exp' || total.op.name !== 'sum' || total.inputs[0] !== exp) return undefined;
  const x = shifted(exp.inputs[0]);
  return x && { name: 'softmax', inputs: [x], rest: axisOf(total) };
}

/** (x - m) - log(sum(exp(x - m))) */
function logSoftmax(node: Node): Form | undefined {
  if (node.op.name !== 'sub') return undefined;
  const [inner, spread] = node.inputs;
  const x = shifted(inner);
  const log = through(spread);
  if (!x || log.op.name !== 'log') return undefined;
  const total = through(log.inputs[0]);
  const same = total.op.name === 'sum' && total.inputs[0].op.name === 'exp' && total.inputs[0].inputs[0] === inner;
  return same ? { name: 'log_softmax', inputs: [x], rest: axisOf(total) } : undefined;
}

/** m + log(sum(exp(x - m))) */
function logSumExp(node: Node): Form | undefined {
  if (node.op.name !== 'add') return undefined;
  for (const [one, other] of [node.inputs, [...node.inputs].reverse()]) {
    if (one.op.name !== 'log' || through(one.inputs[0]).op.name !== 'sum') continue;
    const total = through(one.inputs[0]);
    const [exp] = total.inputs;
    const x = exp.op.name === 'exp' ? shifted(exp.inputs[0]) : undefined;
    if (x && through(other).op.name === 'reduceMax') return { name: 'logsumexp', inputs: [x], rest: axisOf(total) };
  }
  return undefined;
}

/** x - broadcast(max(x)): the x of a shifted exponent. */
function shifted(node: Node): Node | undefined {
  if (node.op.name !== 'sub') return undefined;
  const [x, m] = node.inputs;
  const max = through(m);
  return max.op.name === 'reduceMax' && max.inputs[0] === x ? x : undefined;
}

/** f32(label == range(n)) */
function oneHot(node: Node): Form | undefined {
  if (node.op.name !== 'toF32' || node.inputs[0].op.name !== 'equalTo') return undefined;
  const [a, b] = node.inputs[0].inputs.map(through);
  if (b.op.name === 'iota') return { name: 'one_hot', inputs: [a], rest: [] };
  if (a.op.name === 'iota') return { name: 'one_hot', inputs: [b], rest: [] };
  return undefined;
}

/** min(if x == max(x) or x != x then range(n) else …): the first place of the largest, or of NaN */
function argExtreme(node: Node): Form | undefined {
  const [chosen] = node.inputs;
  if (node.op.name !== 'reduceMin' || chosen.op.name !== 'select') return undefined;
  const [either, place] = chosen.inputs;
  if (either.op.name !== 'or' || through(place).op.name !== 'iota') return undefined;
  const [test] = either.inputs;
  if (test.op.name !== 'equalTo') return undefined;
  const [x, spread] = test.inputs;
  const extreme = through(spread);
  const name = extreme.op.name === 'reduceMax' ? 'argmax' : extreme.op.name === 'reduceMin' ? 'argmin' : undefined;
  return name && extreme.inputs[0] === x ? { name, inputs: [x], rest: axisOf(extreme) } : undefined;
}

/** sum(x) / n, n the number of elements summed; also 0.25 * sum(x), and -sum(x) / n */
function mean(node: Node): Form | undefined {
  if (node.op.name !== 'div' && node.op.name !== 'mul') return undefined;
  const [a, b] = node.inputs;
  const [by, over] = node.op.name === 'div' || through(a).op.name !== 'constant' ? [b, a] : [a, b];
  const negative = over.op.name === 'neg';
  const total = negative ? over.inputs[0] : over;
  if (total.op.name !== 'sum') return undefined;
  const { axes } = total.attrs;
  if (!Array.isArray(axes)) return undefined;
  const summed = product(axes.map((i: number) => total.inputs[0].type.shape[i].size));
  const { of, value } = through(by).attrs;
  const known = constantOf(summed);
  const fits =
    node.op.name === 'mul'
      ? typeof value === 'number' && known !== undefined && value * known === 1
      : known === undefined
        ? of && keyOf(of) === summed.key
        : value === known;
  return fits
    ? { name: 'mean', inputs: total.inputs, rest: axesText(total), ...(negative && { negative: true as const }) }
    : undefined;
}

function keyOf(index: unknown): unknown {
  return typeof index === 'object' && index !== null && 'key' in index ? index.key : undefined;
}

/** maximum(x, 0) */
function relu(node: Node): Form | undefined {
  if (node.op.name !== 'maximum') return undefined;
  const [x, limit] = node.inputs;
  const floor = through(limit);
  return floor.op.name === 'constant' && floor.attrs.value === 0 ? { name: 'relu', inputs: [x], rest: [] } : undefined;
}

/** column <= row, both of them range(n) */
function lowerTriangle(node: Node): Form | undefined {
  if (node.op.name !== 'lessEqual') return undefined;
  const rank = node.type.shape.length;
  const [column, row] = node.inputs.map((input) => {
    const { axes } = input.attrs;
    if (input.op.name !== 'broadcast' || input.inputs[0].op.name !== 'iota' || !Array.isArray(axes)) return undefined;
    return input.type.shape.findIndex((_, i) => !axes.includes(i));
  });
  const n = node.type.shape.at(-1);
  const square = n?.size.key === node.type.shape.at(-2)?.size.key;
  return n && square && column === rank - 1 && row === rank - 2
    ? { name: 'lower_triangle', inputs: [], rest: [n.name ?? printIndex(n.size)] }
    : undefined;
}

const transparent: ReadonlySet<string> = new Set(['broadcast', 'reshape', 'stopGradient', 'again']);

/** The node below broadcasts, reshapes, stopGradients and agains. */
function through(node: Node): Node {
  let at = node;
  while (transparent.has(at.op.name)) at = at.inputs[0];
  return at;
}

/** The axis of a softmax; the last one goes without saying. */
function axisOf(reduction: Node): string[] {
  const { axes } = reduction.attrs;
  const last = reduction.inputs[0].type.shape.length - 1;
  return Array.isArray(axes) && axes.length === 1 && axes[0] === last ? [] : axesText(reduction);
}

/** The axes of a reduction as an argument; none where it is over all. */
export function axesText(reduction: Node): string[] {
  const { axes } = reduction.attrs;
  const { shape } = reduction.inputs[0].type;
  if (!Array.isArray(axes) || axes.length === shape.length) return [];
  return [axisArgument(axes, shape)];
}
