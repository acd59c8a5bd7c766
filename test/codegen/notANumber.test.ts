// NaN is larger and smaller than any number: what argmax, argmin, accuracy and top_k make of it, on every target and in the evaluator.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const columns = 7;
const text = `model m {
  input x: [batch, ${columns}]
  input label: index(${columns})[batch]
  param w: f32 = 1
  logits = x * w
  output most = argmax(logits)
  output least = argmin(logits)
  loss = mean(logits^2)
  metric right = accuracy(logits, label)
  metric near = top_k(logits, label, k = 2)
}
`;

/** Rows with a label, and what PyTorch's argmax and argmin, and its descending stable sort, say of them. */
const rows: readonly {
  readonly x: readonly number[];
  readonly label: number;
  readonly most: number;
  readonly least: number;
  readonly near: 0 | 1;
}[] = [
  { x: [1, 2, 3, 4, 3, 2, 0], label: 4, most: 3, least: 6, near: 0 },
  { x: [1, 2, 3, 4, 3, 2, 0], label: 2, most: 3, least: 6, near: 1 },
  { x: [NaN, NaN, NaN, NaN, NaN, NaN, NaN], label: 6, most: 0, least: 0, near: 0 },
  { x: [NaN, NaN, NaN, NaN, NaN, NaN, NaN], label: 2, most: 0, least: 0, near: 0 },
  { x: [NaN, NaN, NaN, NaN, NaN, NaN, NaN], label: 1, most: 0, least: 0, near: 1 },
  { x: [1, NaN, 2, 9, 0, 0, 0], label: 3, most: 1, least: 1, near: 1 },
  { x: [9, 1, 2, NaN, 0, NaN, 0], label: 0, most: 3, least: 3, near: 0 },
  { x: [9, 1, 2, NaN, 0, NaN, 0], label: 5, most: 3, least: 3, near: 1 },
  { x: [0, 1, 2, 3, 4, 5, NaN], label: 6, most: 6, least: 6, near: 1 },
  { x: [-Infinity, -Infinity, -1, -Infinity, -1, -2, -3], label: 4, most: 2, least: 0, near: 1 },
  { x: [Infinity, 1, NaN, Infinity, 0, 1, 2], label: 0, most: 2, least: 2, near: 1 },
];
/** What these rows are given as, and what is to come of them. */
function expected(of: typeof rows) {
  const share = (holds: (row: (typeof rows)[number]) => boolean): number => of.filter(holds).length / of.length;
  return {
    x: Float32Array.from(of.flatMap((r) => r.x)),
    label: Int32Array.from(of, (r) => r.label),
    outputs: { most: Int32Array.from(of, (r) => r.most), least: Int32Array.from(of, (r) => r.least) },
    right: share((r) => r.most === r.label),
    near: share((r) => r.near === 1),
  };
}

describe.each(['ts', 'wasm'] as const)('%s', (target) => {
  it('finds the first NaN', async () => {
    const { x, label, outputs, right, near } = expected(rows);
    const trainer = await (await importCode(await runnableText(text, { target }))).createTrainer();
    expect(await trainer.predict({ x })).toEqual(outputs);
    const found = await trainer.evaluate({ x, label });
    expect(found.right).toBeCloseTo(right, 6);
    expect(found.near).toBeCloseTo(near, 6);
  });
});

describe('wgsl', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  // The largest of numbers and NaN is either on a GPU, so a number before the first NaN can be found instead.
  it('finds the first NaN where no number is before it', async () => {
    const { x, label, outputs, right, near } = expected(rows.filter((r) => !r.x.some(Number.isNaN) || r.most === 0));
    const trainer = await gpu.createTrainer(await runnableText(text, { target: 'wgsl' }));
    expect(await trainer.predict({ x })).toEqual(outputs);
    const found = await trainer.evaluate({ x, label });
    expect(found.right).toBeCloseTo(right, 6);
    expect(found.near).toBeCloseTo(near, 6);
    await trainer.dispose();
  });
});

it('the evaluator finds the first NaN', () => {
  const { x, label, outputs, right, near } = expected(rows);
  const { model } = check({ file: 'm.nn', text });
  if (!model) throw new Error('the model has errors');
  const found = evaluate(
    [...model.evaluation.outputs, ...model.evaluation.metrics].map((o) => o.node),
    {
      leaf: (node) => (node.attrs.name === 'x' ? x : node.attrs.name === 'label' ? label : [1]),
      sizes: { batch: rows.length },
    },
  );
  expect(found.map((values) => [...values])).toEqual([[...outputs.most], [...outputs.least], [right], [near]]);
});
