// What a process has compiled before does not show: a model compiled again, between others, has the same text.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { add, axis, printIndex, toIndex } from '../../src/ir/index.js';
import { compile } from '../../src/index.js';

const targets = ['ts', 'wasm', 'wgsl'] as const;
const models = ['siamese', 'mlp_relu_adam', 'layer_norm_net', 'siamese', 'mlp_relu_adam', 'layer_norm_net'];

it('compiled after others, a model has the same text on every target', { timeout: 120_000 }, async () => {
  const first = new Map<string, string>();
  for (const name of models)
    for (const target of targets) {
      const file = new URL(`../reference/cases/${name}.nn`, import.meta.url);
      const { code = '' } = await compile({ file: `${name}.nn`, text: readFileSync(file, 'utf8') }, { target });
      const before = first.get(`${name} ${target}`);
      if (before === undefined) first.set(`${name} ${target}`, code);
      // Not toBe: the difference of two long texts takes minutes to print.
      else expect(code === before, `${name} on ${target}`).toBe(true);
    }
});

it('addresses are written in the order in which their axes were made, however many there were before', () => {
  for (let i = 0; i < 1200; i++) {
    const [row, column] = [axis('row', 5), axis('column', 5)];
    expect(printIndex(add(toIndex(column), toIndex(row)))).toBe('row + column');
  }
});
