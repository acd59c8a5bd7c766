// Where `nnc compile` writes, and what it refuses to: endings of modules, and models larger than memory.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { warm } from './nnc.js';

const cwd = mkdtempSync(join(tmpdir(), 'nnc-output-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const source =
  'model m {\n  input x: [batch, 2]\n  loss = mean(x |> dense(1))\n  train { optimizer = sgd(lr = 0.1) }\n}\n';
beforeEach(() => {
  for (const name of readdirSync(cwd)) rmSync(join(cwd, name));
  writeFileSync(join(cwd, 'm.nn'), source);
});

describe('the ending of a module', () => {
  it.each([
    ['m.ts', ['m.nn', 'm.ts']],
    ['m.mts', ['m.mts', 'm.nn']],
    ['m.js', ['m.d.ts', 'm.js', 'm.js.map', 'm.nn']],
    ['m.mjs', ['m.d.mts', 'm.mjs', 'm.mjs.map', 'm.nn']],
    ['m.test.ts', ['m.nn', 'm.test.ts']],
  ])('%s tells its language', (output, files) => {
    expect(warm(['compile', 'm.nn', '-o', output], { cwd }).status).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(files);
    expect(readFileSync(join(cwd, output), 'utf8').includes('interface')).toBe(/\.m?ts$/.test(output));
  });

  it.each([
    [
      'm.cjs',
      'would be CommonJS, and modules are ES modules: end it in .mjs; `require` of an ES module works from Node 20.20 on',
    ],
    ['m.cts', 'would be CommonJS'],
    ['m.d.ts', 'would be declarations: they are written beside a module that ends in .js or .mjs'],
    ['m.d.mts', 'would be declarations'],
    ['m.d.cts', 'would be declarations'],
    ['m.jsx', 'should end in .ts, .mts, .js or .mjs'],
    ['m', 'should end in .ts, .mts, .js or .mjs'],
    ['m\n.py', 'should end in .ts'],
  ])('%j is refused', (output, words) => {
    const before = 'export declare const kept: number;\n';
    writeFileSync(join(cwd, 'm.d.ts'), before);
    const { status, stdout, stderr } = warm(['compile', 'm.nn', '-o', output], { cwd });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(cwd).sort()).toEqual(['m.d.ts', 'm.nn']);
    expect(readFileSync(join(cwd, 'm.d.ts'), 'utf8')).toBe(before);
  });
});

describe('a model larger than memory', () => {
  it('is refused with its size, up to a limit that can be raised', () => {
    writeFileSync(
      join(cwd, 'm.nn'),
      'model m {\n  input x: [batch, 2]\n  param w: [2, 4e6] = 1\n  output y = x @ w\n  loss = mean(y)\n}\n',
    );
    expect(warm(['check', 'm.nn', '--memory-limit', '0.01'], { cwd }).stderr).toContain(
      'w takes 0.0298 GiB of memory, and the limit is 0.01 GiB',
    );
    const whole = warm(['compile', 'm.nn', '--memory-limit', '0.0299'], { cwd });
    expect([whole.status, whole.stdout]).toEqual([1, '']);
    expect(whole.stderr).toContain('m takes 0.0447 GiB of memory for one example, and the limit is 0.0299 GiB');
    expect(warm(['compile', 'm.nn'], { cwd }).status).toBe(0);
    expect(warm(['check', 'm.nn', '--memory-limit', '0'], { cwd }).status).toBe(2);
  });
});
