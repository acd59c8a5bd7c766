// Choices: conditions that say the same twice, and factors and sums of what one condition chooses.
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { add, mul } from '../../../ir/ops/arithmetic.js';
import { filled, numberOf } from '../../../ir/ops/calls.js';
import { and, not, or, select } from '../../../ir/ops/logic.js';
import { given, type SimplifyRule } from './rule.js';
import { scaleOf } from './scale.js';

export const choiceRules: readonly SimplifyRule[] = [
  { equation: 'not not a = a', ops: [not], rewrite: ({ inputs: [x] }) => (isOp(x, not) ? x.inputs[0] : undefined) },
  { equation: 'a or a = a; a and a = a; (a or b) or a = a or b', ops: [and, or], rewrite: saidTwice },
  { equation: '(a and not b) or b = a or b', ops: [or], rewrite: alreadyOpen },
  {
    equation: 'if c then (if c then a else b) else d = if c then a else d',
    ops: [select],
    rewrite: chosenTwice,
  },
  {
    equation: '(if c then a else 0) + (if c then 0 else b) = if c then a else b',
    given: given.signOfZero,
    ops: [add],
    rewrite: bothCases,
  },
  {
    equation: '(if c then 2 / n else 0) * x = if c then 2 * x / n else 0',
    given: given.finite,
    ops: [mul],
    rewrite: factorOfCase,
  },
];

function saidTwice({ op, inputs: [a, b] }: Node): Node | undefined {
  if (a === b) return a;
  if (a.op === op && a.inputs.includes(b)) return a;
  return b.op === op && b.inputs.includes(a) ? b : undefined;
}

function alreadyOpen({ inputs }: Node, g: Builder): Node | undefined {
  for (const [both, one] of [inputs, [...inputs].reverse()]) {
    if (!isOp(both, and)) continue;
    const denied = both.inputs.findIndex((part) => isOp(part, not) && part.inputs[0] === one);
    if (denied >= 0) return g.make(or, [both.inputs[1 - denied], one], {});
  }
  return undefined;
}

function chosenTwice({ inputs: [condition, a, b] }: Node, g: Builder): Node | undefined {
  const within = (x: Node, branch: 1 | 2): Node =>
    isOp(x, select) && !x.kept && x.inputs[0] === condition ? x.inputs[branch] : x;
  const [one, other] = [within(a, 1), within(b, 2)];
  return one === a && other === b ? undefined : g.make(select, [condition, one, other], {});
}

/** One choice instead of two, each of which gives 0 where the other one gives something. */
function bothCases({ inputs: [x, y] }: Node, g: Builder): Node | undefined {
  if (!isOp(x, select) || !isOp(y, select) || x.kept || y.kept || x.inputs[0] !== y.inputs[0]) return undefined;
  const [condition, a, b] = x.inputs;
  const [, c, d] = y.inputs;
  if (numberOf(b) === 0 && numberOf(c) === 0) return g.make(select, [condition, a, d], {});
  return numberOf(a) === 0 && numberOf(d) === 0 ? g.make(select, [condition, c, b], {}) : undefined;
}

/** Is it made of numbers and run-time sizes alone? */
function isNumber(node: Node, g: Builder): boolean {
  return scaleOf(node, g).core === undefined;
}

/** A number chosen, times something: what is chosen is that, or 0. Other choices stay: several factors may have one in common. */
function factorOfCase(node: Node, g: Builder): Node | undefined {
  for (const [choice, factor] of [node.inputs, [...node.inputs].reverse()]) {
    // Numbers and sizes are gathered outside.
    if (!isOp(choice, select) || choice.kept || isNumber(factor, g)) continue;
    const [condition, a, b] = choice.inputs;
    const zero = filled(g, 0, node.type);
    if (numberOf(b) === 0 && isNumber(a, g)) return g.make(select, [condition, g.make(mul, [a, factor], {}), zero], {});
    if (numberOf(a) === 0 && isNumber(b, g)) return g.make(select, [condition, zero, g.make(mul, [b, factor], {})], {});
  }
  return undefined;
}
