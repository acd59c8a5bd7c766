// What a model says that a reader does not see: where values are repeated, and axes of size 1.
import { isElementwise, isOp, type Node } from '../graph.js';
import { add, constantOf, printIndex, product, sub } from '../index.js';
import { literal } from '../ops/constants.js';
import { broadcast, reshape, slice } from '../ops/movement.js';
import type { Dim } from '../types.js';
import { indexed, infix, number, sizeFormula, standingFor, sumOver, type Formula, type FormulaOf } from './tree.js';

/** `[batch, 4]`, by sizes alone. */
export function exactShape(shape: readonly Dim[]): string {
  return `[${shape.map(({ size }) => printIndex(size)).join(', ')}]`;
}

/** A formula that stands for a node which a reader does not see. */
export interface Hidden {
  readonly inner: Formula;
  readonly node: Node;
}

export function hiddenIn(formula: Formula): Hidden | undefined {
  const { node } = formula;
  return formula.kind === 'silent' && node && isOp(node, broadcast, reshape) ? { inner: formula.of, node } : undefined;
}

/** How `x` is written where it repeats to another operand's shape by the rules of broadcasting: `x`, `x[:, none]`. */
export function stretchedPlaces(node: Node): string[] | undefined {
  if (!isOp(node, broadcast)) return undefined;
  const { axes, shape } = node.attrs;
  if (node.inputs[0].type.shape.length === 0) return [];
  const kept = shape.map((_, i) => !axes.includes(i));
  // Where a run-time size stands twice, alignment alone could mean either: every axis is written.
  const runtime = shape.filter(({ size }) => constantOf(size) === undefined).map(({ size }) => size.key);
  const first = new Set(runtime).size < runtime.length ? 0 : kept.indexOf(true);
  const places = kept.slice(first).map((is) => (is ? ':' : 'none'));
  return places.includes('none') ? places : [];
}

/** Which axes of a result an operand has the extent of. */
export function covers(part: Formula, rank: number): readonly boolean[] {
  const hidden = hiddenIn(part);
  const all = Array.from({ length: rank }, () => true);
  if (!part.node) return all.map(() => false);
  if (hidden && isOp(hidden.node, broadcast)) {
    const { axes } = hidden.node.attrs;
    return all.map((_, i) => !axes.includes(i));
  }
  return part.node.type.shape.length === 0 ? all.map(() => false) : all;
}

/** The operands of a node element by element, of which some have to be written in full; undefined where none repeats. */
export function mustStretch(node: Node | undefined, parts: readonly Formula[]): number | undefined {
  if (!node || !isElementwise(node) || !parts.some((part) => hiddenIn(part))) return undefined;
  const { shape } = node.type;
  const lists = parts.map((part) => covers(part, shape.length));
  const whole = shape.every(({ size }, i) => constantOf(size) === 1 || lists.some((list) => list[i]));
  if (whole) return -1;
  const first = parts.findIndex((part) => hiddenIn(part));
  return first;
}

/**
 * The operands of a node element by element, as a reader sees them: where each repeats along an axis that another has, as in p[:, none] - p[none, :],
 * the axes say which is which. One that covers the whole result says it for all.
 */
export function pairedOperands(node: Node, parts: readonly Formula[]): readonly Formula[] {
  const { shape } = node.type;
  if (parts.length < 2 || !isElementwise(node) || !parts.some((part) => hiddenIn(part))) return parts;
  const has = parts.map((part) => covers(part, shape.length));
  const wide = shape.flatMap(({ size }, i) => (constantOf(size) === 1 ? [] : [i]));
  const isWhole = has.some((list) => wide.every((i) => list[i]));
  // Where an axis is of none of them, one has to be written in full, and not by its axes alone.
  const isTogether = wide.every((i) => has.some((list) => list[i]));
  if (isWhole || !isTogether) return parts;
  return parts.map((part, n) => {
    const hidden = hiddenIn(part);
    if (!hidden || !has[n].some(Boolean)) return part;
    const places = has[n].map((is) => (is ? ':' : 'none'));
    return standingFor(hidden.node, indexed(hidden.inner, places));
  });
}

/** The sum of what repeats along summed axes says how often: of w, the same in each row, it is batch · Σ w, and not Σ w. */
export function countedSum(formula: FormulaOf<'sum'> & Formula): Formula {
  const hidden = hiddenIn(formula.of);
  if (!hidden || !isOp(hidden.node, broadcast)) return formula;
  const repeated = hidden.node.attrs.axes;
  const times = product(formula.axes.filter((a) => repeated.includes(a)).map((a) => formula.shape[a].size));
  const known = constantOf(times);
  if (known === 1) return formula;
  const rest = formula.axes
    .filter((a) => !repeated.includes(a))
    .map((a) => a - repeated.filter((other) => other < a).length);
  const of = rest.length === 0 ? hidden.inner : sumOver(hidden.inner, rest, hidden.node.inputs[0].type.shape);
  const whole = infix('times', known === undefined ? sizeFormula(times) : number(known), of);
  return formula.node ? standingFor(formula.node, whole) : whole;
}

/** What a slice takes, to the letter: forward, and what is to be turned then. Undefined where it is as its formula says. */
export function exactSlice(
  node: Node,
): { readonly places: readonly string[]; readonly turned: readonly string[] } | undefined {
  if (!isOp(node, slice)) return undefined;
  const { starts, steps, sizes } = node.attrs;
  const { shape } = node.inputs[0].type;
  if (!steps.includes(-1) || steps.some((s) => Math.abs(s) !== 1)) return undefined;
  const places = starts.map((start, i) => {
    const low = steps[i] === 1 ? start : add(sub(start, sizes[i].size), 1);
    const isWhole = constantOf(low) === 0 && sizes[i].size.key === shape[i].size.key;
    return isWhole ? ':' : `${printIndex(low)}:${printIndex(add(low, sizes[i].size))}`;
  });
  return { places, turned: steps.map((s) => (s === 1 ? ':' : '::-1')) };
}

/** A constant tensor with all its numbers. */
export function literalText(node: Node, print: (value: number) => string): string | undefined {
  if (!isOp(node, literal)) return undefined;
  const { values, type } = node.attrs;
  const sizes = type.shape.map((d) => constantOf(d.size) ?? 1);
  const write = (from: number, axis: number, count: number): string => {
    if (axis === sizes.length) return print(values[from]);
    const each = count / sizes[axis];
    return `[${Array.from({ length: sizes[axis] }, (_, i) => write(from + i * each, axis + 1, each)).join(', ')}]`;
  };
  return write(0, 0, values.length);
}
