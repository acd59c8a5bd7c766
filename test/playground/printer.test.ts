// The playground's printer writes the modules that nnc compile writes, to the letter, without ts-morph; and JavaScript that runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emit, emitJavaScript } from '../../playground/src/compiler/services/emit.js';
import { compile } from '../../src/index.js';
import { chosen } from '../support/full.js';

const examples = join(import.meta.dirname, '../../examples');

const modules = [
  ['spirals', 'ts'],
  ['xor', 'ts'],
  ['xor', 'wasm'],
  ['xor', 'wgsl'],
] as const;

it.each(chosen(modules, ([name]) => name === 'xor'))('%s for %s', async (name, target) => {
  const source = { file: `${name}.nn`, text: readFileSync(join(examples, name, `${name}.nn`), 'utf8') };
  const { code } = await compile(source, { target, threads: target === 'wasm' });
  expect(code).toContain('createTrainer');
  expect(await emit(source, { target })).toBe(code);
});

it('the module in JavaScript trains, and is laid out for readers', async () => {
  const source = { file: 'xor.nn', text: readFileSync(join(examples, 'xor/xor.nn'), 'utf8') };
  const code = (await emitJavaScript(source, { target: 'wasm' })) ?? '';
  expect(code).toMatch(/^export async function createTrainer\(/m);
  const address = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
  const { createTrainer } = (await import(address)) as {
    createTrainer(): Promise<{ step(inputs: object): unknown; stepCount: number }>;
  };
  const trainer = await createTrainer();
  trainer.step({ x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), y: Float32Array.of(0, 1, 1, 0) });
  expect(trainer.stepCount).toBe(1);
});
