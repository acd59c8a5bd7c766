// Factors 1[c] of a derivative that say nothing new: what stands beside them is 0 anyway where c does not hold. A compilation needs them,
// since 0 · ∞ is no 0; a reader does not.
import { isOp, type Node } from '../graph.js';
import { add, div, maximum, mul, neg, sqrt, sub } from '../ops/arithmetic.js';
import { numberOf } from '../ops/calls.js';
import { and, equalTo, less, lessEqual, not, or, select, toF32 } from '../ops/logic.js';
import { broadcast } from '../ops/movement.js';
import type { Factor } from './products.js';
import { cases, isIndicator, seen, type Formula } from './tree.js';

/** The factors without those 1[c] that others imply; of 1[a ∧ b] the part that they do not. */
export function withoutMasks(factors: readonly Factor[]): readonly Factor[] {
  let left = factors;
  for (const factor of factors) {
    const mask = seen(factor.of);
    if (!isIndicator(mask) || factor.by === 'div') continue;
    const others = left.filter((other) => other !== factor && other.by !== 'div');
    const rest = unimplied(mask.condition, (c) => others.some(({ of }) => isZeroUnless(of, c)));
    if (rest === mask.condition) continue;
    left = left.flatMap((each) => {
      if (each !== factor) return [each];
      return rest ? [{ ...factor, of: cases(rest, mask.then, mask.otherwise) }] : [];
    });
  }
  return left.length > 0 ? left : factors;
}

/** What is left of a condition without what is implied; undefined where nothing is. */
function unimplied(condition: Formula, isImplied: (c: Condition) => boolean): Formula | undefined {
  const c = conditionOf(condition);
  if (c && isImplied(c)) return undefined;
  const of = seen(condition);
  if (of.kind !== 'infix' || of.operator !== 'and') return condition;
  const [left, right] = [unimplied(of.left, isImplied), unimplied(of.right, isImplied)];
  if (left === of.left && right === of.right) return condition;
  return left && right ? { ...of, left, right } : (left ?? right);
}

/** A node before it repeats, and along which axes of the whole it stands. */
interface Spread {
  readonly node: Node;
  readonly axes: readonly number[];
}

/** A condition that holds, or one that does not. */
interface Condition extends Spread {
  readonly denied: boolean;
}

function narrowed({ node, axes }: Spread): Spread {
  if (!isOp(node, broadcast)) return { node, axes };
  return narrowed({ node: node.inputs[0], axes: axes.filter((_, i) => !node.attrs.axes.includes(i)) });
}

function wholeOf(node: Node): Spread {
  return narrowed({ node, axes: node.type.shape.map((_, i) => i) });
}

const inputOf = ({ node, axes }: Spread, i: number): Spread => narrowed({ node: node.inputs[i], axes });

/** What a condition says before it is denied. */
function asCondition(spread: Spread, denied: boolean): Condition {
  return isOp(spread.node, not) ? asCondition(inputOf(spread, 0), !denied) : { ...spread, denied };
}

const partOf = (c: Condition, i: number): Condition => asCondition(inputOf(c, i), c.denied);

/** Signs that say of a comparison what its node does. */
const signs = { less: ['less', 'greater'], lessEqual: ['lessEqual', 'greaterEqual'], equalTo: ['equal'] } as const;

/** The condition that a formula states: x > 0 is that x ≤ 0 does not hold. */
function conditionOf(formula: Formula): Condition | undefined {
  const of = seen(formula);
  if (of.kind === 'prefix' && of.operator === 'not') {
    const inner = conditionOf(of.of);
    return inner && { ...inner, denied: !inner.denied };
  }
  const node = formula.node ?? of.node;
  if (!node) return undefined;
  const { node: core } = wholeOf(node);
  const own: readonly string[] | undefined = isOp(core, less)
    ? signs.less
    : isOp(core, lessEqual)
      ? signs.lessEqual
      : isOp(core, equalTo)
        ? signs.equalTo
        : undefined;
  return asCondition(wholeOf(node), of.kind === 'infix' && own !== undefined && !own.includes(of.operator));
}

function isSame(a: Spread, b: Spread): boolean {
  return a.node === b.node && a.axes.join() === b.axes.join();
}

function isZeroUnless(formula: Formula, c: Condition): boolean {
  const of = seen(formula);
  if (isIndicator(of)) {
    const own = conditionOf(of.condition);
    return own !== undefined && implies(own, c);
  }
  if (formula.node) return isZeroNode(wholeOf(formula.node), c, deepest);
  if (of.kind === 'prefix') return isZeroUnless(of.of, c);
  if (of.kind !== 'infix') return false;
  const zero = (part: Formula): boolean => isZeroUnless(part, c);
  if (of.operator === 'add' || of.operator === 'sub') return zero(of.left) && zero(of.right);
  return zero(of.left) || (of.operator !== 'div' && zero(of.right));
}

/** Deeper than this nobody looks. */
const deepest = 16;

/** Do both parts of a condition have to hold, or is one enough? */
function isBoth({ node, denied }: Condition): boolean {
  return isOp(node, denied ? or : and);
}

function isEither({ node, denied }: Condition): boolean {
  return isOp(node, denied ? and : or);
}

/** Is the value 0 wherever the condition does not hold? */
function isZeroNode(value: Spread, c: Condition, depth: number): boolean {
  if (depth === 0) return false;
  const { node } = value;
  const zero = (i: number): boolean => isZeroNode(inputOf(value, i), c, depth - 1);
  if (isBoth(c)) return [0, 1].every((i) => isZeroNode(value, partOf(c, i), depth - 1));
  if (isOp(node, mul)) return zero(0) || zero(1);
  if (isOp(node, add, sub)) return zero(0) && zero(1);
  if (isOp(node, div, neg, sqrt)) return zero(0);
  if (isOp(node, toF32)) return implies(asCondition(inputOf(value, 0), false), c);
  if (isOp(node, select)) return isZeroChoice(value, c, zero);
  if (isEither(c) && [0, 1].some((i) => isZeroNode(value, partOf(c, i), depth - 1))) return true;
  // relu(x), where that is positive.
  return isOp(node, maximum) && node.inputs.some((input) => numberOf(input) === 0) && isPositive(c, value);
}

/** {a if k, else b} */
function isZeroChoice(value: Spread, c: Condition, zero: (i: number) => boolean): boolean {
  const [, then, otherwise] = value.node.inputs;
  const k = asCondition(inputOf(value, 0), false);
  if (numberOf(otherwise) === 0) return implies(k, c) || zero(1);
  if (numberOf(then) === 0) return implies({ ...k, denied: !k.denied }, c) || zero(2);
  return zero(1) && zero(2);
}

/** Is the condition that the value is above 0? */
function isPositive(c: Condition, value: Spread): boolean {
  const [low, high] = c.denied ? [1, 0] : [0, 1];
  if (!isOp(c.node, c.denied ? lessEqual : less) || numberOf(c.node.inputs[low]) !== 0) return false;
  return isSame(inputOf(c, high), value);
}

/** Does c hold wherever k does? */
function implies(k: Condition, c: Condition): boolean {
  if (isSame(k, c)) return k.denied === c.denied;
  if (isBoth(c)) return implies(k, partOf(c, 0)) && implies(k, partOf(c, 1));
  if (isEither(k)) return implies(partOf(k, 0), c) && implies(partOf(k, 1), c);
  if (isEither(c) && (implies(k, partOf(c, 0)) || implies(k, partOf(c, 1)))) return true;
  return isBoth(k) && (implies(partOf(k, 0), c) || implies(partOf(k, 1), c));
}
