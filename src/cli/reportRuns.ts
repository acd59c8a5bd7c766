// `nnc report`: writes the page of a run again, or one that compares several.
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../diagnostics/quote.js';
import { flopsOfSteps } from '../inspect/flops.js';
import { sourceGraph } from '../inspect/graph/stages.js';
import { printSvg } from '../inspect/graph/svg.js';
import { expectedSizes, memoryUse } from '../inspect/memory.js';
import { runReport, type ReportedModel, type ReportedRun } from '../inspect/runReport.js';
import type { StageGraph } from '../inspect/graph/data.js';
import type { ModelGraph } from '../ir/model.js';
import { stepOf } from '../ir/program.js';
import { baseName } from '../ir/source.js';
import { evaluateOn, portionOf } from './eval.js';
import type { Portion } from './feed.js';
import { checkWritable, readSource, writeFiles } from './files.js';
import { standardOutput } from './output.js';
import { clock, formatNumber } from './progress.js';
import { scoresOf } from './runs/classes.js';
import { names } from './runs/folder.js';
import { rowsIn, type EpochRecord, type StepRecord } from './runs/metrics.js';
import { readRecord, type RunRecord } from './runs/record.js';
import type { Prepared } from './runs/prepare.js';
import { limitedTo, rowsReported } from './runs/rowsReported.js';
import { openTrained, type Trained } from './runs/trained.js';

interface Options {
  readonly output?: string;
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description('write the page of a run again, or one that compares several')
    .argument('<run...>', 'folders of runs')
    .option(
      '-o, --output <file>',
      'the page (default: report.html in the folder of the run; of several, comparison.html)',
    )
    .action(run);
}

async function run(folders: readonly string[], { output }: Options, command: Command): Promise<void> {
  const [first] = folders;
  const path = output ?? (folders.length === 1 ? join(first, names.report) : 'comparison.html');
  const runs = folders.map((folder) => reportedRun(folder, readRecord(folder)));
  checkWritable([path]);
  let model: ReportedModel = {};
  if (folders.length === 1) {
    const trained = await openTrained(first, {}, command);
    if (trained) {
      const { portion, said } = await portionOf(trained, undefined);
      model = await reportedModel(trained, readRecord(first), portion, said);
      trained.trainer.dispose();
    }
  }
  writeFiles([{ path, content: runReport(runs, model) }]);
  standardOutput.write(`wrote ${path}\n`);
}

/** So many rows that were learnt from tell enough, where none were held back. */
const mostLearnt = 2000;

/** What its best weights make of rows, what it looks like, and what it costs. */
export async function reportedModel(
  { prepared, trainer, words }: Pick<Trained, 'prepared' | 'trainer' | 'words'>,
  record: RunRecord,
  given: Portion,
  heldBack: string,
): Promise<ReportedModel> {
  const { model, program } = prepared;
  const learnt = heldBack.endsWith(' trained on');
  const portion = learnt ? limitedTo(given, mostLearnt) : given;
  const said = learnt ? 'that it was trained on' : heldBack;
  const { classes, confusion, rows } = await evaluateOn({ prepared, trainer, words }, portion);
  const about = `on ${counted(rows, 'row')} ${said}`;
  return {
    ...(classes && confusion && classes.length <= 100
      ? { classes: { said: about, classes, confusion, scores: scoresOf(confusion, classes) } }
      : {}),
    rows: await rowsReported({ program, trainer, words }, portion, about),
    picture: printSvg(pictured(model), `${model.name} as it was written`),
    cost: costOf(prepared, record),
  };
}

/** As it was written, its lines being those of the run's folder, wherever the model was. */
function pictured(model: ModelGraph): StageGraph {
  const { items, ...graph } = sourceGraph(model);
  const named = (file: string): string => (file === model.file ? 'model.nn' : baseName(file));
  return {
    ...graph,
    items: items.map((item) => ({ ...item, lines: item.lines.map((line) => ({ ...line, file: named(line.file) })) })),
  };
}

/** Arithmetic, memory and time of a step. */
function costOf({ program, target }: Prepared, { batch, done }: RunRecord): readonly (readonly [string, string])[] {
  const sizes = expectedSizes(program, batch);
  const sizeOf = (name: string): number => sizes.get(name) ?? batch;
  const step = stepOf(program);
  const flops = step ? flopsOfSteps(step.steps, sizeOf) : 0;
  const { parameters, optimizer, tensors } = memoryUse(program, target, sizeOf);
  const seconds = done.seconds / Math.max(1, done.steps);
  const bytes = (n: number): string => (n < 2 ** 20 ? `${(n / 1024).toFixed(1)} KB` : `${(n / 2 ** 20).toFixed(1)} MB`);
  return [
    ['parameters', `${parameters / 4}, ${bytes(parameters)}`],
    ['optimizer', bytes(optimizer)],
    ['activations and the rest', bytes(tensors)],
    ['a step', `${formatNumber(flops / 1e6)} million operations`],
    ['time of a step', `${formatNumber(1000 * seconds)} ms, all in all`],
    ['speed', `${formatNumber(flops / seconds / 1e9)} billion operations a second`],
  ];
}

/** What the files of a run tell; `source`: its model, where that is known. */
export function reportedRun(
  folder: string,
  record: RunRecord,
  source: string = readSource(join(folder, 'model.nn')).text,
): ReportedRun {
  const epochs = rowsIn<EpochRecord>(join(folder, names.metrics));
  const steps = rowsIn<StepRecord>(join(folder, names.steps));
  const {
    model,
    target,
    engine = target,
    batch,
    seed,
    done,
    monitor,
    best,
    data,
    started,
    ended,
    warned = [],
  } = record;
  return {
    name: basename(resolve(folder)),
    facts: [
      ['model', model],
      ['best', best ? `${monitor.replace(/^-/, '')} ${formatNumber(best.value)} in epoch ${best.epoch}` : 'none'],
      ['epochs', `${done.epochs} of ${record.epochs}`],
      ['time', clock(done.seconds)],
      ['ended', ended],
      ['data', `${data.source}${data.rows === undefined ? '' : `, ${counted(data.rows, 'row')}`}`],
      ['batch', `${batch}`],
      ['seed', `${seed}`],
      ['target', engine],
      ['started', started.slice(0, 16).replace('T', ' ')],
    ],
    findings: [...findingsOf(epochs, record), ...layersFound(steps)],
    epochs: epochs.map(({ epoch, train, validation }) => ({ at: epoch, train, ...(validation && { validation }) })),
    steps: steps.map(({ step, epoch: _, seconds: __, ...rest }) => ({ at: step, ...rest })),
    warned: warned.map((w) => ({
      ...w,
      place: w.file === undefined ? 'the model' : `${basename(w.file)}:${w.line ?? 1}:${w.column ?? 1}`,
      ...(![record.files[0].from, join(folder, 'model.nn')].includes(w.file ?? '') && { line: undefined }),
    })),
    source,
  };
}

/** Which layer learns least: whose weight a step changes least, towards the end. */
function layersFound(steps: readonly StepRecord[]): readonly string[] {
  const known = steps.flatMap(({ norms }) => (norms ? [norms] : []));
  const late = known.slice(Math.floor(known.length / 2));
  const sizes = Object.keys(late.at(-1) ?? {}).flatMap((name) => {
    const found = late.flatMap(({ [name]: of }) => (of && of.weight > 0 ? [of.update / of.weight] : []));
    // What starts from zeros says little by this.
    const begins = (known[0][name]?.weight ?? 0) > 0;
    return begins && found.length > 0 ? [{ name, size: found.reduce((a, b) => a + b, 0) / found.length }] : [];
  });
  if (sizes.length < 2) return [];
  const sorted = sizes.sort((a, b) => a.size - b.size);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`;
  return [
    least.size === 0
      ? `${least.name} is stuck: in the second half of the run no step changed it.`
      : `In the second half of the run a step changed ${least.name} least, by ${percent(least.size)} of its norm, and ${most.name} most, by ${percent(most.size)}.`,
  ];
}

/** Did it learn, and does it do as well on what it has not learnt from? */
function findingsOf(epochs: readonly EpochRecord[], { best, monitor, test }: RunRecord): readonly string[] {
  if (epochs.length === 0) return ['No epoch has ended yet.'];
  const [first, last] = [epochs[0], epochs[epochs.length - 1]];
  const said = [
    `The loss went from ${formatNumber(first.train.loss)} in the first epoch to ${formatNumber(last.train.loss)} in epoch ${last.epoch}.`,
  ];
  if (best) said.push(`The best ${monitor.replace(/^-/, '')} is ${formatNumber(best.value)}, in epoch ${best.epoch}.`);
  const lowest = epochs.reduce((a, b) => ((b.validation?.loss ?? Infinity) < (a.validation?.loss ?? Infinity) ? b : a));
  const validation = [lowest, last].map((epoch) => epoch.validation?.loss);
  if (validation[0] !== undefined && validation[1] !== undefined)
    said.push(
      validation[1] > 1.1 * validation[0] && last.train.loss < lowest.train.loss
        ? `It overfits: the loss of the validation is lowest in epoch ${lowest.epoch} (${formatNumber(validation[0])}) and ${formatNumber(validation[1])} at the end, while that of what it learns from falls.`
        : `The loss of the validation at the end, ${formatNumber(validation[1])}, is near its lowest, ${formatNumber(validation[0])} in epoch ${lowest.epoch}.`,
    );
  const leftOut = epochs.reduce((sum, epoch) => sum + (epoch.leftOut ?? 0), 0);
  const scale = epochs.findLast((epoch) => epoch.lossScale !== undefined)?.lossScale;
  if (scale !== undefined)
    said.push(
      `The loss scale fell to 2^${Math.log2(scale)}: ${counted(leftOut, 'step')} left out, whose gradients were not finite as halves.`,
    );
  if (test)
    said.push(
      `On the data to test with: ${Object.entries(test)
        .map(([name, value]) => `${name} ${formatNumber(value)}`)
        .join(', ')}.`,
    );
  return said;
}
