// A trainer at work: steps, gradients, inputs that do not fit, sizes that change.
import { beforeAll, describe, expect, it } from 'vitest';
import { emitted, errorOf, stateOf } from '../support/emitted.js';
import { linear } from '../support/programs.js';
import type { LoadedModule } from '../support/trainer.js';

let module: LoadedModule;
beforeAll(async () => {
  module = await emitted(linear());
});

const rows = (n: number) => ({
  x: Float32Array.from({ length: 3 * n }, (_, i) => Math.sin(i)),
  group: Int32Array.from({ length: n }, (_, i) => i % 2),
  y: Float32Array.from({ length: n }, (_, i) => Math.cos(i)),
});

function lossOf(w: Float32Array, { x, group, y }: ReturnType<typeof rows>, offset: Float32Array): number {
  const errors = [...y].map(
    (target, b) => w[0] * x[3 * b] + w[1] * x[3 * b + 1] + w[2] * x[3 * b + 2] + offset[group[b]] - target,
  );
  return errors.reduce((sum, e) => sum + e * e, 0) / y.length;
}

describe('step', () => {
  it('lowers the loss, reports it, and counts', () => {
    const trainer = module.createTrainer({ seed: 3 });
    const data = rows(8);
    const before = lossOf(trainer.parameters['line.W'], data, trainer.parameters['line.offset']);
    expect(trainer.step(data).loss).toBeCloseTo(before, 6);
    for (let i = 0; i < 50; i++) trainer.step(data);
    expect(trainer.evaluate(data).loss).toBeLessThan(before / 2);
    expect(trainer.stepCount).toBe(51);
  });

  it('takes any batch size after any other', () => {
    const trainer = module.createTrainer({ batch: 2 });
    for (const n of [1, 7, 3, 100, 2]) {
      const data = rows(n);
      expect(trainer.evaluate(data).loss).toBeCloseTo(
        lossOf(trainer.parameters['line.W'], data, trainer.parameters['line.offset']),
        5,
      );
      expect(trainer.predict(data).prediction.length).toBe(n);
    }
  });

  it('starts from the seed, or from arrays', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => module.createTrainer({ seed }).parameters['line.W']);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    const given = module.createTrainer({ parameters: { 'line.W': Float32Array.of(1, 2, 3) } });
    expect([...given.parameters['line.W']]).toEqual([1, 2, 3]);
    expect([...given.parameters['line.offset']]).toEqual([0.5, 0.5]);
    expect(errorOf(() => module.createTrainer({ parameters: { W: new Float32Array(3) } }))).toMatchInlineSnapshot(
      `"RangeError: parameters: the model has no W"`,
    );
    expect(
      errorOf(() => module.createTrainer({ parameters: { 'line.W': new Float32Array(4) } })),
    ).toMatchInlineSnapshot(`"RangeError: parameters: expected 3 values for line.W, got 4"`);
    expect(errorOf(() => module.createTrainer({ seed: 0.5 }))).toMatchInlineSnapshot(
      `"RangeError: seed: expected a whole number from 0 to 4294967295, got 0.5"`,
    );
  });
});

describe('gradients', () => {
  it('are those of the next step, and change nothing', () => {
    const trainer = module.createTrainer();
    const data = rows(4);
    trainer.step(data);
    const before = stateOf(trainer);
    const first = trainer.gradients(data);
    expect(trainer.gradients(data)).toEqual(first);
    expect(stateOf(trainer)).toBe(before);
    // The gradient carries a factor of 1 + 0.01 · draw: one step was made.
    const w = trainer.parameters['line.W'];
    const offset = trainer.parameters['line.offset'];
    [0, 1, 2].forEach((i) => {
      const [up, down] = [1e-3, -1e-3].map((h) =>
        lossOf(
          w.map((v, k) => (k === i ? v + h : v)),
          data,
          offset,
        ),
      );
      expect(first.gradients['line.W'][i]).toBeCloseTo((1.01 * (up - down)) / 2e-3, 3);
    });
    expect(Object.keys(first.gradients)).toEqual(['line.W']);
  });
});

describe('accumulate', () => {
  it('averages the gradients of n calls and updates at the last', async () => {
    const trainer = (await emitted(linear({ accumulate: 2 }))).createTrainer();
    const once = module.createTrainer();
    const data = rows(4);
    const before = [...trainer.parameters['line.W']];
    const gradients = [trainer.gradients(data).gradients['line.W']];
    trainer.step(data);
    expect([...trainer.parameters['line.W']]).toEqual(before);
    expect(trainer.stepCount).toBe(0);
    gradients.push(trainer.gradients(data).gradients['line.W']);
    trainer.step(data);
    expect(trainer.stepCount).toBe(1);
    [0, 1, 2].forEach((i) =>
      expect(trainer.parameters['line.W'][i]).toBeCloseTo(
        before[i] - (0.05 * (gradients[0][i] + gradients[1][i])) / 2,
        6,
      ),
    );
    once.dispose();
  });
});

describe('inputs', () => {
  const data = rows(4);
  const given: readonly (readonly [string, object])[] = [
    ['a class out of range', { ...data, group: Uint8Array.of(0, 1, 1, 12) }],
    ['a negative class', { ...data, group: Int8Array.of(0, -1, 1, 1) }],
    ['a length that is no multiple', { ...data, x: new Float32Array(10) }],
    ['no rows', { ...data, x: new Float32Array(0) }],
    ['lengths that disagree', { ...data, y: new Float32Array(3) }],
    ['classes that are too few', { ...data, group: new Int32Array(3) }],
    ['a wrong element type', { ...data, x: new Float64Array(12) }],
    ['floats for classes', { ...data, group: new Float32Array(4) }],
    ['a plain array', { ...data, x: [1, 2, 3] }],
    ['a missing input', { x: data.x, group: data.group }],
    ['a wrong shape', { ...data, x: { data: data.x, shape: [3, 4] } }],
  ];

  it('that do not fit are errors, and change nothing', () => {
    const trainer = module.createTrainer();
    trainer.step(data);
    const before = stateOf(trainer);
    const messages = given.map(([what, inputs]) => `${what}: ${errorOf(() => trainer.step(inputs))}`);
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "a class out of range: RangeError: group: expected index(2)[batch], got 12 at position 3
      a negative class: RangeError: group: expected index(2)[batch], got -1 at position 1
      a length that is no multiple: RangeError: x: expected [batch, 3], got 10 values, which is not a positive multiple of 3
      no rows: RangeError: x: expected [batch, 3], got 0 values, which is not a positive multiple of 3
      lengths that disagree: RangeError: y: expected [batch] = [4], got 3 values
      classes that are too few: RangeError: group: expected index(2)[batch] = [4], got 3 values
      a wrong element type: TypeError: x: expected [batch, 3] as Float32Array, got Float64Array
      floats for classes: TypeError: group: expected index(2)[batch] as an array of integers, got Float32Array
      a plain array: TypeError: x: expected [batch, 3] as Float32Array, got Array
      a missing input: TypeError: y: expected [batch] as Float32Array, got undefined
      a wrong shape: RangeError: x: expected [batch, 3] = [4, 3], got shape [3, 4]"
    `);
    expect(stateOf(trainer)).toBe(before);
  });

  it('may be any integers, and come with their shape', () => {
    const trainer = module.createTrainer();
    const { loss } = trainer.evaluate(data);
    for (const group of [Uint8Array, Uint32Array, Int16Array].map((type) => type.from(data.group)))
      expect(trainer.evaluate({ ...data, group }).loss).toBe(loss);
    expect(trainer.evaluate({ ...data, group: BigInt64Array.from(data.group, BigInt) }).loss).toBe(loss);
    expect(
      trainer.evaluate({ ...data, x: { data: data.x, shape: [4, 3] }, y: { data: data.y, shape: [4] } }).loss,
    ).toBe(loss);
  });
});

describe('dispose', () => {
  it('makes every later use a clear error', () => {
    const trainer = module.createTrainer();
    trainer.dispose();
    expect(errorOf(() => trainer.step(rows(1)))).toBe('Error: linear: this trainer has been disposed of');
    expect(errorOf(() => trainer.parameters)).toBe('Error: linear: this trainer has been disposed of');
    expect(errorOf(() => trainer.fit(rows(1)))).toBe('Error: linear: this trainer has been disposed of');
  });
});
