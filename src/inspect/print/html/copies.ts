// The steps of a section as a reader folds them: layer by layer, the copies of a repeated layer once.
import type { Formula } from '../../../ir/formula/tree.js';
import { printType } from '../../../ir/types.js';
import type { Step } from '../../derivation/data.js';
import { mathmlSetter } from '../mathml.js';
import { typeset, type Typesetter } from '../typeset.js';

/** What is printed once. */
export interface Line {
  readonly step: Step;
  /** The step of each copy of the layer, where it is repeated; else the step alone. */
  readonly steps: readonly Step[];
  /** The copies that it holds for, where it does not hold for all. */
  readonly only?: string;
  /** A word, or a text of one, as it stands within the layer. */
  rename(text: string): string;
}

export interface Layer {
  /** `h.transformer_block`; undefined of steps that stand in none. */
  readonly title?: string;
  /** How often it is there. */
  readonly copies: number;
  readonly lines: readonly Line[];
}

/** The number of a copy; ℓ, since i runs along axes. */
export const copyLetter = 'ℓ';

/** Layers of fewer steps are not folded. */
const fewest = 3;
/** What has more steps is told by its parts. */
const most = 12;

const same = (word: string): string => word;

/** `merge`: copies of a layer are printed once, where they agree. */
export function layersOf(steps: readonly Step[], merge: boolean): Layer[] {
  const titleOf = titlesAmong(steps);
  const repeats = merge ? repeatsAmong(steps) : new Map<string, Map<number, Step[]>>();
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
    if (path !== undefined && copies) {
      if (told.has(path)) continue;
      told.add(path);
      close();
      layers.push(mergedLayer(path, copies));
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
  return { ...(folds && { title }), copies: 1, lines };
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

/** Steps that say the same of their copies are one line; others stand behind the line that they follow. */
function mergedLayer(path: string, copies: ReadonlyMap<number, readonly Step[]>): Layer {
  const lines: { readonly key: string; readonly steps: Step[]; readonly numbers: number[]; rename: Line['rename'] }[] =
    [];
  for (const [number, steps] of copies) {
    const rename = renamer(path, number);
    let at = 0;
    for (const step of steps) {
      const key = keyOf(step, rename);
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
    copies: copies.size,
    lines: lines.map(({ steps, numbers, rename }) => ({
      step: steps[0],
      steps,
      rename,
      ...(numbers.length < copies.size && { only: rangesOf(numbers) }),
    })),
  };
}

/** What a reader sees of a step; two alike are one. */
function keyOf(step: Step, rename: Line['rename']): string {
  const by = renamed(mathmlSetter(), rename);
  const text = (formula: Formula): string => typeset(formula, by);
  const inner = step.loop
    ? [...step.loop.over, ...step.loop.starts, ...step.loop.body].map((each) => text(each.left) + text(each.formula))
    : [];
  const where = step.lines.map(({ file, line, call }) => `${file}:${line} ${call}`);
  return [text(step.left), text(step.formula), printType(step.type), ...where, ...inner].join('\n');
}

/** The spelling with other words for variables. */
export function renamed(by: Typesetter, rename: Line['rename']): Typesetter {
  return { ...by, variable: (word) => by.variable(rename(word)) };
}

/** Within a layer its own names stand without its path, and other copies by their distance. */
function renamer(path: string, copy?: number): Line['rename'] {
  const words = path
    .split('.')
    .map((part) => part.replace(/[\\^$.|?+*()[\]{}]/g, '\\$&'))
    .join('[._]');
  if (copy === undefined) {
    const own = new RegExp(`(^|[_∂(])${words}[._](?=\\p{L})`, 'gu');
    return (word) => word.replace(own, '$1');
  }
  const numbered = new RegExp(`(^|[_∂(])${words}[._](\\d+)(?:([._])|$)`, 'gu');
  return (word) =>
    word.replace(numbered, (_, before: string, number: string, after = '') => {
      const distance = Number(number) - copy;
      if (distance === 0 && after !== '') return before;
      return `${before}${path.replaceAll('.', '_')}_${copyNumber(distance)}${after}`;
    });
}

function copyNumber(distance: number): string {
  return distance === 0 ? copyLetter : `${copyLetter}${distance > 0 ? '+' : '−'}${Math.abs(distance)}`;
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
