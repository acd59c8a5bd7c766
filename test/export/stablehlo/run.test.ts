// A run's folder as train.py made it under JAX, which the command line reads as one of its own: see record.py.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { EpochRecord, StepRecord } from '../../../src/cli/runs/metrics.js';
import { readRecord } from '../../../src/cli/runs/record.js';
import { warm } from '../../cli/nnc.js';

const root = mkdtempSync(join(tmpdir(), 'nnc-jax-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = join(root, 'flowers');
cpSync(join(import.meta.dirname, 'run'), folder, { recursive: true });
const recordFile = join(folder, 'run.json');
writeFileSync(recordFile, readFileSync(recordFile, 'utf8').replaceAll('FOLDER', folder));

function rowsOf<T>(name: string): readonly T[] {
  const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}

it('tells of each step and epoch', () => {
  const epochs = rowsOf<EpochRecord>('metrics.jsonl');
  const steps = rowsOf<StepRecord>('steps.jsonl');
  expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([4, 8, 12, 16].map((step, i) => [i + 1, step]));
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  const third = steps.filter(({ epoch }) => epoch === 3).map(({ train }) => train.loss);
  expect(third.reduce((a, b) => a + b, 0) / third.length).toBeCloseTo(epochs[2].train.loss, 6);
  const { classes, ended, best, lowest, engine, data } = readRecord(folder);
  expect([classes, ended, engine, data.rows]).toEqual([
    { kind: ['aster', 'borage', 'clover'] },
    'finished',
    'jax 0.10.2, 4 devices (cpu)',
    36,
  ]);
  expect(best).toEqual({ epoch: 4, value: epochs[3].validation?.loss });
  expect(lowest).toEqual(best);
});

it('is listed, reported and evaluated', () => {
  const { stdout } = warm(['runs', '.'], { cwd: root });
  expect(stdout.split('\n')[1]).toMatch(/^flowers +flowers +4\/4 +0:\d\d +loss 0\.\d+ +4 +finished +20\d\d-/);
  expect(warm(['report', 'flowers'], { cwd: root })).toEqual({
    status: 0,
    stdout: `wrote ${join('flowers', 'report.html')}\n`,
    stderr: '',
  });
  const page = readFileSync(join(folder, 'report.html'), 'utf8');
  for (const said of ['jax 0.10.2, 4 devices (cpu)', 'borage']) expect(page).toContain(said);
});

it('goes on here', () => {
  const { status, stdout, stderr } = warm(['train', '--resume', 'flowers', '--epochs', '5'], { cwd: root });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^flowers goes on after epoch 4\/5$/m);
  const [before, last] = rowsOf<EpochRecord>('metrics.jsonl').slice(-2);
  expect(last.train.loss).toBeLessThan(before.train.loss);
  // Here the rows that make no whole batch are a step.
  expect(last.step).toBe(before.step + 5);
});
