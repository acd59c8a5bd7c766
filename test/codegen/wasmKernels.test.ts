// Kernels as WebAssembly: tiles, tails, guards, gathers, transposes and integers compute what they say.
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { emitWasm } from '../../src/codegen/wasm/emitWasm.js';
import { check, programOf } from '../../src/compile.js';
import { add, atom, axis, constant, div, mod, mul, size, sub, toIndex } from '../../src/ir/index.js';
import type { Statement } from '../../src/ir/program.js';
import { apply, indexValue, lane, load, local, number, splat, type Scalar } from '../../src/ir/scalar.js';
import { product } from './matmul.js';
import { buffer, kernelOf, runKernels } from './runKernels.js';

describe('a packed 4×8 product', () => {
  for (const rows of [4, 6, 7, 64]) {
    it(`is right for ${rows} rows`, () => {
      const [k, n] = [33, 16];
      const { kernel, a, b, c, panel } = product('batch', k, n);
      const running = runKernels([kernel], [a, b, c, panel], { batch: rows });
      running.of(a).forEach((_, i, all) => (all[i] = Math.sin(i)));
      running.of(b).forEach((_, i, all) => (all[i] = Math.cos(3 * i)));
      running.run();
      const [x, w, y] = [a, b, c].map((of) => running.of(of));
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let q = 0; q < k; q++) sum += x[i * k + q] * w[q * n + j];
          expect(y[i * n + j]).toBeCloseTo(sum, 4);
        }
    });
  }
});

it('fuses multiplication and addition where asked', () => {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  const [rows, k, n] = [5, 40, 8];
  const { kernel, a, b, c, panel } = product('batch', k, n);
  const results = [false, true].map((relaxed) => {
    const running = runKernels([kernel], [a, b, c, panel], { batch: rows }, { relaxed });
    running.of(a).forEach((_, i, all) => (all[i] = Math.sin(i)));
    running.of(b).forEach((_, i, all) => (all[i] = Math.cos(3 * i)));
    running.run();
    return { size: running.binary.length, values: [...running.of(c)] };
  });
  expect(results[1].values.every((x, i) => Math.abs(x - results[0].values[i]) < 1e-5)).toBe(true);
  expect(results[1].values).not.toEqual(results[0].values);
});

/** z[i] = value for i below the length, in lanes or one by one. */
function map(length: number, lanes: boolean, to: Scalar['type'], value: (i: Scalar) => Scalar): number[] {
  const z = buffer('z', length, to === 'f32' ? 'f32' : 'i32');
  const i = axis('i', length);
  const body: Statement = { kind: 'store', to: z, at: toIndex(i), value: value(indexValue(i, lanes ? 4 : undefined)) };
  const running = runKernels(
    [kernelOf('map', { kind: 'loop', axis: i, to: constant(length), step: lanes ? 4 : 1, as: 'serial', body: [body] })],
    [z],
  );
  running.run();
  return to === 'f32' ? [...running.of(z)] : [...running.ints(z)];
}

const indices = Array.from({ length: 16 }, (_, i) => i);
const i32 = (value: number): Scalar => number(value, 'i32');
const u32 = (value: number): Scalar => number(value, 'u32');

describe.each([true, false])('values, lanes: %s', (lanes) => {
  const operations: Record<
    string,
    { type: Scalar['type']; value: (i: Scalar) => Scalar; exact: (i: number) => number }
  > = {
    'comparisons and truths': {
      type: 'bool',
      value: (i) =>
        apply('or', apply('lt', i, i32(3)), apply('and', apply('le', i32(7), i), apply('not', apply('eq', i, i32(9))))),
      exact: (i) => Number(i < 3 || (i >= 7 && i !== 9)),
    },
    'truths as numbers': {
      type: 'f32',
      value: (i) => apply('mul', apply('f32', apply('lt', i, i32(5))), number(2.5)),
      exact: (i) => (i < 5 ? 2.5 : 0),
    },
    'truths as integers': {
      type: 'i32',
      value: (i) => apply('add', apply('i32', apply('lt', i, i32(5))), i32(10)),
      exact: (i) => (i < 5 ? 11 : 10),
    },
    'select by lane': {
      type: 'f32',
      value: (i) => apply('select', apply('lt', i, i32(6)), apply('f32', i), number(-1)),
      exact: (i) => (i < 6 ? i : -1),
    },
    'integer minimum, maximum, negation': {
      type: 'i32',
      value: (i) => apply('max', apply('min', apply('neg', i), i32(-2)), apply('abs', i32(-9))),
      exact: () => 9,
    },
    'a hash': {
      type: 'u32',
      value: (i) => {
        const word = apply('mul', apply('add', apply('u32', i), u32(0x9e3779b9)), u32(0x85ebca6b));
        const turned = apply('xor', apply('shl', word, u32(13)), apply('shr', word, u32(19)));
        return apply('sub', turned, word);
      },
      exact: (i) => {
        const word = Math.imul(i + 0x9e3779b9, 0x85ebca6b) | 0;
        return (((word << 13) ^ (word >>> 19)) - word) | 0;
      },
    },
    'a uniform draw': {
      type: 'f32',
      value: (i) => {
        const word = apply('mul', apply('u32', i), u32(0x9e3779b9));
        return apply('mul', apply('f32', apply('shr', word, u32(8))), number(2 ** -24));
      },
      exact: (i) => (Math.imul(i, 0x9e3779b9) >>> 8) * 2 ** -24,
    },
    'unsigned to float': {
      type: 'f32',
      value: (i) => apply('f32', apply('sub', apply('u32', i), u32(1))),
      exact: (i) => Math.fround((i - 1) >>> 0),
    },
    rounding: {
      type: 'f32',
      value: (i) => apply('round', apply('mul', apply('f32', i), number(0.5))),
      exact: (i) => (i % 4 === 1 ? Math.floor(i / 2) : Math.ceil(i / 2)),
    },
    truncation: {
      type: 'i32',
      value: (i) => apply('i32', apply('div', apply('f32', apply('sub', i, i32(8))), number(3))),
      exact: (i) => Math.trunc((i - 8) / 3),
    },
    'the bits of a number': {
      type: 'u32',
      value: (i) => apply('floatBits', apply('f32', i)),
      exact: (i) => new Int32Array(Float32Array.of(i).buffer)[0],
    },
    'a shared part used often': {
      type: 'f32',
      value: (i) => {
        let x = apply('f32', i);
        for (let n = 0; n < 20; n++) x = apply('sub', apply('mul', x, number(0.75)), apply('mul', x, number(0.25)));
        return x;
      },
      exact: (i) => i * 0.5 ** 20,
    },
  };
  it.each(Object.entries(operations))('%s', (_, { type, value, exact }) => {
    expect(map(16, lanes, type, value)).toEqual(indices.map((i) => exact(i) + 0));
  });
});

it('does not load what a condition excludes', () => {
  const [x, z] = [buffer('x', 8), buffer('z', 8)];
  const i = axis('i', 8);
  // x[2^29·i - 2^29], far outside of memory but for i = 1.
  const far = load(x, mul(sub(toIndex(i), 1), 2 ** 29));
  const inside = apply('eq', indexValue(i), i32(1));
  const value = apply('select', inside, far, number(7));
  const both = apply('and', inside, apply('lt', number(0), far));
  const kernel = kernelOf('guard', {
    kind: 'loop',
    axis: i,
    to: constant(8),
    step: 1,
    as: 'serial',
    body: [{ kind: 'store', to: z, at: toIndex(i), value: apply('add', value, apply('f32', both)) }],
  });
  const running = runKernels([kernel], [x, z]);
  running.of(x).set([0.5]);
  running.run();
  expect([...running.of(z)]).toEqual([7, 1.5, 7, 7, 7, 7, 7, 7]);
});

it('transposes four vectors', () => {
  const [x, z] = [buffer('x', 16), buffer('z', 16)];
  const names = ['r0', 'r1', 'r2', 'r3'] as const;
  const kernel = kernelOf(
    'transpose',
    ...names.map((name, i): Statement => ({ kind: 'let', name, value: load(x, constant(4 * i), 4), mutable: true })),
    { kind: 'transpose', names },
    ...names.map((name, i): Statement => ({ kind: 'store', to: z, at: constant(4 * i), value: local(name, 'f32', 4) })),
  );
  const running = runKernels([kernel], [x, z]);
  running.of(x).set(indices);
  running.run();
  expect([...running.of(z)]).toEqual(indices.map((i) => 4 * (i % 4) + Math.floor(i / 4)));
});

it('adds to what is stored, at places read from memory', () => {
  const [ids, z] = [buffer('ids', 6, 'i32'), buffer('z', 12)];
  const [i, j] = [axis('i', 6), axis('j', 4)];
  const at = add(mul(atom({ kind: 'element', of: load(ids, toIndex(i)) }), 4), toIndex(j));
  const inner: Statement = {
    kind: 'loop',
    axis: j,
    to: constant(4),
    step: 4,
    as: 'serial',
    body: [
      {
        kind: 'store',
        to: z,
        at,
        value: apply('add', load(z, at, 4), splat(apply('f32', apply('add', indexValue(i), i32(1))))),
      },
    ],
  };
  const outer: Statement = { kind: 'loop', axis: i, to: constant(6), step: 1, as: 'serial', body: [inner] };
  const running = runKernels([kernelOf('scatter', outer)], [ids, z]);
  running.ints(ids).set([2, 0, 2, 1, 0, 2]);
  running.run();
  expect([...running.of(z)]).toEqual([7, 7, 7, 7, 4, 4, 4, 4, 10, 10, 10, 10]);
});

it('knows values again only until what they read changes', () => {
  const [x, z] = [buffer('x', 4), buffer('z', 4)];
  const square = apply('mul', load(x, constant(0)), load(x, constant(0)));
  const twice = apply('add', local('s', 'f32'), local('s', 'f32'));
  const kernel = kernelOf(
    'order',
    { kind: 'store', to: z, at: constant(0), value: square },
    { kind: 'store', to: x, at: constant(0), value: number(5) },
    { kind: 'store', to: z, at: constant(1), value: square },
    { kind: 'let', name: 's', value: number(1), mutable: true },
    { kind: 'store', to: z, at: constant(2), value: apply('mul', twice, twice) },
    { kind: 'set', name: 's', value: lane(splat(number(2)), 3) },
    { kind: 'store', to: z, at: constant(3), value: apply('mul', twice, twice) },
  );
  const running = runKernels([kernel], [x, z]);
  running.of(x).set([3]);
  running.run();
  expect([...running.of(z)]).toEqual([9, 25, 4, 16]);
});

it('loops from anywhere to sizes known at run time, over quotients, backwards too', () => {
  const rows = size('batch');
  const [x, z] = [buffer('x', mul(rows, 3)), buffer('z', mul(rows, 3))];
  const p = axis('p', mul(rows, 3));
  const row = div(toIndex(p), constant(3));
  const column = mod(toIndex(p), constant(3));
  // z[p] = x[rows - 1 - row, column], for p from 3.
  const at = add(mul(sub(sub(rows, 1), row), 3), column);
  const kernel = kernelOf('turn', {
    kind: 'loop',
    axis: p,
    from: constant(3),
    to: mul(rows, 3),
    step: 1,
    as: 'serial',
    body: [{ kind: 'store', to: z, at: toIndex(p), value: load(x, at) }],
  });
  for (const batch of [1, 2, 5]) {
    const running = runKernels([kernel], [x, z], { batch });
    running.of(x).forEach((_, i, all) => (all[i] = i));
    running.run();
    const exact = Array.from({ length: 3 * batch }, (_, i) =>
      i < 3 ? 0 : 3 * (batch - 1 - Math.floor(i / 3)) + (i % 3),
    );
    expect([...running.of(z)]).toEqual(exact);
  }
});

it('a chain of minima is as long as it has links', () => {
  const lengthOf = (classes: number): number => {
    const text = `model m {\n  input x: [batch, ${classes}]\n  h = softmax(x)\n  output y = argmax(h)\n  output h\n}`;
    const { model } = check({ file: 'model.nn', text });
    if (!model) throw new Error('the model has errors');
    return emitWasm(programOf(model, 'wasm')).binary.length;
  };
  expect(lengthOf(10)).toBeLessThan(2 * lengthOf(5));
});
