// Nothing that a user can write makes the compiler throw or hang: there is a diagnostic, or a result, within seconds.
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { checks, exampleTexts, mutated, prefixes } from '../support/hostile.js';
import { extremes } from '../support/extremes.js';

describe('extreme programs', () => {
  it.each(Object.entries(extremes))('%s', (_, text) => {
    checks(text);
  });
});

describe('damaged programs', () => {
  it('every prefix of a file', () => {
    for (const text of prefixes(exampleTexts[0], 1)) checks(text);
  });

  it('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => checks(new TextDecoder('utf-8').decode(bytes))),
      { numRuns: 200, seed: 1 },
    );
  });

  it('examples with something changed', () => {
    fc.assert(
      fc.property(mutated, (text) => checks(text)),
      { numRuns: 300, seed: 1 },
    );
  });

  it('random mixtures of words', () => {
    const word = fc.constantFrom(
      ...'model m { } ( ) [ ] , : = := ~ |> >> + - * / ^ @ == < if then else x y 1 0 -1 2.5 dense relu sum mean input output loss metric param state train optimizer sgd lr batch axis return fn layer repeat "a" none true'.split(
        ' ',
      ),
      '\n',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 80 }), (words) => checks(words.join(' '))),
      { numRuns: 300, seed: 1 },
    );
  });
});

it('takes any settings', () => {
  const value = fc.oneof(fc.double(), fc.boolean(), fc.string());
  const set = fc.dictionary(fc.constantFrom('hidden', 'depth', '__proto__', 'x', ''), value);
  const text =
    'model m(hidden = 4, depth = 2) {\n  input x: [batch, hidden]\n  loss = mean(x |> repeat(depth, dense(hidden)))\n}\n';
  fc.assert(fc.property(set, (settings) => checks(text, settings)), { numRuns: 100, seed: 1 });
});
