import { expect, test } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node } from '../../src/ir/graph.js';
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

test('equal types are one object, those whose dimensions are called otherwise another', () => {
  const g = createBuilder();
  const of = (name: string, called?: string): Node =>
    g.make(input, [], { name, type: tensor([dim(constant(3), called), dim(constant(4))]) });
  const [a, b, named] = [of('a'), of('b'), of('c', 'T')];
  expect(b.type).toBe(a.type);
  expect(named.type).not.toBe(a.type);
  expect(named.type.shape[0].name).toBe('T');
  expect(g.make(add, [a, b], {}).type).toBe(a.type);
  expect(g.make(add, [a, named], {}).type).toBe(named.type);
});
