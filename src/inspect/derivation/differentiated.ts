// What derivatives are of that has no line of its own, nor a name in the model.
import { everyNode } from '../../ir/bodies.js';
import { createWriter } from '../../ir/formula.js';
import { printFormula } from '../../ir/formula/text.js';
import { partsOf, type Formula, type Title } from '../../ir/formula/tree.js';
import type { Node } from '../../ir/graph.js';
import { leafName, scalarOf, titleOf, titleText } from '../../ir/labels.js';
import type { Derivation, LegendEntry, Step } from './data.js';
import { slopeName } from './derive.js';
import { linesOf } from './lines.js';

/** `sum_u`: the sum(u²) of `grad(sum(u^2), x)`; `slope`, which second derivatives are of. */
export function legendOfDifferentiated(
  steps: readonly Step[],
  roots: readonly Node[],
  { of, order }: Pick<Derivation, 'of' | 'order'>,
): LegendEntry[] {
  const spoken = new Set(steps.flatMap(titlesIn).flatMap(wordsOf));
  const found = new Map<string, LegendEntry>();
  for (const { role } of everyNode(roots)) {
    const scalar = role.kind === 'cotangent' && role.by && scalarOf(role.by);
    if (!scalar) continue;
    const sign = titleText(titleOf(scalar));
    if (!spoken.has(sign) || found.has(sign)) continue;
    if (order === 2 && scalar.name === slopeName)
      found.set(sign, {
        sign,
        meaning: `how fast ${of} rises along v: the sum of its derivatives, each times its v`,
      });
    else if (scalar.name === undefined) found.set(sign, { sign, meaning: meaningOf(scalar) });
  }
  return [...found.values()];
}

/** `sum(u²), which model.nn:8 differentiates` */
function meaningOf(scalar: Node): string {
  const formula = createWriter((node) => (node === scalar ? undefined : (node.name ?? leafName(node))))(scalar);
  const lines = linesOf(scalar).map(({ file, line }) => `${file}:${line}`);
  return `${printFormula(formula, 'math')}, which is differentiated${lines.length === 0 ? '' : ` in ${lines.join(', ')}`}`;
}

function titlesIn({ left, formula, loop }: Step): Title[] {
  const names = (of: Formula): Title[] => (of.kind === 'name' ? [of.title] : partsOf(of).flatMap(names));
  return [...names(left), ...(loop ? loop.body.flatMap(titlesIn) : names(formula))];
}

function wordsOf({ by, inner }: Title): string[] {
  return [...(by === undefined ? [] : [by]), ...(inner ? wordsOf(inner) : [])];
}
