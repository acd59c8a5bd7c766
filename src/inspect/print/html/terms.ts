// The terms of a derivation and how they hang together: which stand for which steps, and which come from which.
import { partsOf, type Formula, type Title } from '../../../ir/formula/tree.js';
import type { Node } from '../../../ir/graph.js';
import { leafName } from '../../../ir/labels.js';
import type { ModelGraph } from '../../../ir/model.js';
import type { Derivation, Step } from '../../derivation/data.js';
import type { Layer } from '../copies.js';

export interface Terms {
  /** The number of what a name stands for. */
  ofTitle(title: Title): number | undefined;
  ofStep(step: Step): number | undefined;
  /** The numbers of the names in formulas, each once. */
  amongst(formulas: readonly Formula[]): number[];
}

/** Leaves have the first numbers, then come the lines of layers; all copies of a line have the number of the line. */
export function termsOf(leaves: readonly Leaf[], layers: readonly Layer[]): Terms {
  const byTitle = new Map<string, number>();
  const byStep = new Map<Step, number>();
  let next = 0;
  for (const { names } of leaves) {
    for (const name of names) byTitle.set(keyOf({ of: 'value', word: name }), next);
    next++;
  }
  const note = (steps: readonly Step[]): void => {
    const number = next++;
    for (const step of steps) {
      byStep.set(step, number);
      // What replaces a value for the next round, or a weight, is not what others read.
      if (!step.becomes && !byTitle.has(keyOf(step.title))) byTitle.set(keyOf(step.title), number);
    }
    const bodies = steps.map((step) => step.loop?.body ?? []);
    bodies[0].forEach((_, i) => note(bodies.flatMap((body) => body[i] ?? [])));
  };
  for (const { steps } of layers.flatMap(({ lines }) => lines)) note(steps);
  const ofTitle = (title: Title): number | undefined => byTitle.get(keyOf(title));
  return {
    ofTitle,
    ofStep: (step) => byStep.get(step),
    amongst(formulas) {
      const found = new Set<number>();
      for (const each of namesIn(formulas)) {
        const number = each.kind === 'name' ? ofTitle(each.title) : undefined;
        if (number !== undefined) found.add(number);
      }
      return [...found];
    },
  };
}

export interface Leaf {
  /** Of copies of a layer with a letter in the place of the number. */
  readonly name: string;
  readonly node: Node;
  /** As the model calls it, in each copy. */
  readonly names: readonly string[];
}

/** What the derivation starts from, in the order in which it is read. `letter`: what copies of a layer have each is one, numbered so. */
export function leavesOf({ forward, backward, parameters }: Derivation, model: ModelGraph, letter?: string): Leaf[] {
  const known = new Set([...model.inputs, ...model.parameters, ...model.states].map(({ name }) => name));
  const found = new Map<string, Node>();
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      for (const each of namesIn(formulasOf(step))) {
        if (each.kind !== 'name' || each.title.of !== 'value' || !each.node) continue;
        const { word } = each.title;
        // In the body of a loop a parameter is a leaf of the loop's.
        const isLeaf = known.has(word) || leafName(each.node) === word;
        if (isLeaf && !found.has(word)) found.set(word, each.node);
      }
      visit(step.loop?.body ?? []);
    }
  };
  visit([...forward, ...backward, ...parameters]);
  const leaves = new Map<string, Leaf>();
  for (const [name, node] of found) {
    const key = letter === undefined ? name : name.replace(/\.\d+(?=\.|$)/, `.${letter}`);
    const names = [...(leaves.get(key)?.names ?? []), name];
    leaves.set(key, { name: names.length > 1 ? key : name, node: leaves.get(key)?.node ?? node, names });
  }
  return [...leaves.values()];
}

/** All formulas of a line but those of a loop's body, whose steps have their own. */
export function formulasOf({ formula, loop }: Step): Formula[] {
  return [formula, ...[...(loop?.over ?? []), ...(loop?.starts ?? [])].map((each) => each.formula)];
}

function namesIn(formulas: readonly Formula[]): Formula[] {
  const found: Formula[] = [];
  const done = new Set<Formula>();
  const visit = (formula: Formula): void => {
    if (done.has(formula)) return;
    done.add(formula);
    if (formula.kind === 'name') found.push(formula);
    partsOf(formula).forEach(visit);
  };
  formulas.forEach(visit);
  return found;
}

function keyOf({ of, word, by = '', inner }: Title): string {
  return `${of} ${by} ${word}${inner ? ` (${keyOf(inner)})` : ''}`;
}
