// What hostile users write, and the promise that the compiler keeps whatever it is: diagnostics or a model, in time.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { check } from '../../src/compile.js';
import { render } from '../../src/diagnostics/render.js';
import type { Node } from '../../src/ir/graph.js';
import type { Mode, ModelGraph } from '../../src/ir/model.js';
import { verifyGraph } from '../../src/ir/verify.js';

const examples = join(import.meta.dirname, '../../examples');

export const exampleTexts: readonly string[] = readdirSync(examples)
  .flatMap((folder) => readdirSync(join(examples, folder)).map((name) => join(examples, folder, name)))
  .filter((path) => path.endsWith('.nn'))
  .map((path) => readFileSync(path, 'utf8'));

/** Generous, as the machines that run tests are slow; what others compute beside them does not count. */
const patience = 20_000;

/** Checks a program: fails where the compiler throws, says nothing of what it refuses, or takes too long. */
export function checks(text: string, set?: Readonly<Record<string, number | boolean | string>>): void {
  const start = process.cpuUsage();
  const { diagnostics, model } = check({ file: 'hostile.nn', text }, { set });
  const sources = new Map([['hostile.nn', text]]);
  for (const diagnostic of diagnostics) render(diagnostic, sources);
  const refused = diagnostics.some(({ severity }) => severity === 'error');
  if (refused === (model !== undefined)) throw new Error(refused ? 'an error and a model' : 'no model and no error');
  const wrong = model ? verifyGraph(rootsOf(model)) : [];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const { user, system } = process.cpuUsage(start);
  const took = (user + system) / 1000;
  if (took > patience) throw new Error(`it took ${Math.round(took)} ms`);
}

function rootsOf({ training, evaluation, players }: ModelGraph): Node[] {
  const ofMode = ({ loss, outputs, losses, metrics, states }: Mode): Node[] => [
    ...(loss ? [loss] : []),
    ...[...outputs, ...losses, ...metrics, ...states].map(({ node }) => node),
  ];
  return [
    ...ofMode(training),
    ...ofMode(evaluation),
    ...players
      .flatMap(({ updates }) => updates)
      .flatMap(({ weight, slots }) => [weight, ...slots.map(({ node }) => node)]),
  ];
}

/** The beginnings of a text, `step` characters apart. */
export function* prefixes(text: string, step: number): Generator<string> {
  for (let end = 0; end <= text.length; end += step) yield text.slice(0, end);
}

/** An example in which a stretch is removed, repeated, moved or replaced by a stretch of another. */
export const mutated: fc.Arbitrary<string> = fc
  .record({
    text: fc.constantFrom(...exampleTexts),
    other: fc.constantFrom(...exampleTexts),
    changes: fc.array(
      fc.record({
        kind: fc.constantFrom('remove', 'repeat', 'graft', 'character', 'number', 'swap'),
        at: fc.nat(10_000),
        length: fc.nat(30),
        from: fc.nat(10_000),
        character: fc.constantFrom(...'(){}[]:=,.+-*/^@~|><"\n \\#0aσ\u0000\u{1f600}'),
        number: fc.constantFrom('0', '-1', '1e9', '1e308', '0.5', '1e-9', '0/0', 'inf', 'none', '""', '[]'),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ text, other, changes }) => changes.reduce((now, change) => apply(now, other, change), text));

interface Change {
  readonly kind: string;
  readonly at: number;
  readonly length: number;
  readonly from: number;
  readonly character: string;
  readonly number: string;
}

function apply(text: string, other: string, change: Change): string {
  const at = change.at % (text.length + 1);
  const end = Math.min(text.length, at + change.length);
  const [before, stretch, after] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
  switch (change.kind) {
    case 'remove':
      return before + after;
    case 'repeat':
      return before + stretch + stretch + after;
    case 'graft': {
      const from = change.from % (other.length + 1);
      return before + other.slice(from, from + change.length) + after;
    }
    case 'character':
      return before + change.character + text.slice(at);
    case 'swap': {
      const words = text.split(/\b/);
      const [a, b] = [change.at % words.length, change.from % words.length];
      [words[a], words[b]] = [words[b], words[a]];
      return words.join('');
    }
    default: {
      // A number somewhere becomes another.
      const numbers = [...text.matchAll(/\b\d+(\.\d+)?\b/g)];
      const found = numbers[change.at % Math.max(1, numbers.length)];
      return found ? text.slice(0, found.index) + change.number + text.slice(found.index + found[0].length) : text;
    }
  }
}
