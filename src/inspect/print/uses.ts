// Later uses of a layer, told by the first: layer_norm_2 as layer_norm, with what is called otherwise in it.
import { printFormula } from '../../ir/formula/text.js';
import { name, standingFor, withParts, type Formula, type Title } from '../../ir/formula/tree.js';
import { asName } from '../../ir/labels.js';
import { printType } from '../../ir/types.js';
import type { Step } from '../derivation/data.js';
import type { Paragraph, Told, ToldStep } from './paragraphs.js';
import { placed } from '../derivation/positions.js';

/** What is said instead of the steps of a layer that an earlier one has as well. */
export interface Use {
  /** What the layer is called, and the one whose steps are those. */
  readonly layer: Formula;
  readonly as: Formula;
  /** What stands in it for what: names that do not begin with the layer's. */
  readonly differences: readonly { readonly is: Formula; readonly for: Formula }[];
}

/** A told derivation in which later uses of a layer are one line, where that is shorter. */
export function withUses({ sections, legend }: Told): Told {
  return {
    sections: sections.map((section) => {
      if (section.asked) return section;
      const told: Section = { before: [], said: new Map<Step, Said>() };
      return { ...section, paragraphs: section.paragraphs.map((paragraph) => paragraphWithUses(paragraph, told)) };
    }),
    legend,
  };
}

/** As many times shorter is what is said instead, at least. */
const worthwhile = 2;
/** Shorter layers, such as a dense one, are read as quickly as what would be said instead. */
const fewestCharacters = 120;

interface Section {
  /** The layers that are told. */
  readonly before: Run[];
  readonly said: Map<Step, Said>;
}

function paragraphWithUses(paragraph: Paragraph, section: Section): Paragraph {
  if (paragraph.kind === 'each') return paragraph;
  const lines: ToldStep[] = [];
  for (let at = 0; at < paragraph.lines.length;) {
    const runs = runsFrom(paragraph, at, section);
    const [told] = runs.flatMap((run) => {
      const use = useOf(run, section.before);
      return use ? [{ use, steps: run.said.length }] : [];
    });
    lines.push({ ...paragraph.lines[at], ...(told && { use: told.use }) });
    if (!told) section.before.push(...runs);
    at += told?.steps ?? 1;
  }
  return { ...paragraph, lines };
}

/** The steps of one layer, one behind the other. */
interface Run {
  readonly layer: string;
  readonly said: readonly Said[];
}

/** A step without its names. */
interface Said {
  readonly form: string;
  readonly names: readonly Formula[];
  readonly length: number;
}

/** Those that begin at a line: of its layer, of the layer around, and so on; longest first. */
function runsFrom({ kind, lines }: Exclude<Paragraph, { kind: 'each' }>, at: number, { said }: Section): Run[] {
  const own = (line: ToldStep | undefined): string => {
    const layer = line?.step.layer ?? '';
    return kind === 'copies' ? layer.replace(/^.+?\.\d+(?:\.|$)/, '') : layer;
  };
  const parts = own(lines[at]).split('.');
  return parts.flatMap((_, i): Run[] => {
    const layer = parts.slice(0, i + 1).join('.');
    const isOf = (line: ToldStep | undefined): boolean => `${own(line)}.`.startsWith(`${layer}.`);
    if (layer === '' || isOf(lines[at - 1])) return [];
    const end = lines.findIndex((line, n) => n > at && !isOf(line));
    const all = lines.slice(at, end < 0 ? undefined : end);
    if (all.length < 2 || all.some(({ step, only }) => step.loop !== undefined || only !== undefined)) return [];
    return [{ layer, said: all.map(({ step }) => kept(said, step)) }];
  });
}

function kept(said: Map<Step, Said>, step: Step): Said {
  const known = said.get(step) ?? saidBy(step);
  said.set(step, known);
  return known;
}

function saidBy({ left, formula, type }: Step): Said {
  const names: Formula[] = [];
  const blank = (each: Formula): Formula => {
    const { node } = each;
    const isCopy =
      each.kind === 'index' &&
      each.of.kind === 'name' &&
      typeof each.places[0] === 'string' &&
      isCopyPlace(each.places[0]);
    if (each.kind !== 'name' && !isCopy) return withParts(each, blank);
    const rest = each.kind === 'index' ? each.places.slice(1).filter((place) => typeof place === 'string') : [];
    names.push(each.kind === 'index' ? placed(each.of, [String(each.places[0])]) : each);
    const hole = node ? standingFor(node, name({ of: 'value', word: '□' })) : name({ of: 'value', word: '□' });
    return placed(hole, rest);
  };
  const text = [left, formula].map((each) => printFormula(blank(each), 'math'));
  const whole = [left, formula].map((each) => printFormula(each, 'math')).join(' ');
  return { form: [...text, printType(type)].join('\n'), names, length: whole.length };
}

/** The place of a copy: `i - 1`, `11`. */
const isCopyPlace = (place: string): boolean => /^(?:\d+|\p{L}(?: [+-] \d+)?)$/u.test(place);

/** How a run is told by one before; undefined where none is alike, or where that is hardly shorter. */
function useOf(run: Run, before: readonly Run[]): Use | undefined {
  const length = run.said.reduce((sum, said) => sum + said.length, 0);
  if (length < fewestCharacters) return undefined;
  for (const other of before) {
    if (other.layer === run.layer || other.said.length !== run.said.length) continue;
    const matched = matchOf(other.said, run.said);
    if (!matched) continue;
    const called = (layer: string): Formula => name({ of: 'value', word: asName(layer) });
    const differences = matched.filter((pair) => !isSaidBy(pair, other.layer, run.layer, matched));
    const told = differences.reduce((sum, pair) => sum + written(pair.is).length + written(pair.for).length + 7, 20);
    if (told * worthwhile <= length) return { layer: called(run.layer), as: called(other.layer), differences };
  }
  return undefined;
}

type Pair = Use['differences'][number];

const written = (formula: Formula): string => printFormula(formula, 'math');

/** Which name stands for which where the forms are the same; each for one, and none for two. */
function matchOf(some: readonly Said[], others: readonly Said[]): readonly Pair[] | undefined {
  const found = new Map<string, { readonly text: string; readonly pair: Pair }>();
  for (const [i, { form, names }] of some.entries()) {
    if (form !== others[i].form || names.length !== others[i].names.length) return undefined;
    for (const [n, each] of names.entries()) {
      const is = others[i].names[n];
      const known = found.get(written(each));
      if (known && known.text !== written(is)) return undefined;
      found.set(written(each), { text: written(is), pair: { is, for: each } });
    }
  }
  const all = [...found.values()];
  if (new Set(all.map(({ text }) => text)).size < all.length) return undefined;
  return all.map(({ pair }) => pair).filter((pair) => written(pair.is) !== written(pair.for));
}

/** Does a name follow from the layer's, or from the value that it is the derivative by? */
function isSaidBy(pair: Pair, from: string, to: string, all: readonly Pair[]): boolean {
  const [was, is] = [pair.for, pair.is].map(titleOf);
  if (!was || !is || was.of !== is.of || was.by !== is.by) return false;
  const [before, after] = [asName(from), asName(to)];
  const word = asName(was.word);
  if (word === before || word.startsWith(`${before}_`)) return after + word.slice(before.length) === asName(is.word);
  if (was.of === 'value') return false;
  return all.some((other) => {
    const [a, b] = [other.for, other.is].map(titleOf);
    return a?.of === 'value' && a.word === was.word && b?.word === is.word;
  });
}

function titleOf(formula: Formula): Title | undefined {
  return formula.kind === 'name' ? formula.title : undefined;
}
