// The parts of a derivation in the order in which it is read.
import { printFormula } from '../../ir/formula/text.js';
import type { Derivation, Step, UpdateStep } from '../derivation/data.js';
import { layersOf, type Layer } from './copies.js';
import { inPlaceOf, same } from './rename.js';

export interface Section {
  readonly title: string;
  readonly layers: readonly Layer[];
  /** Each of its steps is what was asked for. */
  readonly asked?: true;
}

/** Those that have any steps. `letter`: copies are told once, numbered so, and updates of one form once for all parameters that have it. */
export function sectionsOf(derivation: Derivation, letter?: string): Section[] {
  const { forward, backward, parameters, update, order, of, each } = derivation;
  const layers = (steps: readonly Step[]): Layer[] => layersOf(steps, letter);
  const all: Section[] = [
    { title: 'forward', layers: layers(forward) },
    { title: 'cotangents, by the chain rule', layers: layers(backward) },
    { title: order === 2 ? `Hessian-vector products of ${of}` : 'gradients', layers: layers(parameters), asked: true },
    { title: 'update', layers: letter === undefined ? layers(update) : updateLayers(update, each) },
  ];
  return all.filter((section) => section.layers.length > 0);
}

/** All steps of a derivation, in the order of its sections. */
export function stepsOf({ forward, backward, parameters, update }: Derivation): readonly Step[] {
  return [...forward, ...backward, ...parameters, ...update];
}

/** What is for all parameters, then each form of an update with those that it stands for. */
function updateLayers(update: readonly UpdateStep[], each: string): Layer[] {
  const common = update.filter(({ parameter }) => parameter === undefined);
  const plain = (steps: readonly Step[]): Layer => ({
    copies: [],
    ends: [],
    lines: steps.map((step) => ({ step, steps: [step], rename: same })),
  });
  const forms = [...updatedAlike(update)].map(([first, all]): Layer => {
    const steps = update.filter(({ parameter }) => parameter === first);
    if (all.length === 1) return plain(steps);
    const rename = inPlaceOf(first, each);
    return { copies: [], ends: [], each: all, lines: steps.map((step) => ({ step, steps: [step], rename })) };
  });
  return [...(common.length > 0 ? [plain(common)] : []), ...forms];
}

/** The parameters whose updates have one form, by the first of them. */
export function updatedAlike(steps: readonly UpdateStep[]): ReadonlyMap<string, readonly string[]> {
  const byParameter = new Map<string, UpdateStep[]>();
  for (const step of steps) {
    const { parameter } = step;
    if (parameter !== undefined) byParameter.set(parameter, [...(byParameter.get(parameter) ?? []), step]);
  }
  const byForm = new Map<string, string[]>();
  for (const [parameter, list] of byParameter) {
    const form = list
      .map(({ left, formula }) => `${printFormula(left, 'math')} ← ${printFormula(formula, 'math')}`)
      .join('\n');
    const key = inPlaceOf(parameter, 'θ')(form);
    byForm.set(key, [...(byForm.get(key) ?? []), parameter]);
  }
  return new Map([...byForm.values()].map((parameters) => [parameters[0], parameters]));
}

/** Names of parameters, those of copies of a layer as one: `block.0…11.norm.scale`. */
export function namesTogether(names: readonly string[]): string[] {
  const found = new Map<string, { readonly name: string; readonly numbers: number[] }>();
  for (const name of names) {
    const [, number] = /\.(\d+)(?=\.)/.exec(name) ?? [];
    const key = name.replace(/\.\d+(?=\.)/, '.#');
    const known = found.get(key);
    if (!known || number === undefined) found.set(key, { name, numbers: number === undefined ? [] : [Number(number)] });
    else known.numbers.push(Number(number));
  }
  return [...found].map(([key, { name, numbers }]) =>
    numbers.length < 2 ? name : key.replace('#', `${Math.min(...numbers)}…${Math.max(...numbers)}`),
  );
}
