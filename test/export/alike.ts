// A model's exported files beside its trainer: the same outputs, and the same losses and tensors for ten steps.
import { dirname, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { syntheticInputs } from '../../src/data/synthetic.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { runnableText } from '../support/runnable.js';
import { importCode, type LoadedTrainer } from '../support/trainer.js';
import { differences, heldBy, modelOf, Opened, type Arrays, type Fed } from './onnxRuntime.js';

export interface Case {
  readonly text: string;
  readonly file: string;
  readonly set?: Readonly<Record<string, number>>;
  readonly updates?: number;
  /** What the trainer is given; made up where absent. */
  readonly inputs?: (step: number) => Fed;
  readonly predictInputs?: readonly Fed[];
  readonly parameters?: Readonly<Record<string, Float32Array>>;
}

/** How many steps are compared. */
const steps = 10;

/** Optimizers whose steps are as large where a gradient is 0 but for rounding: their tensors are not compared. */
const normalising = /\b(adam|adamw|rmsprop|adagrad|lion)\b/;

export async function expectAlike(of: Case): Promise<void> {
  const { text, file, set = {}, updates = 100 } = of;
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(resolve(dirname(file), path), 'utf8');
    } catch {
      return undefined;
    }
  };
  const model = modelOf(text, { set, read }, file);
  const { createTrainer } = await importCode(await runnableText(text, { set, read }, file));
  const trainer = createTrainer({
    seed: 3,
    ...(of.parameters && { parameters: of.parameters }),
    ...(updates !== undefined && { updates }),
  });
  const inputs = of.inputs ?? ((step: number) => madeUp(model, step));
  // What is predicted of what was learnt: states are not as they begin.
  const found = model.players.length > 0 ? await trained(model, trainer, inputs, updates) : [];
  found.push(...(await predicted(model, trainer, of.predictInputs ?? [inputs(0)], 18)));
  trainer.dispose();
  expect(found).toEqual([]);
}

/** Batches of five, or of four in the second step. */
function madeUp(model: ModelGraph, step: number): Fed {
  return syntheticInputs(model.inputs, () => (step === 1 ? 4 : 5), step + 1);
}

async function predicted(
  model: ModelGraph,
  trainer: LoadedTrainer,
  batches: readonly Fed[],
  opset: number,
): Promise<string[]> {
  if (model.evaluation.outputs.length === 0) return [];
  const opened = await Opened.of(model, trainer, 'predict', { opset });
  const found: string[] = [];
  for (const inputs of batches) {
    const own = Object.fromEntries(opened.inputs.map((name) => [name, inputs[name]]));
    found.push(...differences(trainer.predict(own) as Arrays, await opened.predict(own)));
  }
  await opened.close();
  return found;
}

async function trained(
  model: ModelGraph,
  trainer: LoadedTrainer,
  inputs: (step: number) => Fed,
  updates: number,
): Promise<string[]> {
  const opened = await Opened.of(model, trainer, 'step', { updates });
  const { held, seed } = heldBy(trainer);
  const found: string[] = [];
  for (let step = 0; step < steps; step++) {
    const given = inputs(step);
    const own = Object.fromEntries(Object.entries(given).filter(([name]) => opened.inputs.includes(name)));
    const want = trainer.step(own);
    const got = await opened.step(own, held, seed, step);
    // A loss that is a difference of large terms is as exact as the others of its step.
    found.push(
      ...differences(
        { [`step ${step}`]: Object.values(want) },
        { [`step ${step}`]: Object.keys(want).map((name) => got[name]) },
      ),
    );
  }
  await opened.close();
  if (normalising.test(model.text)) return found;
  const after = [...heldBy(trainer).held].map(([name, { values }]): [string, ArrayLike<number>] => [name, values]);
  const left = [...held].map(([name, { values }]): [string, ArrayLike<number>] => [name, values]);
  return [...found, ...differences(Object.fromEntries(after), Object.fromEntries(left))];
}
