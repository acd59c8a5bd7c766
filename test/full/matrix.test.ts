// Every function at every pattern of broadcasting, choice of axes and edge of shape: derivatives of first and second order.
import { describe, expect, it } from 'vitest';
import { matrix } from '../support/matrix.js';
import { matrixFaults } from '../support/matrixFaults.js';

const each = Object.entries(matrix()).flatMap(([what, cases]) =>
  Array.from(
    { length: Math.ceil(cases.length / 20) },
    (_, i) => [what, 20 * i, cases.slice(20 * i, 20 * i + 20)] as const,
  ),
);

describe('derivatives', () => {
  it.each(each)('%s from %i', (_, __, cases) => {
    expect(cases.flatMap((one) => matrixFaults(one, 2))).toEqual([]);
  });
});
