// The parts of a derivation in the order in which it is read.
import { printFormula } from '../../ir/formula/text.js';
import type { Derivation, Step, UpdateStep } from '../derivation/data.js';

export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** Those that have any steps. Of parameters whose updates have one form, the first stands for all, unless all are asked for. */
export function sectionsOf({ forward, backward, parameters, update, order, of }: Derivation, all = false): Section[] {
  return [
    { title: 'forward', steps: forward },
    { title: 'cotangents, by the chain rule', steps: backward },
    { title: order === 2 ? `Hessian-vector products of ${of}` : 'gradients', steps: parameters },
    { title: 'update', steps: all ? update : firstOfEachForm(update) },
  ].filter(({ steps }) => steps.length > 0);
}

function firstOfEachForm(steps: readonly UpdateStep[]): readonly Step[] {
  const found = new Set<string>();
  const byParameter = new Map<string, UpdateStep[]>();
  for (const step of steps) byParameter.set(step.parameter, [...(byParameter.get(step.parameter) ?? []), step]);
  return [...byParameter].flatMap(([parameter, list]) => {
    const form = list.map(({ left, formula }) => `${printFormula(left)}=${printFormula(formula)}`).join('\n');
    const key = form.replaceAll(parameter, 'w');
    if (found.has(key)) return [];
    found.add(key);
    return list;
  });
}
