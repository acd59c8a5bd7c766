// What a run tells while it goes: one line on a terminal, plain lines in a pipe, events as JSON, or nothing.
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { toJson } from '../../diagnostics/json.js';
import { counted } from '../../diagnostics/quote.js';
import { textOf } from '../files.js';
import type { Output } from '../output.js';
import { clock, formatValues, progressOn, type Moment } from '../progress.js';
import { coloured, report } from '../report.js';
import type { Values } from '../trainer.js';
import { chartLines } from './chart.js';
import type { EpochRecord } from './metrics.js';
import type { Ending } from './record.js';

export interface Beginning {
  readonly model: string;
  readonly parameters: number;
  /** To train on, where that is known. */
  readonly rows?: number;
  readonly target: string;
  readonly folder: string;
  readonly epochs: number;
  /** Epochs and steps of it that are made already, where it goes on. */
  readonly done?: { readonly epoch: number; readonly step: number };
  readonly notes: readonly string[];
}

export interface Finish {
  readonly ended: Ending;
  readonly folder: string;
  readonly files: readonly string[];
  readonly steps: number;
  readonly epoch: number;
  readonly best?: { readonly epoch: number; readonly value: number };
  readonly monitor: string;
}

export interface Reporter {
  begin(of: Beginning): void;
  step(moment: Moment): void;
  epoch(record: EpochRecord, epochs: number, best: boolean): void;
  warn(warning: Diagnostic, at: { readonly epoch: number; readonly step: number }): void;
  test(values: Values, rows: number): void;
  finish(of: Finish): void;
  /** Takes away what is redrawn. */
  end(): void;
}

export type Manner = 'shown' | 'quiet' | 'json';

export function reporterOn(stream: Output, manner: Manner): Reporter {
  if (manner === 'quiet') return quiet;
  return manner === 'json' ? jsonOn(stream) : linesOn(stream);
}

const nothing = (): void => undefined;

/** Warnings and errors are told all the same. */
const quiet: Reporter = {
  begin: nothing,
  step: nothing,
  epoch: nothing,
  warn: (warning) => void report([warning]),
  test: nothing,
  finish: nothing,
  end: nothing,
};

function jsonOn(stream: Output): Reporter {
  const event = (name: string, of: object): void => stream.write(`${JSON.stringify({ event: name, ...of })}\n`);
  return {
    ...quiet,
    begin: (of) => event('begin', of),
    epoch: (record, epochs, best) => event('epoch', { ...record, epochs, best }),
    warn(warning, at) {
      const told = toJson(warning, textOf);
      const [place] = told.labels;
      event('warning', { ...at, ...(place && { file: place.file, line: place.line, column: place.column }), ...told });
    },
    test: (values, rows) => event('test', { rows, values }),
    finish: (of) => event('end', of),
  };
}

function linesOn(stream: Output): Reporter {
  const display = progressOn(stream);
  let last: string | undefined;
  const records: EpochRecord[] = [];
  return {
    begin({ model, parameters, rows, target, folder, epochs, done, notes }) {
      const portion = rows === undefined ? 'batches to train on' : `${counted(rows, 'row')} to train on`;
      display.line(`${model}: ${counted(parameters, 'parameter')}, ${portion} (${target})`);
      if (done)
        display.line(
          `${folder} goes on after epoch ${done.epoch}/${epochs}${done.step > 0 ? ` and ${counted(done.step, 'step')}` : ''}`,
        );
      for (const note of notes) display.line(note);
    },
    step: display.step,
    epoch(record, epochs) {
      if (display.live) records.push(record);
      last = epochLine(record, epochs);
      // On a terminal the line that is redrawn tells it, and the last one stays.
      if (!display.live && isShown(record.epoch, epochs)) {
        display.line(last);
        last = undefined;
      }
    },
    warn(warning) {
      display.end();
      report([warning]);
    },
    test: (values, rows) => display.line(`test on ${counted(rows, 'row')}: ${formatValues(values)}`),
    finish(of) {
      const { columns = 80 } = stream;
      for (const line of chartLines(records, columns, coloured(stream))) display.line(line);
      if (last !== undefined) display.line(last);
      for (const line of finishLines(of)) display.line(line);
    },
    end: display.end,
  };
}

function finishLines({ ended, folder, files, steps, epoch, best, monitor }: Finish): readonly string[] {
  const name = monitor.replace(/^-/, '');
  const lines: string[] = [];
  if (ended === 'interrupted')
    lines.push(`stopped after ${counted(steps, 'step')}`, `go on with: nnc train --resume ${folder}`);
  if (ended === 'patience') lines.push(`stopped after epoch ${epoch}: ${name} is best in epoch ${best?.epoch ?? 1}`);
  if (!best && epoch > 0) lines.push(`no epoch had a finite ${name}: none of them is the best`);
  lines.push(`saved in ${folder}: ${files.join(', ')}`);
  return lines;
}

/** Runs of many epochs show about forty of them. */
function isShown(epoch: number, epochs: number): boolean {
  return epoch === 1 || epoch === epochs || epoch % Math.ceil(epochs / 38) === 0;
}

function epochLine(record: EpochRecord, epochs: number): string {
  const { epoch, train, validation, seconds } = record;
  const checked = validation ? `  ${formatValues(validation, 'validation ')}` : '';
  return `epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}  ${formatValues(train)}${checked}${scaleText(record)}  ${clock(seconds)}`;
}

/** `  loss scale 2^14 (2 steps left out)` */
function scaleText({ leftOut, lossScale }: EpochRecord): string {
  if (leftOut === undefined || lossScale === undefined) return '';
  return `  loss scale 2^${Math.log2(lossScale)} (${counted(leftOut, 'step')} left out)`;
}
