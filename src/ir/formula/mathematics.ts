// What mathematics has in common, whoever prints it: how derivatives are called, what Σ runs over, conditions turned round.
import { spellsName } from '../../diagnostics/name.js';
import { isOp } from '../graph.js';
import { constantOf, printIndex } from '../index.js';
import { permute } from '../ops/movement.js';
import { reduceMax } from '../ops/reductions.js';
import type { Dim } from '../types.js';
import { countedSum } from './exact.js';
import { printNumber } from './numbers.js';
import { blocksOf } from './blocks.js';
import { indexedOnce } from './places.js';
import { isProduct, usualProduct } from './products.js';
import { isDerivedSum, usualSum } from './sums.js';
import {
  apply,
  cases,
  infix,
  name,
  number,
  prefix,
  seen,
  standingFor,
  type Formula,
  type FormulaOf,
  type Letter,
  type Operator,
  type Title,
} from './tree.js';

/** `h`; ∂loss/∂h and δ_h in mathematics, `d_h` and `delta_h` in the language, `d_u_h` where it is the derivative of u. */
export function titleIn({ of, word, by, inner, number: copy }: Title, style: 'nn' | 'math'): string {
  if (of === 'value') return word;
  if (style === 'nn') return `${of === 'delta' ? 'delta_' : 'd_'}${by === undefined ? '' : `${by}_`}${word}`;
  // The delta of textbooks is that of the loss.
  if (of === 'delta') return by === undefined ? `δ_${word}` : `∂${by}/∂z_${word}`;
  const own = inner ? `${innerTitle(inner)}${copy === undefined ? '' : `_${copy}`}` : word;
  return `∂${by ?? 'loss'}/∂${own}`;
}

function innerTitle(inner: Title): string {
  const text = titleIn(inner, 'math');
  return text.includes('/') ? `(${text})` : text;
}

/** The letters that Σ runs over: `b, t`. */
export function letterNames(letters: readonly Letter[]): string {
  const names = letters.map(({ letter }) => letter).join(',');
  return letters.length === 1 ? names : `{${names}}`;
}

/** What a sum runs over: its axes by their names, then `axis 2` or `axes 2, 3` of those that have no names of their own; nothing where it is over all. */
export function sumRange({ axes, shape }: Pick<FormulaOf<'sum'>, 'axes' | 'shape'>): string[] {
  if (axes.length === shape.length) return [];
  const names = axes.map((axis) => ownName(shape, axis));
  const numbers = axes.filter((_, i) => names[i] === undefined);
  const rest =
    numbers.length === 0
      ? []
      : [`${numbers.length === 1 ? 'axis' : 'axes'} ${numbers[0]}`, ...numbers.slice(1).map(String)];
  return [...names.filter((each) => each !== undefined), ...rest];
}

/** Has each axis that a sum runs over a name of its own, where it is not over all? */
export function hasNames({ axes, shape }: Pick<FormulaOf<'sum'>, 'axes' | 'shape'>): boolean {
  return axes.length === shape.length || axes.every((axis) => ownName(shape, axis) !== undefined);
}

function ownName(shape: readonly Dim[], axis: number): string | undefined {
  const nameOf = (dim: Dim): string | undefined => dim.name ?? symbolOf(dim.size);
  const own = nameOf(shape[axis]);
  return own !== undefined && shape.filter((dim) => nameOf(dim) === own).length === 1 ? own : undefined;
}

function symbolOf(size: Letter['dim']['size']): string | undefined {
  const text = printIndex(size);
  return spellsName(text) ? text : undefined;
}

const opposites: Partial<Record<Operator, Operator>> = {
  less: 'greaterEqual',
  lessEqual: 'greater',
  greater: 'lessEqual',
  greaterEqual: 'less',
  equal: 'unequal',
  unequal: 'equal',
};

/** The opposite of a condition: x > 0 of x ≤ 0. What is no number counts as either. */
export function turned(condition: Formula): Formula {
  const of = seen(condition);
  if (of.kind === 'prefix' && of.operator === 'not') return of.of;
  const opposite = of.kind === 'infix' ? opposites[of.operator] : undefined;
  return of.kind === 'infix' && opposite ? { ...of, operator: opposite } : prefix('not', of);
}

/**
 * A formula as mathematics writes it at its top: no test whether a number is one, no conversions, x / y for x · (1 / y), numbers worked
 * out, products in their usual form.
 */
export function mathematical(formula: Formula): Formula {
  const known = usual.get(formula);
  if (known) return known;
  const made = inUsualForm(plain(formula));
  usual.set(formula, made);
  // It is in its form.
  usual.set(made, made);
  return made;
}

const usual = new WeakMap<Formula, Formula>();

function inUsualForm(of: Formula): Formula {
  if (isProduct(of)) return usualProduct(of, plain);
  return blocksOf(of) ?? (isDerivedSum(of) ? usualSum(of, plain) : of);
}

/** The same but for products. */
export function plain(formula: Formula): Formula {
  switch (formula.kind) {
    case 'silent':
      return plain(formula.of);
    case 'number':
      return wellKnown(formula);
    case 'cases': {
      const test = seen(formula.condition);
      const isAlways =
        test.kind === 'infix' && test.operator === 'equal' && sameNode(test.left, test.right) ? true : undefined;
      const is = isAlways ?? truthOf(test);
      if (is !== undefined) return plain(is ? formula.then : formula.otherwise);
      return chosen(formula);
    }
    case 'apply': {
      if (formula.name !== 'f32') return formula;
      const [of] = formula.args;
      return of.node?.type.element.kind === 'bool' ? cases(of, number(1), number(0)) : plain(of);
    }
    case 'sum':
      return formula.axes.every((axis) => constantOf(formula.shape[axis].size) === 1)
        ? plain(formula.of)
        : countedSum(unturned(formula));
    case 'total':
      return formula.letters.length === 0 ? plain(formula.of) : formula;
    case 'power': {
      const exponent = plain(formula.exponent);
      if (isNumber(exponent, 1)) return plain(formula.base);
      return isNumber(exponent, 0) ? number(1) : formula;
    }
    case 'index':
      return indexedOnce(formula);
    case 'prefix':
      return formula.operator === 'not' ? denied(formula) : formula;
    case 'infix': {
      const { operator, left, right } = formula;
      if (operator === 'add' || operator === 'sub') return signed(workedOut(formula));
      if (isAtItsMost(formula)) return { ...formula, operator: 'equal' };
      if (operator !== 'times' && operator !== 'elementwise') return formula;
      const under = plain(right);
      const isReciprocal = under.kind === 'infix' && under.operator === 'div' && isNumber(under.left, 1);
      return isReciprocal ? infix('div', left, under.right) : formula;
    }
    default:
      return formula;
  }
}

/** A sum of what has its axes in another order is one of what it was before, where the axes that stay are in order. */
function unturned(formula: FormulaOf<'sum'> & Formula): FormulaOf<'sum'> & Formula {
  const of = seen(formula.of);
  if (of.kind !== 'apply' || !of.node || !isOp(of.node, permute)) return formula;
  const { order } = of.node.attrs;
  const kept = order.filter((_, i) => !formula.axes.includes(i));
  if (kept.some((axis, i) => i > 0 && axis < kept[i - 1])) return formula;
  const axes = formula.axes.map((axis) => order[axis]).sort((a, b) => a - b);
  return { ...formula, of: of.args[0], axes, shape: of.node.inputs[0].type.shape };
}

/** w ≥ max(w) is w = max(w). */
function isAtItsMost({ operator, left, right }: FormulaOf<'infix'>): boolean {
  const [w, most] = operator === 'lessEqual' ? [right, left] : [left, right];
  if (operator !== 'lessEqual' && operator !== 'greaterEqual') return false;
  const [of, extreme] = [seen(w).node, seen(most).node];
  return of !== undefined && extreme !== undefined && isOp(extreme, reduceMax) && extreme.inputs[0] === of;
}

/** Of numbers alone the sum. */
function workedOut(formula: FormulaOf<'infix'> & Formula): Formula {
  const [a, b] = [seen(formula.left), seen(formula.right)];
  if (a.kind !== 'number' || b.kind !== 'number') return formula;
  return number(formula.operator === 'add' ? a.value + b.value : a.value - b.value);
}

/** a + -2 · b is a - 2 · b. */
function signed(formula: Formula): Formula {
  if (formula.kind !== 'infix') return formula;
  const positive = negatedIn(mathematical(formula.right));
  return positive ? { ...formula, operator: formula.operator === 'add' ? 'sub' : 'add', right: positive } : formula;
}

/** The x of -x, also at the head of a product. */
function negatedIn(formula: Formula): Formula | undefined {
  if (formula.kind === 'prefix' && formula.operator === 'neg') return formula.of;
  if (formula.kind === 'number' && formula.value < 0) return number(-formula.value);
  if (!isProduct(formula)) return undefined;
  const left = negatedIn(seen(formula.left));
  return left && { ...formula, left };
}

/** Whether a comparison of numbers holds; undefined of others. */
function truthOf(test: Formula): boolean | undefined {
  if (test.kind !== 'infix') return undefined;
  const [a, b] = [seen(test.left), seen(test.right)];
  if (a.kind !== 'number' || b.kind !== 'number') return undefined;
  switch (test.operator) {
    case 'equal':
      return a.value === b.value;
    case 'unequal':
      return a.value !== b.value;
    case 'less':
      return a.value < b.value;
    case 'lessEqual':
      return a.value <= b.value;
    case 'greater':
      return a.value > b.value;
    case 'greaterEqual':
      return a.value >= b.value;
    default:
      return undefined;
  }
}

/** Numbers that mathematics has a sign for: π, √3, 1 / √3. Other numbers have fewer digits than these. */
function wellKnown(formula: FormulaOf<'number'> & Formula): Formula {
  const { value } = formula;
  if (printNumber(value).length < fewestDigits) return formula;
  const f32 = Math.fround(value);
  const pi = name('π');
  const root = (of: Formula): Formula => apply('sqrt', [of]);
  const known: readonly (readonly [number, () => Formula])[] = [
    [Math.PI, () => pi],
    [2 * Math.PI, () => infix('times', number(2), pi)],
    [Math.sqrt(2 / Math.PI), () => root(infix('div', number(2), pi))],
    [1 / Math.sqrt(2 * Math.PI), () => infix('div', number(1), root(infix('times', number(2), pi)))],
  ];
  const found = known.find(([of]) => Math.fround(of) === f32);
  if (found) return found[1]();
  const [square, inverse] = [Math.round(value * value), Math.round(1 / (value * value))];
  const isRoot = (of: number): boolean => of <= largestSquare && !Number.isInteger(Math.sqrt(of));
  if (value > 1 && isRoot(square) && Math.fround(Math.sqrt(square)) === f32) return root(number(square));
  if (value > 0 && value < 1 && isRoot(inverse) && Math.fround(1 / Math.sqrt(inverse)) === f32)
    return infix('div', number(1), root(number(inverse)));
  return formula;
}

const fewestDigits = 7;
const largestSquare = 4096;

/** ¬(a ≤ b) is a > b. */
function denied(formula: FormulaOf<'prefix'> & Formula): Formula {
  const of = seen(formula.of);
  return of.kind === 'infix' && opposites[of.operator] ? turned(of) : formula;
}

/** 1[c] ⊙ a where the other case is 0. */
function chosen(formula: FormulaOf<'cases'> & Formula): Formula {
  const { condition, then, otherwise } = formula;
  const [value, when] = isNumber(otherwise, 0) ? [then, condition] : [otherwise, turned(condition)];
  if (!isNumber(otherwise, 0) && !isNumber(then, 0)) return formula;
  const indicator = cases(when, number(1), number(0));
  const whole = isNumber(value, 1) ? indicator : infix('elementwise', indicator, value);
  return formula.node ? standingFor(formula.node, whole) : whole;
}

function sameNode(a: Formula, b: Formula): boolean {
  return seen(a).node !== undefined && seen(a).node === seen(b).node;
}

export function isNumber(formula: Formula, value: number): boolean {
  const of = seen(formula);
  return of.kind === 'number' && of.value === value;
}
