// Norms of weights, gradients and updates, read around a step.
import type { Norms } from '../../inspect/health/norms.js';
import type { ModelGraph } from '../../ir/model.js';
import type { Trainer, TrainerInputs } from '../trainer.js';

/** Parameters of more numbers than this are not read: copies of them would take too much memory. */
const mostElements = 2 ** 27;

export function readNorms(trainer: Trainer, model: ModelGraph) {
  let before: ReadonlyMap<string, { readonly weights: Float32Array; readonly gradient: Float32Array }> | undefined;
  const gradientsAt = async (inputs: TrainerInputs): Promise<ReadonlyMap<string, Float32Array>> => {
    const found = new Map<string, Float32Array>();
    for (const { name } of model.players) {
      const { gradients } = await trainer.gradients(inputs, name);
      const own = Object.entries(gradients).filter(([of]) => name === undefined || isTrainedBy(model, name, of));
      for (const [of, values] of own) found.set(of, values);
    }
    return found;
  };
  return {
    async before(inputs: TrainerInputs): Promise<void> {
      const elements = Object.values(trainer.parameters).reduce((sum, { length }) => sum + length, 0);
      if (elements > mostElements) return;
      const gradients = await gradientsAt(inputs);
      before = new Map(
        [...gradients].map(([name, gradient]) => [name, { weights: trainer.parameters[name].slice(), gradient }]),
      );
    },
    /** Of the step that was made since; undefined where there was nothing before. */
    after(): ReadonlyMap<string, Norms> | undefined {
      if (!before) return undefined;
      const { parameters } = trainer;
      const norms = [...before].map(([name, { weights, gradient }]) => {
        const { norm, slope } = sizeOf(gradient);
        const update = distance(weights, parameters[name]);
        return [name, { weight: sizeOf(weights).norm, gradient: norm, update, slope }] as const;
      });
      before = undefined;
      return new Map(norms);
    },
  };
}

function isTrainedBy({ players }: ModelGraph, player: string, parameter: string): boolean {
  return players.some(({ name, updates }) => name === player && updates.some((u) => u.parameter === parameter));
}

/** The norm, and the root of the mean square of what is not 0. */
function sizeOf(values: Float32Array): { readonly norm: number; readonly slope: number } {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++)
    if (values[i] !== 0) {
      sum += values[i] * values[i];
      count++;
    }
  return { norm: Math.sqrt(sum), slope: count > 0 ? Math.sqrt(sum / count) : 0 };
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}
