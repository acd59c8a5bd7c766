// What docs/cli.md, docs/explain.md and docs/reading.md show is what the commands print. UPDATE=1 writes it again.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { warm } from '../cli/nnc.js';
import { blocksOf, withBlocks, type Block } from './snippets.js';

const root = join(import.meta.dirname, '../..');

/** What a block shows: the output of the command behind its language. A module is compiled before it is asked. */
function shown({ info }: Block): string | undefined {
  const [command, ...args] = info.split(' ');
  if (command !== 'nnc') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'nnc-docs-'));
  try {
    const module = args.find((arg) => arg.endsWith('.ts'));
    if (module === undefined) return warm(args).stdout.trimEnd();
    const name = module.replace(/\.ts$/, '');
    writeFileSync(join(folder, `${name}.nn`), readFileSync(join(root, `examples/${name}/${name}.nn`)));
    warm(['compile', `${name}.nn`, '-o', module], { cwd: folder });
    return warm(args, { cwd: folder }).stdout.trimEnd();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each([
  ['cli.md', 1],
  ['explain.md', 5],
  ['reading.md', 8],
])('docs/%s shows what is printed', (name, count) => {
  const page = join(root, 'docs', name);
  const text = readFileSync(page, 'utf8');
  expect(blocksOf(text).filter(({ info }) => info.startsWith('nnc '))).toHaveLength(count);
  const now = withBlocks(text, shown);
  for (const block of blocksOf(now))
    if (block.info.startsWith('nnc ')) expect(block.text.trim(), block.info).not.toBe('');
  if (process.env.UPDATE === '1') writeFileSync(page, now);
  expect(process.env.UPDATE === '1' ? now : text).toBe(now);
});

it.each(['README.md', 'docs/cli.md'])('the table of commands in %s has all of them', (page) => {
  const rows = [...readFileSync(join(root, page), 'utf8').matchAll(/^\| `nnc (\w+)/gm)].map(([, name]) => name);
  const help = warm(['--help']).stdout.split('Commands:')[1];
  const commands = [...help.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
  expect(rows).toEqual(expect.arrayContaining(commands));
  expect(rows).toHaveLength(commands.length);
});
