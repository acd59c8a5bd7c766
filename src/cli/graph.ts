// `nnc graph`: pictures of a model at the stages of its compilation.
import { Option, type Command } from 'commander';
import type { ModelPicture, StageName } from '../inspect/graph/data.js';
import { syntheticInputs } from '../data/synthetic.js';
import type { ModelGraph, Source } from '../index.js';
import type { Measured } from '../inspect/graph/stages.js';
import { checkWritable, readImport, readSource, writeFiles } from './files.js';
import { formatFor, type Formats } from './formats.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { report } from './report.js';
import { isProfiled, timeSteps } from './timing.js';
import { importTrainer } from './trainer.js';

const formats = ['svg', 'html', 'dot', 'json'] as const;

type Format = (typeof formats)[number];

const written: Formats<Format> = { usual: 'svg', of: new Map(formats.map((format) => [`.${format}`, format])) };

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
  const format = formatFor(output, options.format, written, command);
  const { stage } = options;
  if (stage !== undefined && (format === 'html' || format === 'json'))
    command.error(`error: ${format} holds every stage: --stage is for svg and dot`);
  checkWritable([output]);
  const { checkInPart } = await import('../compile.js');
  const { pictureOf } = await import('../inspect/graph/stages.js');
  const source = readSource(file);
  const { diagnostics, model, part } = checkInPart(source, { ...options, read: readImport });
  const failed = report(diagnostics);
  if (failed) process.exitCode = 1;
  const measured = model && format === 'html' ? await measuredOf(model, source, options) : {};
  const picture = model
    ? pictureOf(model, measured)
    : part && (await import('../inspect/graph/part.js')).pictureOfPart(part, diagnostics);
  if (!picture) return;
  const content = await printed(picture, format, stage ?? (model ? 'forward' : 'source'), command);
  if (output === '-') standardOutput.write(content);
  else writeFiles([{ path: output, content }]);
}

/** How long the kernels of a step take, and how large gradients are at the start: what a page can colour boxes by. */
async function measuredOf(model: ModelGraph, source: Source, options: Options): Promise<Measured> {
  if (!model.training.loss) return {};
  const { numbersAt } = await import('./gradNumbers.js');
  const { at } = await numbersAt(model, source, { ...options, at: 'init', batch: 2 });
  if (model.players.length === 0) return { at };
  const { compileToRun } = await import('../compile.js');
  const { code = '' } = await compileToRun(source, {
    ...options,
    read: readImport,
    profile: 'step',
    full: true,
  });
  const { sizesFor } = await import('../inspect/check/point.js');
  const { createTrainer } = await importTrainer(code);
  const trainer = await createTrainer({ batch: model.train.batch, updates: 1e6 });
  if (!isProfiled(trainer)) throw new Error('the module has no profile');
  const inputs = syntheticInputs(model.inputs, sizesFor(model, model.train.batch).sizeOf, 1);
  const { kernels } = await timeSteps(trainer, [inputs], measuredSeconds, 0);
  trainer.dispose();
  return { at, seconds: kernels };
}

/** Enough to tell which kernels a step spends its time in. */
const measuredSeconds = 0.5;

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
