// `nnc explain` from outside: what it prints, what it says of what is not there, and the files of a module in JavaScript.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { catalog } from '../../src/diagnostics/catalog.js';
import { warm, type Outcome } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-explain-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'models'));
mkdirSync(join(folder, 'out'));
const text = `model net(hidden = 8) {
  input x: [batch, 6]
  input y: [batch, 2]
  h = x |> dense(hidden)
  p = tanh(h) |> dense(2)
  loss = mse(p, y)
  train { optimizer = sgd(lr = 0.1), batch = 16 }
}
`;
writeFileSync(join(folder, 'models/net.nn'), text);
writeFileSync(
  join(folder, 'models/predicts.nn'),
  'model predicts {\n  input x: [batch, 3]\n  output y = x |> dense(2)\n}\n',
);
writeFileSync(join(folder, 'other.ts'), 'export const x = 1;\n');

const explain = (...args: readonly string[]): Outcome => warm(['explain', ...args], { cwd: folder });

describe('nnc explain', () => {
  it('prints costs by layer, what lives at the peak, and kernels', () => {
    const { stdout, status } = explain('models/net.nn', '--batch', '5');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^net {2}one training step on ts, batch 5\n/);
    for (const line of [
      /^net +74 /m,
      /^ {2}h +56 /m,
      /^ {4}dense +56 /m,
      /^at the peak, in \S+, /m,
      /^ *\d+\.\d% {2}\S+ {2}/m,
    ])
      expect(stdout).toMatch(line);
    expect(stdout).toMatch(/^ {8}from net\.nn:\d+/m);
  });

  it('gives the same as data', () => {
    const data = JSON.parse(explain('models/net.nn', '--json', '--target', 'wasm', '--set', 'hidden=4').stdout);
    expect(data).toMatchObject({ version: 1, model: 'net', target: 'wasm', entry: 'step', sizes: { batch: 16 } });
    expect(data.total.parameters).toEqual({ trained: 6 * 4 + 4 + 4 * 2 + 2, frozen: 0 });
    expect(data.layers[0]).toMatchObject({ path: '', total: data.total });
    const shares = data.kernels.map(({ share }: { share: number }) => share);
    expect(shares.reduce((a: number, b: number) => a + b, 0)).toBeCloseTo(1, 12);
    expect(data.peak.bytes).toBe(data.total.peak);
  });

  it('explains a model that only predicts', () => {
    expect(explain('models/predicts.nn').stdout).toMatch(/^predicts {2}one prediction on ts, batch \d+\n/);
  });

  it('explains a value', () => {
    const { stdout } = explain('models/net.nn', 'h');
    expect(stdout).toMatch(
      /^h: \[batch, hidden=8\] {2}value {2}net\.nn:4 dense\nformula +h = x @ h\.dense\.W \+ h\.dense\.b\n/,
    );
    const data = JSON.parse(explain('models/net.nn', 'h.dense.b', '--json').stdout);
    expect(data).toMatchObject({ model: 'net', name: 'h.dense.b', kind: 'parameter', trained: true });
  });

  it('leads from a line to the module that compile writes, and back', () => {
    warm(['compile', 'models/net.nn', '-o', 'models/net.ts'], { cwd: folder });
    const { file, kernels, module } = JSON.parse(explain('models/net.nn', '--line', '5', '--json').stdout);
    expect([file, module]).toEqual(['net.nn', 'net.ts']);
    const [{ name, lines }] = kernels;
    expect(readFileSync(join(folder, 'models/net.ts'), 'utf8').split('\n')[lines.from - 1]).toContain(
      `function ${name}`,
    );
    const back = explain('models/net.ts', '--line', String(lines.from + 1));
    expect(back.stdout).toContain('as the comment above it says');
    expect(back.stdout).toContain('net.nn:5 dense  p = tanh(h) |> dense(2)');
  });

  it.each([
    ['a name and a line', ['models/net.nn', 'h', '--line', '4']],
    ['a line that is no number', ['models/net.nn', '--line', 'four']],
    ['a target that there is not', ['models/net.nn', '--target', 'cuda']],
    ['no rows', ['models/net.nn', '--batch', '0']],
    ['a module without a line', ['other.ts']],
  ])('refuses %s as wrong usage', (_, args) => {
    const { status, stderr } = explain(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: /);
  });
});

const scenes: Readonly<Record<string, readonly [args: readonly string[], said: string]>> = {
  'value-unknown': [['models/net.nn', 'h.dense.w'], 'did you mean h.dense.W?'],
  'line-beyond': [['models/net.nn', '--line', '99'], 'it has 8 lines'],
  'line-without-kernels': [['models/net.nn', '--line', '2'], 'kernels come of lines 4, 5, 6'],
  'line-of-no-model': [['models/net.ts', '--line', '2'], 'line 2 of net.ts comes of no line of a model'],
  'module-foreign': [['other.ts', '--line', '1'], 'is not a module that nnc has written'],
};

describe('is said', () => {
  it.each(Object.entries(scenes))('%s', (code, [args, said]) => {
    if (!existsSync(join(folder, 'models/net.ts')))
      warm(['compile', 'models/net.nn', '-o', 'models/net.ts'], { cwd: folder });
    const { status, stderr } = explain(...args);
    expect(stderr).toMatch(new RegExp(`^error\\[${code}\\]: \\S`));
    expect(stderr).toContain(said);
    expect(status).toBe(1);
  });

  it('leaves no message out', () => {
    const codes = [...catalog.values()].filter(({ phase }) => phase === 'explain').map(({ code }) => code);
    expect(Object.keys(scenes).sort()).toEqual(codes.sort());
  });
});

describe('a module in JavaScript', () => {
  it('has a source map beside it, and both name files from where they are written', () => {
    warm(['compile', 'models/net.nn', '-o', 'out/net.mjs'], { cwd: folder });
    const code = readFileSync(join(folder, 'out/net.mjs'), 'utf8');
    const map = JSON.parse(readFileSync(join(folder, 'out/net.mjs.map'), 'utf8'));
    expect(code).toContain('from ../models/net.nn:\n');
    expect(code).toMatch(/\/\/ .* \.\.\/models\/net\.nn:5 dense/);
    expect(code.endsWith('\n//# sourceMappingURL=net.mjs.map\n')).toBe(true);
    expect(map).toMatchObject({ file: 'net.mjs', sources: ['../models/net.nn'], sourcesContent: [text] });
    const line = code.split('\n').findIndex((of) => /^ +loss\[0\] = /.test(of)) + 1;
    const { stdout } = explain('out/net.mjs', '--line', String(line));
    expect(stdout).toMatch(/this line, as the source map says:\n {2}\.\.\/models\/net\.nn:6 {2}loss = mse\(p, y\)\n/);
  });
});
