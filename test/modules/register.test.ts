// `node --import nnc/register`: a program imports a .nn file as it is, and is told what is wrong with one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { blocksOf } from '../docs/snippets.js';

const root = join(import.meta.dirname, '../..');
const example = join(root, 'examples/node');
const folder = mkdtempSync(join(tmpdir(), 'nnc-register-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules/nnc'));

/** Runs a program that is put into the folder, beside files. */
function run(
  files: Readonly<Record<string, string>>,
  name: string,
): { readonly stdout: string; readonly stderr: string } {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'nnc/register', name], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { stdout, stderr };
}

it('runs the example, which prints what its page says', () => {
  const read = (file: string): string => readFileSync(join(example, file), 'utf8');
  const { stdout, stderr } = run({ 'app.mjs': read('app.mjs'), 'line.nn': read('line.nn') }, 'app.mjs');
  expect(stderr).toBe('');
  const shown = blocksOf(read('README.md')).find(({ text }) => text.startsWith('epoch 100'));
  expect(stdout.trimEnd()).toBe(shown?.text);
});

it('shows an error of a model where the program imports it, and no stack of the compiler', () => {
  const files = {
    'wrong.mjs': "import './wrong.nn';\n",
    'wrong.nn': 'model m {\n  input x: [batch, 2]\n  output y = z\n}\n',
  };
  const { stderr } = run(files, 'wrong.mjs');
  expect(stderr).toContain('error[unknown-name]: nothing here is called z\n');
  expect(stderr).toMatch(/┌─ .*wrong\.nn:3:14\n/);
  expect(stderr).not.toMatch(/ at \w/);
});

it('says to a program that requires a model what it can do', () => {
  const { stderr } = run({ 'old.cjs': "require('./any.nn');\n", 'any.nn': 'model m {}\n' }, 'old.cjs');
  expect(stderr).toMatch(/TypeError: require cannot compile a model: await import\(".*any\.nn"\), or import it/);
  expect(stderr).toMatch(/old\.cjs:1/);
});
