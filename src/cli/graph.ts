// `nnc graph`: pictures of a model at the stages of its compilation.
import { extname } from 'node:path';
import { Option, type Command } from 'commander';
import type { ModelPicture, StageName } from '../inspect/graph/data.js';
import { readImport, readSource, writeFiles } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { report } from './report.js';

const formats = ['svg', 'html', 'dot', 'json'] as const;

type Format = (typeof formats)[number];

interface Options extends ModelOptions {
  readonly stage?: StageName;
  readonly format?: Format;
  readonly output: string;
}

export function addGraph(program: Command): void {
  withModelOptions(program.command('graph'))
    .description('draw the model: its layers, the gradient, and the kernels that compute them')
    .argument('<file>', 'the .nn file; - is standard input')
    .addOption(
      new Option('--stage <stage>', 'what is drawn (default: forward; html and json hold all)').choices([
        'source',
        'forward',
        'backward',
        'fused',
      ] satisfies StageName[]),
    )
    .addOption(new Option('--format <format>', 'json is the format of Model Explorer (default: svg)').choices(formats))
    .option('-o, --output <out>', 'where it is written; its extension says the format; - is standard output', '-')
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { output } = options;
  const format = formatOf(options, command);
  const { stage } = options;
  if (stage !== undefined && (format === 'html' || format === 'json'))
    command.error(`error: ${format} holds every stage: --stage is for svg and dot`);
  const { checkInPart } = await import('../compile.js');
  const { pictureOf } = await import('../inspect/graph/stages.js');
  const source = readSource(file);
  const { diagnostics, model, part } = checkInPart(source, { ...options, read: readImport });
  const failed = report(diagnostics);
  if (failed) process.exitCode = 1;
  const picture = model
    ? pictureOf(model)
    : part && (await import('../inspect/graph/part.js')).pictureOfPart(part, diagnostics);
  if (!picture) return;
  const content = await printed(picture, format, stage ?? (model ? 'forward' : 'source'), command);
  if (output === '-') standardOutput.write(content);
  else writeFiles([{ path: output, content }]);
}

function formatOf({ output, format }: Options, command: Command): Format {
  if (output === '-') return format ?? 'svg';
  const own = formats.find((known) => extname(output).toLowerCase() === `.${known}`);
  if (!own)
    return command.error(
      `error: -o ${output}: its extension should be one of ${formats.map((f) => `.${f}`).join(' ')}`,
    );
  if (format && format !== own) return command.error(`error: -o ${output} is ${own}, and --format says ${format}`);
  return own;
}

async function printed(picture: ModelPicture, format: Format, stage: StageName, command: Command): Promise<string> {
  if (format === 'json') return (await import('../inspect/graph/modelExplorer.js')).printModelExplorer(picture);
  if (format === 'html') return (await import('../inspect/graph/page.js')).printGraphPage(picture);
  const chosen = picture.stages.find((each) => each.stage === stage);
  if (!chosen) {
    const there = picture.stages.map((each) => each.stage).join(', ');
    return command.error(`error: ${picture.model} has no stage ${stage}; it has ${there}`);
  }
  const title = `${picture.model}: ${stage}`;
  if (format === 'dot') return (await import('../inspect/graph/dot.js')).printDot(chosen, title);
  return (await import('../inspect/graph/svg.js')).printSvg(chosen, title);
}
