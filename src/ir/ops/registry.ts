// Every primitive operation.
import type { Op } from '../graph.js';
import * as arithmetic from './arithmetic.js';
import * as constants from './constants.js';
import { contract } from './contract.js';
import { again, stopGradient } from './control.js';
import { gather, oneHot, putRows, scatterAdd, sumAlike, takeAlong } from './indexing.js';
import * as leaves from './leaves.js';
import * as logic from './logic.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from './movement.js';
import { argument, ownGradient } from './ownGradient.js';
import { random } from './random.js';
import { prod, reduceMax, reduceMin, sum } from './reductions.js';
import { recurrence } from './recurrence.js';
import { bound, scan } from './scan.js';
import * as transcendental from './transcendental.js';
import { overlapAdd, window } from './windows.js';

const registry = {
  ...leaves,
  ...constants,
  ...arithmetic,
  ...transcendental,
  ...logic,
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
  window,
  overlapAdd,
  contract,
  oneHot,
  takeAlong,
  gather,
  scatterAdd,
  sumAlike,
  putRows,
  random,
  argument,
  ownGradient,
  recurrence,
  bound,
  scan,
};

/** The names of all ops: a table over ops is a Record of them, so that one without a row does not compile. */
export type OpName = keyof typeof registry;

/** The op of a name. */
export type OpOf<Name extends OpName> = (typeof registry)[Name];

export const ops: readonly Op[] = Object.values<Op>(registry);
