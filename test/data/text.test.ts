// Texts: characters and bytes in windows, the vocabulary, and what is said where it is another one.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadData } from '../../src/data/load.js';
import type { DataSource, ModelInput } from '../../src/ir/model.js';
import { allOf, dataFolder, index, input, rowsIn } from './files.js';

const { folder, file, messageOf } = dataFolder();
const inputsOf = (vocabulary: number, window: number): ModelInput[] => [
  input('text', [window], index(vocabulary)),
  input('then', [window], index(vocabulary)),
];
const text = (content: string | Uint8Array, fields: DataSource['fields'] = {}): DataSource => ({
  kind: 'text',
  path: file('book.txt', content),
  fields: { text: 'here', then: 'next', ...fields },
});

describe('characters', () => {
  it('are numbered in code-point order; targets are one further on', async () => {
    const { train, words } = await loadData(text('cabbage\n'), inputsOf(6, 3), folder);
    expect(words).toEqual({ text: ['\n', 'a', 'b', 'c', 'e', 'g'], then: ['\n', 'a', 'b', 'c', 'e', 'g'] });
    const { rows, inputs } = allOf(train);
    expect(rows).toBe(2);
    expect([...inputs.text]).toEqual([3, 1, 2, 2, 1, 5]);
    expect([...inputs.then]).toEqual([1, 2, 2, 1, 5, 4]);
  });

  it('are code points, however they are cut into chunks', async () => {
    const content = 'a𝄞é'.repeat(300_000);
    const { inputs } = await rowsIn(text(gzipSync(content)), inputsOf(3, 300), folder);
    expect(inputs.text.length).toBe(899_700);
    expect([...inputs.text.subarray(0, 4)]).toEqual([0, 2, 1, 0]);
    expect(inputs.text.every((value, i) => value === [0, 2, 1][i % 3])).toBe(true);
  });

  it('overlap where the stride is shorter than the window', async () => {
    const { rows, inputs } = await rowsIn(text('abcdef', { stride: 1 }), inputsOf(6, 3), folder);
    expect(rows).toBe(3);
    expect([...inputs.then]).toEqual([1, 2, 3, 2, 3, 4, 3, 4, 5]);
    expect((await rowsIn(text('abcdef', { stride: 2, window: 3 }), inputsOf(6, 3), folder)).rows).toBe(2);
  });

  it('have the numbers of the text that is trained on', async () => {
    const words = { text: ['a', 'b', 'c'], then: ['a', 'b', 'c'] };
    const { inputs } = await rowsIn(text('cbc'), inputsOf(3, 2), folder, { words });
    expect([...inputs.text]).toEqual([2, 1]);
    expect(await messageOf(text('ab\ncd'), inputsOf(3, 2), { words })).toBe(
      'data-value: book.txt, line 1: found "\\n", expected one of the 3 characters of the text that is trained on\nit is read for the input text: index(3)[batch, 2]',
    );
  });
});

describe('bytes', () => {
  it('are numbers from 0 to 255', async () => {
    const { train, words } = await loadData(text('é!é!', { bytes: true }), inputsOf(256, 2), folder);
    expect([...allOf(train).inputs.text]).toEqual([195, 169, 33, 195]);
    expect(words).toEqual({});
  });
});

describe('what does not fit', () => {
  it.each([
    [
      'abc',
      4,
      2,
      {},
      'data-vocabulary: book.txt: found 3 different characters, expected 4, as many as text: index(4)[batch, 2] takes\nwrite index(3)',
    ],
    [
      'abcdef',
      4,
      2,
      {},
      'data-vocabulary: book.txt: found 6 different characters, expected 4, as many as text: index(4)[batch, 2] takes\nwrite index(6)',
    ],
    [
      'abc',
      3,
      3,
      {},
      'data-malformed: book.txt: found 3 characters, expected at least 4: a window of 3 and what follows it',
    ],
    [
      'abcd',
      4,
      2,
      { window: 3 },
      'data-field: text("book.txt"): window should be 2, as many as a row of text: index(4)[batch, 2] has',
    ],
    ['abcd', 4, 2, { stride: 0 }, 'data-field: text("book.txt"): stride should be a whole number from 1 up'],
    [
      'abcd',
      4,
      2,
      { bytes: true },
      'data-field: text("book.txt"): text should be an index(256), which takes all bytes',
    ],
    [
      'abcd',
      4,
      2,
      { then: 'later' },
      'data-field: text("book.txt"): then should be here (a window of the text) or next (the window one further on)',
    ],
  ] as const)('%s for %i characters in windows of %i %j', async (content, vocabulary, window, fields, expected) => {
    expect(await messageOf(text(content, fields), inputsOf(vocabulary, window))).toBe(expected);
  });

  it('is no text, or nothing', async () => {
    expect(await messageOf(text(new Uint8Array([97, 255, 98])), inputsOf(3, 2))).toContain(
      'data-malformed: book.txt: this is not text in UTF-8',
    );
    expect(await messageOf(text(''), inputsOf(3, 2))).toContain('found 0 different characters');
    expect(await messageOf(text('ab'), [input('text', [2]), input('then', [2])])).toContain(
      'text should be fed to an index',
    );
  });
});
