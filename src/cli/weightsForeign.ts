// `nnc weights` between frameworks: reads what PyTorch or Keras wrote, and writes what they read.
import { writeTensors, readHeader, type Tensor } from '../codegen/runtime/safetensors.js';
import { Fault, type Source } from '../diagnostics/diagnostic.js';
import { checkpointUnfit } from '../diagnostics/files.js';
import { counted, visible } from '../diagnostics/quote.js';
import { weightsMapMalformed, weightsMissing } from '../diagnostics/weights.js';
import { changeOf, renderings, tensorsAsPytorch, tensorsFrom, tensorsInto } from '../import/weights/convert.js';
import { tensorsOf } from '../import/weights/instances.js';
import { matchOf, type MapEntry, type Match, type WeightsMap } from '../import/weights/match.js';
import { checkpointIn, checkpointOf, numbersOf, type Checkpoint, type Written } from '../import/weights/stored.js';
import type { ModelGraph } from '../ir/model.js';
import { readBytes, readSource, writeFiles } from './files.js';
import type { ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { coloured } from './report.js';
import { tableLines } from './table.js';
import { trainerOf } from './trainer.js';

export interface ForeignOptions extends ModelOptions {
  readonly from: string;
  readonly output: string;
  readonly map?: string;
  readonly allowMissing?: boolean;
  readonly to?: 'pytorch' | 'keras';
  readonly like?: string;
}

/** Makes a checkpoint of the model of one of another framework. */
export async function readForeign(source: Source, model: ModelGraph, options: ForeignOptions): Promise<void> {
  const { from, output } = options;
  const checkpoint = checkpointIn(from, readBytes(from));
  const match = matchOf(model, checkpoint, mapIn(options.map));
  const { missing, left } = match;
  if (missing.length > 0 && !options.allowMissing) throw new Fault(missingFrom(from, model, match));
  const found = tensorsFrom(checkpoint, match);
  const fresh = missing.length > 0 ? await freshTensors(source, options) : new Map<string, Tensor>();
  const byName = new Map([...fresh, ...found.map((tensor) => [tensor.name, tensor] as const)]);
  const given = new Set([...found, ...missing].map(({ name }) => name));
  const tensors = tensorsOf(model).flatMap(({ name }) => (given.has(name) ? (byName.get(name) ?? []) : []));
  const content = writeTensors(tensors, { ...checkpoint.metadata, format: 'nnc', model: model.name });
  writeFiles([{ path: output, content }]);
  const rows = match.bindings.map((binding) => [
    binding.ours.name,
    shown(binding.ours.shape),
    visible(binding.theirs.name),
    shown(binding.theirs.shape),
    changeOf(binding),
  ]);
  print(table(['tensor', 'shape', `of ${from}`, 'shape', ''], rows), [
    ...(missing.length > 0 ? [`start anew: ${missing.map(({ name }) => name).join(', ')}`] : []),
    leftOver(from, left),
    ...notFinite(from, found),
  ]);
}

/** A model that has diverged is written as it is, and told of. */
function notFinite(file: string, tensors: readonly Tensor[]): string[] {
  const names = tensors.filter(({ data }) => data.some((value) => !Number.isFinite(value))).map(({ name }) => name);
  return names.length === 0 ? [] : [`${file} has numbers that are not finite in ${names.join(', ')}`];
}

/** Writes a checkpoint of the model for PyTorch, by its own names, or for either into the names, shapes and types of a file of theirs. */
export function writeForeign(model: ModelGraph, options: ForeignOptions): void {
  const { from, output, like } = options;
  const checkpoint = checkpointIn(from, readBytes(from));
  const ours = ownNumbers(model, checkpoint);
  const map = mapIn(options.map);
  if (like === undefined) {
    const made = renderings(model, new Map(Object.entries(map).map(([theirs, { to }]) => [to, theirs])));
    finish(output, tensorsAsPytorch(made, ours), { format: 'pt' });
    const rows = made.map(({ ours: own, theirs, shape }) => [visible(theirs), shown(shape), own]);
    return print(table(['tensor', 'shape', `of ${from}`], rows), []);
  }
  const target = checkpointIn(like, readBytes(like));
  const match = matchOf(model, target, map);
  if (match.missing.length > 0) throw new Fault(missingFrom(like, model, match));
  finish(output, tensorsInto(target, match, ours, from), target.metadata);
  const rows = match.bindings.map((binding) => [
    visible(binding.theirs.name),
    shown(binding.theirs.shape),
    binding.ours.name,
    changeOf(binding),
  ]);
  print(table(['tensor', 'shape', `of ${from}`, ''], rows), [leftOver(like, match.left)]);
}

function finish(path: string, tensors: readonly Written[], metadata: Readonly<Record<string, string>>): void {
  writeFiles([{ path, content: checkpointOf(tensors, metadata) }]);
}

/** The numbers of a checkpoint that must be the model's own. */
function ownNumbers(model: ModelGraph, checkpoint: Checkpoint): (name: string) => Float32Array | undefined {
  const unfit = (reason: string): Fault =>
    new Fault(checkpointUnfit({ file: checkpoint.file, model: model.name, reason }));
  const byName = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, shape, optional } of tensorsOf(model)) {
    const tensor = byName.get(name);
    if (!tensor && !optional) throw unfit(`it lacks the tensor ${name}`);
    if (tensor && shown(tensor.shape) !== shown(shape))
      throw unfit(`${name}: expected shape ${shown(shape)}, got ${shown(tensor.shape)}`);
  }
  return (name) => {
    const tensor = byName.get(name);
    return tensor && numbersOf(checkpoint, tensor);
  };
}

function missingFrom(file: string, model: ModelGraph, { missing, left }: Match) {
  const described = (list: readonly { readonly name: string; readonly shape: readonly number[] }[]): string[] =>
    list.map(({ name, shape }) => `${name} ${shown(shape)}`);
  return weightsMissing({ file, model: model.name, names: described(missing), left: described(left) });
}

async function freshTensors(source: Source, options: ForeignOptions): Promise<Map<string, Tensor>> {
  const trainer = await trainerOf(source, options);
  const file = await trainer.save();
  trainer.dispose();
  const { tensors } = readHeader(file, (why) => new Error(why));
  return new Map(
    [...tensors].map(([name, { shape, from, to }]) => {
      return [name, { name, shape, data: new Float32Array(file.slice(from, to).buffer) }];
    }),
  );
}

/** Throws a Fault where it is no map. */
function mapIn(file: string | undefined): WeightsMap {
  if (file === undefined) return {};
  const { text } = readSource(file);
  const malformed = (reason: string): Fault => new Fault(weightsMapMalformed({ file, reason }));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
  if (!isRecord(value)) throw malformed('it is not an object');
  for (const [key, entry] of Object.entries(value)) {
    if (!isEntry(entry)) throw malformed(`${key} is not { "to": "OUR TENSOR", "transpose": true or a list of axes }`);
  }
  return value as WeightsMap;
}

function isEntry(value: unknown): value is MapEntry {
  if (!isRecord(value) || typeof value.to !== 'string') return false;
  if (Object.keys(value).some((key) => key !== 'to' && key !== 'transpose')) return false;
  const { transpose = false } = value;
  return typeof transpose === 'boolean' || (Array.isArray(transpose) && transpose.every((i) => Number.isInteger(i)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function leftOver(file: string, left: readonly { readonly name: string; readonly shape: readonly number[] }[]): string {
  if (left.length === 0) return `nothing of ${file} is left over`;
  const names = left.map(({ name, shape }) => `${visible(name)} ${shown(shape)}`);
  return `${counted(left.length, 'tensor')} of ${file} left over: ${names.join(', ')}`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const { stdout } = process;
  const terminal = { colour: coloured(stdout), ...(stdout.isTTY && { width: stdout.columns }) };
  return tableLines(
    titles.map((title) => ({ title, align: 'left' as const })),
    rows,
    terminal,
  );
}

function print(lines: readonly string[], more: readonly string[]): void {
  standardOutput.write(`${[...lines, ...more].join('\n')}\n`);
}
