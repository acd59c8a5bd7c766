import { expect, test } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node } from '../../src/ir/graph.js';
import { add } from '../../src/ir/ops/arithmetic.js';
import { input } from '../../src/ir/ops/leaves.js';
import { reachable } from '../../src/ir/reachable.js';
import { constant } from '../../src/ir/index.js';
import { dim, tensor } from '../../src/ir/types.js';

const type = tensor([dim(constant(3))]);

test('what roots reach is each node once, in order of making, however few of all nodes those are', () => {
  const g = createBuilder();
  const leaf = (name: string): Node => g.make(input, [], { name, type });
  const [a, b] = [leaf('a'), leaf('b')];
  const first = g.make(add, [b, a], {});
  for (let i = 0; i < 100; i++) leaf(`unread ${i}`);
  const last = g.make(add, [first, b], {});
  expect(reachable([last])).toEqual([a, b, first, last]);
  expect(reachable([first, last, first])).toEqual([a, b, first, last]);
  expect(reachable([first, last], ({ inputs }) => inputs.slice(0, 1))).toEqual([b, first, last]);
});

test('what is followed may be younger than all roots', () => {
  const g = createBuilder();
  const leaf = (name: string): Node => g.make(input, [], { name, type });
  const root = leaf('root');
  for (let i = 0; i < 20; i++) leaf(`unread ${i}`);
  const younger = leaf('younger');
  expect(reachable([root], (node) => (node === root ? [younger] : []))).toEqual([root, younger]);
});
