// `nnc weights`: checkpoints made of others: of other frameworks, for other frameworks, and with updates of adapters (lora) added into weights.
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { readHeader, writeTensors, type Tensor } from '../codegen/runtime/safetensors.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { adaptersMissing, adaptersUnmergeable, checkpointUnfit } from '../diagnostics/files.js';
import { checkpointUnreadable } from '../diagnostics/runs.js';
import type { ModelGraph } from '../ir/model.js';
import { readBytes, readImport, readSource, writeFiles } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { coloured, report } from './report.js';
import { tableLines } from './table.js';
import { trainerOf } from './trainer.js';
import { readForeign, writeForeign, type ForeignOptions } from './weightsForeign.js';

interface WeightsOptions extends ModelOptions, ForeignOptions {
  readonly mergeLora?: boolean;
}

export function addWeights(program: Command): void {
  withModelOptions(program.command('weights'))
    .description('make a checkpoint of another: of PyTorch or Keras, for them, or with adapters (lora) merged')
    .argument('<file>', 'the .nn file of the model that the checkpoint belongs to, - for standard input')
    .requiredOption('--from <checkpoint>', 'the checkpoint that is read')
    .requiredOption('-o, --output <checkpoint>', 'the checkpoint that is written')
    .option('--map <json>', 'which tensors are which: { "THEIRS": { "to": "OURS", "transpose": true } }')
    .option('--allow-missing', 'what --from has nothing for starts anew')
    .addOption(new Option('--to <framework>', 'write it for another framework').choices(['pytorch', 'keras']))
    .option('--like <checkpoint>', 'with --to: by the names, shapes and types of this file of theirs')
    .option('--merge-lora', 'add each update, alpha / rank * A @ B, into its weight: for the model without adapters')
    .action(run);
}

async function run(file: string, options: WeightsOptions, command: Command): Promise<void> {
  const { from, output } = options;
  const others = options.map ?? options.to ?? options.like ?? options.allowMissing;
  if (options.mergeLora && others !== undefined)
    command.error('error: --merge-lora reads a checkpoint of the model itself, and writes one');
  if (options.like !== undefined && !options.to) command.error('error: --like says how --to writes');
  if (options.to === 'keras' && options.like === undefined)
    command.error('error: --to keras writes into the names and shapes of a file of theirs: say with --like which');
  if (options.to && options.allowMissing) command.error('error: --allow-missing is for what is read, not with --to');
  if (output === '-') command.error('error: a checkpoint is a file: -o names it');
  if (resolve(from) === resolve(output)) command.error(`error: ${output} is the checkpoint that is read`);
  const source = readSource(file);
  const { check } = await import('../index.js');
  const { model, diagnostics } = check(source, { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  if (!options.mergeLora) return options.to ? writeForeign(model, options) : readForeign(source, model, options);
  const unfit = (reason: string): Fault => new Fault(checkpointUnfit({ file: from, model: model.name, reason }));
  const bytes = readBytes(from);
  const { tensors, metadata } = readHeader(bytes, (reason) => new Fault(checkpointUnreadable({ file: from, reason })));
  refuseUnmergeable(model, from, tensors);
  const trainer = await trainerOf(source, options);
  try {
    await trainer.load(bytes);
  } catch (error) {
    throw error instanceof RangeError ? unfit(error.message.replace(/^the checkpoint does not fit: /, '')) : error;
  }
  const merged = await trainer.save({ merged: true });
  trainer.dispose();
  writeFiles([{ path: output, content: withMetadata(merged, metadata) }]);
  standardOutput.write(`${summary(model, merged)}\n`);
}

/** What cannot be merged, or is not there, is said before anything is computed. */
function refuseUnmergeable(
  { name: model, adapters }: ModelGraph,
  file: string,
  tensors: ReadonlyMap<string, unknown>,
): void {
  const missing = adapters.flatMap(({ down, up }) => [down, up]).filter((name) => !tensors.has(name));
  if (adapters.length === 0 || missing.length > 0) throw new Fault(adaptersMissing({ file, model, missing }));
  const alone = adapters.filter(({ weight }) => weight === undefined).map(({ down }) => down);
  if (alone.length > 0) throw new Fault(adaptersUnmergeable({ model, names: alone }));
}

/** What a trainer counts with its optimizer, which is not in what is merged. */
const counts = /^(update|draw|seed|learningRateScale|passes\/.*)$/;

/** The file with what else the metadata of the one before said. */
function withMetadata(file: Uint8Array, before: Readonly<Record<string, string>>): Uint8Array {
  const { metadata, tensors } = readHeader(file, (why) => new Error(why));
  const kept = Object.fromEntries(Object.entries(before).filter(([name]) => !counts.test(name)));
  const list = [...tensors].map(([name, { shape, dtype, from, to }]): Tensor => {
    const part = file.slice(from, to).buffer;
    return { name, shape, data: dtype === 'I32' ? new Int32Array(part) : new Float32Array(part) };
  });
  return writeTensors(list, { ...kept, ...metadata });
}

/** What was added to each weight, and how many tensors are as they were. */
function summary({ adapters }: ModelGraph, merged: Uint8Array): string {
  const { tensors } = readHeader(merged, (why) => new Error(why));
  const changed = new Set(adapters.map(({ weight }) => weight));
  const rows = adapters.map(({ weight = '', down, up, scale }) => [
    weight,
    `[${tensors.get(weight)?.shape.join(', ') ?? ''}]`,
    `${scale === 1 ? '' : `${scale} * `}${down} @ ${up}`,
  ]);
  const columns = ['weight', 'shape', 'what is added'].map((title) => ({ title, align: 'left' as const }));
  const others = [...tensors.keys()].filter((name) => !changed.has(name)).length;
  const { stdout } = process;
  const terminal = { colour: coloured(stdout), ...(stdout.isTTY && { width: stdout.columns }) };
  return [
    ...tableLines(columns, rows, terminal),
    `${others} other ${others === 1 ? 'tensor is as it was' : 'tensors are as they were'}`,
  ].join('\n');
}
