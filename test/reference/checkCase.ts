// One recorded model against a trainer, whatever its target and wherever it runs.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { runnableText } from '../support/runnable.js';
import type { CompileOptions } from '../../src/index.js';
import { casePath, difference, inputsOf, numbersDiffer, readCase, takeRows, tensorsDiffer } from './reference.js';

type Awaitable<T> = T | Promise<T>;
type Numbers = Record<string, number>;
type Arrays = Record<string, ArrayLike<number>>;

/** A trainer of any target: every answer may be a promise. */
export interface CaseTrainer {
  step(inputs: object): Awaitable<Numbers>;
  evaluate(inputs: object): Awaitable<Numbers>;
  predict(inputs: object): Awaitable<Arrays>;
  gradients(inputs: object): Awaitable<{ loss: number; gradients: Arrays }>;
  read(): Awaitable<Arrays>;
  stepCount(): Awaitable<number>;
  dispose(): Awaitable<void>;
}

/** What is asked of a module under test. */
export interface CaseModule {
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  createTrainer(options: object): Awaitable<CaseTrainer>;
}

/** Compiles the case, loads it by `load`, and compares all that it computes with PyTorch's numbers. */
export async function checkCase(
  name: string,
  target: CompileOptions['target'],
  load: (code: string) => Promise<CaseModule>,
): Promise<void> {
  const record = readCase(name);
  const { expected, tolerance } = record;
  const path = casePath(record.model);
  const module = await load(await runnableText(readFileSync(path, 'utf8'), { set: record.set, target }, path));
  expect(module.parameters.map((p) => p.name)).toEqual(Object.keys(record.parameters));
  expect(module.parameters.map((p) => p.shape)).toEqual(Object.values(record.parameters).map((p) => p.shape));
  const fresh = await module.createTrainer({ seed: 0 });
  const initial = await fresh.read();
  const exact = { atol: 1e-7, rtol: 1e-7, scale: 'tensor' } as const;
  const found = record.constant.flatMap(
    (n) => difference(`initial ${n}`, record.parameters[n].data, initial[n], exact, 1) ?? [],
  );
  await fresh.dispose();

  const parameters = Object.fromEntries(
    Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]),
  );
  const trainer = await module.createTrainer({ seed: 0, parameters });
  const inputs = () => inputsOf(record.inputs);
  found.push(...numbersDiffer('evaluate', expected.evaluate, await trainer.evaluate(inputs()), tolerance));
  const outputs = await trainer.predict(inputsOf(record.inputs, record.predict_inputs));
  found.push(...tensorsDiffer('output', expected.outputs, outputs, tolerance, true));
  const other = record.other_inputs ?? takeRows(record.inputs, record.other_batch ?? []);
  const another = await trainer.evaluate(inputsOf(other));
  found.push(...numbersDiffer('other batch', expected.other_batch.evaluate, another, tolerance));
  const otherOutputs = await trainer.predict(inputsOf(other, record.predict_inputs));
  found.push(...tensorsDiffer('other output', expected.other_batch.outputs, otherOutputs, tolerance, true));
  const { loss, gradients } = await trainer.gradients(inputs());
  found.push(...numbersDiffer('gradients()', { loss: expected.loss }, { loss }, tolerance));
  found.push(...tensorsDiffer('gradient', expected.gradients, gradients, tolerance));
  expect(Object.keys(gradients).filter((n) => record.frozen.includes(n))).toEqual([]);
  const trajectory: number[] = [];
  for (const i of expected.trajectory.keys()) {
    const rows = record.step_rows?.[i];
    const result = await trainer.step(rows ? inputsOf(takeRows(record.inputs, rows)) : inputs());
    const reported = { loss: expected.loss, ...expected.losses, ...expected.metrics };
    if (i === 0 && !rows) found.push(...numbersDiffer('step 1', reported, result, tolerance));
    trajectory.push(result.loss);
  }
  const losses = { loss: { shape: [], data: expected.trajectory } };
  found.push(...tensorsDiffer('trajectory', losses, { loss: trajectory }, tolerance));
  found.push(...tensorsDiffer('parameter after', expected.parameters_after, await trainer.read(), tolerance));
  const after = await trainer.evaluate(inputs());
  found.push(...numbersDiffer('evaluate after', expected.evaluate_after, after, tolerance));
  if (!record.accumulate) expect(await trainer.stepCount()).toBe(expected.trajectory.length);
  await trainer.dispose();
  expect(found).toEqual([]);
}
