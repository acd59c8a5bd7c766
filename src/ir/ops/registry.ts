// Every primitive operation.
import type { Attrs, Op } from '../graph.js';
import * as arithmetic from './arithmetic.js';
import * as constants from './constants.js';
import { contract } from './contract.js';
import { again, stopGradient } from './control.js';
import { gather, takeAlong } from './indexing.js';
import * as leaves from './leaves.js';
import * as logic from './logic.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from './movement.js';
import { random } from './random.js';
import { prod, reduceMax, reduceMin, sum } from './reductions.js';
import * as transcendental from './transcendental.js';

/** The record of an op whatever its attributes are: they are read by the op itself alone. */
export type AnyOp = Omit<Op, 'type' | 'element' | 'vjp' | 'rules' | 'notation'> & Pick<Op<Attrs>, 'samples'>;

export const ops: readonly AnyOp[] = [
  ...Object.values(leaves),
  ...Object.values(constants),
  ...Object.values(arithmetic),
  ...Object.values(transcendental),
  ...Object.values(logic),
  stopGradient,
  again,
  sum,
  prod,
  reduceMax,
  reduceMin,
  broadcast,
  reshape,
  permute,
  slice,
  spreadOut,
  pad,
  concat,
  contract,
  takeAlong,
  gather,
  random,
];
