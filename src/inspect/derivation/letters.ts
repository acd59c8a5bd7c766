// Letters of axes that are like no name of a document: where a model has an x, the positions of its convolutions are v and u.
import { aName } from '../../diagnostics/name.js';
import {
  indexed,
  name,
  partsOf,
  standingFor,
  total,
  withParts,
  type Formula,
  type FormulaOf,
  type Letter,
} from '../../ir/formula/tree.js';
import { isCotangent, type ChainRule, type Step } from './data.js';

/** The axes of an image have other letters together. */
const image: readonly (readonly [string, string])[] = [
  ['y', 'v'],
  ['x', 'u'],
];
const alphabet = [...'nmpqrskljiwzgfeacdbhtvuyxo'];

/**
 * What makes the letters of a document's steps no words of theirs; each letter is another one in all of them. Positions of loops stay, which
 * sums over all rounds have as well.
 */
export function lettersApart(all: readonly Step[]): <S extends Step>(step: S) => S {
  const words = new Set(all.flatMap(wordsIn));
  const letters = new Set(all.flatMap(lettersIn));
  const positions = new Set(all.flatMap(positionsIn));
  const taken = new Set([...words, ...letters]);
  const map = new Map<string, string>();
  const isTaken = (letter: string): boolean => words.has(letter) && letters.has(letter) && !positions.has(letter);
  if (image.some(([letter]) => isTaken(letter)) && image.every(([, other]) => !taken.has(other)))
    for (const [letter, other] of image) map.set(letter, other);
  for (const other of map.values()) taken.add(other);
  for (const letter of letters) {
    if (map.has(letter) || !isTaken(letter)) continue;
    const other = alphabet.find((each) => !taken.has(each));
    if (other === undefined) continue;
    taken.add(other);
    map.set(letter, other);
  }
  return (step) => (map.size === 0 ? step : stepApart(step, map));
}

function positionsIn({ loop }: Step): string[] {
  return loop ? [loop.letter, ...loop.body.flatMap(positionsIn)] : [];
}

/** The letters of positions, of sums and of axes. */
export function lettersIn({ left, letters, formula, loop }: Step): string[] {
  return [
    ...lettersOf(left),
    ...axesOf({ left, letters }),
    ...lettersOf(formula),
    ...(loop ? [loop.letter, ...loop.body.flatMap(lettersIn)] : []),
  ];
}

/** The letters that stand for axes of what a step defines. */
function axesOf({ left, letters = 0 }: Pick<Step, 'left' | 'letters'>): string[] {
  if (left.kind !== 'index' || letters === 0) return [];
  return left.places.slice(-letters).filter((place) => typeof place === 'string');
}

function lettersOf(formula: Formula): string[] {
  const own =
    formula.kind === 'contraction'
      ? [...formula.over, ...formula.free].map(({ letter }) => letter)
      : formula.kind === 'total'
        ? formula.letters
        : [];
  return [...own, ...partsOf(formula).flatMap(lettersOf)];
}

function wordsIn({ title, formula, loop }: Step): string[] {
  return [...(loop ? loop.body.flatMap(wordsIn) : [title.word]), ...wordsOf(formula)];
}

/** The names of nodes: a letter has none. */
function wordsOf(formula: Formula): string[] {
  if (formula.kind === 'name') return formula.node ? [formula.title.word] : [];
  return partsOf(formula).flatMap(wordsOf);
}

type Letters = ReadonlyMap<string, string>;

function stepApart<S extends Step>(step: S, map: Letters): S {
  const { loop } = step;
  const own = new Set([
    ...axesOf(step),
    ...[
      step.formula,
      ...(isCotangent(step) ? step.uses.flatMap(({ part, local }) => [part, ...(local ? [local] : [])]) : []),
    ].flatMap(lettersOf),
  ]);
  const letters = new Map([...map].filter(([letter]) => own.has(letter)));
  const of = (formula: Formula): Formula => formulaApart(formula, letters);
  const use = ({ rule, upstream, local, part }: ChainRule): ChainRule => ({
    rule,
    upstream: of(upstream),
    ...(local && { local: of(local) }),
    part: of(part),
  });
  return {
    ...step,
    left: leftApart(step.left, letters),
    formula: of(step.formula),
    ...(loop && { loop: { ...loop, body: loop.body.map((each) => stepApart(each, map)) } }),
    ...(isCotangent(step) && {
      uses: step.uses.map(use),
      rewrites: step.rewrites.map(({ equation, from, to }) => ({ equation, from: of(from), to: of(to) })),
    }),
  };
}

function formulaApart(formula: Formula, map: Letters): Formula {
  if (map.size === 0) return formula;
  const of = (part: Formula): Formula => formulaApart(part, map);
  const said = apart(withParts(formula, of), map);
  return formula.node ? standingFor(formula.node, said) : said;
}

/** What a step defines keeps its name, which may be a letter. */
function leftApart(left: Formula, map: Letters): Formula {
  return left.kind === 'index' ? placesApart(left, map) : left;
}

const eachName = new RegExp(aName, 'gu');

function placesApart({ of, places }: FormulaOf<'index'> & Formula, map: Letters): Formula {
  const letter = (each: string): string => map.get(each) ?? each;
  return indexed(
    of,
    places.map((place) => (typeof place === 'string' ? place.replace(eachName, letter) : place)),
  );
}

function apart(formula: Formula, map: Letters): Formula {
  const letter = (each: string): string => map.get(each) ?? each;
  switch (formula.kind) {
    case 'name':
      return formula.node ? formula : name({ ...formula.title, word: letter(formula.title.word) });
    case 'index':
      return placesApart(formula, map);
    case 'total':
      return total({ ...formula, letters: formula.letters.map(letter) });
    case 'contraction':
      return contractionApart(formula, (each) => ({ ...each, letter: letter(each.letter) }));
    default:
      return formula;
  }
}

function contractionApart(formula: FormulaOf<'contraction'> & Formula, of: (letter: Letter) => Letter): Formula {
  const { letters, over, free } = formula;
  return {
    ...formula,
    letters: { left: letters.left.map(of), right: letters.right.map(of) },
    over: over.map(of),
    free: free.map(of),
  };
}
