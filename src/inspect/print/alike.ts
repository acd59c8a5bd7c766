// Steps of two copies of a layer that say the same in other words.
import type { Formula } from '../../ir/formula/tree.js';
import { printType } from '../../ir/types.js';
import type { Step } from '../derivation/data.js';
import { mathmlSetter } from './mathml.js';
import { type Rename } from './rename.js';
import { typeset, type Typesetter } from './typeset.js';

/** What a reader sees of a step. */
export interface Saying {
  /** Two that are equal say the same. */
  readonly key: string;
  /** The same without its words. */
  readonly form: string;
  readonly words: readonly Word[];
}

interface Word {
  readonly text: string;
  /** Is it a word of the layer? */
  readonly own: boolean;
}

export function sayingOf(step: Step, rename: Rename): Saying {
  const words: Word[] = [];
  const plain = mathmlSetter();
  const by: Typesetter = {
    ...plain,
    variable(word) {
      const text = rename(word);
      words.push({ text, own: text !== word });
      return '\u0001';
    },
  };
  const text = (formula: Formula): string => typeset(formula, by);
  const inner = step.loop
    ? [...step.loop.over, ...step.loop.starts, ...step.loop.body].map((each) => text(each.left) + text(each.formula))
    : [];
  const where = step.lines.map(({ file, line, call }) => `${file}:${line} ${call}`);
  const form = [text(step.left), text(step.formula), printType(step.type), ...where, ...inner].join('\n');
  return { key: `${form}\n${words.map((word) => word.text).join('\n')}`, form, words };
}

/** Notes which words from outside stand, in one copy or the other, where the other has words of the layer. */
export function alike(
  some: readonly Saying[],
  others: readonly Saying[],
  wordsOfSome: Map<string, string>,
  wordsOfOthers: Map<string, string>,
): void {
  const taken = new Set<Saying>();
  for (const saying of some) {
    for (const other of others) {
      if (taken.has(other) || other.form !== saying.form) continue;
      const found = matched(saying, other, wordsOfSome, wordsOfOthers);
      if (!found) continue;
      taken.add(other);
      for (const [map, word, is] of found) map.set(word, is);
      break;
    }
  }
}

type Match = readonly [map: Map<string, string>, word: string, is: string];

/** What has to stand for what so that both say the same; undefined where that cannot be. */
function matched(
  one: Saying,
  other: Saying,
  wordsOfOne: Map<string, string>,
  wordsOfOther: Map<string, string>,
): Match[] | undefined {
  const found: Match[] = [];
  for (const [i, a] of one.words.entries()) {
    const b = other.words[i];
    if (a.text === b.text || (wordsOfOne.get(a.text) ?? a.text) === (wordsOfOther.get(b.text) ?? b.text)) continue;
    if (a.own === b.own) return undefined;
    const [map, word, is] = a.own ? [wordsOfOther, b.text, a.text] : [wordsOfOne, a.text, b.text];
    const known = found.find((match) => match[0] === map && match[1] === word)?.[2] ?? map.get(word) ?? is;
    if (known !== is) return undefined;
    found.push([map, word, is]);
  }
  return found;
}
