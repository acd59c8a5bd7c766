import { expect, test } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import { add, mul } from '../../src/ir/ops/arithmetic.js';
import { constant as number } from '../../src/ir/ops/constants.js';
import { input } from '../../src/ir/ops/leaves.js';
import { broadcast } from '../../src/ir/ops/movement.js';
import { constant } from '../../src/ir/index.js';
import { dim, tensor } from '../../src/ir/types.js';

const type = tensor([dim(constant(3))]);

test('equal expressions are one node: the same operation of the same inputs in their order, with equal attributes', () => {
  const g = createBuilder();
  const [a, b] = ['a', 'b'].map((name) => g.make(input, [], { name, type }));
  expect(g.make(input, [], { name: 'a', type })).toBe(a);
  const sum = g.make(add, [a, b], {});
  expect(g.make(add, [a, b], {})).toBe(sum);
  const others = [g.make(add, [b, a], {}), g.make(mul, [a, b], {}), g.make(add, [a, a], {})];
  expect(new Set([sum, ...others]).size).toBe(4);
  expect(g.size).toBe(6);
  expect(others.map(({ key }) => key)).not.toContain(sum.key);
});

test('names of dimensions do not tell nodes apart, axes and signs of zeros do', () => {
  const g = createBuilder();
  const [zero, negative] = [0, -0].map((value) => g.make(number, [], { value }));
  expect(negative).not.toBe(zero);
  const [three, named] = [dim(constant(3)), dim(constant(3), 'T')];
  const spread = g.make(broadcast, [zero], { shape: [three], axes: [0] });
  expect(g.make(broadcast, [zero], { shape: [named], axes: [0] })).toBe(spread);
  const row = g.make(broadcast, [spread], { shape: [three, three], axes: [0] });
  const column = g.make(broadcast, [spread], { shape: [three, three], axes: [1] });
  expect(row).not.toBe(column);
  expect(row.key).not.toBe(column.key);
});
