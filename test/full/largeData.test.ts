// Data that are larger than the memory: a csv file and an archive of 5 GB train in less than 1 GB, and reading csv is no slower than a library.
import { spawn } from 'node:child_process';
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse';
import { afterAll, describe, expect, it } from 'vitest';
import { loadData } from '../../src/data/load.js';
import { npzChunks, type NpzArray } from '../../src/data/writeNpz.js';
import { index, input } from '../data/files.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-large-'));
afterAll(() => rmSync(folder, { recursive: true }));
const gigabyte = 1e9;

/** Lines of 19 numbers and a class. */
function lines(count: number): Buffer {
  let state = 1;
  const draw = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const row = (): string =>
    [...Array.from({ length: 19 }, () => (10 * draw() - 5).toFixed(4)), Math.floor(10 * draw())].join(',');
  return Buffer.from(`${Array.from({ length: count }, row).join('\n')}\n`);
}

function writeAll(name: string, chunks: Iterable<Uint8Array>): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  for (const chunk of chunks) for (let at = 0; at < chunk.length;) at += writeSync(file, chunk, at);
  closeSync(file);
  return path;
}

/** Trains for an epoch; the most memory that the process has had, in bytes, and what it printed. */
async function trained(data: string, width: number): Promise<{ peak: number; stdout: string; status: number | null }> {
  const text = `model m {
  input x: [batch, ${width}]
  input y: index(10)[batch]
  logits = x |> dense(10)
  output logits
  loss = cross_entropy(logits, y)
  train { optimizer = sgd(lr = 0.01), batch = 1024, validation = 0.01, data = ${data} }
}`;
  writeAll('m.nn', [Buffer.from(text)]);
  const args = [join(import.meta.dirname, '../../bin/nnc.js'), 'train', 'm.nn', '--out', 'run', '--force'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let [peak, stdout] = [0, ''];
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  const look = setInterval(() => {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
    peak = Math.max(peak, 1024 * Number(found?.[1] ?? 0));
  }, 200);
  const status = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearInterval(look);
  return { peak, stdout, status };
}

describe('5 GB', () => {
  it('of csv train in less than 1 GB', async () => {
    const block = lines(250_000);
    const count = Math.ceil((5 * gigabyte) / block.length);
    const path = writeAll('rows.csv', repeated(block, count));
    expect(statSync(path).size).toBeGreaterThan(5 * gigabyte);
    const { peak, stdout, status } = await trained('csv("rows.csv", x = 0..18, y = 19)', 19);
    expect(status).toBe(0);
    expect(stdout).toMatch(/epoch 1\/1 {2}loss \d/);
    expect(peak).toBeGreaterThan(0.1 * gigabyte);
    expect(peak).toBeLessThan(gigabyte);
    rmSync(path);
  }, 3_600_000);

  it.each([false, true])(
    'of npz, column by column: %j, train in less than 1 GB',
    async (columnMajor) => {
      const rows = 1_600_000;
      const values = new Uint8Array(Float32Array.from({ length: 784 * 1000 }, (_, i) => (i % 251) / 251).buffer);
      const x: NpzArray = {
        name: 'x',
        type: '<f4',
        shape: [rows, 784],
        bytes: 4 * rows * 784,
        chunks: () => repeated(values, rows / 1000),
      };
      const classes = new Uint8Array(Int32Array.from({ length: rows }, (_, i) => i % 10).buffer);
      const y: NpzArray = { name: 'y', type: '<i4', shape: [rows], bytes: 4 * rows, chunks: () => [classes] };
      // Which way the numbers lie is all that differs: repeated ones need no other order.
      const chunks = npzChunks([{ ...x, columnMajor }, y]);
      const path = writeAll('data.npz', chunks);
      expect(statSync(path).size).toBeGreaterThan(5 * gigabyte);
      const { peak, stdout, status } = await trained('npz("data.npz")', 784);
      expect(status).toBe(0);
      expect(stdout).toMatch(/epoch 1\/1 {2}loss \d/);
      expect(peak).toBeLessThan(gigabyte);
      rmSync(path);
    },
    3_600_000,
  );
});

describe('a million rows of csv', () => {
  it('are read at 0.8 of the rate at which csv-parse reads and converts them, or faster', async () => {
    const path = writeAll('million.csv', repeated(lines(250_000), 4));
    const inputs = [input('x', [19]), input('y', [], index(10))];
    const source = { kind: 'csv' as const, path, fields: { x: { from: 0, to: 18 }, y: 19 } };
    let begin = performance.now();
    const { train } = await loadData(source, inputs, folder);
    const ours = performance.now() - begin;
    begin = performance.now();
    const values: number[] = [];
    for await (const row of createReadStream(path).pipe(parse()))
      for (const cell of row as string[]) values.push(Number(cell));
    const theirs = performance.now() - begin;
    expect(train.kind === 'rows' && train.rows).toBe(values.length / 20);
    expect(theirs / ours).toBeGreaterThan(0.8);
  }, 600_000);
});

function* repeated(block: Uint8Array, count: number): Generator<Uint8Array, void, undefined> {
  for (let i = 0; i < count; i++) yield block;
}
