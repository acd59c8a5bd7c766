// Operations are counted as formulas say, whatever the tiles.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/index.js';
import { callsOf, flopsOf, flopsOfSteps } from '../../src/inspect/flops.js';
import { add, axis, constant, mul, size, toIndex, type Axis, type Index } from '../../src/ir/index.js';
import type { Statement, Step } from '../../src/ir/program.js';
import { apply, load, number, splat, type Scalar } from '../../src/ir/scalar.js';
import { product } from '../codegen/matmul.js';
import { buffer, kernelOf } from '../codegen/runKernels.js';

const none = (): number => 1;
const x = buffer('x', 100);
const y = buffer('y', 100);

function loop(over: Axis, to: Index, body: readonly Statement[], more: Partial<Statement & { kind: 'loop' }> = {}) {
  return { kind: 'loop', axis: over, to, step: 1, as: 'serial', body, ...more } satisfies Statement;
}

function store(value: Scalar, at: Index = constant(0)): Statement {
  return { kind: 'store', to: y, at, value };
}

const sum = apply('add', load(x, constant(0)), load(x, constant(1)));

describe('flopsOf', () => {
  it('multiplies the rounds of loops', () => {
    const [i, j] = [axis('i', 5), axis('j', 7)];
    expect(flopsOf(kernelOf('k', loop(i, constant(5), [loop(j, constant(7), [store(sum)])])), none)).toBe(35);
    expect(flopsOf(kernelOf('k', loop(i, constant(5), [store(sum)], { step: 2 })), none)).toBe(3);
    expect(flopsOf(kernelOf('k', loop(i, constant(5), [store(sum)], { from: constant(5) })), none)).toBe(0);
    expect(flopsOf(kernelOf('k', loop(i, size('batch'), [store(sum)])), () => 9)).toBe(9);
  });

  it('counts the new part of an overlapped tile', () => {
    const i = axis('i', 10);
    const tile = Array.from({ length: 4 }, (_, n) => store(sum, add(toIndex(i), n)));
    const tiles = loop(i, constant(10), tile, { step: 4, last: constant(6) });
    expect(flopsOf(kernelOf('k', tiles), none)).toBe(10);
  });

  it('follows bounds and conditions that depend on loops around them', () => {
    const [i, j, n] = [axis('i', 4), axis('j', 4), axis('n', 8)];
    const triangle = loop(i, constant(4), [loop(j, add(toIndex(i), 1), [store(sum)])]);
    expect(flopsOf(kernelOf('k', triangle), none)).toBe(10);
    const twice: Statement = { kind: 'index', axis: n, value: mul(2, toIndex(i)) };
    const branch: Statement = { kind: 'if', less: [toIndex(n), constant(4)], then: [store(sum)], else: [] };
    expect(flopsOf(kernelOf('k', loop(i, constant(4), [twice, branch])), none)).toBe(2);
  });

  it('counts arithmetic on numbers: each lane, each value once, nothing else', () => {
    const four = load(x, constant(0), 4);
    const count = (value: Scalar): number =>
      flopsOf(kernelOf('k', { kind: 'store', to: y, at: constant(0), value }), none);
    expect(count(apply('add', apply('mul', four, splat(number(2))), four))).toBe(8);
    expect(count(apply('mul', sum, sum))).toBe(2);
    expect(count(apply('exp', sum))).toBe(2);
    expect(count(apply('select', apply('lt', sum, number(0)), apply('neg', sum), sum))).toBe(1);
    expect(count(apply('f32', apply('add', number(1, 'i32'), number(2, 'i32'))))).toBe(0);
  });

  it('finds twice the product of the sizes in a matrix product', () => {
    for (const [m, k, n] of [
      [4, 8, 8],
      [7, 5, 16],
    ])
      expect(flopsOf(product(m, k, n).kernel, none)).toBe(2 * m * k * n);
    expect(flopsOf(product('batch', 5, 16).kernel, () => 13)).toBe(2 * 13 * 5 * 16);
  });

  it('finds the same in whatever is planned', () => {
    for (const target of ['ts', 'wasm'] as const)
      for (const [m, k, n] of [
        [64, 64, 64],
        [33, 70, 10],
        [1, 40, 24],
        [65, 31, 1],
      ]) {
        const text = `model m {
          input a: [${m}, ${k}]
          input b: [${k}, ${n}]
          output c = a @ b
          loss = sum(c)
        }`;
        const { model } = check({ file: 'm.nn', text });
        if (!model) throw new Error('the model is wrong');
        const steps = programOf(model, target).entries.predict?.steps ?? [];
        const counted = flopsOfSteps(steps, none);
        // A reduction adds the sums of its lanes at the end, and starts from 0.
        expect(counted / (2 * m * k * n)).toBeGreaterThan(0.97);
        expect(counted / (2 * m * k * n)).toBeLessThan(1.2);
      }
  });
});

describe('callsOf', () => {
  it('counts calls through loops', () => {
    const [a, b] = [kernelOf('a', store(sum)), kernelOf('b', store(sum))];
    const steps: Step[] = [
      { kind: 'run', kernel: a },
      {
        kind: 'repeat',
        axis: axis('t', size('T')),
        steps: [
          { kind: 'run', kernel: b },
          { kind: 'run', kernel: a },
        ],
      },
    ];
    expect([...callsOf(steps, () => 5)]).toEqual([
      [a, 6],
      [b, 5],
    ]);
    expect(flopsOfSteps(steps, () => 5)).toBe(11);
  });
});
