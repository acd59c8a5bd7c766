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
  const alike = updatedAlike(steps);
  return steps.filter(({ parameter }) => alike.has(parameter));
}

/** The parameters whose updates have one form, by the first of them. */
export function updatedAlike(steps: readonly UpdateStep[]): ReadonlyMap<string, readonly string[]> {
  const byParameter = new Map<string, UpdateStep[]>();
  for (const step of steps) byParameter.set(step.parameter, [...(byParameter.get(step.parameter) ?? []), step]);
  const byForm = new Map<string, string[]>();
  for (const [parameter, list] of byParameter) {
    const form = list.map(({ left, formula }) => `${printFormula(left)}=${printFormula(formula)}`).join('\n');
    const key = form.replaceAll(parameter, 'w');
    byForm.set(key, [...(byForm.get(key) ?? []), parameter]);
  }
  return new Map([...byForm.values()].map((parameters) => [parameters[0], parameters]));
}
