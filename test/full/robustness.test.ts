// More of what test/errors/robustness.test.ts does: every prefix of every example, and thousands of mutations.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/compile.js';
import { checks, exampleTexts, mutated, prefixes } from '../support/hostile.js';

it.each(exampleTexts.map((text) => [text.split('\n')[0], text]))('every prefix: %s', (_, text) => {
  for (const prefix of prefixes(text, 1)) checks(prefix);
});

it('mutations, and the gradients of those that mean something', () => {
  let models = 0;
  const property = fc.property(mutated, (text) => {
    checks(text);
    const { model } = check({ file: 'hostile.nn', text });
    if (!model) return;
    models++;
    differentiateModel(model);
  });
  fc.assert(property, { numRuns: 10_000, seed: 2 });
  expect(models).toBeGreaterThan(300);
});

it('random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => checks(new TextDecoder('utf-8').decode(bytes))),
    { numRuns: 5000, seed: 2 },
  );
});
