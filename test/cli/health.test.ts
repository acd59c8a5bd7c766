// What a run that learns badly is told, by its code and at the line at fault: models of test/health, whose lines at fault are marked; and
// that healthy runs are told nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTensors } from '../../src/codegen/runtime/safetensors.js';
import { chosen } from '../support/full.js';
import { warm, type Outcome } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-health-'));
afterAll(() => rmSync(folder, { recursive: true }));
const models = join(import.meta.dirname, '../health');
const names = readdirSync(models).filter((name) => name.endsWith('.nn'));
const file = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
const train = (name: string, ...more: readonly string[]): Outcome =>
  warm(['train', `${name}.nn`, '--out', name, '--target', 'ts', ...more], { cwd: folder });

/** Three clouds of points that overlap a little: x, the class, and a target. */
function rows(): number[][] {
  return Array.from({ length: 120 }, (_, i) => {
    const noise = (k: number): number => Math.sin(12.9 * (i + 1) * k) * 0.8;
    const label = i % 3;
    const x = [label - 1 + noise(1), (label === 1 ? 1 : -0.5) + noise(2), noise(3)];
    return [...x, label, x[0] + 0.5 * x[1] > 0 ? 1 : 0];
  });
}

beforeAll(() => {
  const csv = (name: string, values: readonly (readonly (number | string)[])[]): void =>
    file(name, `a,b,c,label,y\n${values.map((row) => row.join(',')).join('\n')}\n`);
  csv('rows.csv', rows());
  csv('targets.csv', rows());
  csv(
    'sorted.csv',
    rows().sort((a, b) => a[3] - b[3]),
  );
  csv(
    'unscaled.csv',
    rows().map(([a, b, ...rest]) => [a, 4000 * b, ...rest]),
  );
  csv(
    'zero.csv',
    rows().map((row, i) => (i === 77 ? [0, ...row.slice(1)] : row)),
  );
  csv(
    'nan.csv',
    rows().map((row, i) => (i === 77 ? ['NaN', ...row.slice(1)] : row)),
  );
  const x = Float32Array.from(rows().flatMap((row) => row.slice(0, 3)));
  x[3 * 77 + 1] = NaN;
  const y = Float32Array.from(rows().map((row) => row[4]));
  file(
    'nan.safetensors',
    writeTensors(
      [
        { name: 'x', shape: [120, 3], data: x },
        { name: 'y', shape: [120, 1], data: y },
      ],
      {},
    ),
  );
  for (const name of names) file(name, readFileSync(join(models, name), 'utf8'));
});

/** What is said: code, file and line of each. */
function said({ stderr }: Outcome): string[] {
  const heads = [...stderr.matchAll(/^(?:warning|error)\[([\w-]+)\]: .*(?:\n +┌─ (\S+?):(\d+):\d+)?/gm)];
  return heads.map(([, code, at = '', line = '']) => `${code} ${at}:${line}`).sort();
}

describe('a run that learns badly says why, at the line at fault', () => {
  it.each(names.filter((name) => name !== 'nan-cell.nn'))('%s', (name) => {
    const text = readFileSync(join(models, name), 'utf8');
    const wanted = text.split('\n').flatMap((line, i) => {
      const codes = /\/\/! (.*)$/.exec(line)?.[1].split(' ') ?? [];
      return codes.map((code) => `${code} ${name}:${i + 1}`);
    });
    expect(wanted.length).toBeGreaterThan(0);
    const outcome = train(name.replace('.nn', ''));
    expect(said(outcome), outcome.stderr).toEqual(wanted.sort());
  });
});

describe('what is warned of', () => {
  it('names the column that is not scaled, and one that is', () => {
    const { stderr } = train('unscaled-features', '--force', '--quiet');
    expect(stderr).toMatch(
      /^warning\[unscaled-features\]: x\[:, 1\] is of the size 3\d00,.*(\n.*)*\n {2}= x\[:, \d\] is of the size 0\.\d+\n/,
    );
  });

  it('is an event before the first step, and stands in the record of the run', () => {
    const { stdout, stderr } = train('double-softmax', '--json', '--force');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(stderr).toBe('');
    expect(events.map(({ event }) => event)).toEqual(['begin', 'warning', 'epoch', 'epoch', 'epoch', 'end']);
    const place = { file: 'double-softmax.nn', line: 6, column: 10 };
    const told = {
      code: 'double-softmax',
      epoch: 1,
      step: 0,
      message: expect.stringMatching(/^the loss applies softmax to what went through softmax already/),
    };
    expect(events[1]).toMatchObject({ ...told, ...place, severity: 'warning', help: expect.any(String) });
    const record = JSON.parse(readFileSync(join(folder, 'double-softmax/run.json'), 'utf8')) as object;
    expect(record).toMatchObject({ warnings: ['double-softmax'], warned: [{ ...told, ...place }] });
  });

  it('is not told again where the run goes on', () => {
    train('double-softmax', '--force');
    const more = ['train', '--resume', 'double-softmax', '--epochs', '5'];
    expect(warm(more, { cwd: folder })).toMatchObject({ status: 0, stderr: '' });
    const record = JSON.parse(readFileSync(join(folder, 'double-softmax/run.json'), 'utf8')) as object;
    expect(record).toMatchObject({ warnings: ['double-softmax'], ended: 'finished' });
  });
});

describe('a cell that is no number', () => {
  it('is told by its row and column before anything is trained', () => {
    const { stderr, status } = train('nan-cell');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error\[data-missing\]: nan\.csv, line 79, column "a": found "NaN"/);
  });

  it('is told by its place in an array', () => {
    const x = Float32Array.from(rows().flatMap((row) => row.slice(0, 3)));
    x[3 * 77 + 1] = NaN;
    const y = Float32Array.from(rows().map((row) => row[4]));
    const tensors = [
      { name: 'x', shape: [120, 3], data: x },
      { name: 'y', shape: [120, 1], data: y },
    ];
    file('nan.safetensors', writeTensors(tensors, {}));
    const text = readFileSync(join(models, 'nan-cell.nn'), 'utf8');
    file('array.nn', text.replace(/csv\(.*\)/, 'safetensors("nan.safetensors", x = "x", y = "y")'));
    expect(train('array').stderr).toMatch(/^error\[data-value\]: nan\.safetensors, x, position 232: found NaN/);
  });
});

/** Bodies between x and logits, and what they learn with. */
const bodies: Readonly<Record<string, string>> = {
  'a deep network of relu with normalisation':
    'logits = x |> repeat(6, dense(16) >> layer_norm() >> relu) |> dense(3)\n  train { optimizer = adam(lr = 1e-2)',
  'tanh and a schedule of the length of the run':
    'logits = x |> dense(16) |> tanh |> dense(3)\n  train { optimizer = sgd(lr = cosine(peak = 0.3, warmup = 10), momentum = 0.9)',
  'dropout and batch normalisation':
    'logits = x |> dense(24) |> batch_norm() |> relu |> dropout(0.2) |> dense(3)\n  train { optimizer = adamw(lr = 1e-2), validation = 0.2',
  'a convolution over the features':
    'logits = reshape(x, [batch, 1, 3]) |> conv1d(8, kernel = 3, padding = 1) |> relu |> flatten |> dense(3)\n  train { optimizer = adam(lr = 1e-2)',
  'an LSTM along the features':
    'logits = lstm(8)(reshape(x, [batch, 3, 1]))[:, -1] |> dense(3)\n  train { optimizer = adam(lr = 1e-2), clip_norm = 1',
  'attention over the features':
    'logits = reshape(x, [batch, 3, 1]) |> dense(8) |> attention(2) |> flatten |> dense(3)\n  train { optimizer = adam(lr = 1e-2)',
  'rows in their own order, which is none':
    'logits = x |> dense(8) |> gelu |> dense(3)\n  train { optimizer = adam(lr = 1e-2), shuffle = false',
};

/** Those of the usual tests. */
const quick = [
  'dropout and batch normalisation',
  'rows in their own order, which is none',
  'iris',
  'xor',
  'cells',
  'logistic',
];

describe('a healthy run is told nothing', () => {
  it.each(chosen(Object.entries(bodies), ([name]) => quick.includes(name)))('%s', (_, body) => {
    file(
      'healthy.nn',
      `model healthy {\n  input x: [batch, 3]\n  input label: index(3)[batch]\n  ${body}, batch = 10, epochs = 25, data = csv("rows.csv", x = 0..2, label = 3) }\n` +
        '  loss = cross_entropy(logits, label)\n  metric accuracy = accuracy(logits, label)\n  output class = argmax(logits)\n}\n',
    );
    const { stderr, status } = train('healthy', '--force');
    expect([status, stderr]).toEqual([0, '']);
  });

  const examples = [
    ['iris', 'iris', 60],
    ['xor', 'xor', 300],
    ['line', 'line', 100],
    ['logistic', 'logistic', 100],
    ['textbook', 'textbook', 50],
    ['breast-cancer-sized', 'cells', 20],
    ['xor-single-layer', 'xor-single-layer', 50],
  ] as const;
  it.each(chosen(examples, ([at]) => quick.includes(at)))('the example %s', (at, name, epochs) => {
    const model = join(import.meta.dirname, '../../examples', at, `${name}.nn`);
    const out = join(folder, `example-${name}`);
    const { stderr, status } = warm(['train', model, '--epochs', `${epochs}`, '--out', out, '--target', 'ts']);
    expect([status, stderr]).toEqual([0, '']);
  });
});
