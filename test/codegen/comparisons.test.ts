// What is compared is f32, on the target that computes in doubles too: PyTorch's choices, and those of the other targets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreeOnComparisons } from '../support/agreeOnComparisons.js';
import { comparingModel } from '../support/comparingModel.js';
import { runnableText } from '../support/runnable.js';
import { compileText, importCode, type LoadedTrainer } from '../support/trainer.js';

const targets = ['ts', 'wasm'] as const;

async function trainerOf(lines: string, target: 'ts' | 'wasm', memory = 'fast'): Promise<LoadedTrainer> {
  const text = `model m {\n${lines}\n  train { optimizer = sgd(lr = 0.1), batch = 2, memory = "${memory}" }\n}\n`;
  return (await importCode(await runnableText(text, { target }))).createTrainer({ seed: 1 });
}

/** Inputs of one example or of several, with loss and gradients in f32 by PyTorch. */
const gradients: readonly {
  readonly name: string;
  readonly lines: string;
  readonly inputs: Readonly<Record<string, Float32Array>>;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}[] = [
  {
    name: 'the larger of an expression and a number that f32 cannot hold',
    lines: 'input x: [batch, 3]\nparam s: [3] = 1\nloss = mean(max(x * s, 0.1)^2)',
    inputs: { x: Float32Array.of(-1, 0.05, 0.5, 1, 2, -3) },
    loss: 0.88,
    gradients: { s: [0.3333333432674408, 1.3333333730697632, 0.0833333358168602] },
  },
  {
    name: 'the smaller of a quotient and a number that f32 cannot hold',
    lines: 'input x: [batch, 3]\nparam s: [3] = 1\nloss = mean(min(x * s / 3, 0.3)^2)',
    inputs: { x: Float32Array.of(-1, 0.05, 0.5, 1, 2, -3) },
    loss: 0.2198611,
    gradients: { s: [0.037037041038274765, 9.259260696126148e-5, 0.34259259700775146] },
  },
  {
    name: 'the largest of every second column of a scaled product',
    lines:
      'input x: [batch, 4]\nparam W: [4, 4] = [[1, 0.1, 0.3, 0.7], [0.2, 1, 0.1, 0.3], [0.3, 0.7, 1, 0.1], [1, 0.3, 0.2, 1]]\nloss = mean(max((0.3 * (x @ W))[:, ::2], axis = 0))',
    inputs: { x: Float32Array.of(0.1, 0.2, 0.3, 0.3, 0.2, 0.1, 0.2, 0.2) },
    loss: 0.141,
    gradients: { W: [0.015, 0, 0.015, 0, 0.03, 0, 0.03, 0, 0.045, 0, 0.045, 0, 0.045, 0, 0.045, 0] },
  },
  {
    name: 'the largest of a quotient, with ties',
    lines: 'input x: [batch, 4]\ninput y: [batch]\nparam w: [4] = 1\nloss = sum(max(x * w / 3, axis = 1) * y)',
    inputs: {
      x: Float32Array.of(0.3, 0.1, 0.2, 0.3, 0.1, 0.7, 0.7, 0.2, 0.5, 0.4, 0.3, 0.2),
      y: Float32Array.of(1, 2, 3),
    },
    loss: 1.0666666,
    gradients: { w: [0.55, 0.23333333, 0.23333333, 0.05] },
  },
];

/** Outputs of x * w with w = 1, by PyTorch. */
const outputs: readonly {
  readonly formula: string;
  readonly x: readonly number[];
  readonly want: readonly number[];
}[] = [
  { formula: 'sqrt(max(h, 0.7) - 0.7)', x: [0.5, 0.7, 0.1], want: [0, 0, 0] },
  { formula: 'if h >= 0.7 then sqrt(h - 0.7) else -1', x: [0.5, 0.7, 0.1], want: [-1, 0, -1] },
  { formula: 'floor(min(h, 0.7) / 0.7)', x: [0.5, 0.7, 1.4], want: [0, 1, 1] },
  { formula: 'round(h * 0.1 * 5)', x: [0.5, 1.5, 5], want: [0, 1, 2] },
  { formula: 'ceil(h * 0.1 * 10)', x: [1, 3, 7], want: [1, 3, 7] },
  { formula: 'f32(h * 0.1 == [0.3, 0.6, 0.7])', x: [3, 6, 7], want: [1, 1, 1] },
  { formula: 'f32(h * 0.1 > [0.3, 0.6, 0.7])', x: [3, 6, 7], want: [0, 0, 0] },
  { formula: 'sign(h * 0.1 - [0.3, 0.6, 0.7])', x: [3, 6, 7], want: [0, 0, 0] },
  { formula: 'sign(h * 1e-30)', x: [1e-30, -1e-30, 1], want: [0, 0, 1] },
  { formula: 'f32(isfinite(h * 1e20))', x: [1e20, 1e10, -1e20], want: [0, 1, 0] },
  { formula: 'sqrt(max(h / 3, axis = 1, keep = true) - h / 3)', x: [0.7, 0.7, 0.7], want: [0, 0, 0] },
  { formula: 'softmax(h * 1e12 / 3)', x: [0.7, 0.1, 0.3], want: [1, 0, 0] },
  {
    formula: 'f32(argmax(h / 3, axis = 1))[:, none] * ones([3])',
    x: [0.1, 0.7, 0.7, 0.3, 0.1, 0.2],
    want: [1, 1, 1, 0, 0, 0],
  },
  {
    formula: 'f32(argmin(h * 0.1, axis = 0))[none, :] + 0 * h',
    x: [0.3, 0.1, 0.2, 0.1, 0.1, 0.2],
    want: [1, 0, 0, 1, 0, 0],
  },
];

describe.each(targets)('%s', (target) => {
  describe.each(['fast', 'small'])('in %s memory', (memory) => {
    it.each(gradients)('$name', async ({ lines, inputs, loss, gradients: want }) => {
      const found = (await trainerOf(lines, target, memory)).gradients(inputs);
      expect(found.loss).toBeCloseTo(loss, 5);
      for (const [name, values] of Object.entries(want))
        values.forEach((value, i) => expect(found.gradients[name][i], `${name}[${i}]`).toBeCloseTo(value, 6));
    });
  });

  it.each(outputs)('$formula', async ({ formula, x, want }) => {
    // The loss reads it too, so that in one call it is stored and in the other it is not.
    const lines = `input x: [batch, 3]\nparam w: [3] = 1\nh = x * w\ny = ${formula}\noutput y\nloss = mean(y + h)`;
    const trainer = await trainerOf(lines, target);
    expect([...Array.from((await trainer.predict({ x: Float32Array.from(x) })).y)]).toEqual(want);
    const { loss } = await trainer.evaluate({ x: Float32Array.from(x) });
    const mean = x.reduce((sum, value, i) => sum + value + want[i], 0) / x.length;
    if (Math.abs(mean) < 10) expect(loss).toBeCloseTo(mean, 5);
  });
});

it.each([0.1, 1 / 3, 0.9, 0.999])('draws with probability %s are the same on both targets', async (p) => {
  const lines = `input x: [batch, 64]\noutput y = x\nstate kept: [64] = 0\nkept := sum(bernoulli(${p}, like = x), axis = 0)\nparam w: f32 = 1\nloss = mean(x) * w`;
  const kept = await Promise.all(
    targets.map(async (target) => {
      const trainer = await trainerOf(lines, target);
      trainer.step({ x: new Float32Array(64 * 2000) });
      return trainer.save();
    }),
  );
  expect(Buffer.compare(kept[0], kept[1])).toBe(0);
});

it('numbers, schedules and optimizers are printed as they are written', async () => {
  const code = await compileText(
    'model m {\n  input x: [batch, 3]\n  param w: [3] = 1\n  h = max(x * w * 0.7, 0.1)\n  loss = mean(0.7 * h^2 + 0.3 * tanh(h))\n  train { optimizer = adam(lr = 0.1, beta1 = 0.7) }\n}\n',
  );
  // 0.1 is compared, and 0.7 makes what is compared with it.
  expect(code).toMatch(/h\d* <= 0\.10000000149011612/);
  expect(code).toContain('Math.fround(0.699999988079071 * Math.fround(');
  expect(code).toContain('+ 0.3 * Math.tanh(h0)');
  expect(code).toContain('0.7 * m0 + 0.3 * product');
  expect(code).toContain('Math.pow(0.7, update[0])');
  expect(code).not.toMatch(/0\.0?10000000149011612 \*/);
});

it('products are added up without rounding', async () => {
  const code = await compileText(
    'model m {\n  input x: [batch, 300]\n  input label: index(300)[batch]\n  logits = x |> dense(300) |> relu |> dense(300)\n  loss = cross_entropy(logits, label)\n  metric right = accuracy(logits, label)\n  train { optimizer = sgd(lr = 0.1) }\n}\n',
  );
  for (const line of code.split('\n')) if (line.includes('Math.fround')) expect(line).not.toMatch(/acc\w* \+=/);
});

it('a few random models full of comparisons agree on every target', { timeout: 240_000 }, async () => {
  const judged = { calls: 0, judged: 0 };
  await fc.assert(
    fc.asyncProperty(comparingModel, fc.nat(1000), (model, seed) => agreeOnComparisons(model, seed, judged)),
    { numRuns: 12, seed: 3 },
  );
  expect(judged.judged / judged.calls).toBeGreaterThan(0.9);
});
