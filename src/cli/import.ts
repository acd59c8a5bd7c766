// `nnc import`: models of other frameworks as .nn files, and their weights as checkpoints of these.
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { defaultLimits } from '../data/limits.js';
import { withArchive } from '../data/files.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { importMalformed } from '../diagnostics/imports.js';
import { readBytes, readSource, rememberSource, writeFiles, type OutputFile } from './files.js';
import { standardOutput } from './output.js';
import { report } from './report.js';

interface ImportOptions {
  readonly output: string;
  readonly weights?: string;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .description('make a .nn file, and a checkpoint, of a model of TensorFlow.js, Keras or ONNX')
    .argument(
      '<model>',
      'model.json of TensorFlow.js with its shards beside it, what to_json() of Keras gives, a .keras or an .onnx file',
    )
    .requiredOption('-o, --output <file>', 'the .nn file that is written, - for standard output; weights go beside it')
    .option('--weights <file>', 'of Keras: the weights, a safetensors file by the paths of its variables')
    .action(run);
}

async function run(model: string, { output, weights }: ImportOptions, command: Command): Promise<void> {
  const isText = output === '-';
  if (!isText && !output.endsWith('.nn')) command.error('error: what is written is a .nn file: -o names it');
  if (weights !== undefined && model.endsWith('.onnx')) command.error('error: an .onnx file has its weights in it');
  const { importJson, importOnnx } = await import('../import/model.js');
  const name = basename(isText ? 'network' : output, '.nn');
  const read = (path: string): Uint8Array => readBytes(join(dirname(model), path));
  const file = isText ? 'network.nn' : output;
  const made = model.endsWith('.onnx')
    ? importOnnx(readBytes(model), { from: model, file, name })
    : importJson(model.endsWith('.keras') ? await configIn(model) : readSource(model).text, {
        ...{ from: model, file, name, read },
        ...(weights !== undefined && { weights: { file: weights, bytes: readBytes(weights) } }),
      });
  if (made.diagnostics.length > 0) {
    rememberSource(file, made.text);
    report(made.diagnostics);
    process.exitCode = 1;
    return;
  }
  if (isText) return standardOutput.write(made.text);
  const checkpoint = output.replace(/\.nn$/, '.safetensors');
  const files: OutputFile[] = [{ path: output, content: made.text }];
  if (made.weights) files.push({ path: checkpoint, content: made.weights });
  writeFiles(files);
  standardOutput.write(files.map(({ path }) => `${path}\n`).join(''));
}

/** What a .keras archive says of its model. Its weights are HDF5, which is not read. */
async function configIn(file: string): Promise<string> {
  const { chunksOfEntry, entriesOf } = await import('../data/zip.js');
  const parts: Uint8Array[] = [];
  await withArchive('.', file, { limits: defaultLimits }, async (archive) => {
    const entry = (await entriesOf(archive)).find(({ name }) => name === 'config.json');
    if (!entry) throw new Fault(importMalformed({ file, reason: 'it is an archive without config.json' }));
    for await (const part of chunksOfEntry(archive, entry, defaultLimits)) parts.push(part);
  });
  return Buffer.concat(parts).toString('utf8');
}
