// docs/simplify.md: every equation that the simplifier knows, made from its rules.
import { ruleGroups } from '../passes/derive/simplify.js';
import type { SimplifyRule } from '../passes/derive/simplify/rule.js';

/** The page as Markdown. */
export function simplifyPage(): string {
  const groups = ruleGroups.map(({ title, rules }) =>
    [`## ${title}`, '', '| equation | of | takes for granted |', '| --- | --- | --- |', ...rules.flatMap(rows)].join(
      '\n',
    ),
  );
  return [
    '# What is simplified',
    '<!-- Written by `npm run docs` from src/passes/derive/simplify: change it there. -->',
    'Graphs are rewritten by these equations, from left to right, until none applies: a model before it is differentiated, gradients and updates after. The groups are tried in this order. ' +
      'An equation that takes nothing for granted holds for all numbers, but for rounding: NaN, infinities and signed zeros among them. The others serve ' +
      'cotangents and updates alone; what a model says is never rewritten by them. What follows from that for numbers is told in [numerics.md](numerics.md#what-simplification-may-change).',
    ...groups,
    '',
  ].join('\n\n');
}

/** A row for each equation of a rule. */
function rows({ equation, ops, given }: SimplifyRule): string[] {
  const of =
    ops.length > mostNamed ? 'all that go element by element' : ops.map(({ name }) => `\`${name}\``).join(', ');
  return equation.split('; ').map((one) => `| \`${one}\` | ${of} | ${given ?? ''} |`);
}

/** A rule of more ops is one of all elementwise ones. */
const mostNamed = 8;
