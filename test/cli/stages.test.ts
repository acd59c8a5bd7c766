// The stages of a compilation, as the command shows them: each by itself, all in a folder, without a pass, and verified.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passes } from '../../src/passes.js';
import { warm } from './nnc.js';

const source = `
model line {
  input x: [batch, 4]
  input y: [batch, 3]
  p = x |> dense(8) |> tanh |> dense(3)
  output p
  loss = mean((p - y)^2)
  train { optimizer = adam(lr = 0.1) }
}
`;

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nnc-stages-'));
  writeFileSync(join(folder, 'line.nn'), source);
});
afterAll(() => rmSync(folder, { recursive: true }));

const compile = (...more: string[]) => warm(['compile', 'line.nn', ...more], { cwd: folder });

describe('--emit', () => {
  it.each([
    ['tree', 'ts', /^\[/, '"kind": "model"'],
    ['graph', 'ts', /^\/\/ training$/m, 'contract'],
    ['gradient', 'ts', /^d_\S+ = /m, '@'],
    ['nests', 'ts', /^(nest|rows) \S+ \((forward|backward|update)\)$/m, 'add over'],
    ['plans', 'wasm', /^ {2}plan: /m, 'kind: nest'],
    ['kernels', 'wasm', /^kernel \S+ \(forward\)$/m, 'entry step'],
    ['kernels', 'wgsl', /^ *thread /m, 'entry predict'],
    ['program', 'wasm', /^kernel /m, 'entry step'],
    ['wat', 'wasm', /^\(module/, 'f32x4'],
  ])('%s for %s is that stage, and nothing else', (stage, target, form, part) => {
    const { status, stdout, stderr } = compile('--emit', stage, '--target', target);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(form);
    expect(stdout).toContain(part);
    expect(stdout).not.toContain('createTrainer');
  });

  it('shows stages of a model without a loss', () => {
    writeFileSync(join(folder, 'lossless.nn'), 'model m {\n  input x: [2]\n  output y = x + 1\n}\n');
    for (const stage of ['graph', 'gradient', 'nests']) {
      const { status, stderr } = warm(['compile', 'lossless.nn', '--emit', stage], { cwd: folder });
      expect([status, stderr]).toEqual([0, '']);
    }
  });

  it('refuses the text of WebAssembly for another target, and stages that there are not', () => {
    const wat = compile('--emit', 'wat', '--target', 'wgsl');
    expect([wat.status, wat.stdout]).toEqual([2, '']);
    expect(wat.stderr).toContain('error: --emit wat is for --target wasm');
    const soup = compile('--emit', 'soup');
    expect(soup.status).toBe(2);
    expect(soup.stderr).toContain(
      'Allowed choices are tree, graph, gradient, nests, plans, kernels, program, wat, all',
    );
  });

  it('writes what -o says, and a faulty model has no stage behind its fault', () => {
    expect(compile('--emit', 'nests', '-o', 'nests.txt').status).toBe(0);
    expect(readFileSync(join(folder, 'nests.txt'), 'utf8')).toBe(compile('--emit', 'nests').stdout);
    writeFileSync(join(folder, 'faulty.nn'), source.replace('dense(3)', 'dense(4)'));
    const { status, stdout, stderr } = warm(['compile', 'faulty.nn', '--emit', 'nests'], { cwd: folder });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('error[');
  });
});

describe('--emit all', () => {
  it('writes each stage, and each pass that has changed something, numbered as nnc passes lists them', () => {
    const { status, stdout, stderr } = compile('--emit', 'all', '-o', 'all', '--target', 'wasm');
    expect([status, stdout, stderr]).toEqual([0, '', '']);
    const files = readdirSync(join(folder, 'all'));
    const read = (name: string): string => readFileSync(join(folder, 'all', name), 'utf8');
    for (const stage of ['tree', 'graph', 'gradient', 'nests', 'plans', 'kernels', 'program', 'wat'])
      expect(files).toContain(`${stage}.txt`);
    const numbered = files.filter((name) => /^\d/.test(name)).toSorted();
    expect(numbered.length).toBeGreaterThan(8);
    for (const name of numbered) {
      const [, number, pass, stage] = /^(\d+)-(.+)\.(\w+)\.txt$/.exec(name) ?? [];
      expect(passes[Number(number) - 1]).toMatchObject({ name: pass, to: stage });
    }
    for (const stage of ['nests', 'plans', 'kernels', 'program']) {
      const last = numbered.findLast((name) => name.endsWith(`.${stage}.txt`)) ?? '';
      expect(read(last), last).toBe(read(`${stage}.txt`));
    }
    // No pass is told that has changed nothing.
    for (const [i, name] of numbered.entries())
      if (i > 0 && name.replace(/^.*?\./, '') === numbered[i - 1].replace(/^.*?\./, ''))
        expect(read(name)).not.toBe(read(numbered[i - 1]));
  });

  it('tells the two targets of one module apart', () => {
    expect(compile('--emit', 'all', '-o', 'both', '--target', 'wgsl,wasm').status).toBe(0);
    const files = readdirSync(join(folder, 'both'));
    expect(files).toEqual(
      expect.arrayContaining(['graph.txt', 'wgsl-kernels.txt', 'wasm-kernels.txt', 'wasm-wat.txt', 'wgsl-program.txt']),
    );
    expect(files).not.toContain('wgsl-wat.txt');
  });

  it('needs a folder', () => {
    const { status, stderr } = compile('--emit', 'all');
    expect(status).toBe(2);
    expect(stderr).toContain('error: --emit all writes files: -o names their folder');
    writeFileSync(join(folder, 'taken'), '');
    const taken = compile('--emit', 'all', '-o', 'taken');
    expect(taken.status).toBe(1);
    expect(taken.stderr).toBe('error[file-unwritable]: taken cannot be written: a file of this name exists\n\n');
    expect(readFileSync(join(folder, 'taken'), 'utf8')).toBe('');
  });
});

describe('--without', () => {
  const nests = (...more: string[]): string[] =>
    compile('--emit', 'nests', ...more).stdout.match(/^(nest|rows) /gm) ?? [];

  it('leaves passes out', () => {
    const [all, apart, alone] = [nests(), nests('--without', 'rows'), nests('--without', 'rows', '--without', 'join')];
    expect(all).toContain('rows ');
    expect(apart).not.toContain('rows ');
    expect(alone.length).toBeGreaterThan(apart.length);
  });

  it('refuses what is needed, and what is no pass', () => {
    const needed = compile('--without', 'lower');
    expect([needed.status, needed.stdout]).toEqual([2, '']);
    expect(needed.stderr).toContain('error: lower is needed; what can be left out: simplify-model,');
    const none = compile('--without', 'rows', '--without', 'magic');
    expect(none.status).toBe(2);
    expect(none.stderr).toContain('error: magic is no pass; what can be left out: ');
  });
});

it('--verify changes nothing of what is right', () => {
  const [plain, verified] = [compile('--target', 'wasm'), compile('--target', 'wasm', '--verify')];
  expect([verified.status, verified.stderr]).toEqual([0, '']);
  expect(verified.stdout).toBe(plain.stdout);
});

describe('passes', () => {
  it('lists every pass with what it takes, makes, and is good for', () => {
    const { status, stdout, stderr } = warm(['passes']);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(passes.map(({ name }) => name));
    lines.forEach((line, i) => {
      const { why, from, to, optional } = passes[i];
      expect(line).toContain(from === to ? ` ${to} ` : ` ${from} → ${to} `);
      expect(line.endsWith(` ${why}`)).toBe(true);
      expect(line.includes(' optional ')).toBe(optional);
    });
  });

  it('gives the same as data', () => {
    const { status, stdout } = warm(['passes', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(
      passes.map(({ name, from, to, optional, why }) => ({ name, from, to, optional, why })),
    );
  });
});
