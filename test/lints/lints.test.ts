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
    expect(count).toBe(found.filter(({ fix }) => fix).length);
    const left = told(wrong, now, 'wrong.nn');
    expect(left.filter(({ fix, severity }) => fix !== undefined || severity === 'error')).toEqual([]);
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
  const of = (value: string): string[] =>
    codesIn(`model m {
  input x: [batch, 4]
  h = x |> dense(3)
  loss = mean(${value})
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
  ])('says nothing of %s', (value) => {
    expect(of(value)).toEqual([]);
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
