// Random draws and the scalar functions that JavaScript lacks.
import { describe, expect, it } from 'vitest';
import { drawNormal, drawOrthogonal, drawUniform, permutation, threefry } from '../../src/codegen/runtime/random.js';
import { bitsFloat, erf, floatBits, roundEven } from '../../src/codegen/runtime/scalar.js';

const mean = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;

describe('draws', () => {
  it('come from Threefry as published', () => {
    expect(threefry(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry(-1, -1, -1, -1)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  it('have the moments of their distributions', () => {
    const values = new Float32Array(20_001);
    drawUniform(values, 1, 2, -1, 3);
    expect(mean(values)).toBeCloseTo(1, 1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(3);
    drawNormal(values, 1, 2, 5, 2);
    expect(mean(values)).toBeCloseTo(5, 1);
    expect(mean(values.map((v) => (v - 5) ** 2))).toBeCloseTo(4, 0);
    expect(mean(values.map((v) => Number(Math.abs(v - 5) < 2)))).toBeCloseTo(0.683, 1);
  });

  it.each([
    [3, 5],
    [5, 3],
    [4, 4],
  ])('make a matrix %i × %i orthogonal', (rows, columns) => {
    const values = new Float32Array(rows * columns);
    drawOrthogonal(values, 1, 2, rows, 2);
    const across = rows < columns;
    const vectors = Array.from({ length: Math.min(rows, columns) }, (_, n) =>
      Array.from({ length: Math.max(rows, columns) }, (_, i) => values[across ? n * columns + i : i * columns + n]),
    );
    vectors.forEach((u, i) =>
      vectors.forEach((v, j) => expect(u.reduce((sum, x, k) => sum + x * v[k], 0)).toBeCloseTo(i === j ? 4 : 0, 5)),
    );
  });

  it('put every number in a permutation', () => {
    const order = permutation(100, 1, 2);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(order).not.toEqual(permutation(100, 1, 3));
  });
});

describe('scalar functions', () => {
  it('are exact to double precision', () => {
    const known: readonly (readonly [number, number])[] = [
      [0, 0],
      [0.5, 0.5204998778130465],
      [-1, -0.8427007929497149],
      [2, 0.9953222650189527],
      [3.5, 0.9999992569016276],
      [7, 1],
    ];
    for (const [x, y] of known) expect(Math.abs(erf(x) - y)).toBeLessThan(2e-15);
    expect(erf(NaN)).toBeNaN();
    expect(Object.is(erf(-0), -0)).toBe(true);
  });

  it('round halves to even', () => {
    const values = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6];
    expect(values.map(roundEven)).toEqual([0, 2, 2, -0, -2, -2, 2, -3]);
  });

  it('take floats apart and together', () => {
    expect(floatBits(1)).toBe(0x3f800000);
    expect(floatBits(-0)).toBe(0x80000000);
    expect(bitsFloat(0x3fc00000)).toBe(1.5);
  });
});
