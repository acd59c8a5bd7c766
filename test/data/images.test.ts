// Images: PNG and JPEG of every form, classes by folder, channels, sizes, and what is said where they do not fit.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { encode as encodePng, type ImageData } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { loadData } from '../../src/data/load.js';
import { planesOf, resized } from '../../src/data/pixels.js';
import type { DataSource } from '../../src/ir/model.js';
import { allOf, dataFolder, index, input, rowsIn } from './files.js';

const { folder, messageOf } = dataFolder();
let count = 0;

/** A folder of files by path; returns its name. */
function tree(files: Readonly<Record<string, Uint8Array | string>>): string {
  const name = `images${count++}`;
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, path, '..'), { recursive: true });
    writeFileSync(join(folder, name, path), content);
  }
  return name;
}

const images = (path: string, fields: DataSource['fields'] = { image: 'pixels', label: 'folder' }): DataSource => ({
  kind: 'images',
  path,
  fields,
});

const grey = (values: readonly number[], width: number): Uint8Array =>
  encodePng({ width, height: values.length / width, data: Uint8Array.from(values), channels: 1, depth: 8 });
const png = (data: Partial<ImageData> & Pick<ImageData, 'data' | 'width' | 'height'>): Uint8Array => encodePng(data);

const image = input('image', [2, 2]);
const label = input('label', [], index(2));

describe('folders', () => {
  it('are classes in code-point order, and their files are rows in that order', async () => {
    const path = tree({
      'dog/2.png': grey([9, 9, 9, 9], 2),
      'dog/10.png': grey([5, 6, 7, 8], 2),
      'cat/a.PNG': grey([1, 2, 3, 255], 2),
      'cat/.hidden.png': 'no image',
      'cat/notes.txt': 'no image',
      'README.md': 'no image',
    });
    const { train, words } = await loadData(images(path), [image, label], folder);
    expect(allOf(train)).toEqual({
      rows: 3,
      inputs: {
        image: new Float32Array([1, 2, 3, 255, 5, 6, 7, 8, 9, 9, 9, 9]),
        label: new Int32Array([0, 1, 1]),
      },
    });
    expect(words).toEqual({ label: ['cat', 'dog'] });
    const classes = await loadData(
      images(path, { ...images(path).fields, classes: ['dog', 'cat'] }),
      [image, label],
      folder,
    );
    expect([...allOf(classes.train).inputs.label]).toEqual([1, 0, 0]);
    const few = tree({ 'dog/1.png': grey([4, 4, 4, 4], 2) });
    const known = await rowsIn(images(few), [image, label], folder, { words: { label: ['cat', 'dog'] } });
    expect([...known.inputs.label]).toEqual([1]);
  });

  it('are one where no input asks for the class', async () => {
    const path = tree({
      'b.png': grey([2, 2, 2, 2], 2),
      'a.png': grey([1, 1, 1, 1], 2),
      'c/a.png': grey([3, 3, 3, 3], 2),
    });
    const { inputs } = await rowsIn(images(path, { image: 'pixels' }), [image], folder);
    expect([...inputs.image]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
  });

  it('fit the classes', async () => {
    const one = grey([1, 2, 3, 4], 2);
    const three = tree({ 'a/1.png': one, 'b/1.png': one, 'c/1.png': one });
    expect(await messageOf(images(three), [image, label])).toBe(
      `data-classes: ${three}: found "c", one word more than the 2 classes of label: index(2)[batch]\nbefore it stand "a", "b"\ngive the input as many classes as there are words, index(N)`,
    );
    expect(await messageOf(images(tree({ 'a/1.png': one })), [image, label])).toContain('found 1 word, expected 2');
    expect(await messageOf(images(tree({ '1.png': one })), [image, label])).toContain('found no folder in it');
    expect(await messageOf(images('none'), [image, label])).toContain(
      'data-unreadable: the data file none cannot be read',
    );
    expect(await messageOf(images(tree({ 'a/b/1.png': one, 'c/1.png': one })), [image, label])).toContain(
      'it is a folder, and the images of a class stand in the folder of the class',
    );
    const loop = tree({ 'a/1.png': one, 'b/1.png': one });
    symlinkSync('loop', join(folder, loop, 'loop'));
    expect(await messageOf(images(loop), [image, label])).toContain('its symbolic links lead in a circle');
    expect(await messageOf(images(tree({ 'a/1.gif': one, 'b/1.png': one })), [image, label])).toContain(
      'a/1.gif: only PNG and JPEG files are read as images',
    );
  });
});

describe('pixels', () => {
  const read = async (file: Uint8Array, shape: readonly number[]): Promise<number[]> => {
    const path = tree({ 'a.png': file });
    return [...(await rowsIn(images(path, { image: 'pixels' }), [input('image', shape)], folder)).inputs.image];
  };
  const rgb = { width: 2, height: 1, channels: 3, data: Uint8Array.of(10, 20, 30, 200, 100, 0) };

  it('have the channels of the input', async () => {
    expect(await read(png(rgb), [3, 1, 2])).toEqual([10, 200, 20, 100, 30, 0]);
    expect(await read(png(rgb), [6])).toEqual([10, 200, 20, 100, 30, 0]);
    expect(await read(png(rgb), [1, 2])).toEqual([18, 119]);
    expect(await read(png(rgb), [4, 1, 2])).toEqual([10, 200, 20, 100, 30, 0, 255, 255]);
    expect(await read(grey([7, 8], 2), [3, 1, 2])).toEqual([7, 8, 7, 8, 7, 8]);
    const alpha = { width: 1, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 4) };
    expect(await read(png(alpha), [4, 1, 1])).toEqual([1, 2, 3, 4]);
    expect(await read(png(alpha), [3, 1, 1])).toEqual([1, 2, 3]);
    const greyAlpha = { width: 1, height: 1, channels: 2, data: Uint8Array.of(9, 5) };
    expect(await read(png(greyAlpha), [4, 1, 1])).toEqual([9, 9, 9, 5]);
  });

  it('of 16 bits are from 0 to 255 too', async () => {
    const deep = png({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(257, 65_535) });
    expect(await read(deep, [1, 2])).toEqual([1, 255]);
    const path = tree({ 'a.png': grey([1, 2], 2), 'b.png': deep });
    expect(await messageOf(images(path, { image: 'pixels' }), [input('image', [1, 2])])).toContain(
      'b.png: it has 16 bits a sample, and the images before it have 8',
    );
  });

  it('may be few bits, or places of a palette', async () => {
    // A line of five pixels: a byte for the filter, then the bits.
    expect(await read(rawPng(5, 1, 1, 0, [0, 0b10110_000]), [1, 5])).toEqual([255, 0, 255, 255, 0]);
    expect(await read(rawPng(3, 1, 2, 0, [0, 0b00011011]), [1, 3])).toEqual([0, 85, 170]);
    expect(await read(rawPng(3, 1, 4, 3, [0, 0x01, 0x20], [1, 2, 3, 4, 5, 6, 7, 8, 9]), [3, 1, 3])).toEqual([
      1, 4, 7, 2, 5, 8, 3, 6, 9,
    ]);
  });

  it('of JPEG files are near what was encoded', async () => {
    const data = Uint8Array.from({ length: 16 * 16 * 4 }, (_, i) => (i % 4 === 3 ? 255 : [200, 100, 50][i % 4]));
    const { data: bytes } = encodeJpeg({ width: 16, height: 16, data }, 95);
    const path = tree({ 'a.jpg': bytes });
    const { inputs } = await rowsIn(images(path, { image: 'pixels' }), [input('image', [3, 16, 16])], folder);
    [200, 100, 50].forEach((value, c) => {
      for (const found of inputs.image.subarray(c * 256, (c + 1) * 256))
        expect(Math.abs(found - value)).toBeLessThan(4);
    });
    expect(
      await messageOf(images(tree({ 'a.jpg': bytes.subarray(0, 300) }), { image: 'pixels' }), [
        input('image', [3, 16, 16]),
      ]),
    ).toContain('a.jpg: the JPEG data is damaged');
  });

  it('have one size, or are given one', async () => {
    const path = tree({ 'a.png': grey([1, 2, 3, 4], 2), 'b.png': grey([1, 2, 3, 4, 5, 6], 3) });
    expect(await messageOf(images(path, { image: 'pixels' }), [image])).toBe(
      `data-malformed: ${path}/b.png: found 2 by 3 pixels, expected 2 by 2 for image: [batch, 2, 2]; \`resize = 2\` makes images so`,
    );
    const { inputs } = await rowsIn(images(path, { image: 'pixels', resize: 2 }), [image], folder);
    expect([...inputs.image.subarray(0, 4)]).toEqual([1, 2, 3, 4]);
    expect(await messageOf(images(path, { image: 'pixels', resize: 3 }), [image])).toContain(
      'resize should be 2 by 2, which image: [batch, 2, 2] has',
    );
    expect(await messageOf(images(path, { image: 'pixels' }), [input('image', [5])])).toContain(
      'a.png: an image of 2 by 2 does not fit image: [batch, 5]',
    );
  });
});

describe('what does not fit', () => {
  const whole = grey([1, 2, 3, 4], 2);
  it.each([
    ['nothing', new Uint8Array(0), 'it is neither a PNG nor a JPEG file'],
    ['another file', Buffer.from('GIF89a'), 'it is neither a PNG nor a JPEG file'],
    ['a cut file', whole.subarray(0, whole.length - 20), 'the PNG file is cut short'],
    ['too few lines', rawPng(2, 2, 8, 0, [0, 1, 2]), 'its pixels are more or fewer than its header says'],
    ['far more pixels than it says', rawPng(2, 2, 8, 0, new Uint8Array(2 ** 22)), 'its pixels are more or fewer'],
    ['a giant', rawPng(100_000, 100_000, 8, 0, [0]), 'it has more than 67108864 pixels, the most that are read'],
    [
      'a colour beyond the palette',
      rawPng(1, 1, 8, 3, [0, 9], [1, 2, 3]),
      'a pixel has a colour that is not in its palette',
    ],
  ])('%s', async (_, bytes, expected) => {
    const message = await messageOf(images(tree({ 'a.png': bytes }), { image: 'pixels' }), [image]);
    expect(message).toMatch(/^data-malformed: images\d+\/a.png: /);
    expect(message).toContain(expected);
  });

  it('is the wrong kind of input', async () => {
    const path = tree({ 'a.png': whole });
    expect(await messageOf(images(path, { image: 'pixel' }), [image])).toContain('image should be pixels');
    expect(await messageOf(images(path, { label: 'pixels' }), [label])).toContain(
      'label should be fed to an input of f32',
    );
    expect(await messageOf(images(path, { image: 'folder' }), [image])).toContain('image should be fed to an index');
  });

  it('is any damaged byte: it is told, or it shows in other pixels', async () => {
    let state = 3;
    for (let round = 0; round < 150; round++) {
      const copy = Uint8Array.from(whole);
      copy[(state = (Math.imul(state, 1103515245) + 12345) >>> 0) % copy.length] ^= 1 + (state >>> 25);
      const message = await messageOf(images(tree({ 'a.png': copy }), { image: 'pixels' }), [image]);
      expect(message).toMatch(/^(no message$|data-malformed: images\d+\/a.png: )/);
    }
  });
});

describe('resized', () => {
  // Numbers of PyTorch's interpolate(mode = "bilinear", antialias = True): test/reference/resize.py.
  const reference = JSON.parse(
    readFileSync(join(import.meta.dirname, '../reference/resize.json'), 'utf8'),
  ) as readonly {
    readonly from: readonly [number, number, number];
    readonly values: readonly number[];
    readonly to: readonly [number, number];
    readonly expected: readonly number[];
  }[];

  it.each(reference)('$from to $to', ({ from: [channels, height, width], values, to, expected }) => {
    const planes = { channels, height, width, values: Float32Array.from(values) };
    const found = resized(planes, ...to).values;
    expect(found.length).toBe(expected.length);
    expected.forEach((value, i) => expect(Math.abs(found[i] - value)).toBeLessThan(1e-3));
  });

  it('makes grey of colours by their luma', () => {
    const samples = { width: 1, height: 1, channels: 3 as const, values: Uint8Array.of(255, 0, 0), most: 255 };
    expect([...planesOf(samples, 1).values]).toEqual([76]);
  });
});

/** A PNG file of raw lines. */
function rawPng(
  width: number,
  height: number,
  depth: number,
  colour: number,
  lines: ArrayLike<number>,
  palette?: readonly number[],
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, 0], 8);
  const chunks: [string, Uint8Array][] = [
    ['IHDR', header],
    ...(palette ? [['PLTE', Uint8Array.from(palette)] as [string, Uint8Array]] : []),
    ['IDAT', deflateSync(Uint8Array.from(lines))],
    ['IEND', new Uint8Array(0)],
  ];
  const parts = chunks.map(([type, data]) => {
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUInt32BE(data.length, 0);
    chunk.write(type, 4, 'latin1');
    chunk.set(data, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
    return chunk;
  });
  return Buffer.concat([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), ...parts]);
}
