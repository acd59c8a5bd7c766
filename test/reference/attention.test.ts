// Attention and what stands beside it against PyTorch's numbers: scaled_dot_product_attention with masks and grouped heads,
// TransformerEncoderLayer, rotary embeddings by halves.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrainer } from '../support/anyTarget.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { meaningOf } from '../support/randomModel.js';
import type { Target } from '../../src/targets.js';
import { inputsOf, tensorsDiffer, type TensorRecord, type Tensors } from './reference.js';

interface Recorded {
  readonly name: string;
  readonly text: string;
  readonly inputs: Tensors;
  readonly parameters: Tensors;
  /** Of the output y. */
  readonly value: TensorRecord;
  /** Of the sum of y * w. */
  readonly gradients: Tensors;
}

const cases: Recorded[] = JSON.parse(readFileSync(new URL('attention.json', import.meta.url), 'utf8'));

/** Of the cases, those that differ most in what is computed. */
const compiled = [
  'logits of ±1e4',
  'grouped heads, rotary',
  'memory, an example sees nothing',
  'a mask of all axes, causal',
  'a window beyond a short memory',
  'run-time sizes, window',
  'positions, run-time length',
  'sinusoidal',
  'swiglu',
  'transformer block, causal',
];

const numbersOf = (tensors: Tensors): Record<string, number[]> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data.map(Math.fround)]));

describe('in double precision', () => {
  const exact = { rtol: 1e-8, atol: 1e-8, scale: 'group' } as const;

  it.each(cases.map((record) => [record.name, record] as const))('%s', (_, record) => {
    const { text, inputs, parameters, value, gradients } = record;
    // The axes of x are [batch, T, …], those of facts [batch, S, …]; positions calls the second S.
    const [rows, T] = (inputs.x ?? inputs.w).shape;
    const S = inputs.facts?.shape[1] ?? T;
    const mean = meaningOf(text);
    const found = mean(numbersOf(inputs), numbersOf(parameters), rows, {}, { T, S });
    const terms = value.data.map((y, i) => y * Math.fround(inputs.w.data[i]));
    const [loss, size] = [terms, terms.map(Math.abs)].map((all) => all.reduce((sum, term) => sum + term, 0));
    const got = Object.fromEntries([...found.gradients].map(([name, values]) => [name, Array.from(values)]));
    expect(Math.abs(found.loss - loss) / size).toBeLessThan(1e-8);
    expect(tensorsDiffer('the gradient of', gradients, got, exact)).toEqual([]);
  });
});

const full = process.env.FULL === '1';
const names = cases.map(({ name }) => name);
/** What is compiled: under FULL=1 all. */
const chosen: readonly (readonly [Target, readonly string[]])[] = [
  ['ts', full ? names : compiled],
  ['wasm', full ? names : compiled],
  ['wgsl', full ? names : ['grouped heads, rotary', 'memory, an example sees nothing', 'a mask of all axes, causal']],
];

describe.each(chosen)('%s', (target, some) => {
  const tolerance = { rtol: 2e-4, atol: 2e-5, scale: 'group' } as const;
  let gpu: GpuProcess | undefined;
  beforeAll(async () => void (target === 'wgsl' && (gpu = await startGpu('swiftshader'))));
  afterAll(() => gpu?.end());

  it.each(some)('%s', async (name) => {
    const record = cases.find((c) => c.name === name);
    if (!record) throw new Error(`nothing is recorded of ${name}`);
    const { text, inputs, parameters, value, gradients } = record;
    const start = Object.entries(parameters).map(([p, { data }]) => [p, Float32Array.from(data)]);
    const options = { seed: 0, parameters: Object.fromEntries(start) };
    const trainer = await startTrainer(text, { target, gpu, options });
    expect(trainer.model.parameters.map((p) => ({ name: p.name, shape: p.shape }))).toEqual(
      Object.entries(parameters).map(([p, { shape }]) => ({ name: p, shape })),
    );
    const forOutputs = Object.keys(inputs).filter((input) => input !== 'w');
    const got = (await trainer.gradients(inputsOf(inputs))).gradients;
    const found = [
      ...tensorsDiffer('the value', { y: value }, await trainer.predict(inputsOf(inputs, forOutputs)), tolerance, true),
      ...tensorsDiffer('the gradient of', gradients, got, tolerance),
    ];
    await trainer.dispose();
    expect(found).toEqual([]);
  });
});
