// `unguarded`: logarithms, roots and divisions of what can be 0, where a loss depends on them and they on what is learnt.
import { unguarded as message } from '../../diagnostics/lints.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { isOp, type Node, type Op } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { add, div, maximum, mul, sqrt } from '../../ir/ops/arithmetic.js';
import { numberOf } from '../../ir/ops/calls.js';
import { size } from '../../ir/ops/constants.js';
import { again, stopGradient } from '../../ir/ops/control.js';
import { parameter } from '../../ir/ops/leaves.js';
import { broadcast, permute, reshape, slice } from '../../ir/ops/movement.js';
import { reduceMax, reduceMin, sum } from '../../ir/ops/reductions.js';
import { exp, log, sigmoid, softplus } from '../../ir/ops/transcendental.js';
import { reachable } from '../../ir/reachable.js';
import { rangesOf, type Range } from '../../passes/derive/reach/ranges.js';
import { print } from '../../parser/print.js';
import type { Expression } from '../../parser/tree.js';
import type { Analysis } from '../analyze.js';
import type { Made } from './places.js';

type What = 'log' | 'sqrt' | 'division';

export function unguarded(model: ModelGraph, { values }: Analysis, made: readonly Made[]): Diagnostic[] {
  const { loss } = model.training;
  if (!loss) return [];
  const all = reachable([loss]);
  const counts = new Set(all);
  const ranges = rangesOf(all);
  const trained = new Set(model.parameters.flatMap(({ name, trained: is }) => (is ? [name] : [])));
  const told = new Set<Node>();
  return made.flatMap(({ expression, node, around }) => {
    const found = counts.has(node) && !told.has(node) ? operandOf(expression, node) : undefined;
    const value = found && values.at(found.written.span);
    if (!found || value?.kind !== 'tensor' || isChosen(expression, around, values)) return [];
    const { what, written } = found;
    // A function of the file's own may end with a root of something else than what it is given.
    if (what !== 'division' && node.inputs[0] !== value.node) return [];
    const range = ranges.get(value.node);
    if (!range || !meets0(what, value.node, range) || !isLearnt(value.node, trained)) return [];
    told.add(node);
    const text = print(written);
    const guarded = guardOf(what, text.length <= longest ? text : 'x', range);
    return [
      message({
        what,
        operand: { span: written.span, text: text.length <= longest ? text : '' },
        from: said(range),
        guarded,
      }),
    ];
  });
}

const longest = 30;

/** What the logarithm, root or division of an expression is of. */
function operandOf(
  expression: Expression,
  node: Node,
): { readonly what: What; readonly written: Expression } | undefined {
  if (expression.kind === 'binary' && expression.operator === '/')
    return isOp(node, div) ? { what: 'division', written: expression.right } : undefined;
  const what = isOp(node, log) ? 'log' : isOp(node, sqrt) ? 'sqrt' : undefined;
  if (what === undefined) return undefined;
  if (expression.kind === 'binary')
    return expression.operator === '|>' ? { what, written: expression.left } : undefined;
  const [only] = expression.kind === 'call' ? expression.arguments : [];
  return only && { what, written: only.value };
}

/** Of a denominator of unknown sign nothing is told: what makes it 0 is a coincidence, but for what begins at 0. */
function meets0(what: What, node: Node, { low, high }: Range): boolean {
  if (what === 'division') return (low === 0 || high === 0) && !isPositive(node);
  if (low > 0) return false;
  // Exponentials are above 0, and so are their roots; but as a logarithm's, those that vanish are -inf.
  return what === 'log' || !isPositive(node);
}

const keeping: readonly Op[] = [
  broadcast,
  reshape,
  permute,
  slice,
  stopGradient,
  again,
  reduceMax,
  reduceMin,
  sum,
  sqrt,
];

/** Above 0 by what it is made of, but for rounding. */
function isPositive(node: Node): boolean {
  const { op, inputs } = node;
  if (isOp(node, exp, sigmoid, softplus, size)) return true;
  if (keeping.includes(op)) return isPositive(inputs[0]);
  if (isOp(node, mul, div, add)) return inputs.every(isPositive);
  if (isOp(node, maximum)) return inputs.some(isPositive);
  return (numberOf(node) ?? 0) > 0;
}

/** In an arm of a choice made element by element, whose condition is the guard. */
function isChosen(expression: Expression, around: readonly Expression[], values: Analysis['values']): boolean {
  const path = [...around, expression];
  return path.some(
    (outer, i) =>
      outer.kind === 'if' &&
      i + 1 < path.length &&
      path[i + 1] !== outer.condition &&
      values.at(outer.condition.span)?.kind === 'tensor',
  );
}

function isLearnt(node: Node, trained: ReadonlySet<string>): boolean {
  return reachable([node]).some((one) => isOp(one, parameter) && trained.has(one.attrs.name));
}

function said({ low, high }: Range): string {
  if (low >= 0) return high < Infinity ? `from ${short(low)} to ${short(high)}` : `from ${short(low)} up`;
  return low > -Infinity || high < Infinity ? `from ${short(low)} to ${short(high)}` : 'of any size and sign';
}

function short(value: number): string {
  return value === Infinity ? 'inf' : value === -Infinity ? '-inf' : String(Number(value.toPrecision(4)));
}

function guardOf(what: What, text: string, { low, high }: Range): string {
  if (what === 'log') return `log(max(${text}, 1e-8))`;
  if (what === 'sqrt') return low >= 0 ? `sqrt(${text} + 1e-12)` : `sqrt(max(${text}, 1e-12))`;
  return high > 0 ? `… / max(${text}, 1e-8)` : `… / min(${text}, -1e-8)`;
}
