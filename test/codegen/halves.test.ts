// Halves in memory: every one of them as f32, and f32 rounded to the nearest, the even one of two, by kernels of WebAssembly.
import { describe, expect, it } from 'vitest';
import { axis, constant, toIndex } from '../../src/ir/index.js';
import type { Statement } from '../../src/ir/program.js';
import { load, type Buffer } from '../../src/ir/scalar.js';
import { fromHalf, toHalf } from '../support/halves.js';
import { buffer, kernelOf, runKernels, type Running } from './runKernels.js';

/** to[i] = from[i], in lanes or one by one. */
function copying(from: Buffer, to: Buffer, length: number, lanes: boolean): Running {
  const i = axis('i', length);
  const body: Statement = { kind: 'store', to, at: toIndex(i), value: load(from, toIndex(i), lanes ? 4 : undefined) };
  const loop: Statement = {
    kind: 'loop',
    axis: i,
    to: constant(length),
    step: lanes ? 4 : 1,
    as: 'serial',
    body: [body],
  };
  return runKernels([kernelOf('copy', loop)], [from, to]);
}

/** As f32 has them. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

describe.each([true, false])('lanes: %s', (lanes) => {
  it('widens all 65,536 halves', () => {
    const [h, x] = [buffer('h', 65536, 'f16'), buffer('x', 65536)];
    const running = copying(h, x, 65536, lanes);
    running.halves(h).forEach((_, i, all) => (all[i] = i));
    running.run();
    const got = bitsOf(running.of(x));
    for (let i = 0; i < 65536; i++) {
      const want = fromHalf(i);
      if (Number.isNaN(want)) expect(running.of(x)[i]).toBeNaN();
      else if (got[i] !== bitsOf(Float32Array.of(want))[0])
        expect.fail(`half ${i} is ${running.of(x)[i]}, not ${want}`);
    }
  });

  it('rounds what is stored to the nearest half, the even one of two', () => {
    const values = sampleFloats();
    const [x, h] = [buffer('x', values.length), buffer('h', values.length, 'f16')];
    const running = copying(x, h, values.length, lanes);
    running.of(x).set(values);
    running.run();
    running.halves(h).forEach((got, i) => {
      const want = toHalf(values[i]);
      if (got !== want) expect.fail(`${values[i]} is stored as ${got.toString(16)}, not ${want.toString(16)}`);
    });
  });

  it('gives back every half that it is given', () => {
    const [h, other] = [buffer('h', 65536, 'f16'), buffer('other', 65536, 'f16')];
    const running = copying(h, other, 65536, lanes);
    running.halves(h).forEach((_, i, all) => (all[i] = i));
    running.run();
    running.halves(other).forEach((got, i) => {
      // What is no number may be another such.
      if (!Number.isNaN(fromHalf(i)) && got !== i) expect.fail(`${i} becomes ${got}`);
      if (Number.isNaN(fromHalf(i))) expect(fromHalf(got)).toBeNaN();
    });
  });
});

/** Every half, what lies between two of them, and on either side of that; the ends of f32; in a number that vectors divide. */
function sampleFloats(): Float32Array {
  const found: number[] = [
    0,
    -0,
    Infinity,
    -Infinity,
    NaN,
    3.4e38,
    -3.4e38,
    1e-45,
    -1e-45,
    1e-40,
    65519.996,
    65520,
    65536,
  ];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  const beside = (value: number, by: number): number => {
    float[0] = value;
    bits[0] += by;
    return float[0];
  };
  for (let half = 0; half < 0x7c00; half++) {
    const [here, next] = [fromHalf(half), half === 0x7bff ? 65536 : fromHalf(half + 1)];
    const middle = (here + next) / 2;
    for (const value of [here, middle, beside(middle, 1), beside(middle, -1)]) found.push(value, -value);
  }
  while (found.length % 4 !== 0) found.push(1);
  return Float32Array.from(found);
}
