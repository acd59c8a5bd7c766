// `nnc predict`: what a trained model gives for data, as a table, as lines of JSON, or as arrays.
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { InputArray, InputArrays, Words } from '../data/dataset.js';
import { npzChunks, type NpzArray } from '../data/writeNpz.js';
import { outputRows, outputsAbsent } from '../diagnostics/runs.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { constantOf } from '../ir/index.js';
import type { DataSource, ModelInput } from '../ir/model.js';
import type { TrainerProgram } from '../ir/program.js';
import { sizeIn } from '../ir/toldSizes.js';
import { printType } from '../ir/types.js';
import { feed } from './feed.js';
import { checkWritable, writeChunks, writeFiles } from './files.js';
import { seedNumber, wholeNumber, withModelOptions, withTargetOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { quoted } from './runs/metrics.js';
import { shortestSingle } from './runs/shortest.js';
import { readSourceColumns, type SourceColumns } from './runs/sourceColumns.js';
import { openTrained, withTrainedOptions, type Trained, type TrainedOptions } from './runs/trained.js';
import { sourceOf } from './source.js';
import { unlessRefused } from './trainer.js';

interface Options extends TrainedOptions {
  readonly output?: string;
  readonly json?: boolean;
  readonly seed?: number;
}

export function addPredict(program: Command): void {
  const command = withTrainedOptions(program.command('predict'));
  withTargetOptions(withModelOptions(command), "the run's, else wasm where it works")
    .description('the outputs of a trained model for each row of data')
    .option('--data <path>', "data in place of the model's; only inputs that the outputs need must be there")
    .option('-o, --output <file>', 'a .csv or .npz file (default: csv on standard output)')
    .option('--batch <n>', 'rows at once', wholeNumber(1))
    .option('--seed <n>', 'seed of what outputs draw', seedNumber)
    .option('--json', 'print a line of JSON for each row')
    .action(run);
}

/** An output with a row for each row of the data. */
interface Column {
  readonly name: string;
  /** Numbers in a row. */
  readonly length: number;
  readonly shape: readonly number[];
  readonly kind: 'f32' | 'index' | 'bool';
  /** Of an index: its words. Of several numbers: what they are called. */
  readonly words?: readonly string[];
  readonly values: InputArray[];
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  const { output, json } = options;
  const format = formatOf(options, command);
  if (output !== undefined) checkWritable([output]);
  const trained = await openTrained(path, options, command);
  if (!trained) {
    process.exitCode = 1;
    return;
  }
  const { prepared, trainer } = trained;
  try {
    if (prepared.program.outputs.length === 0) throw new Fault(outputsAbsent({ model: prepared.model.name }));
    const { columns, beside, rows } = await unlessRefused(prepared.model, () => predicted(trained, options));
    if (format === 'npz') {
      writeChunks(output ?? '-', npzChunks(columns.map((column) => arrayOf(column, rows))));
      return;
    }
    const parts = json ? jsonLines(columns, rows) : csvLines(columns, beside, rows);
    if (output === undefined || output === '-') for (const part of parts) standardOutput.write(part);
    else writeFiles([{ path: output, content: [...parts].join('') }]);
  } finally {
    trainer.dispose();
  }
}

function formatOf({ output, json }: Options, command: Command): 'csv' | 'npz' | 'json' {
  if (output === undefined || output === '-') return json ? 'json' : 'csv';
  if (json) command.error('error: --json prints on standard output: leave -o out');
  const extension = extname(output).toLowerCase();
  if (extension === '.csv') return 'csv';
  if (extension === '.npz') return 'npz';
  return command.error(`error: -o ${output}: its extension should be .csv or .npz`);
}

/** The outputs for all rows of the data. */
async function predicted(trained: Trained, { data: given, seed }: Options) {
  const { prepared, trainer, words, folder, batch } = trained;
  const { model, program } = prepared;
  const needed = model.inputs.filter(({ name }) => program.inputs.some((i) => i.name === name && i.forOutputs));
  const source = withoutOthers(sourceOf(model, given ?? trained.given), model.inputs, needed);
  const { loadData } = await import('../data/load.js');
  const loaded = await loadData(source, model.inputs, folder, { needed, words });
  const whole = { ...model, train: { ...model.train, validation: 0, test: 0, shuffle: false } };
  const columns = columnsOf(program, words);
  let rows = 0;
  for await (const { inputs, rows: count } of feed(loaded, whole, { seed: trained.seed, batch }).train.batches.of(
    1,
    0,
  )) {
    const own = Object.fromEntries(needed.map(({ name }) => [name, (inputs as InputArrays)[name]]));
    const outputs = await trainer.predict(own, seed === undefined ? {} : { seed });
    for (const { name, length, values } of columns) values.push(outputs[name].slice(0, count * length));
    rows += count;
  }
  const beside = await readSourceColumns(source, needed, folder, words);
  return { columns, rows, ...(beside && beside.rows.length === rows && { beside }) };
}

/** A source as it feeds some of the inputs. */
function withoutOthers(source: DataSource, inputs: readonly ModelInput[], needed: readonly ModelInput[]): DataSource {
  const others = inputs.filter((input) => !needed.includes(input)).map(({ name }) => name);
  const fields = Object.entries(source.fields).filter(([name]) => !others.includes(name));
  return { ...source, fields: Object.fromEntries(fields) };
}

function columnsOf({ outputs, model }: TrainerProgram, words: Words): readonly Column[] {
  return outputs.map(({ name, type }): Column => {
    const [first, ...rest] = type.shape;
    const shape = rest.map((d) => constantOf(d.size) ?? NaN);
    const length = shape.reduce((product, n) => product * n, 1);
    if (first === undefined || sizeIn(first.size) === undefined || Number.isNaN(length))
      throw new Fault(outputRows({ output: name, type: printType(type) }));
    const { element } = type;
    const classes = element.kind === 'index' ? constantOf(element.size) : shape.length === 1 ? length : undefined;
    const known = classes !== undefined && element.kind !== 'bool' ? wordsFor(model.inputs, words, classes) : undefined;
    const kind = element.kind;
    return { name, length, shape, kind, values: [], ...(known && { words: known }) };
  });
}

/** The words of the one input that has words for so many classes. */
function wordsFor(inputs: readonly ModelInput[], words: Words, classes: number): readonly string[] | undefined {
  const mapped = inputs.filter(({ name }) => Object.hasOwn(words, name) && words[name].length === classes);
  return mapped.length === 1 ? words[mapped[0].name] : undefined;
}

function joined(parts: readonly InputArray[]): InputArray {
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  const [first] = parts;
  const all =
    first instanceof Float32Array
      ? new Float32Array(count)
      : first instanceof Int32Array
        ? new Int32Array(count)
        : new Uint8Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function arrayOf({ name, shape, values, kind }: Column, rows: number): NpzArray {
  const type = { f32: '<f4', index: '<i4', bool: '|b1' }[kind];
  const data = joined(values);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, type, shape: [rows, ...shape], bytes: bytes.length, chunks: () => [bytes] };
}

/** `NAME`, `NAME.WORD`, `NAME.0` */
function titlesOf({ name, length, words, shape, kind }: Column): readonly string[] {
  if (shape.length === 0) return [name];
  const named = kind === 'f32' ? words : undefined;
  return Array.from({ length }, (_, i) => `${name}.${named?.[i] ?? i}`);
}

function textOf({ kind, words }: Column, value: number): string {
  if (kind === 'f32') return shortestSingle(value);
  if (kind === 'bool') return value === 0 ? 'false' : 'true';
  return words?.[value] ?? `${value}`;
}

function* csvLines(columns: readonly Column[], beside: SourceColumns | undefined, rows: number): Generator<string> {
  const width = beside?.rows[0]?.length ?? 0;
  const own = beside ? (beside.header ?? Array.from({ length: width }, (_, i) => `${i}`)) : [];
  yield line([...own, ...columns.flatMap(titlesOf)]);
  const all = columns.map(({ values }) => joined(values));
  for (let row = 0; row < rows; row++) {
    const cells = columns.flatMap((column, c) => {
      const { length } = column;
      return Array.from({ length }, (_, i) => textOf(column, all[c][row * length + i]));
    });
    yield line([...(beside?.rows[row] ?? []), ...cells]);
  }
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\n`;
}

function* jsonLines(columns: readonly Column[], rows: number): Generator<string> {
  const all = columns.map(({ values }) => joined(values));
  for (let row = 0; row < rows; row++) {
    const entries = columns.map(({ name, length, shape, kind, words }, c): [string, unknown] => {
      const own = [...all[c].subarray(row * length, (row + 1) * length)].map((value) =>
        kind === 'f32' ? Number(shortestSingle(value)) : kind === 'bool' ? value !== 0 : (words?.[value] ?? value),
      );
      return [name, nested(own, shape)];
    });
    yield `${JSON.stringify(Object.fromEntries(entries))}\n`;
  }
}

/** Numbers as arrays of arrays. */
function nested(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  const [first, ...rest] = shape;
  if (rest.length === 0) return values;
  const each = values.length / first;
  return Array.from({ length: first }, (_, i) => nested(values.slice(i * each, (i + 1) * each), rest));
}
