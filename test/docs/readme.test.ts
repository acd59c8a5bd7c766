// README.md: its programs run and print what it says, and what it shows of the compiler is what comes out.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, compile } from '../../src/compile.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printText } from '../../src/inspect/print/text.js';
import { blocksOf } from './snippets.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const blocks = blocksOf(readFileSync(join(root, 'README.md'), 'utf8'));
const textbook = {
  file: 'examples/textbook/textbook.nn',
  text: readFileSync(join(root, 'examples/textbook/textbook.nn'), 'utf8'),
};
const folder = mkdtempSync(join(tmpdir(), 'nnc-readme-'));

/** The block that begins so. */
function shown(start: string): string {
  const block = blocks.find(({ text }) => text.startsWith(start));
  if (!block) throw new Error(`README shows nothing that begins with ${start}`);
  return block.text;
}

const withoutSpace = (text: string): string => text.replace(/\s+/g, '');

beforeAll(async () => {
  const { code } = await compile(textbook, { language: 'js' });
  writeFileSync(join(folder, 'textbook.js'), code ?? '');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/nnc'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README', () => {
  it.each(
    blocks.flatMap((b, i) => (b.text.startsWith('import ') ? [[b.line, b.text, blocks[i + 1].text] as const] : [])),
  )('line %i runs and prints what it says', (line, text, output) => {
    const path = join(folder, `line${line}.js`);
    writeFileSync(path, text);
    expect(execFileSync(process.execPath, [path], { encoding: 'utf8' }).trimEnd()).toBe(output);
  });

  it('shows the textbook network, its gradient and its step', async () => {
    // The example has comments and data of its own.
    expect(withoutSpace(textbook.text)).toContain(withoutSpace(shown('model textbook').split('train {')[0]));
    const { model } = check(textbook);
    if (!model) throw new Error('textbook.nn has errors');
    expect(shown('// forward')).toBe(printText(derivationOf(model)).trimEnd());
    const { code } = await compile(textbook);
    expect(withoutSpace(code ?? '')).toContain(withoutSpace(shown('// a2 = sigmoid')));
  });

  it('shows a message as it is', () => {
    const message = readFileSync(join(root, 'test/errors/types/mnist.txt'), 'utf8');
    expect(message).toContain(shown('error[shape-mismatch]'));
  });
});
