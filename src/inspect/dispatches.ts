// How many dispatches a step is on a GPU: known when the program is.
import { evaluateSizes } from '../ir/index.js';
import { stepOf, type Step, type TrainerProgram } from '../ir/program.js';

/** Dispatches of one optimizer step (of an evaluation, where the model is not trained); all are submitted at once. */
export function dispatchesOf({ entries }: TrainerProgram, sizeOf: (name: string) => number): number {
  const count = (steps: readonly Step[]): number =>
    steps.reduce((sum, step) => {
      if (step.kind === 'repeat') return sum + evaluateSizes(step.axis.extent, sizeOf) * count(step.steps);
      return sum + (step.host ? 0 : 1);
    }, 0);
  return count((stepOf({ entries }) ?? entries.evaluate)?.steps ?? []);
}
