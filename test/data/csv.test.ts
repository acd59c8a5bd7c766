// Csv files of many makes: delimiters, marks of decimals, line ends, names, numbers beyond f32, and giants.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, it, vi } from 'vitest';
import type { InputArray } from '../../src/data/dataset.js';
import { defaultLimits } from '../../src/data/limits.js';
import { loadData } from '../../src/data/load.js';
import type { DataSource, ModelInput } from '../../src/ir/model.js';
import { bool } from '../../src/ir/types.js';
import { allOf, dataFolder, index, input, rowsIn } from './files.js';

const { folder, file, messageOf } = dataFolder();
const [x, y] = [input('x', []), input('y', [])];

const csv = (text: string | Uint8Array, fields: DataSource['fields'] = { x: 0, y: 1 }): DataSource => ({
  kind: 'csv',
  path: file('rows.csv', text),
  fields,
});

async function read(
  text: string | Uint8Array,
  fields?: DataSource['fields'],
  inputs: readonly ModelInput[] = [x, y],
): Promise<Record<string, InputArray>> {
  const train = await rowsIn(csv(text, fields), inputs, folder);
  return { ...train.inputs };
}

const columns = (first: readonly number[], second: readonly number[]): Record<string, InputArray> => ({
  x: new Float32Array(first),
  y: new Float32Array(second),
});

describe('the delimiter', () => {
  it.each([
    ['semicolons below names with commas', '"width, cm";"height, cm"\n1;2\n3;4\n'],
    ['semicolons below bare names with commas', 'width, cm;height\n1;2\n3;4\n'],
    ['commas below names with semicolons', '"a;b","c;d;e"\n1,2\n3,4\n'],
    ['tabs below names with both', '"a;b, c"\t"d;e, f"\n1\t2\n3\t4\n'],
    ['tabs beside notes with commas', 'x\ty\tnote\n1\t2\tone, two, three\n3\t4\tfour; five\n'],
    ['commas beside notes with semicolons', '1,2,a;b\n3,4,c;d\n'],
    ['quoted delimiters and line ends', '"1";"2";"a;b\nc;d"\n"3";"4";";;;"\n'],
    ['a last line without an end', '1;2\n3;4'],
    ['blank lines', '\n\n1;2\n   \n3;4\n\n'],
  ])('is found: %s', async (_, text) => {
    expect(await read(text)).toEqual(columns([1, 3], [2, 4]));
  });

  it.each([
    ['1,5;2,5\n', [1.5], [2.5]],
    ['1,5;2,5\n-0,25;3\n', [1.5, -0.25], [2.5, 3]],
    ['a;b\n1,5;2,5e3\n,5;4.25\n', [1.5, 0.5], [2500, 4.25]],
    ['0,125;1234,5\n', [0.125], [1234.5]],
  ])('leaves the comma to decimals: %j', async (text, first, second) => {
    expect(await read(text)).toEqual(columns(first, second));
  });

  it('refuses what may be thousands, until the source says', async () => {
    expect(await messageOf(csv('1,234;2\n'), [x, y])).toBe(
      'data-value: rows.csv, line 1, column 0: found "1,234", expected a number; say `decimal = ","` in the source if its comma is a decimal one\nit is read for the input x: [batch]',
    );
    expect(await read('1,234;2\n', { x: 0, y: 1, decimal: ',' })).toEqual(columns([1.234], [2]));
    expect(await read('1,25\n3,5\n', { x: 0, decimal: ',' }, [x])).toEqual({ x: new Float32Array([1.25, 3.5]) });
    expect(await messageOf(csv('1,5;2\n', { x: 0, y: 1, decimal: '.' }), [x, y])).toMatch(
      /found "1,5", expected a number\n/,
    );
    expect(await messageOf(csv('1.234,5;2\n1;2\n'), [x, y])).toMatch(/found "1.234,5", expected a number\n/);
  });

  it('can be stated', async () => {
    expect(await read('1|2\n3|4\n', { x: 0, y: 1, delimiter: '|' })).toEqual(columns([1, 3], [2, 4]));
    expect(await read('1 2\n3 4\n', { x: 0, y: 1, delimiter: ' ' })).toEqual(columns([1, 3], [2, 4]));
    expect(await read('1,2\t3\n', { x: 0, y: 1, delimiter: '\t', decimal: ',' })).toEqual(columns([1.2], [3]));
    expect(await read('a,b;c\n1,2;3\n', { x: 0, y: 2, delimiter: ',' }, [x]).catch(() => 'refused')).toBe('refused');
    for (const delimiter of ['', 'ab', '"', '\n', 1, 'é'])
      expect(await messageOf(csv('1,2\n', { x: 0, y: 1, delimiter }), [x, y])).toBe(
        'data-field: csv("rows.csv"): delimiter should be one character, such as ";" or "\\t"',
      );
    expect(await messageOf(csv('1,2\n', { x: 0, y: 1, decimal: ';' }), [x, y])).toMatch(/decimal should be "." or ","/);
    expect(await messageOf(csv('1,2\n', { x: 0, y: 1, delimiter: ',', decimal: ',' }), [x, y])).toMatch(
      /decimal should be "\." or ",", and not the delimiter/,
    );
  });

  it('is an input where the model has one of this name', async () => {
    const named = input('delimiter', []);
    expect(await read('1;2\n', { delimiter: 1 }, [named])).toEqual({ delimiter: new Float32Array([2]) });
  });
});

describe('lines', () => {
  it.each([
    ['\n', '1,2\n3,4\n'],
    ['\r\n', '1,2\r\n3,4\r\n'],
    ['\r', '1,2\r3,4\r'],
    ['mixed', '1,2\r\n\r3,4\n\r\n'],
    ['quoted', '"1","2"\r\n"3","4"\r'],
  ])('end in %s', async (_, text) => {
    expect(await read(text)).toEqual(columns([1, 3], [2, 4]));
  });

  it.each([
    ['1,2\r\n3,4\r5,6\n\n7,no\n', 5],
    ['a,b\n"1\n\r\n",2\n1,no\n', 5],
    ['a,b,c\r1,2,"x\r\ny\rz"\rno,2,3\r', 5],
  ])('are counted: %j', async (text, line) => {
    expect(await messageOf(csv(text), [x, y])).toContain(`rows.csv, line ${line}, column`);
  });

  it('may be cut anywhere by the windows that a file is read in', async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => [i, `"${i % 7}""${'é'.repeat(i % 50)}\r\n"`, i / 8]);
    const text = rows.map((row) => row.join(',')).join('\r\n');
    expect(Buffer.byteLength(text)).toBeGreaterThan(3 * 2 ** 20);
    const found = await read(text, { x: 0, y: 2 });
    expect(found.x).toEqual(Float32Array.from(rows, ([i]) => Number(i)));
    expect(found.y).toEqual(Float32Array.from(rows, ([, , value]) => Number(value)));
    expect(await read(gzipSync(text), { x: 0, y: 2 })).toEqual(found);
  });
});

describe('quotation marks', () => {
  it.each([
    ['1,2"3\n', 'rows.csv, line 1: a quotation mark stands inside a cell that is not quoted'],
    ['1,2\n1,"2"3\n', 'rows.csv, line 2: the quotation marks of this row do not fit together'],
    ['1,2\n1,"2\n3\n4\n', 'rows.csv, line 2: a quotation mark is opened and never closed'],
  ])('are explained: %j', async (text, expected) => {
    expect(await messageOf(csv(text, { x: 0, y: 1, delimiter: ',' }), [x, y])).toBe(`data-malformed: ${expected}`);
  });
});

describe('names of columns', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'x\ty', 'a"b', '0', 'true '])(
    'may be anything: %j',
    async (name) => {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      const text = `${quoted},b\n1,2\n`;
      expect(await read(text, { x: name, y: 'b' })).toEqual(columns([1], [2]));
    },
  );

  it.each(['constructor', '__proto__', 'valueOf'])('make a header that nobody names: %s', async (name) => {
    expect(await read(`${name},${name}\n1,2\n`)).toEqual(columns([1], [2]));
  });

  it.each(['__proto__', 'constructor', 'toString'])('feed inputs of any name: %s', async (name) => {
    const fields: DataSource['fields'] = Object.fromEntries([[name, 1]]);
    const found = await read('1,2\n', fields, [input(name, [])]);
    expect(Object.entries(found)).toEqual([[name, new Float32Array([2])]]);
    expect(await messageOf(csv('1,2\n', {}), [input(name, [])])).toContain(`gives nothing for the input ${name}`);
  });

  it('that stand twice are refused where one asks for them', async () => {
    expect(await messageOf(csv('a,a\n1,2\n', { x: 'a', y: 1 }), [x, y])).toBe(
      'data-malformed: rows.csv: two columns are called "a"',
    );
    expect(await read('a,a,b\n1,2,3\n', { x: 'b', y: 0 })).toEqual(columns([3], [1]));
  });

  it('are one or several', async () => {
    expect(await messageOf(csv('a\n1\n', { x: 'b' }), [x])).toContain('its only column is "a"');
  });
});

describe('numbers', () => {
  it.each(['1e39', '-3.5e38', '1e400', '9'.repeat(60)])('beyond f32 are refused: %s', async (text) => {
    expect(await messageOf(csv(`x,y\n1,2\n3,${text}\n`), [x, y])).toBe(
      `data-value: rows.csv, line 3, column "y": found "${text}", expected a number that f32 can hold, of at most 3.4e38\nit is read for the input y: [batch]`,
    );
  });

  it.each([
    '0',
    '-0',
    '007',
    '1.',
    '.5',
    '+1.25',
    '-12345.678',
    '123456789012345',
    '0.1',
    '3.4028235e38',
    '1e-50',
    '2.5E+3',
    '0.30000000000000004',
    '9007199254740993',
  ])('are read as JavaScript reads them: %s', async (text) => {
    const found = await read(`${text},1\n`);
    expect(found.x).toEqual(new Float32Array([Number(text)]));
  });

  it.each(['0x10', '1_000', '1e', '.', '-', '+-1', 'Infinity', '1 2', '−1', '1e5.5'])(
    'are not anything else: %s',
    async (text) => {
      expect(await messageOf(csv(`1,2\n${text},1\n`), [x, y])).toContain(`found "${text}", expected a number\n`);
    },
  );

  it('feed an index and a truth value as they are', async () => {
    const inputs = [input('x', [], index(3)), input('y', [], bool)];
    expect(await read('2,TRUE\n0.0,0\n', undefined, inputs)).toEqual({
      x: new Int32Array([2, 0]),
      y: new Uint8Array([1, 0]),
    });
    expect(await messageOf(csv('1e40,1\n'), inputs)).toContain('found "1e40", expected a whole number from 0 to 2');
    expect(await messageOf(csv('1.5,1\n'), inputs)).toContain('found 1.5, expected a whole number from 0 to 2');
    expect(await messageOf(csv('1,2\n'), inputs)).toContain('found "2", expected true or false');
  });
});

describe('words', () => {
  const kind = input('kind', [], index(3));
  const iris = 'width,kind\n1,setosa\n2,virginica\n3,versicolor\n4,setosa\n';
  const fields = { x: 'width', kind: 'kind' };

  it('are classes in code-point order, or as the source says', async () => {
    const { train, words } = await loadData(csv(iris, fields), [x, kind], folder);
    expect([...allOf(train).inputs.kind]).toEqual([0, 2, 1, 0]);
    expect(words).toEqual({ kind: ['setosa', 'versicolor', 'virginica'] });
    const classes = ['virginica', 'setosa', 'versicolor'];
    const named = await loadData(csv(iris, { ...fields, classes }), [x, kind], folder);
    expect([...allOf(named.train).inputs.kind]).toEqual([1, 0, 2, 1]);
    expect(named.words).toEqual({ kind: classes });
    // U+FF21 comes before U+10400, whose first unit is smaller.
    const wide = await loadData(csv('1,\u{10400}\n2,\uff21\n3,é\n', { x: 0, kind: 1 }), [x, kind], folder);
    expect(wide.words.kind).toEqual(['é', '\uff21', '\u{10400}']);
  });

  it('have the numbers of data that were read before', async () => {
    const words = { kind: ['setosa', 'versicolor', 'virginica'] };
    const { inputs } = await rowsIn(csv('width,kind\n1,virginica\n', fields), [x, kind], folder, { words });
    expect([...inputs.kind]).toEqual([2]);
    expect(await messageOf(csv('width,kind\n1,rose\n', fields), [x, kind], { words })).toBe(
      'data-value: rows.csv, line 2, column "kind": found "rose", expected one of "setosa", "versicolor", "virginica"\nit is read for the input kind: index(3)[batch]',
    );
  });

  it('may look like numbers among words, or where they are named', async () => {
    const grades = await loadData(csv('1,2\n2,0\n3,1b\n4,2\n', { x: 0, kind: 1 }), [x, kind], folder);
    expect([...allOf(grades.train).inputs.kind]).toEqual([2, 0, 1, 2]);
    expect(grades.words.kind).toEqual(['0', '1b', '2']);
    const fromOne = await rowsIn(csv('1,3\n2,1\n', { x: 0, kind: 1, classes: ['1', '2', '3'] }), [x, kind], folder);
    expect([...fromOne.inputs.kind]).toEqual([2, 0]);
    expect(await messageOf(csv('1,01\n2,b\n', { x: 0, kind: 1 }), [x, kind])).toBe(
      'data-malformed: rows.csv, line 2, column 1: found "b" in a column of numbers; if all of them are words, name them: classes = ["…", …]',
    );
  });

  it.each([
    [
      'more than there are classes',
      'width,kind\n1,a\n2,b\n3,c\n4,d\n5,e\n',
      'data-classes: rows.csv, line 5, column "kind": found "d", one word more than the 3 classes of kind: index(3)[batch]\nbefore it stand "a", "b", "c"\ngive the input as many classes as there are words, index(N)',
    ],
    [
      'fewer than there are classes',
      'width,kind\n1,a\n2,b\n',
      'data-classes: rows.csv, column "kind": found 2 words, expected 3, as many as the classes of kind: index(3)[batch]\nthey are "a", "b"\nname classes that no row has: classes = ["…", "…"]',
    ],
  ])('that are %s are listed', async (_, text, expected) => {
    expect(await messageOf(csv(text, fields), [x, kind])).toBe(expected);
  });

  it('are named for an input that has as many classes', async () => {
    expect(await messageOf(csv(iris, { ...fields, classes: ['a', 'b'] }), [x, kind])).toBe(
      'data-field: csv("rows.csv"): classes should be as many words as classes: 3 for kind',
    );
    expect(await messageOf(csv(iris, { ...fields, classes: ['a', 'a', 'b'] }), [x, kind])).toContain(
      'classes should be a list of different words',
    );
  });

  it('of more rows than the memory takes are numbered all the same', async () => {
    const text = `kind\n${'b\na\nc\n'.repeat(100_000)}`;
    const limits = { ...defaultLimits, memory: 2 ** 18 };
    const { train } = await loadData(csv(text, { kind: 0 }), [kind], folder, { limits });
    expect([...allOf(train).inputs.kind.subarray(299_997)]).toEqual([1, 0, 2]);
  });
});

describe('missing values', () => {
  const kind = input('kind', [], index(2));
  const text = '1,2,a\nNA,3,b\n4,?,a\n5,6,\n7,NaN,b\n8,9,null\n10,11,b\n';
  const fields = { x: 0, y: 1, kind: 2 };

  it.each(['', 'NA', 'NaN', 'nan', 'null', '?', '""', ' NA '])('are an error: %j', async (value) => {
    const shown = value.replace(/"/g, '').trim();
    expect(await messageOf(csv(`1,2,a\n1,${value},b\n`, fields), [x, y, kind])).toBe(
      `data-missing: rows.csv, line 2, column 1: found ${shown === '' ? 'an empty cell' : `"${shown}"`}: the value is missing\nit is read for the input y: [batch]\nwrite \`missing = drop\` in the data source to leave such rows out, or \`missing = 0\` to put a number there`,
    );
  });

  it('leave their rows out, which is told', async () => {
    const { train, notes, words } = await loadData(csv(text, { ...fields, missing: 'drop' }), [x, y, kind], folder);
    expect(allOf(train)).toEqual({
      rows: 2,
      inputs: { x: new Float32Array([1, 10]), y: new Float32Array([2, 11]), kind: new Int32Array([0, 1]) },
    });
    expect(notes).toEqual(['rows.csv: 5 rows left out, in which values are missing']);
    expect(words.kind).toEqual(['a', 'b']);
    expect(await messageOf(csv('1,NA\n', { x: 0, y: 1, missing: 'drop' }), [x, y])).toBe(
      'data-empty: rows.csv, without 1 row in which values are missing, holds no rows',
    );
  });

  it('become a number', async () => {
    expect(await read('1,NA\n?,4\n', { x: 0, y: 1, missing: -1 })).toEqual(columns([1, -1], [-1, 4]));
    expect(await messageOf(csv('1,a\n2,b\n3,?\n', { x: 0, kind: 1, missing: -1 }), [x, kind])).toContain(
      'line 3, column 1: found -1, expected a whole number from 0 to 1',
    );
    expect(await messageOf(csv('1,2\n', { x: 0, y: 1, missing: 'mean' }), [x, y])).toBe(
      'data-field: csv("rows.csv"): missing should be drop, or a number to put there',
    );
  });

  it('are words where they are named as such', async () => {
    const named = { x: 0, kind: 1, classes: ['NA', 'b'], missing: 'drop' };
    expect([...(await rowsIn(csv('1,NA\n2,b\n', named), [x, kind], folder)).inputs.kind]).toEqual([0, 1]);
  });
});

describe('giants', () => {
  const limits = { ...defaultLimits, row: 2 ** 20, columns: 1000, memory: 2 ** 20 };

  it('are met in a row', async () => {
    expect(await messageOf(csv(`1,2\n1,${'x'.repeat(3 * 2 ** 20)}\n`), [x, y], { limits })).toBe(
      'data-limit: rows.csv, line 2: the row would take more than 1 MiB, the most that is read\na module("./data.mjs") that exports `train` can read anything',
    );
    expect(await messageOf(csv(`1,2\n1,"${'x\n'.repeat(2 ** 21)}`), [x, y], { limits })).toContain(
      'line 2: the row (a quotation mark is open since line 2) would take more than 1 MiB',
    );
    expect(await messageOf(csv(`1,2\n${'1,'.repeat(1000)}1\n`), [x, y], { limits })).toContain(
      'line 2: the row would take more than 1000 columns',
    );
    const zeros = gzipSync(new Uint8Array(2 ** 23));
    expect(await messageOf(csv(zeros), [x, y], { limits })).toContain('line 1: the row would take more than 1 MiB');
  });

  it('go to files, and are met in what may be stored', async () => {
    const rows = '1,2\n3,4\n'.repeat(2 ** 17);
    const { inputs } = await rowsIn(csv(rows), [x, y], folder, { limits });
    expect(inputs.x.length).toBe(2 ** 18);
    expect(inputs.x.every((value, i) => value === (i % 2 === 0 ? 1 : 3))).toBe(true);
    expect(inputs.y.every((value, i) => value === (i % 2 === 0 ? 2 : 4))).toBe(true);
    expect(await messageOf(csv(rows), [x, y], { limits: { ...limits, stored: 2 ** 20 + 1 } })).toMatch(
      /^data-limit: rows.csv: the rows would take more than 1 MiB/,
    );
  });

  it('have a folder for such files', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'nowhere'));
    const message = await messageOf(csv('1,2\n3,4\n'.repeat(2 ** 17)), [x, y], { limits });
    vi.unstubAllEnvs();
    expect(message).toMatch(
      /^file-unwritable: a temporary file in \S+nowhere, for the rows of rows.csv, cannot be written: there is no such file$/,
    );
  });

  it('are quoted in part, and what cannot be seen is shown', async () => {
    const long = await messageOf(csv(`1,2\n1,${'long '.repeat(2e5)}\n`), [x, y]);
    expect(long).toContain('line 2, column 1: found "long long');
    expect(long.length).toBeLessThan(300);
    expect(await messageOf(csv('1,2\n1,\u0007\u001b[31m\n'), [x, y])).toContain('found "␇␛[31m"');
    const name = 'n'.repeat(2e5);
    expect((await messageOf(csv(`${name},b\n1,no\n`), [x, y])).length).toBeLessThan(300);
    expect((await messageOf(csv(`${name},b\n1,2\n`, { x: 'c', y: 1 }), [x, y])).length).toBeLessThan(300);
    expect((await messageOf(csv('a,b\n1,2\n', { x: name, y: 1 }), [x, y])).length).toBeLessThan(300);
  });

  it('of very many columns are searched at once', async () => {
    const names = Array.from({ length: 2e5 }, (_, i) => `c${i}`).join(',');
    const text = `${names}\n${'1,'.repeat(199_999)}7\n`;
    expect((await read(text, { x: 'c199999', y: 0 })).x).toEqual(new Float32Array([7]));
    expect(await messageOf(csv(text, { x: 'C7', y: 0 }), [x, y])).toContain(
      'its 200000 columns are "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", …\ndid you mean "c7"?',
    );
  }, 30_000);
});

it('refuses UTF-16 by its name', async () => {
  const text = Buffer.from('\ufeff1,2\n', 'utf16le');
  expect(await messageOf(csv(text), [x, y])).toBe('data-malformed: rows.csv: the text is in UTF-16; save it in UTF-8');
});

it('has the cells that csv-parse finds, in tables of any quoting', async () => {
  let state = 5;
  const below = (n: number): number =>
    Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
  const number = (): string =>
    [`${below(100)}`, `-${below(9)}.${below(1000)}`, `${below(9)}e-${below(5)}`, '.5'][below(4)];
  for (let round = 0; round < 60; round++) {
    const [delimiter, end] = [[',', ';', '\t'][below(3)], ['\n', '\r\n', '\r'][below(3)]];
    const note = (): string => `"${['a""b', `x${delimiter}y`, `line${end}line`, ' ', ''][below(5)]}"`;
    const rows = Array.from({ length: 1 + below(9) }, () =>
      [number(), note(), below(2) === 0 ? number() : `"${number()}"`].join(delimiter),
    );
    const text = rows.join(end) + (below(2) === 0 ? end : '');
    const expected = (parse(text, { delimiter, record_delimiter: end }) as string[][]).map((row) =>
      [row[0], row[2]].map(Number),
    );
    const found = await read(text, { x: 0, y: 2, delimiter, decimal: '.' });
    expect(
      [...found.x].map((value, i) => [value, found.y[i]]),
      text,
    ).toEqual(expected.map((row) => row.map(Math.fround)));
  }
});
