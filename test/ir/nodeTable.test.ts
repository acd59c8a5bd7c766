import { expect, test } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node } from '../../src/ir/graph.js';
import { NodeTable, readersAmong } from '../../src/ir/nodeTable.js';
import { add } from '../../src/ir/ops/arithmetic.js';
import { input } from '../../src/ir/ops/leaves.js';
import { tensor } from '../../src/ir/types.js';

const g = createBuilder();
const leaf = (name: string): Node => g.make(input, [], { name, type: tensor([]) });
const first = leaf('first');
const between = Array.from({ length: 100 }, (_, i) => leaf(`between ${i}`));
const last = leaf('last');

test.each([
  ['most nodes', [first, ...between, last]],
  ['few nodes, far apart', [first, last]],
  ['no node', []],
])('a table of %s holds what was entered last, of each node its own', (_, order) => {
  const table = new NodeTable<string>(order);
  expect([first, last].map((node) => table.get(node))).toEqual([undefined, undefined]);
  for (const node of [first, last]) table.set(node, `of ${node.id}`);
  table.set(first, 'again');
  const younger = leaf('younger');
  table.set(younger, 'younger');
  expect([first, between[7], last, younger].map((node) => table.get(node))).toEqual([
    'again',
    undefined,
    `of ${last.id}`,
    'younger',
  ]);
});

test('a node is read once by each that reads it, however often that does', () => {
  const [sum, twice] = [g.make(add, [first, last], {}), g.make(add, [first, first], {})];
  const order = [first, last, sum, twice];
  const readers = readersAmong(order);
  expect(order.map((node) => readers.get(node))).toEqual([[sum, twice], [sum], undefined, undefined]);
  const ofSecond = readersAmong(order, ({ inputs }) => inputs.slice(1));
  expect(order.map((node) => ofSecond.get(node))).toEqual([[twice], [sum], undefined, undefined]);
});
