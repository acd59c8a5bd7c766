// Of a forward pass what some derivatives speak of: where only a slice of a model is asked for, the rest says nothing.
import { partsOf, type Formula } from '../../ir/formula/tree.js';
import type { Node } from '../../ir/graph.js';
import { labelOf } from '../../ir/labels.js';
import { printFormula } from '../../ir/formula/text.js';
import { printSource } from '../../ir/source.js';
import { printType } from '../../ir/types.js';
import { isCotangent, type LegendEntry, type Step } from './data.js';

/** The steps that the others mention, with what we named of theirs ourselves; those that the author named are taken as known. */
export function sliceOf(forward: readonly Step[], spoken: readonly Step[], result: Node): Step[] {
  const byNode = new Map(forward.flatMap((step) => (step.node ? [[step.node, step] as const] : [])));
  const wanted = new Set<Step>();
  const visit = (formula: Formula): void => {
    const step = formula.node && formula.kind === 'name' ? byNode.get(formula.node) : undefined;
    if (step) want(step);
    else for (const part of partsOf(formula)) visit(part);
  };
  const want = (step: Step): void => {
    if (wanted.has(step)) return;
    wanted.add(step);
    for (const part of named(step.formula)) {
      const inner = part.node && byNode.get(part.node);
      if (!inner || !part.node) continue;
      // What an activation is applied to stands beside it.
      if (isArgument(inner)) wanted.add(inner);
      else if (labelOf(part.node) === undefined) want(inner);
    }
  };
  const last = byNode.get(result);
  if (last) wanted.add(last);
  for (const step of spoken) {
    visit(step.formula);
    for (const part of step.loop ? [...step.loop.over, ...step.loop.starts] : []) visit(part.formula);
    for (const { formula } of step.loop?.body ?? []) visit(formula);
    if (isCotangent(step)) for (const { part } of step.uses) visit(part);
  }
  return forward.filter((step) => wanted.has(step) || step.loop !== undefined);
}

/** What steps speak of that none of them defines, in the words of a legend. */
export function undefinedIn(shown: readonly Step[], forward: readonly Step[]): LegendEntry[] {
  const byNode = new Map(forward.flatMap((step) => (step.node ? [[step.node, step] as const] : [])));
  const defined = new Set(shown);
  const found = new Set<Step>();
  for (const step of shown) {
    const formulas = [
      step.formula,
      ...(step.loop ? [...step.loop.over, ...step.loop.starts].map((each) => each.formula) : []),
    ];
    for (const { node } of [...formulas, ...(step.loop?.body ?? []).map(({ formula }) => formula)].flatMap(named)) {
      const inner = node && byNode.get(node);
      if (inner && !defined.has(inner)) found.add(inner);
    }
  }
  return forward
    .filter((step) => found.has(step))
    .map(({ left, type, lines }) => ({
      sign: printFormula(left, 'math'),
      meaning: `the forward value of ${lines.map(printSource).join(', ')}, ${printType(type)}`,
    }));
}

function isArgument({ name }: Step): boolean {
  return name.startsWith('z_');
}

/** The named values that a formula is made of. */
function named(formula: Formula): Formula[] {
  return formula.kind === 'name' ? [formula] : partsOf(formula).flatMap(named);
}
