// A model full of comparisons on every target that runs here: what the reference evaluator finds in f32, ties and all.
import { expect } from 'vitest';
import { meaningOf, type Meaning, type RandomModel } from './randomModel.js';
import { runnableText } from './runnable.js';
import { importCode } from './trainer.js';

const batches = [6, 1, 5];

/** Rounding in f32 of what does not jump. */
const tolerance = 2e-4;

/** How many of the calls were judged: where another rounding of inner sums would change a decision, none can be. */
export interface Judged {
  calls: number;
  judged: number;
}

export async function agreeOnComparisons(model: RandomModel, seed: number, judged: Judged): Promise<void> {
  const { text } = model;
  const inF32 = meaningOf(text, true);
  const trainers = await Promise.all(
    (['ts', 'wasm'] as const).map(async (target) => {
      const module = await importCode(await runnableText(text, { target }));
      return { target, trainer: await module.createTrainer({ seed }) };
    }),
  );
  for (const [call, rows] of batches.entries()) {
    const inputs = model.inputs(rows, seed + call);
    const { parameters } = trainers[0].trainer;
    const want = inF32(inputs, parameters, rows, { seed, draw: 0 });
    const found = trainers.map(({ target, trainer }) => {
      const { loss, gradients } = trainer.gradients(inputs);
      return { target, loss, gradients: new Map(Object.entries(gradients).map(([n, g]) => [n, Float64Array.from(g)])) };
    });
    judged.calls++;
    const [ts, wasm] = found.map((one) => faultOf(one, want));
    if (ts === undefined && wasm === undefined) judged.judged++;
    // The other target rounds as the evaluator does, step by step, but for the order of sums.
    else if (wasm === undefined) expect.fail(`ts at batch ${rows}, seed ${seed}: ${ts}, of:\n${text}`);
    else if (ts === undefined) expect.fail(`wasm at batch ${rows}, seed ${seed}: ${wasm}, of:\n${text}`);
  }
}

function faultOf({ loss, gradients }: Meaning, want: Meaning): string | undefined {
  const all = [...want.gradients.values()].flatMap((values) => [...values].map(Math.abs));
  const largest = Math.max(1e-3, ...all.filter(Number.isFinite));
  const apart = (a: number, b: number, scale: number): boolean =>
    !(Object.is(a, b) || Math.abs(a - b) <= tolerance * scale || (a === b && !Number.isFinite(a)));
  if (apart(loss, want.loss, Math.max(1, Math.abs(want.loss)))) return `loss ${loss}, not ${want.loss}`;
  for (const [name, values] of want.gradients) {
    const place = values.findIndex((x, i) => apart(gradients.get(name)?.[i] ?? NaN, x, largest));
    if (place >= 0) return `gradient ${name}[${place}] ${gradients.get(name)?.[place]}, not ${values[place]}`;
  }
  return undefined;
}
