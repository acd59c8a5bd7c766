// `nnc data`: writes what a model would be fed, as an archive of NumPy's arrays.
import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { BatchStream, Dataset, InputColumn, LoadedData } from '../data/dataset.js';
import type { NpzArray } from '../data/writeNpz.js';
import { counted } from '../diagnostics/quote.js';
import { constantOf } from '../ir/index.js';
import { printType } from '../ir/types.js';
import { checkWritable, readImport, readSource, writeChunks } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardError } from './output.js';
import { report } from './report.js';

interface Options extends ModelOptions {
  readonly data?: string;
  readonly output: string;
}

export function addData(program: Command): void {
  withModelOptions(program.command('data'))
    .description('write what a model would be fed: the arrays of its inputs, in the order of the source')
    .argument('<file>', 'the .nn file')
    .requiredOption('-o, --output <file>', 'the .npz archive to write, - for standard output')
    .option('--data <path>', "another file or data module in place of the model's")
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { output } = options;
  checkWritable([output]);
  const { check } = await import('../index.js');
  const { model, diagnostics } = check(readSource(file), { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  const { readData } = await import('./reading.js');
  const data = await readData(model, dirname(file), options.data);
  const { npzChunks } = await import('../data/writeNpz.js');
  const arrays = await arraysOf(data, model.train);
  writeChunks(output, npzChunks(arrays));
  for (const note of data.notes) standardError.write(`${note}\n`);
  standardError.write(`${output === '-' ? 'standard output' : output}: ${summary(data)}\n`);
}

/** Inputs by their names; those to validate and to test with, where they have a source of their own, and words, behind a dot. */
async function arraysOf(data: LoadedData, run: { readonly seed: number; readonly batch: number }): Promise<NpzArray[]> {
  const { textArray } = await import('../data/writeNpz.js');
  const found: NpzArray[] = [];
  for (const part of ['train', 'validation', 'test'] as const) {
    const given = data[part];
    if (!given) continue;
    const rows = await rowsOf(given, run);
    for (const column of rows.columns) found.push(arrayOf(part === 'train' ? '' : `${part}.`, column));
  }
  return [...found, ...Object.entries(data.words).map(([name, words]) => textArray(`${name}.words`, words))];
}

/** The rows themselves, or all batches of the first epoch. */
async function rowsOf(data: Dataset | BatchStream, { seed, batch }: { seed: number; batch: number }): Promise<Dataset> {
  if (data.kind === 'rows') return data;
  const { collected } = await import('../data/collect.js');
  return collected(data.batches({ epoch: 1, seed, batch }), data.inputs);
}

/** Bytes are made so many rows at a time. */
const portion = 2 ** 20;

function arrayOf(prefix: string, { input, column }: InputColumn): NpzArray {
  const { kind } = input.type.element;
  const rest = input.type.shape.slice(1).map(({ size }) => constantOf(size) ?? 1);
  const width = kind === 'bool' ? 1 : 4;
  const each = Math.max(1, Math.floor(portion / Math.max(1, width * column.length)));
  return {
    name: `${prefix}${input.name}`,
    type: kind === 'bool' ? '|b1' : kind === 'index' ? '<i4' : '<f4',
    shape: [column.rows, ...rest],
    bytes: width * column.rows * column.length,
    *chunks() {
      const count = each * column.length;
      const values =
        kind === 'bool' ? new Uint8Array(count) : kind === 'index' ? new Int32Array(count) : new Float32Array(count);
      for (let start = 0; start < column.rows; start += each) {
        const rows = Math.min(each, column.rows - start);
        for (let i = 0; i < rows; i++) column.copy(start + i, values, i * column.length);
        yield new Uint8Array(values.buffer, 0, width * rows * column.length);
      }
    },
  };
}

/** `150 rows of x: [batch, 4], species: index(3)[batch]` */
function summary({ train, validation, test }: LoadedData): string {
  const inputs = train.kind === 'rows' ? train.columns.map(({ input }) => input) : train.inputs;
  const told = inputs.map(({ name, type }) => `${name}: ${printType(type)}`).join(', ');
  const of = (data: Dataset | BatchStream): string =>
    data.kind === 'rows' ? counted(data.rows, 'row') : 'an epoch of batches';
  const more = [
    ...(validation ? [`${of(validation)} to validate with`] : []),
    ...(test ? [`${of(test)} to test with`] : []),
  ];
  return [`${of(train)} of ${told}`, ...more].join('; ');
}
