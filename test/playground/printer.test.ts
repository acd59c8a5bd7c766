// The playground's printer writes the modules that nnc compile writes, to the letter, without ts-morph.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emit } from '../../playground/src/compiler/services/emit.js';
import { compile } from '../../src/index.js';

const examples = join(import.meta.dirname, '../../examples');

it.each([
  ['spirals', 'ts'],
  ['xor', 'wasm'],
  ['textbook', 'wgsl'],
] as const)('%s for %s', async (name, target) => {
  const source = { file: `${name}.nn`, text: readFileSync(join(examples, name, `${name}.nn`), 'utf8') };
  const { code } = await compile(source, { target, threads: target === 'wasm' });
  expect(code).toContain('createTrainer');
  expect(await emit(source, { target })).toBe(code);
});
