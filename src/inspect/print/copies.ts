// The steps of a section as a reader folds them: layer by layer, the copies of a repeated layer once.
import { partsOf, type Formula } from '../../ir/formula/tree.js';
import type { Step } from '../derivation/data.js';
import { alike, sayingOf, type Saying } from './alike.js';
import { named, renamer, same, type Rename } from './rename.js';

/** What is printed once. */
export interface Line {
  readonly step: Step;
  /** The step of each copy of the layer, where it is repeated; else the step alone. */
  readonly steps: readonly Step[];
  /** The copies that it holds for, where it does not hold for all. */
  readonly only?: string;
  /** A word, or a text of such, as it stands within the layer. */
  readonly rename: Rename;
}

export interface Layer {
  /** `h.transformer_block`; undefined of steps that stand in none. */
  readonly title?: string;
  /** The numbers of its copies, in the order in which they are told; empty where it is no copy. */
  readonly copies: readonly number[];
  /** What values of copies are called that have a name from outside: `block[-1] = x`. */
  readonly ends: readonly End[];
  /** The parameters that its lines are for, each in turn, where that is more than one. */
  readonly each?: readonly string[];
  readonly lines: readonly Line[];
}

export interface End {
  /** Within the layer, with the number of the copy: `block[-1]`. */
  readonly inside: string;
  readonly outside: string;
  /** Is it what the layer begins with? */
  readonly first: boolean;
}

/** Layers of fewer steps are not folded. */
const fewest = 3;
/** What has more steps is told by its parts. */
const most = 12;

/** The number of a copy: i, or the next letter that runs along no axis and is no name. */
export function copyLetter(steps: readonly Step[]): string {
  const taken = new Set<string>();
  const done = new Set<Formula>();
  const visit = (formula: Formula): void => {
    if (done.has(formula)) return;
    done.add(formula);
    if (formula.kind === 'name') taken.add(formula.title.word);
    if (formula.kind === 'contraction') for (const { letter } of [...formula.over, ...formula.free]) taken.add(letter);
    if (formula.kind === 'index')
      for (const place of formula.places) if (typeof place === 'string') for (const letter of place) taken.add(letter);
    partsOf(formula).forEach(visit);
  };
  const all = (list: readonly Step[]): void => {
    for (const { left, formula, loop } of list) {
      visit(left);
      visit(formula);
      if (loop) taken.add(loop.letter);
      all(loop?.body ?? []);
    }
  };
  all(steps);
  return ['i', 'n', 'm', 'r'].find((letter) => !taken.has(letter)) ?? 'ℓ';
}

/** `letter`: copies of a layer are printed once, where they agree, numbered so. */
export function layersOf(steps: readonly Step[], letter?: string): Layer[] {
  const titleOf = titlesAmong(steps);
  const repeats = letter === undefined ? new Map<string, Map<number, Step[]>>() : repeatsAmong(steps);
  const layers: Layer[] = [];
  const told = new Set<string>();
  let open: { title?: string; lines: Step[] } | undefined;
  const close = (): void => {
    if (open) layers.push(plainLayer(open.title, open.lines));
    open = undefined;
  };
  for (const step of steps) {
    const path = copyOf(step)?.path;
    const copies = path === undefined ? undefined : repeats.get(path);
    if (path !== undefined && copies && letter !== undefined) {
      if (told.has(path)) continue;
      told.add(path);
      close();
      const others = steps.filter((other) => copyOf(other)?.path !== path);
      layers.push(mergedLayer(path, copies, letter, others));
      continue;
    }
    const title = titleOf(step);
    if (open?.title !== title) close();
    open ??= { title, lines: [] };
    open.lines.push(step);
  }
  close();
  return joined(layers);
}

/** Small layers stand with what is beside them. */
function joined(layers: readonly Layer[]): Layer[] {
  const found: Layer[] = [];
  for (const layer of layers) {
    const before = found.at(-1);
    if (layer.title === undefined && before && before.title === undefined)
      found[found.length - 1] = { ...before, lines: [...before.lines, ...layer.lines] };
    else found.push(layer);
  }
  return found;
}

function plainLayer(title: string | undefined, steps: readonly Step[]): Layer {
  const folds = title !== undefined && steps.length >= fewest;
  const rename = folds && title.includes('.') ? renamer(title) : same;
  const lines = steps.map((step): Line => ({ step, steps: [step], rename }));
  return { ...(folds && { title }), copies: [], ends: [], lines };
}

/** The first part of the path, or the first two where very many steps share the first. */
function titlesAmong(steps: readonly Step[]): (step: Step) => string | undefined {
  const counts = new Map<string, number>();
  for (const { layer } of steps) counts.set(layer.split('.')[0], (counts.get(layer.split('.')[0]) ?? 0) + 1);
  return (step) => {
    const copy = copyOf(step);
    if (copy) return `${copy.path}.${copy.number}`;
    const parts = step.layer.split('.');
    if (parts[0] === '') return undefined;
    return (counts.get(parts[0]) ?? 0) > most ? parts.slice(0, 2).join('.') : parts[0];
  };
}

/** `h.block.3.norm` is of the copy 3 of h.block. */
function copyOf({ layer }: Step): { readonly path: string; readonly number: number } | undefined {
  const [, path, number] = /^(.+?)\.(\d+)(?:\.|$)/.exec(layer) ?? [];
  return path === undefined ? undefined : { path, number: Number(number) };
}

/** The steps of each copy of what has several. */
function repeatsAmong(steps: readonly Step[]): Map<string, Map<number, Step[]>> {
  const found = new Map<string, Map<number, Step[]>>();
  for (const step of steps) {
    const copy = copyOf(step);
    if (!copy) continue;
    const copies = found.get(copy.path) ?? new Map<number, Step[]>();
    found.set(copy.path, copies);
    copies.set(copy.number, [...(copies.get(copy.number) ?? []), step]);
  }
  return new Map([...found].filter(([, copies]) => copies.size > 1));
}

interface Merging {
  readonly key: string;
  readonly steps: Step[];
  readonly numbers: number[];
  readonly rename: Rename;
}

/** Steps that say the same of their copies are one line; others stand behind the line that they follow. */
function mergedLayer(
  path: string,
  copies: ReadonlyMap<number, readonly Step[]>,
  letter: string,
  others: readonly Step[],
): Layer {
  const said = new Map([...copies].map(([n, steps]) => [n, steps.map((s) => sayingOf(s, renamer(path, letter, n)))]));
  const words = wordsOutside(said);
  const lines: Merging[] = [];
  // The copy in the middle first: what begins and what ends the layer have names of their own.
  const order = [...copies.keys()];
  const [middle] = order.splice(Math.floor(order.length / 2), 1);
  for (const number of [middle, ...order]) {
    const rename = named(renamer(path, letter, number), words.get(number) ?? new Map<string, string>());
    let at = 0;
    for (const step of copies.get(number) ?? []) {
      const { key } = sayingOf(step, rename);
      const known = lines.findIndex((line) => line.key === key && !line.numbers.includes(number));
      if (known < 0) lines.splice(at, 0, { key, steps: [step], numbers: [number], rename });
      else {
        lines[known].steps.push(step);
        lines[known].numbers.push(number);
      }
      at = (known < 0 ? at : known) + 1;
    }
  }
  return {
    title: path,
    copies: [...copies.keys()],
    ends: endsOf(words, letter, others),
    lines: lines.map(({ steps, numbers, rename }) => ({
      step: steps[0],
      steps,
      rename,
      ...(numbers.length < copies.size && { only: rangesOf(numbers) }),
    })),
  };
}

/** Of each copy the words from outside, and what stands in their place in the copies between. */
function wordsOutside(said: ReadonlyMap<number, readonly Saying[]>): Map<number, ReadonlyMap<string, string>> {
  const numbers = [...said.keys()];
  const middle = numbers[Math.floor(numbers.length / 2)];
  const found = new Map<number, Map<string, string>>(numbers.map((n) => [n, new Map<string, string>()]));
  for (const number of numbers) {
    if (number === middle) continue;
    const [own, model] = [found.get(number), found.get(middle)];
    if (own && model) alike(said.get(number) ?? [], said.get(middle) ?? [], own, model);
  }
  return found;
}

/** Those that others speak of, or that say what another copy has. */
function endsOf(
  words: ReadonlyMap<number, ReadonlyMap<string, string>>,
  letter: string,
  others: readonly Step[],
): End[] {
  const spoken = wordsOf(others);
  const ends = [...words].flatMap(([number, map]) =>
    [...map].flatMap(([outside, inside]): End[] => {
      const [, base = inside, place = letter] = /^(.*)\[(.*)\]$/.exec(inside) ?? [];
      const isOther = base !== inside;
      const at = numberAt(place, letter, number);
      return isOther || spoken.has(outside)
        ? [{ inside: `${base}[${at}]`, outside, first: isOther && at < number }]
        : [];
    }),
  );
  return ends.filter(({ inside }, i) => ends.findIndex((other) => other.inside === inside) === i);
}

/** What `i - 1` is of a copy. */
function numberAt(place: string, letter: string, number: number): number {
  const [, sign, by = '0'] = /([-+]) (\d+)$/.exec(place.slice(letter.length)) ?? [];
  return number + (sign === '-' ? -Number(by) : Number(by));
}

function wordsOf(steps: readonly Step[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (formula: Formula): void => {
    if (formula.kind === 'name') found.add(formula.title.word);
    else partsOf(formula).forEach(visit);
  };
  for (const { left, formula } of steps) {
    visit(left);
    visit(formula);
  }
  return found;
}

/** `0, 2 … 11` */
function rangesOf(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const n of sorted) {
    const last = ranges.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from} … ${to}`)).join(', ');
}
