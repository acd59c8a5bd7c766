// `unguarded`: logarithms, roots, powers and divisions of what can be 0, where a loss depends on them.
import { unguarded as message, type Unguarded } from '../../diagnostics/lints.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { everyNode } from '../../ir/bodies.js';
import { isOp, through, type Node } from '../../ir/graph.js';
import type { Initial, ModelGraph } from '../../ir/model.js';
import { ceil, div, floor, pow, round, sign, sqrt } from '../../ir/ops/arithmetic.js';
import { numberOf } from '../../ir/ops/calls.js';
import { toF32 } from '../../ir/ops/logic.js';
import { parameter } from '../../ir/ops/leaves.js';
import { broadcast, reshape } from '../../ir/ops/movement.js';
import { log } from '../../ir/ops/transcendental.js';
import { chosenAmong } from '../../passes/derive/reach/chosen.js';
import { rangesOf, type Range } from '../../passes/derive/reach/ranges.js';
import { zerosOf, type Zero } from '../../passes/derive/reach/zero.js';
import type { Expression } from '../../parser/tree.js';
import type { Analysis } from '../analyze.js';
import { fixOf, helpOf, labelOf } from './guards.js';
import type { Made } from './places.js';
import { sourcesOf, type Sources } from './sources.js';

/** What is known of what a logarithm, root, power or division is of. */
interface Facts {
  readonly range: Range;
  readonly zero: Zero;
  readonly sources: Sources;
}

interface Found {
  readonly node: Node;
  readonly what: Unguarded;
  readonly range: Range;
}

/**
 * Of what is learnt it is told wherever nothing keeps it from 0. Of data their author knows more than the model does, so that it is told
 * alone of what the model makes of them that ends at 0: a norm, a spread, a size. Sums of truths count what a mask leaves, and are left alone.
 */
export function unguarded(model: ModelGraph, analysis: Analysis, made: readonly Made[]): Diagnostic[] {
  const { loss } = model.training;
  if (!loss) return [];
  const nodes = everyNode([loss]);
  const ranges = rangesOf(nodes);
  const zeros = zerosOf(nodes, ranges, steadyOf(model));
  const sources = sourcesOf(nodes, model);
  const chosen = chosenAmong(nodes, new Set([loss]));
  const direct = new Set(made.map(({ node }) => node));
  const told = new Set<Node>();
  const foundAt = (node: Node, written: Expression): Found | undefined => {
    const value = analysis.values.at(written.span);
    const operand = operandOf(node);
    const range = operand && ranges.get(operand);
    const of = operand && sources.get(operand);
    // A function of the file's own may end with a root of something else than what it is given.
    if (!operand || !range || !of || value?.kind !== 'tensor' || !isSpread(operand, value.node)) return undefined;
    if (chosen.has(node) || told.has(node) || range.fixed) return undefined;
    const what = judged(node, { range, zero: zeros(operand), sources: of }, ranges);
    return what && { node, what, range };
  };
  return made.flatMap(({ expression, node, around }) => {
    const written = isChosen(expression, around, analysis.values) ? undefined : operandIn(expression);
    const found =
      written &&
      candidates(node, direct)
        .flatMap((one) => foundAt(one, written) ?? [])
        .at(0);
    if (!found) return [];
    told.add(found.node);
    const { what, range } = found;
    return [
      message({
        what,
        operand: labelOf(written),
        from: said(range),
        guarded: helpOf(what, written, expression, range),
        fix: fixOf(what, written, expression, range, analysis),
      }),
    ];
  });
}

/** What a call makes, and what it is made of where no text makes that: of rsqrt(x) the root. */
function candidates(node: Node, direct: ReadonlySet<Node>): readonly Node[] {
  return [node, ...node.inputs.filter((input) => !direct.has(input))];
}

function operandOf(node: Node): Node | undefined {
  if (isOp(node, log, sqrt, pow)) return node.inputs[0];
  return isOp(node, div) ? node.inputs[1] : undefined;
}

/** What stands where an operand of a logarithm, root, power or division does. */
function operandIn(expression: Expression): Expression | undefined {
  if (expression.kind === 'call') return expression.arguments.at(0)?.value;
  if (expression.kind !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (operator === '/') return right;
  return operator === '^' || operator === '|>' ? left : undefined;
}

/** Is the one the other, stretched to a shape? */
function isSpread(node: Node, of: Node): boolean {
  const bare = [broadcast, reshape, toF32];
  return through(node, bare) === through(of, bare);
}

function judged(node: Node, facts: Facts, ranges: ReadonlyMap<Node, Range>): Unguarded | undefined {
  const { range, sources } = facts;
  if (isOp(node, pow)) return ofPower(node.inputs[1], facts, ranges);
  if (isOp(node, div)) return dividesByZero(facts) ? 'division' : undefined;
  if (isOp(node, sqrt)) return isSteep(facts) || isUnknown(facts) ? 'sqrt' : undefined;
  if (isUnknown(facts)) return 'log';
  if (range.low !== 0 || facts.zero === 'never') return undefined;
  // Exponentials are above 0; but as a logarithm's, those that vanish are -inf.
  return sources.learnt || isEnd(facts) ? 'log' : undefined;
}

/** What is learnt, of which the model does not tell that it is not negative. */
function isUnknown({ range, sources }: Facts): boolean {
  return range.low < 0 && sources.learnt && !sources.carried;
}

/** The derivative of its root is infinite where it is 0, and 0 is where it ends. */
function isSteep({ range, zero, sources }: Facts): boolean {
  return range.low === 0 && zero === 'possible' && sources.learnt;
}

/** 0 is where its values end, by how they are made. */
function isEnd({ range, zero, sources }: Facts): boolean {
  return (range.low === 0 || range.high === 0) && zero === 'possible' && (sources.learnt || !sources.truths);
}

function dividesByZero(facts: Facts): boolean {
  return isEnd(facts) || (facts.zero === 'possible' && facts.sources.learnt && !facts.sources.carried);
}

function ofPower(exponent: Node, facts: Facts, ranges: ReadonlyMap<Node, Range>): Unguarded | undefined {
  const { low = -Infinity, high = Infinity } = ranges.get(exponent) ?? {};
  const value = numberOf(exponent);
  const isWhole = value === undefined ? isRounded(exponent) : Number.isInteger(value);
  if (!isWhole && isUnknown(facts)) return 'power-of-negative';
  if (high < 0) return (isWhole || facts.range.low >= 0) && dividesByZero(facts) ? 'power' : undefined;
  if (low >= 1 || isWhole) return undefined;
  return isSteep(facts) ? 'steep-power' : undefined;
}

/** Numbers without a fraction, such as places are. */
function isRounded(node: Node): boolean {
  return [toF32, round, floor, ceil, sign].includes(through(node, [broadcast, reshape]).op);
}

/** Parameters that begin at a number other than 0 keep away from it, as scales and temperatures do. */
function steadyOf({ parameters }: ModelGraph): (leaf: Node) => boolean {
  const steady = new Set(parameters.flatMap(({ name, initial }) => (startsApart(initial) ? [name] : [])));
  return (leaf) => isOp(leaf, parameter) && steady.has(leaf.attrs.name);
}

function startsApart(initial: Initial): boolean {
  if (initial.kind === 'fill') return initial.value !== 0;
  return initial.kind === 'uniform' && (initial.low > 0 || initial.high < 0);
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

function said({ low, high }: Range): string {
  if (low >= 0) return high < Infinity ? `from ${short(low)} to ${short(high)}` : `from ${short(low)} up`;
  return low > -Infinity || high < Infinity ? `from ${short(low)} to ${short(high)}` : 'of any size and sign';
}

function short(value: number): string {
  return value === Infinity ? 'inf' : value === -Infinity ? '-inf' : String(Number(value.toPrecision(4)));
}
