// Every function at every pattern of broadcasting, choice of axes and edge of shape: derivatives of first and second order.
import { describe, expect, it } from 'vitest';
import type { Op } from '../../src/ir/graph.js';
import { ops } from '../../src/ir/ops/registry.js';
import { matrix } from '../support/matrix.js';
import { matrixFaults, opsOf } from '../support/matrixFaults.js';

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

/** Leaves of updates, of loops' bodies and of training; draws; what stands for a declared derivative; what simplifying and updates of tables make. */
const elsewhere = [
  ...['counter', 'gradient', 'slot', 'state', 'bound', 'random', 'argument', 'ownGradient', 'again'],
  ...['softplusMinus', 'sumAlike', 'putRows'],
];

it('reaches every op', () => {
  const reached = new Set<Op>(Object.values(matrix()).flatMap((cases) => cases.flatMap((one) => [...opsOf(one)])));
  expect(
    ops
      .filter((op) => !reached.has(op))
      .map(({ name }) => name)
      .filter((name) => !elsewhere.includes(name)),
  ).toEqual([]);
});
