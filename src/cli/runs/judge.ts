// What a run's epochs tell of how it learns badly: warnings, each with its evidence.
import { constantMetric, lossStuck, overfitting } from '../../diagnostics/health.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { limits } from '../../inspect/health/limits.js';
import { nameOf, placeOf } from '../../inspect/health/places.js';
import type { ModelGraph } from '../../ir/model.js';
import type { EpochRecord } from './metrics.js';

/** What is to be said after an epoch of a run that is to have so many. */
export function judged(rows: readonly EpochRecord[], model: ModelGraph, epochs: number): readonly Diagnostic[] {
  if (rows.length < limits.epochs.value) return [];
  // In a run of many epochs a plateau at the start is nothing.
  const long = rows.length >= Math.min(epochs, Math.max(limits.epochs.value, epochs / 2));
  const found = [overfits(rows, model), ...(long ? [stuck(rows, model), ...constant(rows, model)] : [])];
  return found.filter((each) => each !== undefined);
}

/** A loss that after many updates is where it was: what moves it is within a thousandth. */
function stuck(epochs: readonly EpochRecord[], model: ModelGraph): Diagnostic | undefined {
  const losses = epochs.map(({ train }) => train.loss);
  const last = epochs.at(-1);
  if (!last || last.step < limits.updates.value || !losses.every(Number.isFinite)) return undefined;
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  if (high === 0 || high - low > limits.stuck.value * Math.abs(high)) return undefined;
  return lossStuck({ span: nameOf(model), model: model.name, low, high, epochs: epochs.length, steps: last.step });
}

/** A metric that says the same in each epoch, though the loss moves; 1 may be all there is to reach. */
function constant(epochs: readonly EpochRecord[], model: ModelGraph): readonly Diagnostic[] {
  const [first, last] = [epochs.at(0), epochs.at(-1)];
  if (!first || !last || last.step < limits.updates.value) return [];
  const loss = [first.train.loss, last.train.loss] as const;
  if (Math.abs(loss[1] - loss[0]) <= limits.stuck.value * Math.abs(loss[0])) return [];
  return model.training.metrics.flatMap(({ name, node }) => {
    const values = epochs.map(({ train }) => train[name]);
    if (values[0] === 1 || !values.every((value) => Math.abs(value - values[0]) <= 1e-6 * Math.abs(values[0])))
      return [];
    const span = placeOf(node, model);
    return [constantMetric({ metric: name, span, value: values[0], epochs: epochs.length, loss })];
  });
}

/** The loss of the validation rises for long while that of what is learnt from falls. */
function overfits(epochs: readonly EpochRecord[], model: ModelGraph): Diagnostic | undefined {
  const last = epochs.at(-1);
  if (!last) return undefined;
  const checked = epochs.flatMap((row) => (Number.isFinite(row.validation?.loss) ? [row] : []));
  const of = ({ validation }: EpochRecord): number => validation?.loss ?? NaN;
  const lowest = checked.reduce<EpochRecord | undefined>((a, b) => (a && of(a) <= of(b) ? a : b), undefined);
  if (!lowest || last.epoch - lowest.epoch < Math.max(4, epochs.length / 4)) return undefined;
  // Of one epoch chance may tell: the last quarter is looked at.
  const end = checked.slice(-Math.max(2, Math.floor(epochs.length / 8)));
  const later = end.reduce((sum, row) => sum + of(row), 0) / end.length;
  if (!(of(lowest) > 0) || later < limits.rising.value * of(lowest)) return undefined;
  if (last.train.loss > limits.learning.value * lowest.train.loss) return undefined;
  return overfitting({
    ...{ span: nameOf(model), model: model.name, epoch: lowest.epoch, lowest: of(lowest), last: later },
    learnt: [lowest.train.loss, last.train.loss],
  });
}
