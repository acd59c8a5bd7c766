// Each lint with a file that it is for, whose answer stands beside it, and the same file put right. UPDATE=1 writes the answers again.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.js';
import { doubleSoftmax } from '../../src/analysis/lints/doubleSoftmax.js';
import { linted } from '../../src/analysis/lints/lint.js';
import { catalog } from '../../src/diagnostics/catalog.js';
import { mended } from '../../src/diagnostics/fixes.js';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.js';
import { render } from '../../src/diagnostics/render.js';
import { library } from '../../src/embedded.js';
import { check } from '../../src/index.js';
import { chosen } from '../support/full.js';

const root = join(import.meta.dirname, '../..');
const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).flatMap((e) =>
  e.isDirectory() ? [e.name] : [],
);

function told(path: string, text = readFileSync(path, 'utf8'), file = path): readonly Diagnostic[] {
  const read = (name: string): string | undefined => {
    const place = join(dirname(path), name);
    return existsSync(place) ? readFileSync(place, 'utf8') : undefined;
  };
  return linted(analyze({ file, text }, { read: file === path ? textOf : read }));
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

const codesIn = (text: string): string[] => told('', text, 'a.nn').map(({ code }) => code);

describe.each(folders)('%s', (code) => {
  const [wrong, right, answer] = ['wrong.nn', 'right.nn', 'answer.txt'].map((name) =>
    join(import.meta.dirname, code, name),
  );
  const text = readFileSync(wrong, 'utf8');

  it('is told of the wrong file, and of nothing in the right one', () => {
    const found = told(wrong, text, 'wrong.nn');
    const texts = new Map([['wrong.nn', text], ...library.map((l): [string, string] => [l.file, l.text])]);
    const said = found.map((one) => `${render(one, texts)}\n`).join('\n');
    if (process.env['UPDATE'] === '1') writeFileSync(answer, said);
    expect(said).toBe(readFileSync(answer, 'utf8'));
    expect(found.map((one) => one.code)).toContain(code);
    expect(found.every(({ severity }) => severity === 'warning')).toBe(true);
    expect(told(right, undefined, 'right.nn')).toEqual([]);
  });

  it('is not told where a comment says so, and all else is', () => {
    const found = told(wrong, text, 'wrong.nn');
    const lines = new Set(found.flatMap((d) => (d.code === code ? [lineOf(text, d)] : [])));
    const silenced = text
      .split('\n')
      .flatMap((line, i) => (lines.has(i) ? [`  // nnc-ignore ${code}`, line] : [line]))
      .join('\n');
    const others = found.flatMap((d) => (d.code === code ? [] : [d.code]));
    expect(told(wrong, silenced, 'wrong.nn').map((d) => d.code)).toEqual(others);
    const another = silenced.replaceAll(`nnc-ignore ${code}`, 'nnc-ignore some-other, and-another');
    expect(told(wrong, another, 'wrong.nn').map((d) => d.code)).toEqual(found.map((d) => d.code));
  });

  it('is mended by its fixes, which leave a file that compiles and has none to make', () => {
    const found = told(wrong, text, 'wrong.nn');
    const { text: now, count } = mended('wrong.nn', text, found);
    expect(count).toBe(found.filter(({ fix }) => fix && !fix.chosen).length);
    const left = told(wrong, now, 'wrong.nn');
    expect(left.filter(({ fix, severity }) => (fix && !fix.chosen) || severity === 'error')).toEqual([]);
    expect(left.length).toBeLessThanOrEqual(found.length - count);
  });
});

function lineOf(text: string, { labels }: Diagnostic): number {
  return text.slice(0, labels[0].span.start).split('\n').length - 1;
}

it('has files for every lint', () => {
  const lints = [...catalog.values()].flatMap(({ code, phase }) => (phase === 'lints' ? [code] : []));
  expect([...lints, 'unused'].sort()).toEqual(folders);
});

it('tells nothing of the examples and of the cases of reference', { timeout: 120_000 }, () => {
  const files = ['examples', 'test/reference'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.nn'))
      .map((name) => join(root, folder, name)),
  );
  const quick =
    /reference\/(cases\/(act|mlp|attention)|programs\/(hand|ba))|(contrastive|vae|iris|textbook|distillation)\//;
  const some = chosen(files, (path) => quick.test(path));
  expect(some.length).toBeGreaterThan(8);
  expect(some.flatMap((path) => told(path).map(({ code }) => `${path}: ${code}`))).toEqual([]);
});

describe('double-softmax', () => {
  const of = (loss: string, more = ''): string[] =>
    codesIn(`model m {
  input x: [batch, 4]
  input label: index(3)[batch]
  input t: [batch, 3]
  z = x |> dense(3)
  output used = mean(t) + mean(f32(label))
${more}  loss = ${loss}
}
`);

  it.each([
    'cross_entropy(z |> softmax, label)',
    'cross_entropy(log_softmax(z), label)',
    'cross_entropy(softmax(z) / 0.5, label)',
    'cross_entropy(softmax(z), t)',
    'nll(log_softmax(softmax(z)), label)',
    'binary_cross_entropy(sigmoid(z), t)',
    '0.5 * cross_entropy(softmax(z), label) + mse(z, t)',
  ])('finds %s', (loss) => {
    expect(of(loss)).toEqual(['double-softmax']);
  });

  it.each([
    'cross_entropy(z, label)',
    'binary_cross_entropy(z, t)',
    'cross_entropy(z, stop_gradient(softmax(z)))',
    'cross_entropy(softmax(z) |> dense(3), label)',
    'nll(log_softmax(z), label)',
    'kl_divergence(log_softmax(z), softmax(t))',
  ])('says nothing of %s', (loss) => {
    expect(of(loss)).toEqual([]);
  });

  it('needs no text: a line of the model is its place', () => {
    const text = `model m {
  input x: [batch, 4]
  input label: index(3)[batch]
  p = x |> dense(3) |> softmax
  loss = cross_entropy(p, label)
}
`;
    const { model } = check({ file: 'some/m.nn', text });
    const [{ labels }, ...others] = model ? doubleSoftmax(model) : [];
    expect(others).toEqual([]);
    expect(labels.map(({ span }) => text.slice(span.start, span.end))).toEqual([
      'loss = cross_entropy(p, label)',
      'p = x |> dense(3) |> softmax',
    ]);
    expect(labels[0].span.file).toBe('some/m.nn');
  });
});

describe('unguarded', () => {
  const of = (value: string, more = ''): string[] =>
    codesIn(`model m {
  input x: [batch, 4]
  input n: index(9)[batch, 1]
  param scale: f32 = 1
  param free: [3] ~ normal()
  h = x |> dense(3)
${more}  loss = mean(${value}) + 0 * (scale + sum(free) + sum(f32(n)))
}
`);

  it.each([
    'log(h)',
    'h |> abs |> log',
    'sqrt(h^2)',
    '1 / relu(h)',
    'h / mean(abs(h))',
    'log(sigmoid(h))',
    'x[:, 0:3] / std(h)',
    // Powers.
    'h^-1',
    'h^0.5',
    'h^-0.5',
    'h^1.5',
    'relu(h)^-2',
    'abs(h)^0.5',
    'pow(h, -1)',
    'abs(h)^(scale - 1)',
    'h^scale',
    'rsqrt(sum(h^2, axis = -1))',
    // Of any sign.
    'x[:, 0:1] / (h[:, 0:1] - h[:, 1:2])',
    'h / sum(h, axis = -1, keep = true)',
    'h / free',
    'h / stop_gradient(sum(h))',
    '1 / (1 - tanh(h)^2)',
    'log(1 - sigmoid(h))',
    'h / (sign(h) * max(abs(h), 1e-3))',
    // What the model makes of data, that ends at 0.
    'h[:, 0] / sqrt(sum(x^2, axis = -1))',
    'h[:, 0] / std(x)',
    'log(f32(n)) * h',
    '1 / f32(n) * h',
    'sum(abs(x))^-1 * h',
  ])('finds %s', (value) => {
    expect(of(value)).toEqual(['unguarded']);
  });

  it.each([
    'log(1 + h^2)',
    'sqrt(h^2 + 1e-6)',
    '1 / (1 + exp(-h))',
    'exp(h) / sum(exp(h))',
    'h / 2',
    'h / batch',
    'log(max(h, 1e-6))',
    'if h > 0 then log(h) else 0',
    'h * log(sum(x))',
    'h - h |> log_softmax',
    'h / max(sqrt(sum(h^2) + 1e-8), 1e-3)',
    // Powers.
    'h^2 + h^3 + h^0',
    'abs(h)^1.5',
    '(h^2 + 1e-6)^-0.5',
    'exp(h)^-2',
    'max(h, 1e-6)^0.5',
    '2^h',
    'h^f32(range(3))',
    'rsqrt(mean(h^2) + 1e-6)',
    'abs(h)^(1 + sigmoid(scale))',
    'scale^-1 * h',
    // What keeps away from 0.
    'h / scale',
    'h / (if abs(h) < 1e-8 then 1e-8 else h)',
    'h / (if h == 0 then 1 else h)',
    'h / (if h != 0 and x[:, 0:3] > 0 then h else 1)',
    'h / (h + f32(h == 0))',
    'h / ((if h >= 0 then 1 else -1) * max(abs(h), 1e-6))',
    'log(if h > 0 then h else 1)',
    'log(if h <= 0 then 1 else h)',
    '-h / (-1 - h^2)',
    'h / min(-relu(h), -1e-6)',
    'h / (relu(h) + softplus(h))',
    'h / (2 * exp(2 * h))',
    'h / mean(1 + h^2)',
    'h / sqrt(sum(h^2) + 1e-12)',
    '(1 / (1 + h^2)) / sum(1 / (1 + h^2))',
    'h / prod(1 + abs(h), axis = -1, keep = true)',
    'h / (exp(h) @ ones([3, 1]))',
    'h / concat([exp(h[:, 0:1]), 1 + h[:, 1:]^2], axis = -1)',
    'h / softmax(h)',
    // Data of which the model tells nothing, and what a mask leaves.
    'h[:, 0] / x[:, 0]',
    'h / sum(x)',
    'h / (x[:, 0:1] - x[:, 1:2])',
    'h * log(x[:, 0:3])',
    'sum(if n > 3 then h else 0) / sum(n > 3)',
    'h / (count(h) - 1)',
  ])('says nothing of %s', (value) => {
    expect(of(value)).toEqual([]);
  });

  it.each([
    [
      'abs(h)^0.5',
      'this power can be of 0, where its derivative is infinite',
      'as far as the model tells, it is from 0 up',
      'a bound keeps it away from 0: (abs(h) + 1e-12)^0.5',
    ],
    [
      'h^scale',
      'this power can be of a negative number, where it is none',
      'as far as the model tells, it is of any size and sign',
      'a bound keeps it above 0: max(h, 1e-8)^scale',
    ],
    [
      'pow(h, -2)',
      'this power can be of 0, where it is infinite',
      'as far as the model tells, it is of any size and sign',
      'a bound keeps it away from 0: (if abs(h) < 1e-8 then 1e-8 else h)^-2',
    ],
  ])('says of %s: %s', (value, what, evidence, help) => {
    const text = `model m {\n  input x: [batch, 4]\n  param scale: f32 = 1\n  h = x |> dense(3)\n  loss = mean(${value}) + scale\n}\n`;
    const [only, ...others] = told('', text, 'a.nn');
    expect(others).toEqual([]);
    expect(only).toMatchObject({ message: what, notes: [evidence], help, fix: { title: 'keep it away from 0' } });
  });

  it('knows what an if by a name keeps away', () => {
    expect(of('safe', '  direct = 1 / h\n  safe = if abs(h) > 1e-6 then direct else 0\n')).toEqual([]);
    expect(of('safe + direct', '  direct = 1 / h\n  safe = if abs(h) > 1e-6 then direct else 0\n')).toEqual([
      'unguarded',
    ]);
  });

  it('looks into loops, where it leaves alone what is carried', () => {
    const round = (value: string): string[] =>
      of('last', `  scan row in h along 0, last = zeros([3]) {\n    last := ${value}\n  }\n`);
    expect(round('0.5 * last + log(row)')).toEqual(['unguarded']);
    expect(round('0.5 * last + 1 / row')).toEqual(['unguarded']);
    expect(round('0.5 * last + 1 / abs(last)')).toEqual(['unguarded']);
    expect(round('row / (1 + abs(last))')).toEqual([]);
    expect(round('row / (last + 1)')).toEqual([]);
  });

  it.each([
    ['log(softmax(h))', 'log_softmax(h)'],
    ['log(softmax(h + 1, axis = 1))', 'log_softmax(h + 1, axis = 1)'],
    ['h |> softmax |> log', 'h |> log_softmax'],
    ['log(h |> softmax)', 'h |> log_softmax'],
    ['h + (softmax(h) |> log)', 'h + (log_softmax(h))'],
  ])('mends %s by what is the same: %s', (value, mendedValue) => {
    const text = `model m {\n  input x: [batch, 4]\n  h = x |> dense(3)\n  loss = mean(${value})\n}\n`;
    const { text: now, count } = mended('a.nn', text, told('', text, 'a.nn'));
    expect([now, count]).toEqual([text.replace(value, mendedValue), 1]);
    expect(told('', now, 'a.nn')).toEqual([]);
  });

  it.each([
    ['log(h)', 'log(max(h, 1e-8))'],
    ['h^2 |> sqrt', '(h^2 + 1e-12) |> sqrt'],
    ['1 / sum(h^2)', '1 / max(sum(h^2), 1e-8)'],
    ['1 / (h - 1)', '1 / (if abs(h - 1) < 1e-8 then 1e-8 else h - 1)'],
    ['1 / h', '1 / (if abs(h) < 1e-8 then 1e-8 else h)'],
    ['1 / -relu(h)', '1 / min(-relu(h), -1e-8)'],
    ['abs(h)^0.5', '(abs(h) + 1e-12)^0.5'],
    ['(h^2)^0.5', '(h^2 + 1e-12)^0.5'],
    ['h^-0.5', 'max(h, 1e-8)^-0.5'],
    ['rsqrt(h^2)', 'rsqrt(h^2 + 1e-12)'],
  ])('offers for %s its guard: %s', (value, guarded) => {
    const text = `model m {\n  input x: [batch, 4]\n  h = x |> dense(3)\n  loss = mean(${value})\n}\n`;
    const [only, ...others] = told('', text, 'a.nn');
    expect(others).toEqual([]);
    const [{ span, text: by }] = only.fix?.edits ?? [];
    const now = text.slice(0, span.start) + by + text.slice(span.end);
    expect(now).toBe(text.replace(value, guarded));
    expect(told('', now, 'a.nn')).toEqual([]);
    // The numbers are others: nobody asked for that.
    expect(mended('a.nn', text, [only])).toEqual({ text, count: 0 });
  });
});

it('looks for what is unguarded in a function of the file where it is written, with its guard', () => {
  const of = (body: string): readonly Diagnostic[] => {
    const text = `fn distance(a, b) = ${body}
model m {
  input x: [batch, 4]
  input y: [batch, 4]
  embed = dense(3)
  a = x |> embed
  loss = mean(distance(a, y |> embed))
}
`;
    return told('', text, 'a.nn');
  };
  expect(of('sqrt(sum((a - b)^2, axis = -1) + 1e-12)')).toEqual([]);
  expect(of('log(1 + abs(a - b))')).toEqual([]);
  const [{ labels }, ...others] = of('sqrt(sum((a - b)^2, axis = -1))');
  expect(others).toEqual([]);
  expect(labels[0].span.start).toBe('fn distance(a, b) = sqrt('.length);
});

describe('unused', () => {
  it('leaves alone what must be there, and what is said to be unused', () => {
    const text = `fn rate(k) = 0.1
fn rounded(v) = round(v)
gradient rounded(v, d) = d
fn first(a, _b) = a
optimizer plain(lr = 0.1, lazy = true) {
  w := w - lr * g
}
model m {
  input x: [batch, 2]
  a, b = split(x |> dense(2), 2, axis = -1)
  loss = mean(first(rounded(a), b))
  train { optimizer = plain(lr = rate) }
}
`;
    expect(codesIn(text)).toEqual([]);
  });

  it('is said of an import from which nothing is taken, whose line goes', () => {
    const text = 'import { a, b } from "x.nn"\nmodel m {\n  input x: [batch, 2]\n  loss = mean(x |> dense(1))\n}\n';
    const found = linted(analyze({ file: 'm.nn', text }, { read: () => 'fn a(x) = x\nfn b(x) = x\n' }));
    expect(found.map(({ message }) => message)).toEqual(['the import a is never used', 'the import b is never used']);
    expect(mended('m.nn', text, found).text).toBe(text.slice(text.indexOf('model')));
  });
});

it('leaves a comment behind a name that is left out where its line began', () => {
  const text = 'model m {\n  input x: [batch, 2]\n  a = 2 * x   // twice\n  output y = x |> dense(1)\n}\n';
  for (const written of [text, text.replaceAll('\n', '\r\n')])
    expect(mended('m.nn', written, told('', written, 'm.nn')).text).toBe(written.replace('a = 2 * x   ', ''));
});

describe('last-dropout', () => {
  it.each([
    ['dense(4) |> dropout(0.1) |> dense(3)', []],
    ['dense(4) >> dropout(0.1) >> relu >> dense(3)', []],
    ['dense(3) |> dropout(0.1) |> softmax', ['last-dropout']],
    ['residual(dense(4) >> dropout(0.1)) |> dense(3)', []],
  ])('of x |> %s: %j', (layers, codes) => {
    const text = `model m {\n  input x: [batch, 4]\n  input y: [batch, 3]\n  p = x |> ${layers}\n  loss = mse(p, y)\n}\n`;
    expect(codesIn(text)).toEqual(codes);
  });
});
