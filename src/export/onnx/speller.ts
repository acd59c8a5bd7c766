// How nodes become operators: some of them several at once, the others by the row of their operation.
import { spell } from '../table.js';
import { createCounted } from './counted.js';
import { table } from './table.js';
import type { Speller } from './writer.js';

export function createSpeller(): Speller {
  return {
    spell: (node, writer) => spell(node, table, writer),
    parts: (node) => node.inputs,
    isCounted: createCounted(),
  };
}
