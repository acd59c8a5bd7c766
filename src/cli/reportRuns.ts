// `nnc report`: writes the page of a run again, or one that compares several.
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../diagnostics/quote.js';
import { runReport, type ClassReport, type ReportedRun } from '../inspect/runReport.js';
import { evaluateOn, portionOf, type Evaluated } from './eval.js';
import { checkWritable, readSource, writeFiles } from './files.js';
import { standardOutput } from './output.js';
import { clock, formatNumber } from './progress.js';
import { scoresOf } from './runs/classes.js';
import { names } from './runs/folder.js';
import { rowsIn, type EpochRecord, type StepRecord } from './runs/metrics.js';
import { readRecord, type RunRecord } from './runs/record.js';
import { openTrained } from './runs/trained.js';

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
  let classes: ClassReport | undefined;
  if (folders.length === 1) {
    const trained = await openTrained(first, {}, command);
    if (trained) {
      const { portion, said } = await portionOf(trained, undefined);
      classes = classReport(await evaluateOn(trained, portion), said);
      trained.trainer.dispose();
    }
  }
  writeFiles([{ path, content: runReport(runs, classes) }]);
  standardOutput.write(`wrote ${path}\n`);
}

/** Which classes are taken for which, where a model tells classes apart. */
export function classReport({ classes, confusion, rows }: Evaluated, said: string): ClassReport | undefined {
  if (!classes || !confusion || classes.length > 100) return undefined;
  return { said: `on ${counted(rows, 'row')} ${said}`, classes, confusion, scores: scoresOf(confusion, classes) };
}

/** What the files of a run tell; `source`: its model, where that is known. */
export function reportedRun(
  folder: string,
  record: RunRecord,
  source: string = readSource(join(folder, 'model.nn')).text,
): ReportedRun {
  const epochs = rowsIn<EpochRecord>(join(folder, names.metrics));
  const steps = rowsIn<StepRecord>(join(folder, names.steps));
  const { model, target, batch, seed, done, monitor, best, data, started, ended } = record;
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
      ['target', target],
      ['started', started.slice(0, 16).replace('T', ' ')],
    ],
    findings: findingsOf(epochs, record),
    epochs: epochs.map(({ epoch, train, validation }) => ({ at: epoch, train, ...(validation && { validation }) })),
    steps: steps.map(({ step, train }) => ({ at: step, train })),
    source,
  };
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
  if (test)
    said.push(
      `On the data to test with: ${Object.entries(test)
        .map(([name, value]) => `${name} ${formatNumber(value)}`)
        .join(', ')}.`,
    );
  return said;
}
