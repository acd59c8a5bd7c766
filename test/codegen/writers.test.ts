// Most tests run modules as they come. What users read is the same program: on each target nothing but layout and types differs.
import { readFileSync } from 'node:fs';
import { transform } from 'esbuild';
import { expect, it } from 'vitest';
import { casePath, cases, readCase } from '../reference/reference.js';
import { runnableText } from '../support/runnable.js';
import { compileText } from '../support/trainer.js';

const targets = ['ts', 'wasm', 'wgsl', 'wgsl,wasm'] as const;
const chosen = process.env.FULL === '1' ? cases : cases.filter((_, i) => i % 8 === 0);

async function minified(code: string): Promise<string> {
  return (await transform(code, { minifyWhitespace: true, minifySyntax: true })).code;
}

it.each(chosen.flatMap((name) => targets.map((target) => [name, target] as const)))(
  '%s for %s is the same program for readers and for engines',
  async (name, target) => {
    const { model, set } = readCase(name);
    const path = casePath(model);
    const text = readFileSync(path, 'utf8');
    const [read, run] = await Promise.all([
      compileText(text, { target, set }, path),
      runnableText(text, { target, set }, path),
    ]);
    expect(read).not.toBe(run);
    // Not toBe: the difference of two long texts takes minutes to print.
    expect((await minified(read)) === (await minified(run))).toBe(true);
  },
);
