// Parquet: types and codecs that a writer of its own made, words, lists, missing values, groups of rows, and damage.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { loadData } from '../../src/data/load.js';
import type * as library from '../../src/data/parquetLibrary.js';
import type { DataSource } from '../../src/ir/model.js';
import { bool } from '../../src/ir/types.js';
import { allOf, dataFolder, index, input, rowsIn } from './files.js';

const { folder, file, messageOf } = dataFolder();
const [x, y] = [input('x', []), input('y', [])];
const kind = input('kind', [], index(2));

type Columns = Parameters<typeof parquetWriteBuffer>[0]['columnData'];
type Options = Omit<Parameters<typeof parquetWriteBuffer>[0], 'columnData'>;

const written = (columnData: Columns, options: Options = {}): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData, ...options }));

const parquet = (columnData: Columns, fields: DataSource['fields'], options?: Options): DataSource => ({
  kind: 'parquet',
  path: file('rows.parquet', written(columnData, options)),
  fields,
});

describe('columns', () => {
  it('of every type are found by name and by number', async () => {
    const source = parquet(
      [
        { name: 'double', data: [1.5, -2], type: 'DOUBLE' },
        { name: 'long', data: [3n, 2n ** 24n], type: 'INT64' },
        { name: 'float', data: [0.5, 1e30], type: 'FLOAT' },
        { name: 'int', data: [7, -8], type: 'INT32' },
        { name: 'yes', data: [true, false], type: 'BOOLEAN' },
      ],
      { x: ['double', 'long'], y: { from: 2, to: 3 }, yes: -1 },
    );
    const found = await rowsIn(source, [input('x', [2]), input('y', [2]), input('yes', [], bool)], folder);
    expect(found).toEqual({
      rows: 2,
      inputs: {
        x: new Float32Array([1.5, 3, -2, 2 ** 24]),
        y: new Float32Array([0.5, 7, 1e30, -8]),
        yes: new Uint8Array([1, 0]),
      },
    });
  });

  it('of lists are as many as the lists are long', async () => {
    const lists = Array.from({ length: 3 }, (_, i) => [i, i + 0.5]);
    const source = parquet([{ name: 'pixels', data: lists, type: 'JSON' }], { x: 'pixels' });
    // What is stored as JSON comes as lists.
    expect((await rowsIn(source, [input('x', [2])], folder)).inputs.x).toEqual(Float32Array.from(lists.flat()));
    const ragged = parquet([{ name: 'pixels', data: [[1, 2], [3]], type: 'JSON' }], { x: 'pixels' });
    expect(await messageOf(ragged, [input('x', [2])])).toBe(
      'data-malformed: rows.parquet, row 1: found 1 value for x: [batch, 2], expected 2 as in the rows before',
    );
    expect(await messageOf(source, [input('x', [3])])).toContain('x should be 3 columns for [batch, 3], and is 2');
  });

  it('are read group by group, of any codec', async () => {
    const data = Float64Array.from({ length: 2500 }, (_, i) => i / 4);
    for (const options of [
      {},
      { codec: 'SNAPPY' as const },
      { codec: 'GZIP' as const, compressors: { GZIP: (bytes: Uint8Array) => gzipSync(bytes) } },
    ]) {
      const source = parquet(
        [{ name: 'a', data: [...data], type: 'DOUBLE' }],
        { x: 'a' },
        { ...options, rowGroupSize: 700 },
      );
      expect((await rowsIn(source, [x], folder)).inputs.x).toEqual(Float32Array.from(data));
    }
  });
});

describe('a table written by pyarrow', () => {
  it.each(['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4'])('has the same rows in the codec %s', async (codec) => {
    const rows = Array.from({ length: 120 }, (_, i) => i);
    const source: DataSource = {
      kind: 'parquet',
      path: join(import.meta.dirname, `parquet/${codec}.parquet`),
      fields: {
        x: ['single', 'double', 'half', 'long', 'byte'],
        flag: 'flag',
        pair: 'pair',
        kind: 'word',
        missing: 'drop',
      },
    };
    const inputs = [input('x', [5]), input('flag', [], bool), input('pair', [2]), input('kind', [], index(3))];
    const { train, words, notes } = await loadData(source, inputs, folder);
    const whole = rows.filter((i) => i % 50 !== 7);
    expect(allOf(train).inputs).toEqual({
      x: Float32Array.from(
        whole.flatMap((i) => [(i % 37) / 10, Math.sqrt(i), i / 8, ((i * 7919) % 1000) - 500, i % 256]),
      ),
      flag: Uint8Array.from(whole, (i) => Number(i % 3 === 0)),
      pair: Float32Array.from(whole.flatMap((i) => [i, i + 0.5])),
      kind: Int32Array.from(whole, (i) => (i * 2) % 3),
    });
    expect([words, notes]).toEqual([
      { kind: ['ant', 'bee', 'cat'] },
      [`${codec}.parquet: 3 rows left out, in which values are missing`],
    ]);
  });
});

describe('words and missing values', () => {
  const columnData: Columns = [
    { name: 'a', data: [1, null, 3, NaN, 5], type: 'DOUBLE', nullable: true },
    { name: 'k', data: ['dog', 'cat', null, 'dog', 'cat'], type: 'STRING', nullable: true },
  ];
  const fields = { x: 'a', kind: 'k' };

  it('are classes, and leave rows out', async () => {
    const { train, words, notes } = await loadData(
      parquet(columnData, { ...fields, missing: 'drop' }),
      [x, kind],
      folder,
    );
    expect(allOf(train).inputs).toEqual({ x: new Float32Array([1, 5]), kind: new Int32Array([1, 0]) });
    expect(words).toEqual({ kind: ['cat', 'dog'] });
    expect(notes).toEqual(['rows.parquet: 3 rows left out, in which values are missing']);
  });

  it('are said where they do not fit', async () => {
    expect(await messageOf(parquet(columnData, fields), [x, kind])).toMatch(
      /^data-missing: rows.parquet, row 1, column "a": found nothing: the value is missing\n/,
    );
    expect(await messageOf(parquet(columnData, { x: 'a', y: 'k', missing: 0 }), [x, y])).toBe(
      'data-value: rows.parquet, row 0, column "k": found "dog", expected a number\nit is read for the input y: [batch]',
    );
    const many: Columns = [{ name: 'k', data: ['a', 'b', 'c'], type: 'STRING' }];
    expect(await messageOf(parquet(many, { kind: 'k' }), [kind])).toContain(
      'data-classes: rows.parquet, row 2, column "k": found "c", one word more than the 2 classes',
    );
    const numbers: Columns = [{ name: 'k', data: [0, 2], type: 'INT32' }];
    expect(await messageOf(parquet(numbers, { kind: 'k' }), [kind])).toContain(
      'row 1, column "k": found 2, expected a whole number from 0 to 1',
    );
    const dates: Columns = [{ name: 'd', data: [new Date(0)], type: 'TIMESTAMP' }];
    expect(await messageOf(parquet(dates, { x: 'd' }), [x])).toContain('found a date, expected a number');
    expect(await messageOf(parquet(numbers, { kind: 'K' }), [kind])).toContain('did you mean "k"?');
  });
});

it('is refused where it is none, or damaged', async () => {
  const bytes = written([{ name: 'a', data: Array.from({ length: 100 }, (_, i) => i), type: 'DOUBLE' }]);
  const source = (content: Uint8Array): DataSource => ({
    kind: 'parquet',
    path: file('damaged.parquet', content),
    fields: { x: 'a' },
  });
  for (let length = 0; length < bytes.length; length += 11)
    expect(await messageOf(source(bytes.subarray(0, length)), [x])).toMatch(
      /^data-malformed: damaged.parquet: this is not/,
    );
});

it('ends soon however it is damaged, by the library as it is bundled', async () => {
  const { openParquet } = createRequire(import.meta.url)('../../dist/parts/parquetLibrary.cjs') as typeof library;
  const bytes = written(
    [
      {
        name: 'a',
        data: Array.from({ length: 200 }, (_, i) => (i % 7 === 0 ? null : i / 3)),
        type: 'DOUBLE',
        nullable: true,
      },
      { name: 's', data: Array.from({ length: 200 }, (_, i) => `w${i % 5}`), type: 'STRING' },
    ],
    { rowGroupSize: 120 },
  );
  const read = async (content: Uint8Array): Promise<void> => {
    const slice = async (start: number, end = content.length): Promise<ArrayBuffer> =>
      Uint8Array.from(content.subarray(start, end)).buffer;
    const table = await openParquet({ byteLength: content.length, slice });
    // Groups of billions of rows have no such number of values, which is an error too.
    let start = 0;
    for (const count of table.groups) await table.read(table.names, start, (start += count));
  };
  await read(bytes);
  let state = 7;
  const below = (n: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % n;
  let refused = 0;
  for (let round = 0; round < (process.env.FULL === undefined ? 400 : 20_000); round++) {
    const copy = Uint8Array.from(bytes);
    for (let i = 0; i < 3; i++) copy[below(copy.length)] = below(256 * 256) >> 8;
    const begin = performance.now();
    await read(copy).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
      refused++;
    });
    expect(performance.now() - begin).toBeLessThan(10_000);
  }
  expect(refused).toBeGreaterThan(100);
});
