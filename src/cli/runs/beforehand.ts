// What is wrong with a run before its first step: read off the model's graph and the plan of the run.
import { doubleSoftmax } from '../../analysis/lints/doubleSoftmax.js';
import { scheduleLength } from '../../diagnostics/health.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { placeOf, ratePlace } from '../../inspect/health/places.js';
import { ratesOf, wrongLength } from '../../inspect/health/schedules.js';
import type { ModelGraph } from '../../ir/model.js';

/** `updates`: how many the run makes, where that is known. */
export function warnedBeforehand(model: ModelGraph, updates: number | undefined): readonly Diagnostic[] {
  const doubled = doubleSoftmax(model, { placeOf: (node) => placeOf(node, model) });
  const lengths =
    updates === undefined
      ? []
      : ratesOf(model, updates).flatMap((rate) => {
          const found = wrongLength(rate, updates);
          return found ? [scheduleLength({ ...found, span: ratePlace(model, rate.player), updates })] : [];
        });
  return [...doubled.slice(0, 1), ...lengths.slice(0, 1)];
}
