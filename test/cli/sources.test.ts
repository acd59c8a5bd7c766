// The same rows in the same order from every source: the same losses and the same weights, to the bit.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { unzipSync } from 'fflate';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadData } from '../../src/data/load.js';
import { arraysIn } from '../../src/data/dataset.js';
import { index, input } from '../data/files.js';
import { nnc, warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);

/** Images of 4 by 4, class by class: folders have no other order. */
const [rows, pixels, kinds] = [60, 16, ['a', 'b', 'c']] as const;
const image = Array.from({ length: rows }, (_, row) =>
  Array.from({ length: pixels }, (_, i) => (row * 31 + i * 17 + ((row * i) % 13) * 9) % 256),
);
const label = Array.from({ length: rows }, (_, row) => Math.floor((row * kinds.length) / rows));

const model = (data: string, more = ''): string => `model m {
  input image: [batch, ${pixels}]
  input label: index(3)[batch]
  logits = image / 255 |> dense(3)
  output logits
  loss = cross_entropy(logits, label)
  metric accuracy = mean(argmax(logits) == label)
  train { optimizer = adam(lr = 1e-2), batch = 8, epochs = 3, seed = 5, validation = 0.2, test = 0.1${more}
    data = ${data}
  }
}
`;

/** Of the numbers: what stands before them names the model's source. */
function hashOf(name: string): string {
  const bytes = readFileSync(join(folder, name));
  return createHash('sha256')
    .update(bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))))
    .digest('hex');
}

/** What a run ends with: every number of its metrics but times, and its weights. */
function trained(data: string, more?: string): string {
  write('m.nn', model(data, more));
  const { status, stdout, stderr } = warm(['train', 'm.nn', '--out', 'run', '--force'], { cwd: folder });
  expect([status, stderr]).toEqual([0, '']);
  const metrics = readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8').replace(/"seconds":[^,]*/g, '');
  const weights = hashOf('run/last.safetensors');
  const tested = stdout.split('\n').filter((line) => line.startsWith('test on'));
  expect(tested.length).toBe(1);
  return [metrics, weights, ...tested].join('\n');
}

beforeAll(() => {
  write('rows.csv', image.map((values, row) => `${[...values, label[row]].join(',')}\n`).join(''));
  write(
    'words.csv',
    `${image
      .map((_, i) => `p${i}`)
      .slice(0, pixels)
      .join(
        ';',
      )};kind\r\n${image.map((values, row) => `${[...values, `"${kinds[label[row]]}"`].join(';')}\r\n`).join('')}`,
  );
  const idx = (sizes: readonly number[], values: readonly number[]): Uint8Array => {
    const header = Buffer.alloc(4 + 4 * sizes.length);
    header.set([0, 0, 8, sizes.length]);
    sizes.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
    return Buffer.concat([header, Uint8Array.from(values)]);
  };
  write('images.idx.gz', gzipSync(idx([rows, 4, 4], image.flat())));
  write('labels.idx', idx([rows], label));
  const columnData = [
    ...Array.from({ length: pixels }, (_, i) => ({
      name: `p${i}`,
      data: image.map((values) => values[i]),
      type: 'INT32' as const,
    })),
    { name: 'kind', data: label.map((n) => kinds[n]), type: 'STRING' as const },
  ];
  write('rows.parquet', new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 25 })));
  image.forEach((values, row) => {
    mkdirSync(join(folder, 'pictures', kinds[label[row]]), { recursive: true });
    const png = encode({ width: 4, height: 4, channels: 1, data: Uint8Array.from(values) });
    write(`pictures/${kinds[label[row]]}/${String(row).padStart(3, '0')}.png`, png);
  });
  write(
    'data.mjs',
    `export const train = { image: Uint8Array.from(${JSON.stringify(image.flat())}), label: ${JSON.stringify(label)} };`,
  );
});

describe('a run', () => {
  let expected: string;
  beforeAll(() => {
    expected = trained('csv("rows.csv", image = 0..15, label = 16)');
  });

  it.each([
    ['words', 'csv("words.csv", image = 0..15, label = "kind")'],
    ['parquet', 'parquet("rows.parquet", image = 0..15, label = "kind")'],
    ['IDX', 'idx(image = "images.idx.gz", label = "labels.idx")'],
    ['images', 'images("pictures", image = pixels, label = folder)'],
    ['a module', 'module("data.mjs")'],
  ])('on %s ends with the same bits', (_, data) => {
    expect(trained(data)).toBe(expected);
  });

  it('on what nnc data writes ends with the same bits, and the archive has the words', async () => {
    write('m.nn', model('csv("words.csv", image = 0..15, label = "kind")'));
    const { status, stderr } = warm(['data', 'm.nn', '-o', 'data.npz'], { cwd: folder });
    expect([status, stderr]).toEqual([0, 'data.npz: 60 rows of image: [batch, 16], label: index(3)[batch]\n']);
    expect(trained('npz("data.npz")')).toBe(expected);
    const entries = unzipSync(readFileSync(join(folder, 'data.npz')));
    expect(Object.keys(entries)).toEqual(['image.npy', 'label.npy', 'label.words.npy']);
    const words = entries['label.words.npy'];
    expect(Buffer.from(words).toString('latin1', 10, 60)).toContain(
      "{'descr': '<U1', 'fortran_order': False, 'shape': (3,), }".slice(0, 50),
    );
    expect([...words.subarray(-12)]).toEqual([97, 0, 0, 0, 98, 0, 0, 0, 99, 0, 0, 0]);
    // To a pipe it writes the same bytes.
    const source = { kind: 'npz' as const, path: 'piped.npz', fields: {} };
    expect(nnc(['data', 'm.nn', '-o', '-'], { cwd: folder, stdout: join(folder, 'piped.npz') }).status).toBe(0);
    const { train } = await loadData(source, [input('image', [16]), input('label', [], index(3))], folder);
    expect(train.kind === 'rows' && [...arraysIn(train).label]).toEqual(label);
  });

  it('on sources of their own validates and tests with these, whose words mean what they mean in the other', () => {
    write('later.csv', 'p,kind\n1,c\n2,b\n');
    const one = (data: string): string =>
      model(data)
        .replace(`[batch, ${pixels}]`, '[batch]')
        .replace('image / 255', 'reshape(image, [batch, 1])')
        .replace(
          'validation = 0.2, test = 0.1',
          'validation = csv("later.csv", image = 0, label = 1)\n    test = csv("later.csv", image = 0, label = 1)',
        );
    write('m.nn', one('csv("words.csv", image = "p0", label = "kind")'));
    const { stdout, stderr } = warm(['train', 'm.nn', '--out', 'run', '--force'], { cwd: folder });
    // What is fed as it is, in hundreds, is warned of, and of nothing else.
    expect(stderr.match(/^\w+\[.*/gm)).toEqual([
      expect.stringMatching(/^warning\[unscaled-features\]: image is of the size 140,/),
    ]);
    expect(stdout).toMatch(/60 rows to train on/);
    expect(stdout).toMatch(/\ntest on 2 rows: loss /);
    const lines = readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8').trim().split('\n');
    const { validation } = JSON.parse(lines[2]) as { validation: { loss: number } };
    expect(stdout).toContain(`test on 2 rows: loss ${validation.loss.toFixed(4)}`);
    warm(['data', 'm.nn', '-o', 'all.npz'], { cwd: folder });
    expect(Object.keys(unzipSync(readFileSync(join(folder, 'all.npz'))))).toEqual([
      'image.npy',
      'label.npy',
      'validation.image.npy',
      'validation.label.npy',
      'test.image.npy',
      'test.label.npy',
      'label.words.npy',
    ]);
  });
});

describe('batches of a module', () => {
  it('train as rows in the same order do', () => {
    const expected = trained('csv("rows.csv", image = 0..15, label = 16)', '\n    shuffle = false');
    write(
      'batches.mjs',
      `import { train as rows } from './data.mjs';
const part = (from, to) => ({ image: rows.image.subarray(16 * from, 16 * to), label: rows.label.slice(from, to) });
export async function* train({ batch }) {
  for (let i = 0; i < 42; i += batch) yield part(i, Math.min(42, i + batch));
}
export const validation = () => [part(42, 50), part(50, 54)];
export const test = part(54, 60);
`,
    );
    write('m.nn', model('module("batches.mjs")').replace(' validation = 0.2, test = 0.1', ''));
    const { status, stdout, stderr } = warm(['train', 'm.nn', '--out', 'run', '--force'], { cwd: folder });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('batches to train on');
    const metrics = readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8').replace(/"seconds":[^,]*/g, '');
    const weights = hashOf('run/last.safetensors');
    expect(expected.startsWith(`${metrics}\n${weights}`)).toBe(true);
  });

  it.each([
    ['throws', 'throw new Error("no disk")', /data-module\]: the data module b0.mjs fails in train: no disk/],
    [
      'yields what does not fit',
      'yield { image: [1], label: [0] }',
      /data-shape\]: b1.mjs, train, batch 0.image: an array of 1 numbers does not fit/,
    ],
    ['yields nothing', 'return', /data-empty\]: b2.mjs, train holds no rows/],
  ])('are told where a module %s', (name, code, expected) => {
    const file = `b${['throws', 'yields what does not fit', 'yields nothing'].indexOf(name)}.mjs`;
    write(file, `export function* train() { ${code}; }`);
    write('m.nn', model(`module("${file}")`).replace(' validation = 0.2, test = 0.1', ''));
    const { status, stderr } = warm(['train', 'm.nn', '--out', 'run', '--force'], { cwd: folder });
    expect(stderr).toMatch(expected);
    expect(status).toBe(1);
  });
});
