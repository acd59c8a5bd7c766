// Rows of stacks, which loops take and give: some of them, and all of them in the opposite order.
import { isOp, type Builder, type Node, type NodeOf } from '../graph.js';
import {
  add,
  axis,
  coefficient,
  constant as whole,
  constantOf,
  scale,
  sub,
  toIndex,
  zero,
  type Index,
} from '../index.js';
import { filled } from './calls.js';
import { again } from './control.js';
import { permute, slice, spreadOut } from './movement.js';
import { inputsOfScan, scan } from './scan.js';
import { dim, type Dim } from '../types.js';

/** So many rows from one on: [T, …] to [count, …]. */
export function rowsOf(stack: Node, first: Index | number, count: Dim | number, g: Builder): Node {
  const start = typeof first === 'number' ? whole(first) : first;
  return sliced(stack, start, 1, typeof count === 'number' ? dim(whole(count)) : count, g);
}

/** The rows from the last to the first. */
export function flipped(stack: Node, g: Builder): Node {
  const [length] = stack.type.shape;
  return sliced(stack, sub(length.size, 1), -1, length, g);
}

function isUnit(step: number): step is 1 | -1 {
  return step === 1 || step === -1;
}

/** Does a loop over these go from the last position to the first? Most of them are turned then. */
export function goesBackwards(sequences: readonly Node[]): boolean {
  return 2 * sequences.filter(isTurned).length > sequences.length;
}

const turned = new WeakMap<Node, boolean>();

/** Are its rows in the opposite order of positions? What a loop backwards gives is, unless it was turned. */
function isTurned(sequence: Node): boolean {
  const known = turned.get(sequence);
  if (known !== undefined) return known;
  const found = isTurnedAnew(sequence);
  turned.set(sequence, found);
  return found;
}

function isTurnedAnew(sequence: Node): boolean {
  const round = axis('t', sequence.type.shape[0].size);
  const { of, at } = rowAt(sequence, toIndex(round));
  const falls = (constantOf(coefficient(at, round) ?? zero) ?? 0) < 0;
  return isOp(of, scan) && goesBackwards(inputsOfScan(of).sequences) ? !falls : falls;
}

/** One element along an axis of a node. */
export interface Row {
  readonly of: Node;
  readonly axis: number;
  readonly at: Index;
}

/** Where the row of a stack comes from: the same row of it, or what it was turned, cut and transposed from. */
export function rowAt(stack: Node, at: Index): Row {
  let row: Row = { of: stack, axis: 0, at };
  for (;;) {
    const { of, axis } = row;
    if (isOp(of, again)) row = { ...row, of: of.inputs[0] };
    else if (isOp(of, slice) && of.attrs.sizes.every((d, i) => i === axis || isWhole(of, i, d)))
      row = { of: of.inputs[0], axis, at: add(of.attrs.starts[axis], scale(row.at, of.attrs.steps[axis])) };
    else if (isOp(of, permute) && keepsOrder(of.attrs.order, axis))
      row = { of: of.inputs[0], axis: of.attrs.order[axis], at: row.at };
    else return row;
  }
}

/** Have the axes but one the same order as before? */
function keepsOrder(order: readonly number[], axis: number): boolean {
  return order.filter((_, i) => i !== axis).every((a, i, others) => i === 0 || a > others[i - 1]);
}

/** A slice of a slice is one: turned twice, it is what it was. */
function sliced(stack: Node, first: Index, step: 1 | -1, count: Dim, g: Builder): Node {
  const [length, ...rest] = stack.type.shape;
  if (isOp(stack, slice) && !stack.kept && stack.attrs.sizes.every((d, i) => i === 0 || isWhole(stack, i, d))) {
    const { starts, steps } = stack.attrs;
    const [inner] = steps;
    if (isUnit(inner))
      return sliced(stack.inputs[0], add(starts[0], scale(first, inner)), inner === step ? 1 : -1, count, g);
  }
  if (step === 1 && first.key === zero.key && count.size.key === length.size.key) return stack;
  const part = step === 1 && isOp(stack, spreadOut) ? partOfSpread(stack, first, count, g) : undefined;
  if (part) return part;
  return g.make(slice, [stack], {
    starts: [first, ...rest.map(() => zero)],
    steps: [step, ...rest.map(() => 1)],
    sizes: [count, ...rest],
  });
}

/** Rows of what was put into a longer stack: of what it was, or 0, where they are all within or all beside it. */
function partOfSpread(
  { inputs: [x], attrs: { starts, steps, shape } }: NodeOf<typeof spreadOut>,
  first: Index,
  count: Dim,
  g: Builder,
): Node | undefined {
  const [length, ...rest] = x.type.shape;
  const whole = rest.every((d, i) => d.size.key === shape[i + 1].size.key && steps[i + 1] === 1);
  if (!whole || steps[0] !== 1) return undefined;
  const from = constantOf(sub(first, starts[0]));
  const past = constantOf(sub(add(starts[0], length.size), add(first, count.size)));
  if (from !== undefined && past !== undefined && from >= 0 && past >= 0)
    return sliced(x, sub(first, starts[0]), 1, count, g);
  const [before, behind] = [sub(starts[0], add(first, count.size)), sub(first, add(starts[0], length.size))];
  const beside = [before, behind].some((gap) => (constantOf(gap) ?? -1) >= 0);
  return beside ? filled(g, 0, { ...x.type, shape: [count, ...rest] }) : undefined;
}

/** Does a slice take an axis as it is? */
function isWhole(
  { inputs: [x], attrs: { starts, steps } }: NodeOf<typeof slice>,
  axis: number,
  { size }: Dim,
): boolean {
  return starts[axis].key === zero.key && steps[axis] === 1 && x.type.shape[axis].size.key === size.key;
}
