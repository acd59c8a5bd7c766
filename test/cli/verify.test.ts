// `nnc verify` from outside: the certificate, what fails and is named, and files that stay whole.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../docs/snippets.js';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-verify-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]): ReturnType<typeof warm> => warm(args, { cwd: folder });

const page = readFileSync(fileURLToPath(new URL('../../docs/checking.md', import.meta.url)), 'utf8');
const risky = blocksOf(page).find(({ text }) => text.startsWith('model risky'))?.text ?? '';
writeFileSync(join(folder, 'risky.nn'), `${risky}\n`);
writeFileSync(
  join(folder, 'wrong.nn'),
  'fn f(x) = x^2\ngradient f(x, d) = x * d\nmodel wrong {\n  param w: [3] = [1, 2, 3]\n  loss = mean(f(w))\n}\n',
);

describe('nnc verify', () => {
  it('writes a certificate of what holds', () => {
    const { status, stdout, stderr } = run('verify', 'risky.nn', '-o', 'risky.json');
    expect(stdout).toBe('');
    expect(stderr).toContain('\nwasm with 2 threads: repeatability\n');
    expect(status).toBe(0);
    const text = readFileSync(join(folder, 'risky.json'), 'utf8');
    expect(text).not.toContain(folder);
    const certificate = JSON.parse(text);
    expect(certificate).toMatchObject({
      ...{ version: 1, model: 'risky', file: 'risky.nn', rows: 4, data: 'made up', seed: 0, passes: true },
      source: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      compiler: expect.stringMatching(/^nnc \d/),
    });
    expect(certificate.gradients.parameters).toMatchObject([{ name: 'w', line: 3, count: 3, checked: 3, leftOut: 0 }]);
    expect(certificate.targets.slice(0, 3).map(({ on }: { on: string }) => on)).toEqual(
      certificate.repeatability.slice(0, 3).map(({ on }: { on: string }) => on),
    );
    expect(certificate.repeatability[2]).toEqual({ on: 'wasm with 2 threads', steps: 100, same: true, passes: true });
    for (const { planned, allocated } of certificate.memory) expect(allocated).toBe(planned);
    const left = certificate.optional.map((each: { without: string; on: string }) => `${each.on} ${each.without}`);
    for (const each of ['ts simplify-gradients', 'ts join', 'wasm pace', 'wasm threads']) expect(left).toContain(each);
    // What the page shows.
    const shown = blocksOf(page).find(({ language }) => language === 'json')?.text ?? '';
    expect({ warnings: certificate.warnings }).toEqual(JSON.parse(shown));
  });

  it('fails by name, and leaves an earlier certificate as it was', () => {
    writeFileSync(join(folder, 'kept.json'), 'earlier');
    const { status, stdout, stderr } = run('verify', 'wrong.nn', '-o', 'kept.json');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/\nerror\[gradient-wrong\]: the gradient of w is not what differences give/);
    expect(stderr).toContain('error[verification-failed]: wrong: gradients: that of w is wrong');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readFileSync(join(folder, 'kept.json'), 'utf8')).toBe('earlier');
  });

  it('refuses to write over its source, and what does not compile', () => {
    expect(run('verify', 'risky.nn', '-o', 'risky.nn')).toMatchObject({ status: 2 });
    writeFileSync(join(folder, 'none.nn'), 'model none {\n  loss = mean(y)\n}\n');
    const { status, stderr } = run('verify', 'none.nn');
    expect(stderr).toMatch(/^error\[unknown-name\]/);
    expect(status).toBe(1);
  });
});
