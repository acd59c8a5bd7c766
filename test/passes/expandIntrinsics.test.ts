// exp, log, tanh and the like as polynomials: within the stated distance of the exact value, and right at the ends.
import { describe, expect, it } from 'vitest';
import { apply } from '../../src/ir/scalar.js';
import { claims, createRunner, distance, length } from '../support/intrinsics.js';

/** Values of every magnitude and both signs, and more where `around` says. */
function samples(round: number, low: number, high: number): Float32Array {
  const bits = new Uint32Array(length);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < length; i++) {
    if (i % 2 === 0) bits[i] = (Math.imul(i + round * length, 0x9e3779b1) >>> 0) ^ (i << 3);
    else values[i] = low + (high - low) * ((i * 0.6180339887498949 + round * 0.3) % 1);
  }
  return values;
}

/** Where two results differ; all that is not a number counts as equal. */
function differences(a: Float32Array, b: Float32Array): number[] {
  return [...a.keys()].filter((i) => !Object.is(a[i], b[i]));
}

const edges = [
  0,
  -0,
  1,
  -1,
  Infinity,
  -Infinity,
  NaN,
  1e-45,
  -1e-45,
  1e-40,
  2 ** -126,
  3.4028234663852886e38,
  -3.4e38,
  0.5,
  -0.5,
];

const rounds = 3;

for (const [op, { value: of, exact, ulp, range, limit }] of Object.entries(claims))
  describe(op, () => {
    const lanes = createRunner(of, true);
    const single = createRunner(of, false);

    it(`is within ${ulp} units in the last place`, () => {
      let worst = { distance: 0, x: 0, got: 0, exact: 0 };
      for (let round = 0; round < rounds; round++) {
        const x = samples(round, ...range);
        const got = lanes(x);
        x.forEach((value, i) => {
          if (limit !== undefined && Math.abs(value) > limit) return;
          const d = distance(got[i], exact(value));
          if (!(d <= worst.distance)) worst = { distance: d, x: value, got: got[i], exact: exact(value) };
        });
      }
      expect(worst.distance, JSON.stringify(worst)).toBeLessThanOrEqual(ulp);
    });

    it('is right at the ends', () => {
      const x = new Float32Array(length).fill(1);
      x.set(edges);
      const got = lanes(x);
      edges.forEach((_, i) => {
        if (limit !== undefined && Math.abs(x[i]) > limit && Number.isFinite(x[i])) return;
        expect(distance(got[i], exact(x[i])), `${op}(${x[i]}) = ${got[i]}`).toBeLessThanOrEqual(ulp);
      });
    });

    it('gives the same bits in lanes and alone', () => {
      const x = samples(7, ...range);
      expect(differences(lanes(x), single(x))).toEqual([]);
    });
  });

describe('pow', () => {
  const lanes = createRunner((x, y) => apply('pow', x, y), true);
  const single = createRunner((x, y) => apply('pow', x, y), false);

  it('is within 1 unit in the last place', () => {
    let worst = { distance: 0, x: 0, y: 0, got: 0, exact: 0 };
    for (let round = 0; round < rounds; round++) {
      const x = samples(round, 0, 4).map((v, i) => (i % 8 === 0 ? v : Math.abs(v)));
      const y = samples(round + 31, -20, 20).map((v, i) => (i % 5 === 0 ? Math.round(v) : v));
      const got = lanes(x, y);
      x.forEach((value, i) => {
        const exact = value ** y[i];
        const d = distance(got[i], exact);
        if (!(d <= worst.distance)) worst = { distance: d, x: value, y: y[i], got: got[i], exact };
      });
    }
    expect(worst.distance, JSON.stringify(worst)).toBeLessThanOrEqual(1);
  });

  it('is right at the ends', () => {
    const pairs = edges.flatMap((x) => [...edges, 2, 3, -2, -3, 0.25].map((y) => [x, y]));
    const [x, y] = [new Float32Array(length).fill(1), new Float32Array(length).fill(1)];
    pairs.forEach(([a, b], i) => ((x[i] = a), (y[i] = b)));
    const got = lanes(x, y);
    pairs.forEach((_, i) => {
      // One to an infinite power is not a number in JavaScript; both answers will do.
      if (Math.abs(x[i]) === 1 && Math.abs(y[i]) === Infinity) return;
      expect(distance(got[i], x[i] ** y[i]), `${x[i]} ** ${y[i]} = ${got[i]}`).toBeLessThanOrEqual(1);
    });
  });

  it('gives the same bits in lanes and alone', () => {
    const [x, y] = [samples(3, 0, 4), samples(9, -20, 20)];
    expect(differences(lanes(x, y), single(x, y))).toEqual([]);
  });
});

it('sines of large numbers, beside multiples of π and at the end', () => {
  const x = new Float32Array(length).fill(20_000);
  // The second one is nearer to a multiple of π/2 than any other of its size.
  x.set([1e5, 16367173 * 2 ** 72, 2 ** 100, 3.4028234663852886e38, 1e20, -1e20, 12_001, 2 ** 24 + 2]);
  x.set([Infinity, -Infinity, NaN, 3.4e38], 8);
  for (const lanes of [true, false])
    for (const [op, exact] of [
      ['sin', Math.sin],
      ['cos', Math.cos],
    ] as const) {
      const got = createRunner((v) => apply(op, v), lanes)(x);
      for (let i = 0; i < 12; i++) expect(distance(got[i], exact(x[i])), `${op}(${x[i]})`).toBeLessThanOrEqual(1.5);
      expect(got.every((v) => !(Math.abs(v) > 1))).toBe(true);
    }
});
