// `nnc runs`: the runs of a folder, with their results.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Fault } from '../diagnostics/diagnostic.js';
import { standardOutput } from './output.js';
import { clock, formatNumber } from './progress.js';
import { coloured } from './report.js';
import { readRecord, type RunRecord } from './runs/record.js';
import { tableLines } from './table.js';

interface Options {
  readonly json?: boolean;
}

export function addRuns(program: Command): void {
  program
    .command('runs')
    .description('list runs with their results')
    .argument('[folder]', 'where they are', 'runs')
    .option('--json', 'print their records as JSON')
    .action(run);
}

interface Listed {
  readonly folder: string;
  readonly record: RunRecord;
}

function run(folder: string, { json }: Options): void {
  const found = runsIn(folder);
  if (json) {
    const listed = found.map(({ folder: path, record }) => ({ folder: path, ...record }));
    standardOutput.write(`${JSON.stringify(listed, null, 2)}\n`);
    return;
  }
  if (found.length === 0) {
    standardOutput.write(`there are no runs in ${folder}\n`);
    return;
  }
  const left = (title: string) => ({ title, align: 'left' as const });
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    left('run'),
    left('model'),
    right('epochs'),
    right('time'),
    left('best'),
    right('in epoch'),
    left('ended'),
    left('started'),
  ];
  const terminal = {
    colour: coloured(standardOutput),
    ...(standardOutput.columns !== undefined && { width: standardOutput.columns }),
  };
  standardOutput.write(`${tableLines(columns, found.map(rowOf), terminal).join('\n')}\n`);
}

function rowOf({ folder, record }: Listed): readonly string[] {
  const { model, done, epochs, best, monitor, ended, started, warnings = [] } = record;
  return [
    folder,
    model,
    `${done.epochs}/${epochs}`,
    clock(done.seconds),
    best ? `${monitor.replace(/^-/, '')} ${formatNumber(best.value)}` : '',
    best ? `${best.epoch}` : '',
    `${ended}${warnings.length > 0 ? ` (${warnings.join(', ')})` : ''}`,
    started.slice(0, 16).replace('T', ' '),
  ];
}

/** The runs in a folder, the oldest first. What is no run is passed over. */
function runsIn(folder: string): readonly Listed[] {
  const found = namesIn(folder).flatMap((name): Listed[] => {
    try {
      const path = join(folder, name);
      return [{ folder: path, record: readRecord(path) }];
    } catch (error) {
      if (error instanceof Fault) return [];
      throw error;
    }
  });
  return found.sort((a, b) => (a.record.started < b.record.started ? -1 : 1));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
