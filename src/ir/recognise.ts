// Well-known compositions recognised for display: the graph stays as it is, a reader sees `softmax(logits)`.
import type { Node } from './graph.js';
import { constantOf, product } from './index.js';

export interface Form {
  readonly name: string;
  readonly inputs: readonly Node[];
  /** Further arguments: `axis = 1`. */
  readonly rest: readonly string[];
}

/** The well-known function that a node is, if it is one. */
export function recognise(node: Node): Form | undefined {
  return softmax(node) ?? logSumExp(node) ?? oneHot(node) ?? mean(node) ?? relu(node);
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

/** sum(x) / n, n the number of elements summed */
function mean(node: Node): Form | undefined {
  if (node.op.name !== 'div' || node.inputs[0].op.name !== 'sum') return undefined;
  const [total, count] = node.inputs;
  const { axes } = total.attrs;
  if (!Array.isArray(axes)) return undefined;
  const summed = product(axes.map((a: number) => total.inputs[0].type.shape[a].size));
  const divisor = through(count).attrs;
  const known = constantOf(summed);
  const fits = known === undefined ? divisor.of && keyOf(divisor.of) === summed.key : divisor.value === known;
  return fits ? { name: 'mean', inputs: total.inputs, rest: axisOf(total) } : undefined;
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

/** The node below broadcasts, reshapes and stopGradients. */
function through(node: Node): Node {
  let at = node;
  while (at.op.name === 'broadcast' || at.op.name === 'reshape' || at.op.name === 'stopGradient') at = at.inputs[0];
  return at;
}

function axisOf(reduction: Node): string[] {
  const { axes } = reduction.attrs;
  const { shape } = reduction.inputs[0].type;
  if (!Array.isArray(axes) || axes.length === shape.length) return [];
  if (axes.length === 1 && axes[0] === shape.length - 1) return [];
  return [`axis = ${axes.map((a: number) => shape[a].name ?? a).join(', ')}`];
}
