// Tables line up, in pipes and on terminals.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { tableLines, type Column } from '../../src/cli/table.js';

const columns: Column[] = [
  { title: 'kernel', align: 'left' },
  { title: 'calls', align: 'right' },
  { title: 'plan', align: 'left' },
];
const rows = [
  ['d_hidden.weights', '1', 'rows'],
  ['loss', '1000000', ''],
];

describe('tableLines', () => {
  it('aligns columns and leaves no space at the end', () => {
    expect(tableLines(columns, rows, { colour: false })).toEqual([
      'kernel              calls  plan',
      'd_hidden.weights        1  rows',
      'loss              1000000',
    ]);
  });

  it('ends lines where the screen does', () => {
    const lines = tableLines(columns, rows, { colour: true, width: 20 });
    expect(lines[0]).toContain('\u001b[');
    expect(lines.map(stripVTControlCharacters)).toEqual([
      'kernel             …',
      'd_hidden.weights   …',
      'loss              1…',
    ]);
  });
});
