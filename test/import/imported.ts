// What every import is held to: the text is as one would have written it, and predicts what the model predicted where it comes from.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { format } from '../../src/format/format.js';
import type { Imported } from '../../src/import/written.js';
import { check } from '../../src/index.js';
import { apart, predicted, type Recorded } from '../support/predicted.js';

/** What a model gave for inputs, in the order in which it takes and gives them. */
export interface Case {
  readonly inputs: readonly Recorded[];
  readonly outputs: readonly Recorded[];
}

/** `expected`: the file with the text, which UPDATE=1 writes. */
export function readsAsWritten({ text, diagnostics }: Imported, expected: string): void {
  expect(diagnostics).toEqual([]);
  if (process.env.UPDATE === '1') writeFileSync(expected, text);
  expect(text).toBe(readFileSync(expected, 'utf8'));
  expect(format({ file: 'model.nn', text }).text).toBe(text);
}

export function predictsTheSame({ text, weights }: Imported, { inputs, outputs }: Case): void {
  const { model } = check({ file: 'model.nn', text });
  const given = Object.fromEntries(model?.inputs.map((input, i) => [input.name, inputs[i]]) ?? []);
  const found = Object.values(predicted(text, weights ?? new Uint8Array(), given));
  expect(found).toHaveLength(outputs.length);
  found.forEach((values, i) => expect(apart(values, outputs[i].data)).toBeLessThan(1e-5));
}
