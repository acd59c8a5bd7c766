// Words of a layer as they stand within it: without its path, those of other copies by their distance.
import { nameLetters } from '../../diagnostics/name.js';
import { indexed, name, standingFor, withParts, type Formula, type Title } from '../../ir/formula/tree.js';
import type { Binding, ChainRule, CotangentStep, Step } from '../derivation/data.js';
import { isCotangent } from '../derivation/data.js';
import { placed } from '../derivation/positions.js';
import { placeText, type Typesetter } from './typeset.js';

/** A word, or a text of such; of another copy it ends in its place, as in `block[i - 1]`. */
export type Rename = (text: string) => string;

export const same: Rename = (text) => text;

/** One name in place of another, wherever it stands whole in a text: of `s` that of `sqrt` is none. */
export function inPlaceOf(word: string, other: string): Rename {
  const whole = new RegExp(`(?<![${nameLetters}.])${literally(word)}(?![${nameLetters}.])`, 'gu');
  return (text) => text.replace(whole, () => other);
}

/** Within a layer its own names stand without its path; of a copy, others have its distance. */
export function renamer(path: string, letter = '', copy?: number): Rename {
  if (copy === undefined) {
    const own = new RegExp(`(^|[_∂(])${wordsOf(path)}[._](?=\\p{L})`, 'gu');
    return (text) => text.replace(own, '$1');
  }
  const pattern = numberedWord(path);
  const base = path.replaceAll('.', '_');
  return (text) =>
    text.replace(pattern, (_, before: string, number: string, rest?: string) => {
      const distance = Number(number) - copy;
      const place = distance === 0 ? letter : `${letter} ${distance > 0 ? '+' : '-'} ${Math.abs(distance)}`;
      const isOwn = rest !== undefined && /^\p{L}/u.test(rest);
      const word = isOwn ? rest : rest === undefined ? base : `${base}_${rest}`;
      return `${before}${word}${isOwn && distance === 0 ? '' : `[${place}]`}`;
    });
}

/** Outside of layers that are told once, what copies have ends in their number: `block[11]`. */
export function numbered(paths: readonly string[]): Rename {
  const each = paths.map((path) => {
    // A parameter keeps its whole name.
    const [pattern, base] = [numberedWord(path, '_'), path.replaceAll('.', '_')];
    return (text: string): string =>
      text.replace(pattern, (_, before: string, number: string, rest?: string) => {
        const isOwn = rest !== undefined && /^\p{L}/u.test(rest);
        return `${before}${isOwn ? rest : rest === undefined ? base : `${base}_${rest}`}[${number}]`;
      });
  });
  return (text) => each.reduce((said, rename) => rename(said), text);
}

/** A word of a copy: what comes before, the number, what it is of the copy. */
function numberedWord(path: string, sign = '[._]'): RegExp {
  return new RegExp(`(^|[_∂(])${wordsOf(path)}${sign}(\\d+)(?:[._]([${nameLetters}.]+))?(?![\\p{L}\\p{N}])`, 'gu');
}

function wordsOf(path: string): string {
  return path.split('.').map(literally).join('[._]');
}

const literally = (text: string): string => text.replace(/[\\^$.|?+*()[\]{}]/g, '\\$&');

/** With names from outside that stand for what the copies between have. */
export function named(rename: Rename, words: ReadonlyMap<string, string>): Rename {
  return words.size === 0 ? rename : (text) => words.get(text) ?? rename(text);
}

/** A word apart from the place that it ends in. */
export function placeOf(word: string): { readonly word: string; readonly place?: string } {
  const [, of, place] = /^(.*)\[([^\]]*)\]$/u.exec(word) ?? [];
  return of === undefined || place === undefined ? { word } : { word: of, place };
}

/** A step in the words of its layer. */
export function stepWithin(step: Step, rename: Rename): Step {
  const of = (formula: Formula): Formula => formulaWithin(formula, rename);
  const binding = (each: Binding): Binding => ({ ...each, left: of(each.left), formula: of(each.formula) });
  const use = ({ rule, upstream, local, part }: ChainRule): ChainRule => ({
    rule,
    upstream: of(upstream),
    ...(local && { local: of(local) }),
    part: of(part),
  });
  const { loop } = step;
  const said: Step = {
    ...step,
    left: of(step.left),
    formula: of(step.formula),
    ...(loop && {
      loop: {
        ...loop,
        over: loop.over.map(binding),
        starts: loop.starts.map(binding),
        body: loop.body.map((each) => stepWithin(each, rename)),
      },
    }),
  };
  if (!isCotangent(step)) return said;
  const whole: CotangentStep = {
    ...said,
    value: step.value,
    uses: step.uses.map(use),
    rewrites: step.rewrites.map(({ equation, from, to }) => ({ equation, from: of(from), to: of(to) })),
  };
  return whole;
}

/** A formula in the words of its layer: names of other copies have their place, before those of their axes. */
function formulaWithin(formula: Formula, rename: Rename): Formula {
  if (formula.kind === 'name') {
    const { title, place } = titleWithin(formula.title, rename);
    const called = formula.node ? standingFor(formula.node, name(title)) : name(title);
    return place === undefined ? called : placed(called, [place]);
  }
  const said = withParts(formula, (part) => formulaWithin(part, rename));
  if (said.kind !== 'index' || formula.kind !== 'index' || formula.of.kind !== 'name' || said.of.kind !== 'index')
    return said;
  const whole = indexed(said.of.of, [...said.of.places, ...said.places]);
  return formula.node ? standingFor(formula.node, whole) : whole;
}

function titleWithin(title: Title, rename: Rename): { readonly title: Title; readonly place?: string } {
  const { word, place } = placeOf(rename(title.word));
  const inner = title.inner && titleWithin(title.inner, rename).title;
  return { title: { ...title, word, ...(inner && { inner }) }, ...(place !== undefined && { place }) };
}

/** The spelling with the words of a layer for variables. */
export function settingWithin(by: Typesetter, rename: Rename): Typesetter {
  return {
    ...by,
    variable(text) {
      const { word, place } = placeOf(rename(text));
      return place === undefined ? by.variable(word) : by.sub(by.variable(word), placeText(place, by));
    },
  };
}
