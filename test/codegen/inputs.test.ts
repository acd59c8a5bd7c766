// Run-time sizes: from lengths where one is missing, from shapes where several are, and none at all.
import { describe, expect, it } from 'vitest';
import * as ix from '../../src/ir/index.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import { apply, load, local, number } from '../../src/ir/scalar.js';
import { bool, dim, f32, tensor, type ElementType, type TensorType } from '../../src/ir/types.js';
import { emitted, errorOf } from '../support/emitted.js';
import { buffer, kernel, linear, loop } from '../support/programs.js';

const [batch, time] = [ix.size('batch'), ix.size('T')];
const of = (element: ElementType, ...sizes: readonly ix.Index[]): TensorType =>
  tensor(
    sizes.map((s) => dim(s)),
    element,
  );

/** A model that predicts the sums of x by row, where on is true; the other inputs are only checked. */
function sums(rows: ix.Index, columns: ix.Index, others: Readonly<Record<string, TensorType>> = {}): TrainerProgram {
  const base = linear();
  const x = buffer('x', 'input', ix.mul(rows, columns));
  const on = buffer('on', 'input', columns, 'i32');
  const result = buffer('sum', 'arena', rows);
  const [r, c] = [ix.axis('r', rows), ix.axis('c', columns)];
  const at = ix.add(ix.mul(ix.atom(r), columns), ix.atom(c));
  const term = apply('mul', load(x, at), apply('f32', load(on, ix.atom(c))));
  const sum = kernel('sum', [
    loop(r, [
      { kind: 'let', name: 'acc', value: number(0), mutable: true },
      loop(c, [{ kind: 'set', name: 'acc', value: apply('add', local('acc', 'f32'), term) }]),
      { kind: 'store', to: result, at: ix.atom(r), value: local('acc', 'f32') },
    ]),
  ]);
  const inputs = [
    ...Object.entries(others).map(([name, type]) => ({
      name,
      type,
      buffer: buffer(
        name,
        'input',
        ix.product(type.shape.map((d) => d.size)),
        type.element.kind === 'f32' ? 'f32' : 'i32',
      ),
      forOutputs: true,
    })),
    { name: 'x', type: of(f32, rows, columns), buffer: x, forOutputs: true },
    { name: 'on', type: of(bool, columns), buffer: on, forOutputs: true },
  ];
  return {
    ...base,
    entries: {
      predict: {
        name: 'predict',
        steps: [{ kind: 'run', kernel: sum }],
        inputs: inputs.map((i) => i.name),
        results: [{ name: 'sum', buffer: result }],
      },
    },
    kernels: [sum],
    buffers: [...inputs.map((i) => i.buffer), result],
    memory: { offsets: new Map([[result, ix.zero]]), length: rows },
    inputs,
    parameters: [],
    states: [],
    slots: [],
    counters: [],
    outputs: [{ name: 'sum', type: of(f32, rows) }],
  };
}

const x = Float32Array.of(1, 2, 3, 4, 5, 6);

describe('run-time sizes', () => {
  it('follow from one another', async () => {
    const trainer = (await emitted(sums(batch, time))).createTrainer();
    expect([...Array.from(trainer.predict({ x: { data: x, shape: [2, 3] }, on: Uint8Array.of(1, 0, 1) }).sum)]).toEqual(
      [4, 10],
    );
    // The length of `on` tells T, and then that of x the batch.
    expect([...Array.from(trainer.predict({ x, on: Uint8Array.of(1, 1) }).sum)]).toEqual([3, 7, 11]);
    expect([
      errorOf(() => trainer.predict({ x, on: new Uint8Array(4) })),
      errorOf(() => trainer.predict({ x: { data: x, shape: [3, 2] }, on: Uint8Array.of(1, 0, 1) })),
      errorOf(() => trainer.predict({ x, on: Uint8Array.of(1, 2) })),
    ]).toMatchInlineSnapshot(`
      [
        "RangeError: x: expected [batch, T], got 6 values, which is not a positive multiple of 4",
        "RangeError: x: expected [batch, T] = [2, 3], got shape [3, 2]",
        "RangeError: on: expected bool[T], got 2 at position 1",
      ]
    `);
  });

  it('that no length tells need a shape', async () => {
    const square = { a: of(f32, batch, time, time) };
    const trainer = (await emitted(sums(ix.add(batch, 1), ix.mul(time, time), square))).createTrainer();
    const a = { data: new Float32Array(4), shape: [1, 2, 2] };
    const on = Uint8Array.of(1, 1, 1, 1);
    expect([...Array.from(trainer.predict({ a, x: new Float32Array(8).fill(1), on }).sum)]).toEqual([4, 4]);
    expect([
      errorOf(() => trainer.predict({ a: a.data, x, on })),
      errorOf(() => trainer.predict({ a: { data: a.data, shape: [4] }, x, on })),
      errorOf(() => trainer.predict({ a: { data: a.data, shape: [2, 2, 2] }, x, on })),
      errorOf(() => trainer.predict({ a, x, on })),
    ]).toMatchInlineSnapshot(`
      [
        "TypeError: a: expected [batch, T, T] as { data, shape }, got Float32Array",
        "RangeError: a: expected [batch, T, T], got shape [4]",
        "RangeError: a: expected [batch, T, T] = [2, 2, 2], got 4 values",
        "RangeError: x: expected [batch + 1, T*T] = [2, 4], got 6 values",
      ]
    `);
  });

  it('may be absent', async () => {
    const trainer = (await emitted(sums(ix.constant(2), ix.constant(3)))).createTrainer();
    expect([...Array.from(trainer.predict({ x, on: Uint8Array.of(1, 1, 1) }).sum)]).toEqual([6, 15]);
    expect(
      errorOf(() => trainer.predict({ x: new Float32Array(3), on: Uint8Array.of(1, 1, 1) })),
    ).toMatchInlineSnapshot(`"RangeError: x: expected [2, 3] = [2, 3], got 3 values"`);
  });
});

describe('a model without a train block', () => {
  it('says so where a step is asked for', async () => {
    const trainer = (await emitted(sums(batch, ix.constant(3)))).createTrainer();
    expect(errorOf(() => trainer.step({}))).toBe('Error: linear has no train block, so there is no step to make');
  });
});
