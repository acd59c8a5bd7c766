// How ONNX says each operation.
import type { Node } from '../../ir/graph.js';
import { isCounter } from './counted.js';
import type { Table } from '../table.js';
import { contracted } from './contract.js';
import { expm1, labelOf, log1p, operandsOf, plain, softplusLess } from './elementwise.js';
import { counting, gathered, oneHots, rowsPut, scattered, summedAlike, takenAlong } from './indexing.js';
import { looped, running } from './loops.js';
import { joined, overlapped, paddedBy, permuted, reshaped, sliced, spreadBy, windows } from './movement.js';
import { drawn } from './random.js';
import { elementOf, type Value, type Writer } from './writer.js';

/** A row that is an operator without a name of its own in ONNX. */
type Row = (node: Node, writer: Writer) => Value;

function along(operator: string): Row {
  return (node, writer) => {
    const { axes } = node.attrs as { readonly axes: readonly number[] };
    const [x] = node.inputs;
    const value = writer.of(x);
    if (axes.length === 0) return value;
    // Of bools the largest is whether there is any, and the least whether all are.
    const numbers = value.type === 'bool' ? writer.cast(value, 'int32') : value;
    const reduced = writer.add(operator, [numbers, writer.list(axes)], {
      attributes: { keepdims: { int: 0 } },
      name: labelOf(node, operator),
    });
    return value.type === 'bool' ? writer.cast(reduced, 'bool') : reduced;
  };
}

function unary(spell: (x: Value, writer: Writer) => Value): Row {
  return (node, writer) => spell(operandsOf(node, writer)[0], writer);
}

/** A leaf that is given to the graph, or stands for what is put in its place before anything is exported. */
function given(node: Node): never {
  throw new Error(`${node.op.name} has no value in the graph`);
}

function same(node: Node, writer: Writer): Value {
  return writer.of(node.inputs[0]);
}

export const table: Table<Writer, Value> = {
  input: given,
  parameter: given,
  state: given,
  slot: given,
  counter: given,
  bound: given,
  gradient: given,
  argument: given,
  literal: (node, writer) =>
    writer.number(
      node.attrs.values,
      elementOf(node.type),
      node.type.shape.map((d) => writer.known(d)),
    ),
  constant: (node, writer) => writer.number([node.attrs.value], 'float'),
  size: (node, writer) => writer.cast(writer.size(node.attrs.of), 'float'),
  iota: counting,
  add: plain('Add'),
  sub: plain('Sub'),
  mul: plain('Mul'),
  div: plain('Div'),
  neg: plain('Neg'),
  pow: plain('Pow'),
  maximum: plain('Max'),
  minimum: plain('Min'),
  abs: plain('Abs'),
  sign: plain('Sign'),
  floor: plain('Floor'),
  ceil: plain('Ceil'),
  round: plain('Round'),
  sqrt: plain('Sqrt'),
  exp: plain('Exp'),
  expm1: unary(expm1),
  log: plain('Log'),
  log1p: unary(log1p),
  sin: plain('Sin'),
  cos: plain('Cos'),
  tanh: plain('Tanh'),
  erf: plain('Erf'),
  sigmoid: plain('Sigmoid'),
  softplus: unary((x, writer) => softplusLess(x, undefined, writer)),
  softplusMinus: (node, writer) => {
    const [x, b] = operandsOf(node, writer);
    return softplusLess(x, b, writer);
  },
  less: plain('Less'),
  lessEqual: plain('LessOrEqual'),
  equalTo: plain('Equal'),
  and: plain('And'),
  or: plain('Or'),
  not: plain('Not'),
  select: (node, writer) => {
    if (node.type.element.kind !== 'bool') return plain('Where')(node, writer);
    const [is, a, b] = operandsOf(node, writer);
    const [then, otherwise] = [writer.add('And', [is, a]), writer.add('And', [writer.add('Not', [is]), b])];
    return writer.add('Or', [then, otherwise], { name: labelOf(node, 'Or') });
  },
  toF32: (node, writer) => {
    const [x] = node.inputs;
    return isCounter(x) ? writer.cast(writer.of(x), 'double') : writer.cast(writer.of(x), 'float');
  },
  stopGradient: same,
  again: same,
  ownGradient: same,
  sum: along('ReduceSum'),
  prod: along('ReduceProd'),
  reduceMax: along('ReduceMax'),
  reduceMin: along('ReduceMin'),
  broadcast: (node, writer) => {
    const repeated = writer.thin(node);
    return writer.add('Expand', [repeated, writer.shape(node.type.shape)], { name: labelOf(node, 'Expand') });
  },
  reshape: reshaped,
  permute: permuted,
  slice: sliced,
  spreadOut: spreadBy,
  pad: paddedBy,
  concat: joined,
  window: windows,
  overlapAdd: overlapped,
  contract: contracted,
  oneHot: oneHots,
  takeAlong: takenAlong,
  gather: gathered,
  scatterAdd: scattered,
  sumAlike: summedAlike,
  putRows: rowsPut,
  random: drawn,
  recurrence: running,
  scan: looped,
};
