// Learning rates as functions of the update: read off the optimizers' graphs, whatever schedule they were written with.
import { evaluationOf } from '../../ir/evaluate.js';
import { isOp, type Node } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { mul } from '../../ir/ops/arithmetic.js';
import { counter } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { limits } from './limits.js';

export interface Rate {
  /** Of which train block, where there are several. */
  readonly player?: string | undefined;
  /** The learning rate of an update, from 1, with a scale of 1. */
  at(update: number): number;
}

/** The learning rate of each train block's first parameter; `updates`: how many the run makes. */
export function ratesOf(model: ModelGraph, updates: number): readonly Rate[] {
  return model.players.flatMap(({ name, updates: [first] }): Rate[] => {
    const rate = first && rateIn(first.weight);
    if (!rate) return [];
    const evaluate = evaluationOf([rate], {});
    const at = (update: number): number =>
      evaluate((node) => [isOp(node, counter) && node.attrs.name === 'run' ? updates : update])[0][0];
    return [{ player: name, at }];
  });
}

/** The trainer's scale stands beside every learning rate. */
function rateIn(weight: Node): Node | undefined {
  const isScale = (node: Node): boolean => isOp(node, counter) && node.attrs.name === 'learning_rate_scale';
  const scaled = reachable([weight]).find((node) => isOp(node, mul) && node.inputs.some(isScale));
  const rate = scaled?.inputs.find((node) => !isScale(node));
  const known = rate && reachable([rate]).every((node) => node.inputs.length > 0 || !isData(node));
  return known ? rate : undefined;
}

/** What changes in a run otherwise than by its updates. */
function isData(node: Node): boolean {
  return node.op.kind === 'leaf' && !(isOp(node, counter) && ['update', 'run'].includes(node.attrs.name));
}

export interface WrongLength {
  readonly when: 'early' | 'late';
  /** After how many updates the rate stays as it is. */
  readonly ends: number;
  readonly peak: number;
  /** At the end of the schedule, and at that of the run. */
  readonly last: number;
  readonly atEnd: number;
}

/** A schedule that ends long before or after a run of so many updates. */
export function wrongLength({ at }: Rate, updates: number): WrongLength | undefined {
  const last = at(far);
  if (!Number.isFinite(last)) return undefined;
  const ends = endOf(at, last);
  if (ends === undefined) return undefined;
  const peak = Math.max(...Array.from({ length: 65 }, (_, i) => at(1 + Math.round(((ends - 1) * i) / 64))));
  const found = { ends, peak, last, atEnd: at(updates) };
  // What falls by a share each time is never over; its end is where numbers end.
  if (ends > 16 && Math.abs(at(Math.floor(0.9 * ends)) - last) < 1e-6 * Math.abs(peak - last)) return undefined;
  if (ends < limits.earlyEnd.value * updates && last < limits.restOfRate.value * peak)
    return { when: 'early', ...found };
  return ends > limits.lateEnd.value * updates ? { when: 'late', ...found } : undefined;
}

/** No run has so many updates. */
const far = 2 ** 31 - 1;

/** After how many updates the rate is what it is in the end; undefined where it never changes. */
function endOf(at: Rate['at'], last: number): number | undefined {
  let low = 0;
  // Of a schedule that falls step by step, steps of a few per cent find one near the last.
  for (let k = 1; k < far; k = Math.max(k + 1, Math.floor(1.03 * k))) if (at(k) !== last) low = k;
  if (low === 0) return undefined;
  let high = Math.max(low + 1, Math.floor(1.03 * low));
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (at(middle) === last) high = middle;
    else low = middle;
  }
  return high - 1;
}
