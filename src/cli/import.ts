// `nnc import`: models of other frameworks as .nn files, and their weights as checkpoints of these.
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { readBytes, readSource, rememberSource, writeFiles, type OutputFile } from './files.js';
import { standardOutput } from './output.js';
import { report } from './report.js';

interface ImportOptions {
  readonly output: string;
}

export function addImport(program: Command): void {
  program
    .command('import')
    .description('make a .nn file, and a checkpoint, of a model of TensorFlow.js, Keras or ONNX')
    .argument(
      '<model>',
      'model.json of TensorFlow.js with its shards beside it, what to_json() of Keras gives, or an .onnx file',
    )
    .requiredOption('-o, --output <file>', 'the .nn file that is written, - for standard output; weights go beside it')
    .action(run);
}

async function run(model: string, { output }: ImportOptions, command: Command): Promise<void> {
  const isText = output === '-';
  if (!isText && !output.endsWith('.nn')) command.error('error: what is written is a .nn file: -o names it');
  const { importJson, importOnnx } = await import('../import/model.js');
  const name = basename(isText ? 'network' : output, '.nn');
  const read = (path: string): Uint8Array => readBytes(join(dirname(model), path));
  const file = isText ? 'network.nn' : output;
  const made = model.endsWith('.onnx')
    ? importOnnx(readBytes(model), { from: model, file, name })
    : importJson(readSource(model).text, { from: model, file, name, read });
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
