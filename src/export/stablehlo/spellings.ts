// The table: what each primitive operation is in StableHLO. An op without a row does not compile.
import type { Node } from '../../ir/graph.js';
import type { OpName, OpOf } from '../../ir/ops/registry.js';
import type { Combiner } from './block.js';
import { compared, composed, erf, named, sigmoid, sign, softplus, softplusMinus } from './elementwise.js';
import { spellGather, spellOneHot, spellPutRows, spellScatterAdd, spellSumAlike, spellTakeAlong } from './indexing.js';
import { spellRecurrence } from './loops.js';
import {
  spellBroadcast,
  spellConcat,
  spellIota,
  spellPad,
  spellPermute,
  spellReshape,
  spellSlice,
  spellSpreadOut,
} from './movement.js';
import { spellContract, spellOverlaps } from './products.js';
import { spellRandom } from './random.js';
import { dimsOf, spelling, type AttrsOf, type Spelled, type Spelling } from './spelled.js';
import { dtypeOf, type, type SizeOf } from './types.js';
import { pooled, spellWindow } from './windows.js';

/** Of what the caller gives a value, or writes as a whole: `leaf` is a parameter of the function, `run` a loop. */
type Row<O> = Spelling<AttrsOf<O>> | 'leaf' | 'run';

/** The first input, whatever else it has. */
const first = <A extends object>(node: Node<A & Node['attrs']>): Spelled => ({
  reads: node.inputs.slice(0, 1),
  write: (_, [x]) => x,
});

/** Windows are put together at once where nothing else is; bools by other words. */
function reduced(combiner: Combiner, ofBools: Combiner = combiner): Spelling<{ axes: readonly number[] }> {
  return (node, sizeOf) =>
    pooled(node, combiner, sizeOf) ?? {
      reads: node.inputs,
      write: (to, [x]) => to.reduce(x.type.dtype === 'i1' ? ofBools : combiner, x, node.attrs.axes),
    };
}

const spellings: { readonly [Name in OpName]: Row<OpOf<Name>> } = {
  input: 'leaf',
  parameter: 'leaf',
  state: 'leaf',
  slot: 'leaf',
  gradient: 'leaf',
  counter: 'leaf',
  argument: 'leaf',
  bound: 'leaf',
  scan: 'run',
  constant: spelling((to, _, { attrs: { value } }) => to.constant(value, type('f32'))),
  literal: spelling((to, _, node, sizeOf) =>
    to.constant(node.attrs.values, type(dtypeOf(node.type.element), dimsOf(node, sizeOf))),
  ),
  size: spelling((to, _, { attrs: { of } }, sizeOf) => to.constant(sizeOf(of), type('f32'))),
  iota: spellIota,
  add: named('add'),
  sub: named('subtract'),
  mul: named('multiply'),
  div: named('divide'),
  neg: named('negate'),
  pow: named('power'),
  maximum: named('maximum'),
  minimum: named('minimum'),
  abs: named('abs'),
  sign: composed(sign),
  floor: named('floor'),
  ceil: named('ceil'),
  round: named('round_nearest_even'),
  sqrt: named('sqrt'),
  exp: named('exponential'),
  expm1: named('exponential_minus_one'),
  log: named('log'),
  log1p: named('log_plus_one'),
  sin: named('sine'),
  cos: named('cosine'),
  tanh: named('tanh'),
  erf: composed(erf),
  sigmoid: composed(sigmoid),
  softplus: composed(softplus),
  softplusMinus: composed(softplusMinus),
  less: compared('LT'),
  lessEqual: compared('LE'),
  equalTo: compared('EQ'),
  and: named('and'),
  or: named('or'),
  not: named('not'),
  select: composed((to, c, a, b) => to.select(c, a, b)),
  toF32: (node) => ({ reads: node.inputs, write: (to, [x], wide) => to.convert(x, wide ? 'f64' : 'f32') }),
  stopGradient: first,
  again: composed((to, x) => to.barrier(x)),
  ownGradient: first,
  sum: reduced('add'),
  prod: reduced('multiply'),
  reduceMax: reduced('maximum', 'or'),
  reduceMin: reduced('minimum', 'and'),
  broadcast: spellBroadcast,
  reshape: spellReshape,
  permute: spellPermute,
  slice: spellSlice,
  spreadOut: spellSpreadOut,
  pad: spellPad,
  concat: spellConcat,
  window: spellWindow,
  overlapAdd: spellOverlaps,
  contract: spellContract,
  oneHot: spellOneHot,
  takeAlong: spellTakeAlong,
  gather: spellGather,
  scatterAdd: spellScatterAdd,
  sumAlike: spellSumAlike,
  putRows: spellPutRows,
  random: spellRandom,
  recurrence: spellRecurrence,
};

/** What a node is in StableHLO, once the batch is known. */
export function spellingOf(node: Node, sizeOf: SizeOf): Spelled {
  const row = spellings[node.op.name] as Row<Node['op']>;
  if (row === 'leaf') throw new Error(`${node.op.name} has no value here`);
  return row === 'run' ? { reads: node.inputs, write: () => whole(node) } : row(node, sizeOf);
}

function whole(node: Node): never {
  throw new Error(`${node.op.name} is written as a whole`);
}
