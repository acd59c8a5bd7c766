// What a run's epochs tell of how it learns badly: warnings, each with its evidence.
import { lossStuck, overfitting } from '../../diagnostics/runs.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { ModelGraph } from '../../ir/model.js';
import type { EpochRecord } from './metrics.js';

/** What is to be said of a run that has come to its end. */
export function judged(epochs: readonly EpochRecord[], model: ModelGraph): readonly Diagnostic[] {
  return [stuck(epochs, model), overfits(epochs, model)].filter((found) => found !== undefined);
}

/** So few epochs tell nothing. */
const fewest = 8;

/** A loss that after many updates is where it was: what moves it is within a thousandth. */
function stuck(epochs: readonly EpochRecord[], model: ModelGraph): Diagnostic | undefined {
  const losses = epochs.map(({ train }) => train.loss);
  const last = epochs.at(-1);
  if (!last || epochs.length < fewest || last.step < 100 || !losses.every(Number.isFinite)) return undefined;
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  if (high === 0 || high - low > 1e-3 * Math.abs(high)) return undefined;
  return lossStuck({ ...placeOf(model), model: model.name, low, high, epochs: epochs.length, steps: last.step });
}

/** The loss of the validation rises for long while that of what is learnt from falls. */
function overfits(epochs: readonly EpochRecord[], model: ModelGraph): Diagnostic | undefined {
  const last = epochs.at(-1);
  if (!last || epochs.length < fewest) return undefined;
  const checked = epochs.flatMap((row) => (Number.isFinite(row.validation?.loss) ? [row] : []));
  const of = ({ validation }: EpochRecord): number => validation?.loss ?? NaN;
  const lowest = checked.reduce<EpochRecord | undefined>((a, b) => (a && of(a) <= of(b) ? a : b), undefined);
  if (!lowest || last.epoch - lowest.epoch < Math.max(4, epochs.length / 4)) return undefined;
  // Of one epoch chance may tell: the last quarter is looked at.
  const end = checked.slice(-Math.max(2, Math.floor(epochs.length / 8)));
  const later = end.reduce((sum, row) => sum + of(row), 0) / end.length;
  if (!(of(lowest) > 0) || later < 1.25 * of(lowest) || last.train.loss > 0.9 * lowest.train.loss) return undefined;
  return overfitting({
    ...{ ...placeOf(model), model: model.name, epoch: lowest.epoch, lowest: of(lowest), last: later },
    learnt: [lowest.train.loss, last.train.loss],
  });
}

function placeOf({ file, place }: ModelGraph) {
  return { span: { file, ...place } };
}
