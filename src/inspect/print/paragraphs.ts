// A derivation as it is told: sections, in which the copies of a repeated layer are told once, as rounds of a loop are, and updates of one
// form once for all parameters.
import type { Derivation, LegendEntry, Step } from '../derivation/data.js';
import { copyLetter, type End, type Layer } from './copies.js';
import { numbered, stepWithin } from './rename.js';
import { namesTogether, sectionsOf, stepsOf } from './sections.js';
import type { Use } from './uses.js';

export interface ToldSection {
  readonly title: string;
  readonly paragraphs: readonly Paragraph[];
  /** Each of its steps is what was asked for. */
  readonly asked?: true;
}

export type Paragraph =
  | { readonly kind: 'steps'; readonly lines: readonly ToldStep[] }
  /** Steps that hold for each of several parameters. */
  | {
      readonly kind: 'each';
      readonly letter: string;
      readonly parameters: readonly string[];
      readonly steps: readonly Step[];
    }
  | Copies;

export interface Copies {
  readonly kind: 'copies';
  /** `i = 0, …, 11` */
  readonly range: string;
  /** `12 copies of h.block` */
  readonly what: string;
  /** What has another name outside: what is told before, and what behind. */
  readonly begins: readonly End[];
  readonly gives: readonly End[];
  readonly lines: readonly ToldStep[];
}

export interface ToldStep {
  readonly step: Step;
  /** The copies that it holds for, where it does not hold for all: `i = 0`. */
  readonly only?: string;
  /** Of the first step of a layer that is told by an earlier one: what is said instead of its steps. */
  readonly use?: Use;
}

export interface Told {
  readonly sections: readonly ToldSection[];
  readonly legend: readonly LegendEntry[];
}

/** `apart`: every copy and every parameter is told by itself, as numbers ask for. */
export function toldOf(derivation: Derivation, apart: boolean): Told {
  const letter = apart ? undefined : copyLetter(stepsOf(derivation));
  const told = new Set<string>();
  const isNew = ({ inside }: End): boolean => !told.has(inside) && told.add(inside).size > 0;
  const layersOfAll = sectionsOf(derivation, letter);
  const paths = layersOfAll.flatMap(({ layers }) =>
    layers.flatMap(({ title, copies }) => (title !== undefined && copies.length > 0 ? [title] : [])),
  );
  const outside = numbered([...new Set(paths)]);
  const sections = layersOfAll.map(({ title, layers, asked }): ToldSection => {
    const paragraphs: Paragraph[] = [];
    for (const layer of layers) {
      const steps = layer.lines.map(({ step, rename }) => stepWithin(step, layer.each ? rename : outside));
      const last = paragraphs.at(-1);
      if (layer.copies.length > 0) paragraphs.push(copiesTold(layer, letter ?? '', isNew));
      else if (layer.each) paragraphs.push({ kind: 'each', letter: derivation.each, parameters: layer.each, steps });
      else if (last?.kind === 'steps')
        paragraphs[paragraphs.length - 1] = { ...last, lines: [...last.lines, ...steps.map((step) => ({ step }))] };
      else paragraphs.push({ kind: 'steps', lines: steps.map((step) => ({ step })) });
    }
    return { title, paragraphs, ...(asked && { asked }) };
  });
  return { sections, legend: derivation.legend };
}

function copiesTold({ title = '', copies, ends, lines }: Layer, letter: string, isNew: (end: End) => boolean): Copies {
  const [from, to] = [copies[0], copies[copies.length - 1]];
  const fresh = ends.filter(isNew);
  const isBefore = ({ first }: End): boolean => first || to < from;
  return {
    kind: 'copies',
    range: copies.length === 2 ? `${letter} = ${from}, ${to}` : `${letter} = ${from}, …, ${to}`,
    what: `${copies.length} copies of ${title}`,
    begins: fresh.filter(isBefore),
    gives: fresh.filter((end) => !isBefore(end)),
    lines: lines.map(({ step, only, rename }) => ({
      step: stepWithin(step, rename),
      ...(only !== undefined && { only: `${letter} = ${only}` }),
    })),
  };
}

/** `W, b, block.0…11.W`: the parameters that something is for. */
export function listOf(parameters: readonly string[]): string {
  return namesTogether(parameters).join(', ');
}
