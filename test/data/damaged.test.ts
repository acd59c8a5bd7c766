// Damage of any kind ends in a diagnostic that names the file, or in rows; never in an exception, and soon.
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/diagnostics/diagnostic.js';
import type { DataSource, ModelInput } from '../../src/ir/model.js';
import { dataFolder, rowsIn, index, input, npyOf, safetensorsOf } from './files.js';

const { folder, file } = dataFolder();
const x = input('x', [2]);
const label = input('label', [], index(3));
const rounds = process.env.FULL === undefined ? 300 : 5000;

let state = 1;
function below(n: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}

/** The same bytes but for a cut, something put in or taken out, a stretch copied elsewhere, or other bytes. */
function damaged(bytes: Uint8Array): Uint8Array {
  const [kind, at, count] = [below(7), below(bytes.length), 1 + below(16)];
  const copy = Buffer.from(bytes);
  switch (kind) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([
        copy.subarray(0, at),
        Uint8Array.from({ length: count }, () => below(256)),
        copy.subarray(at),
      ]);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + count)]);
    case 3:
      return copy.copyWithin(below(bytes.length), at, at + count);
    case 4:
      return copy.fill([0, 255, 34, 39, 57][below(5)], at, Math.min(bytes.length, at + count));
    default:
      for (let i = 0; i < count; i += 4)
        copy[below(kind === 5 ? Math.min(130, bytes.length) : bytes.length)] = below(256);
      return copy;
  }
}

const numbers = new Uint8Array(Float32Array.of(1, 2, 3, -4.5).buffer);
const npy = npyOf("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", numbers);
const npz = zipSync({ 's.npy': npyOf("{'descr': '<U1'}", numbers), 'x.npy': npy });
const idx = Buffer.concat([Buffer.from([0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 2]), numbers]);
const csv = Buffer.from('a,"b, c",k\r\n1,2.5,0\n"3",-4e2,2\n\n 5 , .5,1\n');
const tensors = safetensorsOf(
  '{"__metadata__":{"by":"us"},"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"e":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]}}',
  Buffer.concat([numbers, new Uint8Array(2)]),
);

const archive =
  (kind: 'npz' | 'safetensors') =>
  (path: string): DataSource => ({ kind, path, fields: {} });
const array =
  (kind: 'npy' | 'idx') =>
  (path: string): DataSource => ({ kind, fields: { x: path } });
const columns = (path: string): DataSource => ({
  kind: 'csv',
  path,
  fields: { x: ['a', 'b, c'], label: 2 },
});

/** `sums`: the format has a checksum of what is read, so that damage is never taken for other numbers. */
const kinds: readonly (readonly [string, Uint8Array, (path: string) => DataSource, readonly ModelInput[], boolean])[] =
  [
    ['npy', npy, array('npy'), [x], false],
    ['npz', npz, archive('npz'), [x], true],
    ['idx', idx, array('idx'), [x], false],
    ['csv', csv, columns, [x, label], false],
    ['safetensors', tensors, archive('safetensors'), [x], false],
    ['npy.gz', gzipSync(npy), array('npy'), [x], true],
    ['csv.gz', gzipSync(csv), columns, [x, label], true],
    ['npz.gz', gzipSync(npz), archive('npz'), [x], true],
  ];

describe('damage', () => {
  it.each(kinds)('of %s', async (name, bytes, source, inputs, sums) => {
    const whole = (await rowsIn(source(file(`whole.${name}`, bytes)), inputs, folder)).inputs;
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const path = file(`damaged.${name}`, damaged(bytes));
      const begin = performance.now();
      try {
        const train = await rowsIn(source(path), inputs, folder);
        if (sums) expect(train.inputs).toEqual(whole);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        expect(error.diagnostic.message).toContain('damaged.');
        expect(error.diagnostic.message.length).toBeLessThan(500);
        refused++;
      }
      expect(performance.now() - begin).toBeLessThan(10_000);
    }
    expect(refused).toBeGreaterThan(rounds / 4);
  });
});
