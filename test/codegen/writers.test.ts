// Most tests, and commands that train, run modules as they come. What users read is the same program: on each target nothing but layout and types differs.
import { readFileSync } from 'node:fs';
import { transform } from 'esbuild';
import { expect, it } from 'vitest';
import { asItComes, withoutTypes } from '../../src/codegen/emit.js';
import { makePrograms, type TargetProgram } from '../../src/compile.js';
import { casePath, cases, readCase } from '../reference/reference.js';
import { full } from '../support/full.js';
import { plain, printed } from '../support/runnable.js';

const chosen = full ? cases : ['rnn', 'xor_tanh'];

async function minified(code: string): Promise<string> {
  return (await transform(code, { loader: 'ts', minifyWhitespace: true, minifySyntax: true })).code;
}

/** What each target's module is printed from: that of WebGPU is the first of the two for a module of both. */
function programsOf(name: string): readonly (readonly [string, readonly TargetProgram[]])[] {
  const { model, set } = readCase(name);
  const file = casePath(model);
  const source = { file, text: readFileSync(file, 'utf8') };
  const [ts, wasm, both] = (['ts', 'wasm', 'wgsl,wasm'] as const).map(
    (target) => makePrograms(source, { target, set }).programs,
  );
  return [
    ['ts', ts],
    ['wasm', wasm],
    ['wgsl', both.slice(0, 1)],
    ['wgsl,wasm', both],
  ];
}

it.each(chosen)('%s is the same program for readers and for engines', async (name) => {
  for (const [target, programs] of programsOf(name)) {
    const [read, run] = await Promise.all([printed(programs), printed(programs, { ...plain, packs: true })]);
    const trained = await withoutTypes(await printed(programs, { ...asItComes, packs: true }));
    expect(read).not.toBe(run);
    // Not toBe: the difference of two long texts takes minutes to print.
    const small = await minified(read);
    for (const other of [run, trained]) expect([target, (await minified(other)) === small]).toEqual([target, true]);
  }
});
