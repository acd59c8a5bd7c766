// `nnc gradcheck` from outside: what it prints, its exit codes, and the message that names the worst parameter.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-gradcheck-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]): ReturnType<typeof warm> => warm(args, { cwd: folder });

const model = (gradient: string, rest = ''): string => `fn halved(x) = 0.5 * x^2
gradient halved(x, d) = ${gradient}

model small {
  input x: [batch, 3]
  param W: [3, 2] ~ uniform(-1, 1)
  param b: [2] = 0
  loss = mean(halved(x @ W + b))
  ${rest}
}
`;
writeFileSync(
  join(folder, 'right.nn'),
  model('d * x', 'train { optimizer = sgd(lr = 0.1), data = csv("rows.csv", x = 0..2) }'),
);
writeFileSync(join(folder, 'rows.csv'), Array.from({ length: 9 }, (_, i) => `${i},${i + 1},${i / 2}\n`).join(''));
writeFileSync(join(folder, 'wrong.nn'), model('d * x * 1.5'));
writeFileSync(join(folder, 'flat.nn'), 'model flat {\n  param w: [2] = [0, 0]\n  loss = mean(relu(w))\n}\n');

describe('nnc gradcheck', () => {
  it('compares every parameter, and says with what', () => {
    const { status, stdout, stderr } = run('gradcheck', 'right.nn');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^small: gradients against central differences in double precision, at 4 rows of csv\("rows\.csv"\)\nparameter +line +/,
    );
    expect(stdout).toMatch(/\nW +6 +6 /);
    expect(stdout).toMatch(/\nall 2 parameters agree: the largest error is \S+ \(\w\), the limit 1e-6\n$/);
    expect(run('gradcheck', 'right.nn').stdout).toBe(stdout);
  });

  it('names the worst parameter with its line, and fails', () => {
    const { status, stdout, stderr } = run('gradcheck', 'wrong.nn', '--batch', '2');
    expect(status).toBe(1);
    expect(stdout).toContain('at 2 made-up rows\n');
    expect(stdout).toMatch(/2 of 2 parameters do not agree\n$/);
    expect(stderr).toMatch(/^error\[gradient-wrong\]: the gradient of [Wb] is not what differences give: at \[/);
    expect(stderr).toMatch(/┌─ wrong\.nn:[67]:3/);
    expect(stderr).toContain('goes through the declared gradient of halved');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('says that there is nothing to compare', () => {
    writeFileSync(join(folder, 'fixed.nn'), 'model fixed {\n  input x: [batch]\n  loss = mean(x^2)\n}\n');
    expect(run('gradcheck', 'fixed.nn')).toMatchObject({
      status: 0,
      stdout: 'fixed: the loss depends on no trained parameter, so nothing was compared\n',
      stderr: '',
    });
  });

  it('prints data', () => {
    const { status, stdout } = run('gradcheck', 'wrong.nn', '--json', '--seed', '7', '--all');
    expect(status).toBe(1);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      version: 1,
      model: 'small',
      rows: 4,
      seed: 7,
      order: 1,
      limit: 1e-6,
      passes: false,
    });
    expect(result.source).toBeUndefined();
    expect(result.parameters[0]).toMatchObject({ name: 'W', shape: [3, 2], count: 6, checked: 6, leftOut: 0, line: 6 });
    expect(result.parameters[0].error).toBeCloseTo(1 / 3, 4);
  });

  it('checks second derivatives, and what targets compute', () => {
    expect(run('gradcheck', 'right.nn', '--order', '2').stdout).toMatch(/^small: a Hessian-vector product against /);
    for (const target of ['ts', 'wasm'])
      expect(run('gradcheck', 'right.nn', '--target', target).stdout).toMatch(/, the limit 1e-4\n$/);
    const { status, stderr } = run('gradcheck', 'wrong.nn', '--target', 'wasm');
    expect(stderr).toMatch(/^error\[gradient-wrong\]: the gradient on wasm of /);
    expect(status).toBe(1);
  });

  it('says where nothing can be said', () => {
    const { status, stderr, stdout } = run('gradcheck', 'flat.nn');
    expect(stderr).toMatch(/^warning\[gradient-unproven\]: no element of w could be compared: /);
    expect(stdout).toMatch(/\nw +2 +2 +2 /);
    expect(status).toBe(0);
  });

  it('says that gradients which are all 0 show nothing', () => {
    writeFileSync(
      join(folder, 'dead.nn'),
      'model dead {\n  input x: [batch, 3]\n  param W: [3, 2] ~ uniform(-1, 1)\n  loss = mean(relu(x @ W - 100))\n}\n',
    );
    for (const target of [[], ['--target', 'wasm']]) {
      const { status, stderr, stdout } = run('gradcheck', 'dead.nn', ...target);
      expect(stderr).toMatch(/^warning\[gradient-zero\]: every element of the gradient of W is 0 at 4 made-up rows, /);
      expect(stdout).toMatch(/\nevery gradient is 0 here, and so are differences: nothing was tested\n$/);
      expect(status).toBe(0);
    }
  });

  it('makes up sizes that the model takes where they must differ', () => {
    const tail = 'layer tail(x: [n, t]) {\n  require t > 2 * n + 3, "t is large"\n  return x[:, 2 * n:]\n}\n';
    writeFileSync(
      join(folder, 'tail.nn'),
      `${tail}model tails {\n  input x: [batch, T]\n  param w: f32 = 2\n  loss = mean((w * x |> tail)^2)\n}\n`,
    );
    const { status, stderr, stdout } = run('gradcheck', 'tail.nn', '--target', 'wasm');
    expect(stderr).toBe('');
    expect(stdout).toContain('1 parameter agrees');
    expect(status).toBe(0);
  });

  it('calls a model that a target refuses by its name', () => {
    const { status, stderr } = run('gradcheck', 'right.nn', '--target', 'wgsl');
    expect([status, stderr]).toEqual([
      1,
      'error[train-refused]: the model small cannot be trained so: there is no WebGPU here\n\n',
    ]);
  });

  it.each([
    [['--order', '2', '--target', 'ts'], 'leave out --order 2'],
    [['--order', '2', '--all'], 'leave out --all'],
    [['--order', '3'], 'Allowed choices are 1, 2'],
    [['--batch', '0'], 'a whole number of at least 1'],
  ])('refuses %s', (options, reason) => {
    const { status, stderr } = run('gradcheck', 'right.nn', ...options);
    expect(stderr).toContain(reason);
    expect(status).toBe(2);
  });

  it.each([
    ['model m {\n  input x: [batch, 2]\n  output y = 2 * x\n}\n', 'loss-absent'],
    ['model m {\n  input x: [batch, 2]\n  loss = mean(log(0 * x))\n}\n', 'loss-not-finite'],
    ['model m {\n  input x: [batch, 2]\n  loss = mean(y)\n}\n', 'unknown-name'],
  ])('has nothing to check in %j', (text, code) => {
    writeFileSync(join(folder, 'none.nn'), text);
    const { status, stderr } = run('gradcheck', 'none.nn');
    expect(stderr).toMatch(new RegExp(`^error\\[${code}\\]`));
    expect(status).toBe(1);
  });
});
