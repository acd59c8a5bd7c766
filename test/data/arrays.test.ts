// Arrays in files: every type and order that NumPy and safetensors write, headers as NumPy reads them, and what nobody asks for.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { arraysIn, taker } from '../../src/data/dataset.js';
import { defaultLimits } from '../../src/data/limits.js';
import { loadData } from '../../src/data/load.js';
import { textArray } from '../../src/data/writeNpz.js';
import type { DataSource } from '../../src/ir/model.js';
import { bool, type ElementType } from '../../src/ir/types.js';
import { dataFolder, rowsIn, index, input, npyOf, safetensorsOf } from './files.js';

const { folder, file, messageOf } = dataFolder();
const x = input('x', [2]);
const hex = (digits: string): Uint8Array => Buffer.from(digits, 'hex');
const f32Bytes = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

const header = (type: string, shape: string, order = 'False'): string =>
  `{'descr': '${type}', 'fortran_order': ${order}, 'shape': ${shape}, }`;

const npy = (bytes: Uint8Array): DataSource => ({ kind: 'npy', fields: { x: file('x.npy', bytes) } });

async function read(source: DataSource, shape: readonly number[] = [2], element?: ElementType): Promise<number[]> {
  const train = await rowsIn(source, [input('x', shape, element)], folder);
  return [...train.inputs.x];
}

describe('types of NumPy', () => {
  // The bytes are those that NumPy writes for [[1, -2]], and [[1, 2]] where there are no negative numbers.
  it.each([
    ['<f2', '003c00c0', -2],
    ['>f2', '3c00c000', -2],
    ['<f4', '0000803f000000c0', -2],
    ['>f4', '3f800000c0000000', -2],
    ['<f8', '000000000000f03f00000000000000c0', -2],
    ['>f8', '3ff0000000000000c000000000000000', -2],
    ['|i1', '01fe', -2],
    ['<i2', '0100feff', -2],
    ['>i2', '0001fffe', -2],
    ['<i4', '01000000feffffff', -2],
    ['>i4', '00000001fffffffe', -2],
    ['<i8', '0100000000000000feffffffffffffff', -2],
    ['>i8', '0000000000000001fffffffffffffffe', -2],
    ['|u1', '0102', 2],
    ['<u2', '01000200', 2],
    ['>u4', '0000000100000002', 2],
    ['<u8', '01000000000000000200000000000000', 2],
    ['>u8', '00000000000000010000000000000002', 2],
    ['|b1', '0100', 0],
    ['float32', '0000803f000000c0', -2],
    ['=d', '000000000000f03f00000000000000c0', -2],
  ])('%s', async (type, bytes, second) => {
    expect(await read(npy(npyOf(header(type, '(1, 2)'), hex(bytes))))).toEqual([1, second]);
  });

  it('f16 at its edges, as NumPy reads them', async () => {
    const halves = hex('0100ff030004fffb007c00fc00800834');
    expect(await read(npy(npyOf(header('<f2', '(4, 2)'), halves)))).toEqual([
      5.960464477539063e-8,
      0.00006097555160522461,
      0.00006103515625,
      -65504,
      Infinity,
      -Infinity,
      -0,
      0.251953125,
    ]);
    expect(await messageOf(npy(npyOf(header('<f2', '(1, 2)'), hex('003c007e'))), [x])).toContain(
      'data-value: x.npy, position 1: found NaN, expected a number that f32 can hold',
    );
  });

  it('numbers that an input cannot hold are refused', async () => {
    const doubles = new Uint8Array(Float64Array.of(1, 1e39).buffer);
    expect(await messageOf(npy(npyOf(header('<f8', '(1, 2)'), doubles)), [x])).toBe(
      'data-value: x.npy, position 1: found 1e+39, expected a number that f32 can hold, of at most 3.4e38\nit is read for the input x: [batch, 2]',
    );
    const whole = (value: number): DataSource =>
      npy(npyOf(header('<i4', '(1, 2)'), new Uint8Array(Int32Array.of(-16777216, value).buffer)));
    expect(await read(whole(16777216))).toEqual([-16777216, 16777216]);
    expect(await messageOf(whole(16777217), [x])).toContain(
      'found 16777217, expected a whole number from -16777216 to 16777216, which f32 holds exactly',
    );
    const large = new Uint8Array(BigInt64Array.of(4294967297n, 1n).buffer);
    expect(await messageOf(npy(npyOf(header('<i8', '(2,)'), large)), [input('x', [], index(3))])).toContain(
      'position 0: found 4294967297, expected a whole number from 0 to 2',
    );
    expect(
      await read(npy(npyOf(header('<f8', '(2,)'), new Uint8Array(Float64Array.of(2, 0).buffer))), [], index(3)),
    ).toEqual([2, 0]);
    expect(await messageOf(npy(npyOf(header('|u1', '(2,)'), hex('0102'))), [input('x', [], bool)])).toContain(
      'position 1: found 2, expected true or false',
    );
  });

  it.each([
    ['<U3', 'texts (<U3)'],
    ['|S2', 'texts (|S2)'],
    ['<c8', 'complex numbers (<c8)'],
    ['|O', 'Python objects (|O)'],
    ['<M8[D]', 'dates or times (<M8[D])'],
    ['|V4', 'records or raw bytes (|V4)'],
    ['<f16', 'an unknown type (<f16)'],
  ])('%s is no number', async (type, what) => {
    expect(await messageOf(npy(npyOf(header(type, '(1, 2)'), new Uint8Array(64))), [x])).toBe(
      `data-malformed: x.npy: it holds ${what}, and an input takes numbers`,
    );
  });
});

describe('orders', () => {
  const counted = Array.from({ length: 24 }, (_, i) => i);
  const fortran = (shape: readonly number[]): number[] => {
    // The number at each place of an array in which the first index varies fastest.
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((n, size) => n * size, 1));
    return counted.map((place) => {
      let rest = place;
      return shape.reduce((sum, size, axis) => {
        const at = rest % size;
        rest = Math.floor(rest / size);
        return sum + at * strides[axis];
      }, 0);
    });
  };

  it.each([[[24]], [[6, 4]], [[3, 2, 4]], [[2, 3, 2, 2]], [[1, 24]], [[24, 1]]])(
    'column by column: %j',
    async (shape) => {
      const bytes = npyOf(header('<f4', `(${shape.join(', ')},)`, 'True'), f32Bytes(...fortran(shape)));
      expect(await read(npy(bytes), shape.slice(1))).toEqual(counted);
    },
  );

  it.each([undefined, 2 ** 18])('of more than a window, and than the memory: %j', async (memory) => {
    const [rows, width] = [70_001, 3];
    const values = Float32Array.from({ length: rows * width }, (_, i) => (i % rows) * width + Math.floor(i / rows));
    const bytes = npyOf(header('<f4', `(${rows}, ${width})`, 'True'), new Uint8Array(values.buffer));
    const limits = { ...defaultLimits, ...(memory !== undefined && { memory }) };
    const { x: found } = (await rowsIn(npy(gzipSync(bytes)), [input('x', [width])], folder, { limits })).inputs;
    expect(found.every((value, i) => value === i)).toBe(true);
    expect(found.length).toBe(rows * width);
  });
});

describe('headers', () => {
  it.each([
    ['Python 2', "{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }"],
    ['double quotes', '{"descr": "<f4", "fortran_order": False, "shape": (1, 2)}'],
    ['unicode', "{u'descr': u'<f4', u'fortran_order': False, u'shape': (1, 2)}"],
    ['spaces and another order', "{ 'shape' :( 1 ,2, ),\n 'descr':'<f4'  ,'fortran_order' : False , }"],
    ['a key twice', "{'shape': (3, 3), 'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)}"],
  ])('%s', async (_, text) => {
    expect(await read(npy(npyOf(text, f32Bytes(3, 4))))).toEqual([3, 4]);
  });

  it.each([1, 2, 3])('version %i', async (version) => {
    expect(await read(npy(npyOf(header('<f4', '(1, 2)'), f32Bytes(3, 4), version)))).toEqual([3, 4]);
  });

  it.each([
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -2)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0, 2)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 2)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'more': 1}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2)} 1",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2",
    "{'descr': '<f4' 'fortran_order': False, 'shape': (1, 2)}",
    '('.repeat(100),
    '',
  ])('that NumPy refuses: %s', async (text) => {
    expect(await messageOf(npy(npyOf(text, f32Bytes(3, 4))), [x])).toBe(
      'data-malformed: x.npy: its header does not describe an array',
    );
  });

  it('of versions that are not known, and lengths that disagree', async () => {
    expect(await messageOf(npy(npyOf(header('<f4', '(1, 2)'), f32Bytes(3, 4), 4)), [x])).toContain(
      'version 4.0 of .npy is not known, only 1.0 to 3.0',
    );
    expect(await messageOf(npy(npyOf(header('<f4', '(1, 2)'), f32Bytes(3, 4, 5))), [x])).toContain(
      'the file goes on after an array of shape [1, 2]',
    );
    for (const shape of ['(2, 2)', '(1000000000, 2)'])
      expect(await messageOf(npy(npyOf(header('<f4', shape), f32Bytes(3, 4, 5))), [x])).toContain(
        'the file ends inside',
      );
    expect(await messageOf(npy(npyOf(header('<f4', '(1000000000000, 2)'), f32Bytes(3, 4))), [x])).toMatch(
      /x.npy: the rows would take more than 64 GiB/,
    );
  });
});

describe('npz', () => {
  const good = npyOf(header('<f4', '(1, 2)'), f32Bytes(3, 4));
  const npz = (bytes: Uint8Array): DataSource => ({ kind: 'npz', path: file('a.npz', bytes), fields: {} });

  it('is read past arrays that nobody maps, whatever they hold', async () => {
    const other = npyOf(header('<U3', '(5,)'), new Uint8Array(60));
    const archive = zipSync({
      's.npy': other,
      'damaged.npy': new Uint8Array(9),
      'notes.txt': hex('41'),
      'x.npy': good,
    });
    expect(await read(npz(archive))).toEqual([3, 4]);
    expect(await read(npz(gzipSync(archive)))).toEqual([3, 4]);
    expect(await messageOf({ ...npz(archive), fields: { x: 's' } }, [x])).toContain(
      'a.npz, s.npy: it holds texts (<U3)',
    );
  });

  it('tells what the numbers of an index stand for, as nnc data writes it', async () => {
    const kind = input('kind', [], index(2));
    const two = npyOf(header('<i4', '(2,)'), hex('0000000001000000'));
    const words = (...all: readonly string[]): DataSource => {
      const { type, shape, chunks } = textArray('kind.words', all);
      const [bytes] = chunks();
      return npz(zipSync({ 'kind.npy': two, 'kind.words.npy': npyOf(header(type, `(${shape.join()},)`), bytes) }));
    };
    const told = (await loadData(words('ant', 'bé\u{1f41d}'), [kind], folder)).words;
    expect(told).toEqual({ kind: ['ant', 'bé\u{1f41d}'] });
    expect(await messageOf(words('a', 'b', 'c'), [kind])).toContain(
      'a.npz, kind.words.npy: found "c", one word more than the 2 classes of kind: index(2)[batch]',
    );
    expect(await messageOf(words('a'), [kind])).toContain('a.npz, kind.words.npy: found 1 word, expected 2');
    expect(await messageOf(words('b', 'a'), [kind], { words: { kind: ['a', 'b'] } })).toBe(
      'data-malformed: a.npz, kind.words: numbers stand for "b", "a" there, and for "a", "b" in what was trained',
    );
  });

  it('does not unpack what nobody asks for', async () => {
    const zeros = new Uint8Array(2 ** 26);
    const archive = zipSync({ 'a.npy': zeros, 'x.npy': good }, { level: 1 });
    const source = npz(archive);
    const begin = process.memoryUsage().rss;
    expect(await read(source)).toEqual([3, 4]);
    expect(process.memoryUsage().rss - begin).toBeLessThan(2 ** 25);
    expect(await messageOf({ ...source, fields: { x: 'a' } }, [x])).toBe(
      'data-malformed: a.npz, a.npy: this is not a .npy array',
    );
  });

  it('checks what an entry unpacks to', async () => {
    const [plain, packed] = [0, 6].map((level) => zipSync({ 'x.npy': good }, { level: level === 0 ? 0 : 6 }));
    const changed = (bytes: Uint8Array, at: number, value: number): DataSource => {
      const copy = Uint8Array.from(bytes);
      copy[at] = value;
      return npz(copy);
    };
    const data = 30 + 'x.npy'.length + good.length - 1;
    expect(plain[data]).toBe(good[good.length - 1]);
    expect(await messageOf(changed(plain, data, 1), [x])).toContain(
      'a.npz, x.npy: it is damaged: its checksum (CRC) is another one',
    );
    const directory = Buffer.from(packed).indexOf('PK\x01\x02');
    expect(await messageOf(changed(packed, directory + 16, 1), [x])).toContain('its checksum (CRC) is another one');
    expect(await messageOf(changed(packed, directory + 24, 1), [x])).toContain('its length unpacked is not the 1');
    expect(await messageOf(changed(packed, directory + 10, 12), [x])).toContain('it is packed by method 12 of zip');
    expect(await messageOf(changed(packed, directory + 8, 1), [x])).toContain('it is encrypted');
    expect(await messageOf(changed(packed, directory + 42, 7), [x])).toContain(
      'no entry begins where its directory says',
    );
    expect(await messageOf(changed(packed, 30, 121), [x])).toContain('another name for this entry');
    expect(await messageOf(npz(zipSync({ x: good, 'x.npy': good })), [x])).toContain('two arrays of this name');
    expect(
      await messageOf(npz(zipSync({ 'x.npy': npyOf(header('<f4', '(1, 2)'), new Uint8Array(2 ** 20)) })), [x]),
    ).toContain(`a.npz, x.npy: found ${2 ** 20 + 128} bytes, expected 136 for the shape [1, 2]`);
  });

  it('that is gzipped has a limit', async () => {
    const limits = { ...defaultLimits, archive: 2 ** 20 };
    expect(await messageOf(npz(gzipSync(new Uint8Array(2 ** 22))), [x], { limits })).toContain(
      'data-limit: a.npz: the unpacked archive would take more than 1 MiB',
    );
  });

  it('of large arrays is kept in files, and refused beyond what may be stored', async () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i);
    const source = npz(zipSync({ 'x.npy': npyOf(header('<f4', '(150000, 2)'), new Uint8Array(values.buffer)) }));
    const limits = { ...defaultLimits, memory: 2 ** 20 };
    const { train } = await loadData(source, [x], folder, { limits });
    if (train.kind === 'batches') throw new Error('expected rows');
    // Not toEqual, which takes a second for so many.
    const read = arraysIn(train).x;
    expect([read.length, values.every((value, i) => read[i] === value)]).toEqual([values.length, true]);
    const few = taker(train, 3);
    expect([...few([149_999, 0, 70_000]).x]).toEqual([299_998, 299_999, 0, 1, 140_000, 140_001]);
    expect([...few([70_001, 70_002]).x]).toEqual([140_002, 140_003, 140_004, 140_005]);
    expect(await messageOf(source, [x], { limits: { ...limits, stored: 1_199_999 } })).toContain(
      'data-limit: a.npz, x.npy: the rows would take more than 1.14 MiB',
    );
  });

  it('that unpacks to far more than data do is refused before it is unpacked', async () => {
    const limits = { ...defaultLimits, unpacked: { bytes: 2 ** 20, times: 200 } };
    const bomb = zipSync({ 'x.npy': npyOf(header('<f4', '(1000000, 2)'), new Uint8Array(8_000_000)) });
    expect(await messageOf(npz(bomb), [x], { limits })).toBe(
      'data-malformed: a.npz, x.npy: it unpacks to more than 200 times its size, as no data do but such as are made to fill a disk',
    );
    const gzipped = gzipSync(npyOf(header('<f4', '(1000000, 2)'), new Uint8Array(8_000_000)));
    expect(await messageOf(npy(gzipped), [x], { limits })).toContain('data-malformed: x.npy: it unpacks to more than');
  });
});

describe('safetensors', () => {
  const source = (text: string, data: Uint8Array): DataSource => ({
    kind: 'safetensors',
    path: file('a.safetensors', safetensorsOf(text, data)),
    fields: {},
  });
  const one = (dtype: string, data: Uint8Array, shape = '[1,2]'): DataSource =>
    source(`{"x":{"dtype":"${dtype}","shape":${shape},"data_offsets":[0,${data.length}]}}`, data);

  it.each([
    ['F16', '003c00c0', -2],
    ['BF16', '803f00c0', -2],
    ['F32', '0000803f000000c0', -2],
    ['F64', '000000000000f03f00000000000000c0', -2],
    ['I8', '01fe', -2],
    ['I16', '0100feff', -2],
    ['I32', '01000000feffffff', -2],
    ['I64', '0100000000000000feffffffffffffff', -2],
    ['U8', '0102', 2],
    ['U16', '01000200', 2],
    ['U32', '0100000002000000', 2],
    ['U64', '01000000000000000200000000000000', 2],
    ['BOOL', '0100', 0],
  ])('%s', async (dtype, bytes, second) => {
    expect(await read(one(dtype, hex(bytes)))).toEqual([1, second]);
  });

  it('of every type are read from a file that the library of Python wrote', async () => {
    const path = join(import.meta.dirname, 'safetensors/rows.safetensors');
    const fields = {
      f64: 'f64',
      f32: 'f32',
      f16: 'f16',
      bf16: 'bf16',
      label: 'i64',
      small: 'u8',
      i16: 'i16',
      even: 'bool',
    };
    const wide = ['f64', 'f32', 'f16', 'bf16'].map((name) => input(name, [4]));
    const inputs = [
      ...wide,
      input('label', [], index(3)),
      input('small', [], index(5)),
      input('i16', []),
      input('even', [], bool),
    ];
    const { rows, inputs: found } = await rowsIn({ kind: 'safetensors', path, fields }, inputs, folder);
    const exact = Float32Array.from({ length: 24 }, (_, i) => i / 3 - 2);
    expect([rows, found.f64, found.f32]).toEqual([6, exact, exact]);
    // Ten bits and seven of the fraction are kept, to the nearest and ties to even.
    const kept = (value: number, bits: number): number => {
      if (value === 0) return 0;
      const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - bits);
      const [low, part] = [Math.floor(value / unit), value / unit - Math.floor(value / unit)];
      return (part > 0.5 || (part === 0.5 && low % 2 !== 0) ? low + 1 : low) * unit;
    };
    expect(found.f16).toEqual(exact.map((_, i) => kept(i / 3 - 2, 10)));
    expect(found.bf16).toEqual(exact.map((_, i) => kept(i / 3 - 2, 7)));
    expect(found).toMatchObject({
      label: Int32Array.of(0, 1, 2, 0, 1, 2),
      small: Int32Array.of(0, 2, 4, 1, 3, 0),
      i16: Float32Array.of(-3, -2, -1, 0, 1, 2),
      even: Uint8Array.of(1, 0, 1, 0, 1, 0),
    });
  });

  it('are read past tensors that nobody maps', async () => {
    const text =
      '{"e":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[8,12]},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
    const data = Buffer.concat([f32Bytes(3, 4), new Uint8Array(4)]);
    expect(await read(source(text, data))).toEqual([3, 4]);
    expect(await messageOf({ ...source(text, data), fields: { x: 'e' } }, [input('x', [])])).toContain(
      'a.safetensors, e: tensors of F8_E4M3 are not read as data',
    );
  });

  it.each([
    [
      'a name twice',
      '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}',
      8,
    ],
    ['a hole', '{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}', 12],
    [
      'an overlap',
      '{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      8,
    ],
    ['bytes behind the last', '{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}', 9],
    ['bytes that are missing', '{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}', 7],
    ['a fraction', '{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8.5]}}', 8],
    ['null', '{"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"y":null}', 8],
    ['a shape of another length', '{"x":{"dtype":"F32","shape":[1,3],"data_offsets":[0,8]}}', 8],
    ['an unknown type', '{"x":{"dtype":"F33","shape":[1,2],"data_offsets":[0,8]}}', 8],
    ['no JSON', '{"x":', 8],
  ])('refuse %s', async (_, text, bytes) => {
    expect(await messageOf(source(text, new Uint8Array(bytes)), [x])).toMatch(/^data-malformed: a.safetensors: \S/);
    const zipped: DataSource = {
      kind: 'safetensors',
      path: file('a.gz', gzipSync(safetensorsOf(text, new Uint8Array(bytes)))),
      fields: {},
    };
    expect(await messageOf(zipped, [x])).toMatch(/^data-malformed: a.gz: \S/);
  });
});
