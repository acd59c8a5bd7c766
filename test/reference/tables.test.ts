// Tables of which a step updates the rows that indices name, against PyTorch's sparse gradients (SGD, Adagrad, SparseAdam), for 20 steps, in
// double precision there; and bit for bit against updates of all rows.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/compile.js';
import { tablesOf, type TableUpdate } from '../../src/passes/derive/derive.js';
import { warm } from '../cli/nnc.js';
import { startGpu } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Recorded {
  readonly users: number;
  readonly items: number;
  readonly user: readonly number[];
  readonly item: readonly number[];
  readonly rating: readonly number[];
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly runs: readonly {
    readonly name: string;
    readonly optimizer: string;
    readonly clip_norm?: number;
    readonly losses: readonly number[];
    readonly after: Readonly<Record<string, Tensor>>;
  }[];
}

const recorded = JSON.parse(readFileSync(new URL('tables.json', import.meta.url), 'utf8')) as Recorded;
const parameters = Object.fromEntries(
  Object.entries(recorded.parameters).map(([name, { data }]) => [name, Float32Array.from(data)]),
);

function textOf(optimizer: string, clipNorm?: number): string {
  return `model ratings {
    input user: index(${recorded.users})[batch]
    input item: index(${recorded.items})[batch]
    input rating: [batch]
    u = user |> embedding(3)
    v = item |> embedding(3)
    loss = mse(sum(u * v, axis = 1), rating)
    output score = sum(u * v, axis = 1)
    train { optimizer = ${optimizer}, batch = 6${clipNorm === undefined ? '' : `, clip_norm = ${clipNorm}`} }
  }`;
}

function batchAt(step: number): object {
  const six = [6 * step, 6 * (step + 1)] as const;
  return {
    user: Int32Array.from(recorded.user.slice(...six)),
    item: Int32Array.from(recorded.item.slice(...six)),
    rating: Float32Array.from(recorded.rating.slice(...six)),
  };
}

function tablesIn(text: string): ReadonlyMap<string, TableUpdate> {
  const { model } = check({ file: 'tables.nn', text });
  if (!model) throw new Error('it does not compile');
  return tablesOf(differentiateModel(model));
}

let started: ReturnType<typeof startGpu> | undefined;
afterAll(async () => (await started)?.end());

async function start(kind: string, text: string, options: object): Promise<LoadedTrainer> {
  if (kind !== 'wgsl') return (await loadText(text, { target: kind as 'ts' })).createTrainer(options);
  started ??= startGpu('swiftshader');
  const code = await runnableText(text, { target: 'wgsl' });
  return (await (await started).createTrainer(code, options)) as unknown as LoadedTrainer;
}

describe.each(['ts', 'wasm', 'wgsl'])('on %s', (kind) => {
  it.each(recorded.runs)('$name is as in PyTorch', async ({ optimizer, clip_norm: norm, losses, after }) => {
    const text = textOf(optimizer, norm);
    expect([...tablesIn(text).values()]).toEqual([{ kind: 'named' }, { kind: 'named' }]);
    const trainer = await start(kind, text, { parameters });
    for (const [i, loss] of losses.entries()) {
      const found = (await trainer.step(batchAt(i))).loss;
      expect(Math.abs(found - loss)).toBeLessThanOrEqual(1e-5 * Math.max(...losses));
    }
    const gpu = trainer as unknown as { read(): Promise<typeof parameters> };
    const found = kind === 'wgsl' ? await gpu.read() : trainer.parameters;
    for (const [name, { data }] of Object.entries(after)) {
      const worst = Math.max(...data.map((value, i) => Math.abs(value - found[name][i])));
      expect(worst, name).toBeLessThanOrEqual(1e-5 * Math.max(...data.map(Math.abs)));
    }
    await trainer.dispose();
  });
});

/** The bytes of a trainer's tensors, slots among them: of so many rows each. */
function tensorsOf(trainer: LoadedTrainer, rows?: number): string {
  const file = trainer.save({ optimizer: true });
  const { tensors } = readHeader(file, (why) => new Error(why));
  const bytes = [...tensors].map(([name, { from, to, shape: [all] }]) => {
    const end = rows === undefined ? to : from + ((to - from) / all) * rows;
    return `${name} ${Buffer.from(file.slice(from, end)).toString('hex')}`;
  });
  return bytes.join();
}

/** The same model with so many rows in its table that few are reached, and with some fewer, of which all are updated. */
function bothWays(model: (rows: number) => string): [rows: string, whole: string] {
  const [rows, whole] = [model(8 * 3 * 16), model(8 * 16 - 1)];
  expect([...tablesIn(rows).values()]).toEqual([{ kind: 'named' }]);
  expect([...tablesIn(whole).values()].map(({ kind }) => kind)).toEqual(['all']);
  return [rows, whole];
}

const forms = {
  vectors: ['index(ROWS)[batch]', 'mean((ids |> embedding(20))^2 * x, axis = -1)', 'optimizer = sgd(lr = 0.3)'],
  'numbers': ['index(ROWS)[batch]', 'table[ids] * x[:, 0]', 'optimizer = adagrad(lr = 0.1)'],
  'several indices a row': [
    'index(ROWS)[batch, 3]',
    'mean(mean(ids |> embedding(7), axis = 1)^2, axis = -1) * x[:, 0]',
    'optimizer = adagrad(lr = 0.2), clip_value = 0.001',
  ],
  'a column of indices': [
    'index(ROWS)[batch, 2]',
    'mean((ids[:, 1] |> embedding(4))^2, axis = -1) * x[:, 0]',
    'optimizer = plain(0.5)',
  ],
  'a loop over indices': [
    'index(ROWS)[batch, 3]',
    'total',
    'optimizer = adagrad(lr = 0.2)',
    'scan id in ids along 1, total = zeros([batch]) { total := tanh(total + sum(table[id]^2, axis = 1)) }',
  ],
} as const;

describe.each(Object.entries(forms))('a table of %s', (_, [ids, y, train, loop = '']) => {
  const model = (rows: number): string =>
    `optimizer plain(lr) {
  w := w - lr * 2 * g
}
model m {
  input ids: ${ids}
  input x: [batch, 20]
  input t: [batch]
  ${y.startsWith('table') ? 'param table: [ROWS] ~ normal()' : ''}
  ${loop === '' ? '' : `param table: [ROWS, 4] ~ normal()\n  ${loop}`}
  y = ${y}
  loss = mse(y, t)
  output y
  train { ${train}, batch = 16, seed = 4 }
}`.replaceAll('ROWS', String(rows));
  const width = ids.includes(',') ? Number(/, (\d)/.exec(ids)?.[1]) : 1;
  const rowsAt = (rows: number, step: number): object => ({
    ids: Int32Array.from({ length: rows * width }, (_, i) => (i * i + 7 * step) % 23),
    x: Float32Array.from({ length: 20 * rows }, (_, i) => Math.sin(i + step)),
    t: Float32Array.from({ length: rows }, (_, i) => Math.cos(3 * i + step)),
  });

  it.each(['ts', 'wasm'] as const)('has the bits that updates of all rows give, on %s', async (target) => {
    const trainers = await Promise.all(
      bothWays(model).map(async (text) => (await loadText(text, { target })).createTrainer()),
    );
    // Of more terms sums are made in blocks.
    for (const [step, rows] of [1, 8, 33, 5000].entries())
      for (const trainer of trainers) trainer.step(rowsAt(rows, step));
    const [one, other] = trainers.map((trainer) => tensorsOf(trainer, 23));
    expect(one === other).toBe(true);
    for (const trainer of trainers) trainer.dispose();
  });
});

it.each(['sgd(lr = 0.1)', 'adagrad()', 'adam(lazy = true)', 'adamw(lazy = true)'])(
  'a step costs the same however many rows there are: %s',
  (optimizer) => {
    const folder = mkdtempSync(join(tmpdir(), 'nnc-tables-'));
    const costs = [10_000, 1_000_000].map((users) => {
      const file = join(folder, 'ratings.nn');
      const text = textOf(optimizer, 1).replace(`index(${recorded.users})`, `index(${users})`);
      writeFileSync(file, text);
      const targets = ['ts', 'wasm', 'wgsl'].map((target) => warm(['explain', file, '--json', '--target', target]));
      return targets.map(({ stdout }) => {
        const { flops, bytes } = (JSON.parse(stdout) as { total: Record<string, unknown> }).total;
        return JSON.stringify({ flops, bytes });
      });
    });
    rmSync(folder, { recursive: true });
    expect(costs[0][0]).toMatch(/"update":\d/);
    expect(costs[1]).toEqual(costs[0]);
  },
);

it('has the same bits with two threads', async () => {
  const text = textOf('adam(lr = 0.01, lazy = true)', 1).replaceAll('embedding(3)', 'embedding(64)');
  const module = await loadText(text, { target: 'wasm' });
  const trainers = await Promise.all([1, 2].map((threads) => module.createTrainer({ seed: 1, threads })));
  const rows = 3000;
  for (let step = 0; step < 3; step++)
    for (const trainer of trainers)
      trainer.step({
        user: Int32Array.from({ length: rows }, (_, i) => (i * i + step) % recorded.users),
        item: Int32Array.from({ length: rows }, (_, i) => (i + 5 * step) % recorded.items),
        rating: Float32Array.from({ length: rows }, (_, i) => Math.sin(i)),
      });
  const [one, other] = trainers.map((trainer) => tensorsOf(trainer));
  expect(one === other).toBe(true);
  for (const trainer of trainers) trainer.dispose();
});

it('leaves rows that no index names as they are where the optimizer is lazy, with what it remembers of them', async () => {
  const text = textOf('adamw(lr = 0.01, weight_decay = 0.5, lazy = true)');
  const trainer = (await loadText(text)).createTrainer({ parameters });
  for (let i = 0; i < 5; i++) trainer.step(batchAt(i));
  const named = new Set(recorded.user.slice(0, 30));
  const table = trainer.parameters['u.embedding.W'];
  parameters['u.embedding.W'].forEach((value, i) => {
    expect(table[i] === value, String(i)).toBe(!named.has(Math.floor(i / 3)));
  });
});

it.each([
  ['adam(lr = 0.1)', '', 'its optimizer moves rows whose gradient is 0 too'],
  ['sgd(lr = 0.1, momentum = 0.9)', '', 'its optimizer moves rows whose gradient is 0 too'],
  ['sgd(lr = 0.1, weight_decay = 0.1)', '', 'its optimizer moves rows whose gradient is 0 too'],
  ['lion()', '', 'its optimizer moves rows whose gradient is 0 too'],
  ['muon()', '', 'its optimizer computes with the whole tensor'],
  ['sgd(lr = 0.1)', ', accumulate = 2', 'accumulate adds up the gradients of all rows'],
  ['adam(lazy = true)', ', ema = 0.9', 'ema averages all rows'],
  ['sgd(lr = 0.1)', ', batch = 100', 'its rows are not many times the positions of a batch'],
])('goes over all rows by %s%s', (optimizer, setting, why) => {
  const text = textOf(optimizer).replace(', batch = 6', setting.includes('batch') ? setting : `, batch = 6${setting}`);
  expect(tablesIn(text).get('u.embedding.W')).toEqual({ kind: 'all', why });
});

it.each([
  ['u = (user |> table) + (other |> table)', 'its gradient is the sum of several uses'],
  ['u = user |> table\n    loss decay = mean(u @ transpose(zeros([64, 3])))', undefined],
])('tells tables that are used more than once: %s', (use, why) => {
  const text = textOf('sgd(lr = 0.1)')
    .replace('input item', 'input other: index(64)[batch]\n    table = embedding(3)\n    input item')
    .replace('u = user |> embedding(3)', use);
  const found = [...tablesIn(text)].find(([name]) => name !== 'v.embedding.W');
  expect(found?.[1]).toEqual(why === undefined ? { kind: 'named' } : { kind: 'all', why });
});
