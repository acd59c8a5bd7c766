// `nnc fmt` from outside: files in place, standard input, --check, and files that cannot be formatted.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { nnc, warm, type Outcome } from './nnc.js';

const cwd = mkdtempSync(join(tmpdir(), 'nnc-fmt-'));
afterAll(() => rmSync(cwd, { recursive: true }));

const files = {
  'wild.nn': 'a=1 // one\nb  =  f( 2 )\n',
  'tidy.nn': 'a = 1\n',
  'wrong.nn': 'a=1\nb = (2\n',
};
const formatted = 'a = 1  // one\nb = f(2)\n';

beforeEach(() => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
});

const fmt = (...args: readonly string[]): Outcome => warm(['fmt', ...args], { cwd });
const textOf = (name: string): string => readFileSync(join(cwd, name), 'utf8');

it('writes what changes and prints its name', () => {
  chmodSync(join(cwd, 'wild.nn'), 0o640);
  expect(fmt('wild.nn', 'tidy.nn')).toEqual({ status: 0, stdout: 'wild.nn\n', stderr: '' });
  expect(textOf('wild.nn')).toBe(formatted);
  expect(statSync(join(cwd, 'wild.nn')).mode & 0o777).toBe(0o640);
  expect(fmt('wild.nn', 'tidy.nn')).toEqual({ status: 0, stdout: '', stderr: '' });
});

it('--check lists what would change and writes nothing', () => {
  expect(fmt('--check', 'tidy.nn', 'wild.nn')).toEqual({ status: 1, stdout: 'wild.nn\n', stderr: '' });
  expect(textOf('wild.nn')).toBe(files['wild.nn']);
  expect(fmt('--check', 'tidy.nn')).toEqual({ status: 0, stdout: '', stderr: '' });
});

it('- is standard input to standard output', () => {
  expect(nnc(['fmt', '-'], { input: files['wild.nn'] })).toEqual({ status: 0, stdout: formatted, stderr: '' });
  expect(nnc(['fmt', '-', '--check'], { input: files['wild.nn'] })).toEqual({
    status: 1,
    stdout: 'standard input\n',
    stderr: '',
  });
});

it('leaves a file with errors of syntax as it is, says them, and formats the others', () => {
  const { status, stdout, stderr } = fmt('wrong.nn', 'wild.nn');
  expect({ status, stdout }).toEqual({ status: 1, stdout: 'wild.nn\n' });
  expect(stderr).toBe(warm(['check', 'wrong.nn'], { cwd }).stderr);
  expect(stderr).toContain('error[unclosed-bracket]');
  expect(textOf('wrong.nn')).toBe(files['wrong.nn']);
});

it('leaves what it cannot read, or would read wrongly', () => {
  writeFileSync(join(cwd, 'latin.nn'), Buffer.from('// gr\u00fcn\na=1\n', 'latin1'));
  const { status, stdout, stderr } = fmt('none.nn', 'latin.nn', 'wild.nn');
  expect({ status, stdout }).toEqual({ status: 1, stdout: 'wild.nn\n' });
  expect(stderr).toBe(
    'error[file-unreadable]: none.nn cannot be read: there is no such file\n\n' +
      'error[file-unreadable]: latin.nn cannot be read: it is not UTF-8\n\n',
  );
  expect(readFileSync(join(cwd, 'latin.nn'), 'latin1')).toBe('// gr\u00fcn\na=1\n');
});

it('leaves what is only to be read', () => {
  const [file, program] = [join(cwd, 'fixed.nn'), join(import.meta.dirname, '../../bin/nnc.js')];
  writeFileSync(file, files['wild.nn'], { mode: 0o444 });
  // Whoever may write everything is another user here.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  chmodSync(cwd, 0o777);
  const { status, stderr } = spawnSync(process.execPath, [program, 'fmt', 'fixed.nn'], {
    cwd,
    encoding: 'utf8',
    ...user,
  });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'error[file-unwritable]: fixed.nn cannot be written: permission is denied\n\n',
  });
  expect(readFileSync(file, 'utf8')).toBe(files['wild.nn']);
});

it('asks for a file', () => {
  const { status, stderr } = fmt();
  expect({ status, stderr }).toEqual({ status: 2, stderr: "error: missing required argument 'file'\n" });
});
