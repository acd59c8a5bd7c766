// Data files for tests of the readers, and what is said about them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { arraysIn, type BatchStream, type Dataset, type InputArrays } from '../../src/data/dataset.js';
import { loadData, type LoadOptions } from '../../src/data/load.js';
import { Fault } from '../../src/diagnostics/diagnostic.js';
import { constant, size } from '../../src/ir/index.js';
import type { DataSource, ModelInput } from '../../src/ir/model.js';
import { dim, f32, tensor, type ElementType } from '../../src/ir/types.js';

const batch = dim(size('batch'), 'batch');

/** An input of rows of this shape. */
export function input(name: string, shape: readonly number[], element: ElementType = f32): ModelInput {
  return { name, type: tensor([batch, ...shape.map((n) => dim(constant(n)))], element) };
}

export function index(classes: number): ElementType {
  return { kind: 'index', size: constant(classes) };
}

interface DataFolder {
  readonly folder: string;
  /** Writes a file; returns its name. */
  file(name: string, content: string | Uint8Array): string;
  /** The diagnostic of a source that cannot be read, as text. Any other exception is thrown. */
  messageOf(source: DataSource, inputs: readonly ModelInput[], options?: LoadOptions): Promise<string>;
}

/** A folder that is removed after the tests. */
export function dataFolder(): DataFolder {
  const folder = mkdtempSync(join(tmpdir(), 'nnc-data-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    folder,
    file(name, content) {
      writeFileSync(join(folder, name), content);
      return name;
    },
    async messageOf(source, inputs, options) {
      try {
        await loadData(source, inputs, folder, options);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        const { code, message, notes = [], help } = error.diagnostic;
        return [`${code}: ${message}`, ...notes, ...(help === undefined ? [] : [help])].join('\n');
      }
      return 'no message';
    },
  };
}

/** The rows of a source, all of them in arrays. */
export async function rowsIn(...given: Parameters<typeof loadData>): Promise<{ rows: number; inputs: InputArrays }> {
  return allOf((await loadData(...given)).train);
}

/** All rows of a data set in arrays. */
export function allOf(data: Dataset | BatchStream): { rows: number; inputs: InputArrays } {
  if (data.kind === 'batches') throw new Error('expected rows');
  return { rows: data.rows, inputs: arraysIn(data) };
}

/** A .npy file of a header and data. */
export function npyOf(header: string, data: Uint8Array, version = 1): Uint8Array {
  const padded = Buffer.from(header.padEnd(117) + '\n', 'latin1');
  const width = version === 1 ? 2 : 4;
  const start = Buffer.alloc(8 + width);
  start.set([0x93, ...new TextEncoder().encode('NUMPY'), version, 0]);
  start.writeUIntLE(padded.length, 8, width);
  return Buffer.concat([start, padded, data]);
}

/** A safetensors file of a header's text and data. */
export function safetensorsOf(header: string, data: Uint8Array): Uint8Array {
  const text = Buffer.from(header);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([start, text, data]);
}
