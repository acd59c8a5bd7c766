// Terms of a sum that differ in nothing but a number are one: 2 * x * y + y * x = 3 * (x * y). The product rule makes such terms of powers.
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { add, sub, mul } from '../../../ir/ops/arithmetic.js';
import { filled } from '../../../ir/ops/calls.js';
import { given, type SimplifyRule } from './rule.js';
import { rebuilt, scaleOf, type Scaled } from './scale.js';

export const likeTermRules: readonly SimplifyRule[] = [
  {
    equation: '2 * x * y + y * x = 3 * (x * y); x - x = 0',
    given: given.finite,
    ops: [add, sub],
    rewrite: likeTerms,
  },
];

/** Longer sums are left alone: each of their additions would look at all of it again. */
const mostTerms = 12;
const mostFactors = 12;

function likeTerms(node: Node, g: Builder): Node | undefined {
  if (node.kept) return undefined;
  const terms: Scaled[] = [];
  if (!termsOf(node, 1, terms, g, true)) return undefined;
  const groups = new Map<string, Scaled>();
  for (const term of terms) {
    const key = keyOf(term);
    if (key === undefined) return undefined;
    const before = groups.get(key);
    groups.set(key, before ? { ...before, number: before.number + term.number } : term);
  }
  if (groups.size === terms.length) return undefined;
  const left = [...groups.values()].filter((term) => term.number !== 0);
  const value = (term: Scaled): Node => rebuilt(term, node.type, g);
  const [first, ...others] = left.sort((a, b) => Number(a.number < 0) - Number(b.number < 0));
  if (!first) return filled(g, 0, node.type);
  return others.reduce(
    (sum, term) =>
      term.number < 0
        ? g.make(sub, [sum, value({ ...term, number: -term.number })], {})
        : g.make(add, [sum, value(term)], {}),
    value(first),
  );
}

/** The terms of a sum; false where there are too many. */
function termsOf(node: Node, sign: number, into: Scaled[], g: Builder, top = false): boolean {
  const { inputs } = node;
  if (isOp(node, add, sub) && (top || !node.kept))
    return termsOf(inputs[0], sign, into, g) && termsOf(inputs[1], node.op === sub ? -sign : sign, into, g);
  const scaled = scaleOf(node, g);
  into.push({ ...scaled, number: sign * scaled.number });
  return into.length <= mostTerms;
}

/** Equal for terms that differ in their number alone. */
function keyOf({ core, up, down }: Scaled): string | undefined {
  const factors: number[] = [];
  if (core && !factorsOf(core, factors)) return undefined;
  return `${up.key}/${down.key}:${factors.sort((a, b) => a - b).join()}`;
}

function factorsOf(node: Node, into: number[]): boolean {
  if (isOp(node, mul) && !node.kept) return node.inputs.every((input) => factorsOf(input, into));
  into.push(node.id);
  return into.length <= mostFactors;
}
