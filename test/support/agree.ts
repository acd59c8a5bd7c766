// One model on several targets: the loss and gradients of the reference evaluator, at many batch sizes.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { startTrainer } from './anyTarget.js';
import type { GpuProcess } from './gpu.js';
import { meaningOf, type Meaning, type RandomModel } from './randomModel.js';

/** Rounding in f32 of sums of a hundred terms or so. */
const tolerance = 2e-4;

type Tensors = Readonly<Record<string, Float32Array>>;

export interface Agreement {
  /** Where it runs; `gpu` is needed for wgsl. By default ts and wasm. */
  readonly targets?: readonly ('ts' | 'wasm' | 'wgsl')[];
  readonly gpu?: GpuProcess;
  /** Passes that are left out. */
  readonly without?: readonly string[];
  readonly batches?: readonly number[];
  /** What the evaluator finds in f32 is right as well: where rounding may decide, as between two that a maximum is taken of. */
  readonly singles?: true;
}

/** Fails where a target gives another loss, or another gradient of some parameter, than the evaluator. */
export async function agree(model: RandomModel, seed: number, agreement: Agreement = {}): Promise<void> {
  const { targets = ['ts', 'wasm'], gpu, without, batches = [7, 1, 2, 33, 3], singles } = agreement;
  const { text } = model;
  const meanings = [meaningOf(text), ...(singles ? [meaningOf(text, singles)] : [])].map(oncePerCall);
  for (const target of targets) {
    const trainer = await startTrainer(text, { target, gpu, without, options: { seed } });
    const parameters = await trainer.read();
    for (const [call, rows] of batches.entries()) {
      const inputs = model.inputs(rows, seed + call);
      const found = await trainer.gradients(inputs);
      const faults: string[] = [];
      for (const mean of meanings) {
        const fault = faultOf(found, mean(call, inputs, parameters, rows, { seed, draw: 0 }));
        if (fault === undefined) break;
        faults.push(fault);
      }
      const [fault] = faults;
      if (faults.length === meanings.length)
        expect.fail(`${target} at batch ${rows}, seed ${seed}: ${fault}, of:\n${text}`);
    }
    await trainer.dispose();
  }
}

/** What the evaluator finds at a call, for all targets that start from the same parameters: evaluating takes longer than what is tested. */
function oncePerCall(mean: ReturnType<typeof meaningOf>) {
  const found = new Map<number, { readonly of: Tensors; readonly meaning: Meaning }>();
  return (call: number, ...[inputs, parameters, ...rest]: Parameters<typeof mean>): Meaning => {
    const known = found.get(call);
    if (known && isDeepStrictEqual(known.of, parameters)) return known.meaning;
    const of = Object.fromEntries(
      Object.entries(parameters).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    const meaning = mean(inputs, parameters, ...rest);
    found.set(call, { of, meaning });
    return meaning;
  };
}

/** What differs, in words. Gradients are held against the largest of them all. */
function faultOf({ loss, gradients }: { loss: number; gradients: Tensors }, want: Meaning): string | undefined {
  if (Object.keys(gradients).join() !== [...want.gradients.keys()].join())
    return `gradients of ${Object.keys(gradients).join()}, not of ${[...want.gradients.keys()].join()}`;
  if (!(Math.abs(loss - want.loss) <= 1e-5 * Math.max(1, Math.abs(want.loss)))) return `loss ${loss}, not ${want.loss}`;
  let largest = 1e-3;
  for (const values of want.gradients.values()) for (const x of values) largest = Math.max(largest, Math.abs(x));
  for (const [name, values] of want.gradients) {
    const place = values.findIndex((x, i) => !(Math.abs(gradients[name][i] - x) <= tolerance * largest));
    if (place >= 0) return `gradient ${name}[${place}] ${gradients[name][place]}, not ${values[place]}`;
  }
  return undefined;
}
