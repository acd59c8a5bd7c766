// The data readers: what a source gives, and what they say about data that is wrong.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { loadData } from '../../src/data/load.js';
import { arraysIn } from '../../src/data/dataset.js';
import type { DataSource, ModelInput } from '../../src/ir/model.js';
import { bool, tensor } from '../../src/ir/types.js';
import { allOf, dataFolder, rowsIn, index, input, npyOf } from './files.js';

const { folder, file, messageOf } = dataFolder();

const x = input('x', [2]);
const label = input('label', [], index(3));

const columns = { x: { from: 0, to: 1 }, label: 2 };

describe('csv', () => {
  const csv = (path: string, fields: DataSource['fields'] = columns): DataSource => ({ kind: 'csv', path, fields });

  it('reads columns by number', async () => {
    const train = await rowsIn(csv(file('a.csv', '1,2,0\n3,4.5,2\n')), [x, label], folder);
    expect(train.rows).toBe(2);
    expect(train.inputs.x).toEqual(new Float32Array([1, 2, 3, 4.5]));
    expect(train.inputs.label).toEqual(new Int32Array([0, 2]));
  });

  it('reads columns by name, in any order, quoted, and with a byte order mark', async () => {
    const path = file('named.csv', '\uFEFFkind,"width, cm",height\r\n1, 5 ,6\r\n\r\n"2",7,8\r\n');
    const fields = { x: ['height', 'width, cm'], label: 'kind' };
    const train = await rowsIn(csv(path, fields), [x, label], folder);
    expect(train.inputs.x).toEqual(new Float32Array([6, 5, 8, 7]));
    expect(train.inputs.label).toEqual(new Int32Array([1, 2]));
  });

  it('reads of what is not needed only what the source names', async () => {
    const source = csv(file('a.csv', '1,2,0\n3,4.5,2\n'), { x: columns.x });
    const train = await rowsIn(source, [x, label], folder, { needed: [x] });
    expect(train.inputs).toEqual({ x: new Float32Array([1, 2, 3, 4.5]) });
    const all = await rowsIn({ ...source, fields: columns }, [x, label], folder, { needed: [x] });
    expect(Object.keys(all.inputs)).toEqual(['x', 'label']);
  });

  it('skips a header that nobody names, and takes semicolons, and counts from the end', async () => {
    const path = file('semi.csv', 'a;b;c\n1;2;0\n');
    const fields = { x: { from: 0, to: 1 }, label: -1 };
    const train = await rowsIn(csv(path, fields), [x, label], folder);
    expect(train.inputs).toEqual({ x: new Float32Array([1, 2]), label: new Int32Array([0]) });
  });

  it('reads truth values', async () => {
    const path = file('bool.csv', 'true\nFALSE\n1\n');
    const train = await rowsIn(csv(path, { yes: 0 }), [input('yes', [], bool)], folder);
    expect(train.inputs.yes).toEqual(new Uint8Array([1, 0, 1]));
  });

  const wrong: readonly (readonly [string, string, DataSource['fields'], string])[] = [
    [
      'a cell that is no number',
      'a,b,c\n1,2,0\n1,two,0\n',
      columns,
      'data-value: wrong.csv, line 3, column "b": found "two", expected a number\nit is read for the input x: [batch, 2]',
    ],
    [
      'an empty cell',
      '1,,0\n',
      columns,
      'data-missing: wrong.csv, line 1, column 1: found an empty cell: the value is missing\nit is read for the input x: [batch, 2]\nwrite `missing = drop` in the data source to leave such rows out, or `missing = 0` to put a number there',
    ],
    [
      'a class out of range',
      '1,2,0\n1,2,3\n',
      columns,
      'data-value: wrong.csv, line 2, column 2: found 3, expected a whole number from 0 to 2\nit is read for the input label: index(3)[batch]',
    ],
    [
      'a short row',
      '1,2,0\n1,2\n',
      columns,
      'data-row-length: wrong.csv, line 2: found 2 columns, expected 3 as in the rows above',
    ],
    [
      'a misspelt column',
      'a,b,kind\n1,2,0\n',
      { x: { from: 0, to: 1 }, label: 'Kind' },
      'data-column-missing: wrong.csv has no column "Kind"\nits 3 columns are "a", "b", "kind"\ndid you mean "kind"?',
    ],
    [
      'a column number too large',
      '1,2,0\n',
      { ...columns, label: 3 },
      'data-column-missing: wrong.csv has no column 3\nits 3 columns are 0, 1, 2',
    ],
    [
      'too few columns',
      '1,2,0\n',
      { ...columns, x: 1 },
      'data-field: wrong.csv: x should be 2 columns for [batch, 2], and is 1',
    ],
    [
      'an open quotation mark',
      '1,2,0\n"1,2,0\n',
      columns,
      'data-malformed: wrong.csv, line 2: a quotation mark is opened and never closed',
    ],
    ['an empty file', '', columns, 'data-empty: wrong.csv holds no rows'],
    ['a header alone', 'a,b,c\n', columns, 'data-empty: wrong.csv holds no rows'],
    [
      'the second input that is not read',
      '1,2,0\n',
      { x: { from: 0, to: 1 } },
      'data-input-missing: csv("wrong.csv") gives nothing for the input label: index(3)[batch]\nname it in the data source, as in csv("wrong.csv", label = 0)',
    ],
    [
      'an input that is not read',
      '1,2,0\n',
      { label: 2 },
      'data-input-missing: csv("wrong.csv") gives nothing for the input x: [batch, 2]\nname it in the data source, as in csv("wrong.csv", x = 0)',
    ],
    [
      'a name that is no input',
      '1,2,0\n',
      { ...columns, lable: 2 },
      'data-input-unknown: csv("wrong.csv") names lable, which is not an input of the model\nthe inputs are x, label\nthe source itself takes delimiter, decimal, missing, classes',
    ],
  ];
  it.each(wrong)('explains %s', async (_, text, fields, expected) => {
    expect(await messageOf(csv(file('wrong.csv', text), fields), [x, label])).toBe(expected);
  });

  it('explains files that cannot be read', async () => {
    expect(await messageOf(csv('none.csv'), [x, label])).toMatch(
      /^data-unreadable: the data file none.csv cannot be read: there is no such file\n/,
    );
    expect(await messageOf(csv('.'), [x, label])).toMatch(/cannot be read: it is a folder/);
    symlinkSync('loop', join(folder, 'loop'));
    expect(await messageOf(csv('loop'), [x, label])).toMatch(/cannot be read: its symbolic links lead in a circle/);
    const damaged = file('damaged.csv', gzipSync('1,2,0\n').subarray(0, 12));
    expect(await messageOf(csv(damaged), [x, label])).toBe(
      'data-malformed: damaged.csv: the gzipped data is damaged or cut short',
    );
  });

  it('explains an input that rows cannot feed', async () => {
    const rate: ModelInput = { name: 'rate', type: tensor([]) };
    expect(await messageOf(csv(file('a.csv', '1\n'), { rate: 0 }), [rate])).toMatch(
      /^data-input-shape: the input rate: f32 cannot/,
    );
  });
});

describe('idx', () => {
  const images = new Uint8Array([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 255]);
  const labels = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 2, 2, 1]);
  const idx = (fields: DataSource['fields']): DataSource => ({ kind: 'idx', fields });

  it('reads bytes, gzipped or not', async () => {
    const fields = { x: file('images', images), label: file('labels.gz', gzipSync(labels)) };
    const train = await rowsIn(idx(fields), [x, label], folder);
    expect(train.rows).toBe(2);
    expect(train.inputs.x).toEqual(new Float32Array([10, 20, 30, 255]));
    expect([...train.inputs.label]).toEqual([2, 1]);
  });

  it('reads big-endian floats', async () => {
    const bytes = new Uint8Array(8 + 4 + 8);
    bytes.set([0, 0, 0x0d, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    new DataView(bytes.buffer).setFloat32(12, 1.5);
    new DataView(bytes.buffer).setFloat32(16, -2);
    const train = await rowsIn(idx({ x: file('floats', bytes) }), [x], folder);
    expect(train.inputs.x).toEqual(new Float32Array([1.5, -2]));
  });

  it('explains what is wrong', async () => {
    const good = file('labels', labels);
    const message = (bytes: Uint8Array): Promise<string> =>
      messageOf(idx({ x: file('bad', bytes), label: good }), [x, label]);
    expect(await message(new Uint8Array([1, 2, 3, 4]))).toBe('data-malformed: bad: this is not an IDX file');
    expect(await message(images.subarray(0, 9))).toBe('data-malformed: bad: the file ends inside its header');
    expect(await message(images.subarray(0, 18))).toBe(
      'data-malformed: bad: the file ends inside an array of shape [2, 1, 2]',
    );
    expect(await message(new Uint8Array([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3]))).toBe(
      'data-shape: bad: an array of shape [1, 3] does not fit the input x: [batch, 2]',
    );
    expect(await message(new Uint8Array([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2]))).toBe(
      'data-rows: idx(…): the inputs have different numbers of rows\nx has 1, and label has 2',
    );
    const nine = file('nine', new Uint8Array([0, 0, 8, 1, 0, 0, 0, 2, 0, 9]));
    expect(await messageOf(idx({ x: file('images', images), label: nine }), [x, label])).toBe(
      'data-value: nine, position 1: found 9, expected a whole number from 0 to 2\nit is read for the input label: index(3)[batch]',
    );
  });
});

describe('npy, npz and safetensors', () => {
  const npy = npyOf(
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }",
    new Uint8Array(new Float32Array([3, 4]).buffer),
  );
  const ids = npyOf(
    "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }",
    new Uint8Array(new BigInt64Array([2n]).buffer),
  );

  it('reads arrays', async () => {
    const source: DataSource = { kind: 'npy', fields: { x: file('x.npy', npy), label: file('l.npy', ids) } };
    const train = await rowsIn(source, [x, label], folder);
    expect(train.inputs).toEqual({ x: new Float32Array([3, 4]), label: new Int32Array([2]) });
  });

  it('reads archives, by the names of the inputs or by others', async () => {
    const path = file('a.npz', zipSync({ 'x.npy': npy, 'y_train.npy': ids }));
    const train = await rowsIn({ kind: 'npz', path, fields: { label: 'y_train' } }, [x, label], folder);
    expect(train.inputs).toEqual({ x: new Float32Array([3, 4]), label: new Int32Array([2]) });
    expect(await messageOf({ kind: 'npz', path, fields: {} }, [x, label])).toMatch(
      /^data-input-missing: npz\("a.npz"\) gives nothing for the input label/,
    );
  });

  it('reads safetensors', async () => {
    const header = JSON.stringify({
      __metadata__: { by: 'test' },
      x: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
      label: { dtype: 'I32', shape: [1], data_offsets: [8, 12] },
    });
    const bytes = new Uint8Array(8 + header.length + 12);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    [3, 4].forEach((value, i) => view.setFloat32(8 + header.length + 4 * i, value, true));
    view.setInt32(8 + header.length + 8, 2, true);
    const source: DataSource = { kind: 'safetensors', path: file('a.safetensors', bytes), fields: {} };
    const train = await rowsIn(source, [x, label], folder);
    expect(train.inputs).toEqual({ x: new Float32Array([3, 4]), label: new Int32Array([2]) });
    const short: DataSource = { ...source, path: file('b.safetensors', bytes.subarray(0, bytes.length - 1)) };
    expect(await messageOf(short, [x, label])).toMatch(
      /^data-malformed: b.safetensors: label: its numbers are cut off/,
    );
  });

  it('refuse any damaged file with a diagnostic', async () => {
    for (const kind of ['npz', 'safetensors'] as const)
      for (const length of [0, 5, 40, 400]) {
        const path = file(
          'junk',
          Uint8Array.from({ length }, (_, i) => (i * 37) % 256),
        );
        expect(await messageOf({ kind, path, fields: {} }, [x, label])).toMatch(/^data-malformed: junk/);
      }
    for (let length = 0; length < npy.length; length += 7) {
      const cut = file('cut.npy', npy.subarray(0, length));
      expect(await messageOf({ kind: 'npy', fields: { x: cut } }, [x])).toMatch(/^data-malformed: cut.npy/);
    }
  });
});

describe('module', () => {
  let count = 0;
  const load = (code: string): DataSource => ({ kind: 'module', path: file(`data${count++}.mjs`, code), fields: {} });

  it('gives train, validation and test', async () => {
    const code = `
      export const train = { x: new Float32Array([1, 2, 3, 4]), label: new Uint8Array([0, 1]) };
      export const test = { x: [5, 6], label: { data: new Int32Array([2]), shape: [1] } };`;
    const data = await loadData(load(code), [x, label], folder);
    expect(allOf(data.train).rows).toBe(2);
    expect(data.validation).toBeUndefined();
    expect(data.test && allOf(data.test)).toEqual({
      rows: 1,
      inputs: { x: new Float32Array([5, 6]), label: new Int32Array([2]) },
    });
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['no train', 'export const test = {};', /^data-input-missing: .* gives nothing for the input x|exports no `train`/],
    ['a syntax error', 'export const = 1;', /^data-module: the data module data\d+.mjs cannot be loaded: /],
    ['an exception', 'throw new Error("no disk");', /cannot be loaded: no disk\n/],
    [
      'an input left out',
      'export const train = { x: [1, 2] };',
      /^data-input-missing: data\d+.mjs, train gives nothing for the input label/,
    ],
    [
      'a name that is no input',
      'export const train = { x: [1, 2], label: [0], z: [1] };',
      /^data-input-unknown: data\d+.mjs, train names z/,
    ],
    [
      'what is no array',
      'export const train = { x: "1", label: [0] };',
      /exports a train whose x is not an array of numbers/,
    ],
    [
      'a wrong length',
      'export const train = { x: [1, 2, 3], label: [0] };',
      /^data-shape: data\d+.mjs, train.x: an array of 3 numbers does not fit the input x: \[batch, 2\]/,
    ],
    [
      'a wrong class',
      'export const train = { x: [1, 2], label: [7] };',
      /train.label, position 0: found 7, expected a whole number from 0 to 2/,
    ],
    ['no rows', 'export const train = { x: [], label: [] };', /^data-empty/],
  ];
  it.each(wrong)('explains %s', async (_, code, expected) => {
    expect(await messageOf(load(code), [x, label])).toMatch(expected);
  });

  it('may lack what is not needed, and may give it', async () => {
    const [without, also] = ['{ x: [1, 2] }', '{ x: [1, 2], label: [0] }'].map((arrays) =>
      load(`export const train = ${arrays};`),
    );
    expect((await rowsIn(without, [x, label], folder, { needed: [x] })).inputs).toEqual({
      x: new Float32Array([1, 2]),
    });
    expect(Object.keys((await rowsIn(also, [x, label], folder, { needed: [x] })).inputs)).toEqual(['x', 'label']);
  });

  it('explains a missing module', async () => {
    expect(await messageOf({ kind: 'module', path: './none.mjs', fields: {} }, [x])).toMatch(
      /^data-unreadable: the data file .\/none.mjs/,
    );
  });
});

describe('arraysIn', () => {
  it('copies some of the rows', async () => {
    const source: DataSource = { kind: 'csv', path: file('a.csv', '1,2,0\n3,4,1\n5,6,2\n'), fields: columns };
    const { train } = await loadData(source, [x, label], folder);
    if (train.kind === 'batches') throw new Error('expected rows');
    expect(arraysIn(train, 1, 3)).toEqual({ x: new Float32Array([3, 4, 5, 6]), label: new Int32Array([1, 2]) });
  });
});
