// Loops, and what goes along an axis in order.
import { isOp, type Node } from '../../ir/graph.js';
import { startOf, type recurrence } from '../../ir/ops/recurrence.js';
import { bodyRoots, inputsOfScan, scan, type ScanNode } from '../../ir/ops/scan.js';
import type { Block, Value } from './block.js';
import { spelling, type AttrsOf, type Spelling } from './spelled.js';
import { dtypeOf, type, type SizeOf } from './types.js';

/** Writes the nodes of a body over values of its leaves. */
export type WriteBody = (to: Block, roots: readonly Node[], leaves: ReadonlyMap<Node, Value>) => readonly Value[];

/**
 * The results of one run of a loop. What goes from round to round are the carried values and the stacks that rounds add rows to; what is
 * read goes along, since each is an operand of the loop.
 */
export function writeRun(
  to: Block,
  results: readonly ScanNode[],
  valueOf: (node: Node) => Value,
  sizeOf: SizeOf,
  body: WriteBody,
): readonly Value[] {
  const [first] = results;
  const { loop } = first.attrs;
  const inputs = inputsOfScan(first);
  const [sequences, starts, captured] = [inputs.sequences, inputs.starts, inputs.captured].map((of) => of.map(valueOf));
  const rounds = sizeOf(loop.length.size);
  const roots = bodyRoots(results);
  const stacks = results.filter(({ attrs }) => attrs.result.kind !== 'final');
  const begun = stacks.map((node) => begin(to, node, starts, sizeOf));
  const made = to.loop(rounds, [...starts, ...begun, ...sequences, ...captured], (inside, values, at) => {
    const taker = parts(values);
    const carried = taker(starts.length);
    const rows = taker(begun.length);
    const [all, kept] = [taker(sequences.length), taker(captured.length)];
    const leaves = new Map<Node, Value>([
      ...loop.slices.map((leaf, i) => [leaf, inside.rowAt(all[i], at)] as const),
      ...loop.carried.map((leaf, i) => [leaf, carried[i]] as const),
      ...loop.captured.map((leaf, i) => [leaf, kept[i]] as const),
    ]);
    const computed = body(inside, roots, leaves);
    const of = (node: Node): Value => computed[roots.indexOf(node)];
    const after = inside.elementwise('add', at, inside.constant(1, type('i32')));
    const added = stacks.map(({ attrs: { result } }, i) =>
      result.kind === 'emit'
        ? inside.withRow(rows[i], of(result.of), at)
        : inside.withRow(rows[i], of(loop.next[result.of]), after),
    );
    return [...loop.next.map(of), ...added, ...all, ...kept];
  });
  return results.map((node) => {
    const { result } = node.attrs;
    return result.kind === 'final' ? made[result.of] : made[starts.length + stacks.indexOf(node)];
  });
}

/** The stack before the first round: of a carried value the first row is what it starts from. */
function begin(to: Block, node: ScanNode, starts: readonly Value[], sizeOf: SizeOf): Value {
  const { result } = node.attrs;
  const rows = sizeOf(node.type.shape[0].size);
  if (result.kind === 'stack') {
    const start = starts[result.of];
    const empty = to.constant(0, type(start.type.dtype, [rows, ...start.type.dims]));
    return to.withRow(empty, start, to.constant(0, type('i32')));
  }
  const { element, shape } = node.type;
  const dims = shape.map(({ size }) => sizeOf(size));
  return to.constant(0, type(dtypeOf(element), dims));
}

function parts<T>(all: readonly T[]): (length: number) => readonly T[] {
  let at = 0;
  return (length) => all.slice(at, (at += length));
}

/** Is it a result of a loop? */
export function isRun(node: Node): node is ScanNode {
  return isOp(node, scan);
}

/** A running sum in as many steps as its length has digits in binary; what may overflow on the way goes element by element. */
export const spellRecurrence: Spelling<AttrsOf<typeof recurrence>> = spelling((to, inputs, { attrs }) => {
  const { axis, reverse, form } = attrs;
  return form === 'sum' ? runningSum(to, inputs[0], axis, reverse) : inOrder(to, inputs, attrs);
});

/** After each step an element is the sum of twice as many. */
function runningSum(to: Block, x: Value, axis: number, reverse: boolean): Value {
  const { dims } = x.type;
  let sum = x;
  for (let by = 1; by < dims[axis]; by *= 2) {
    const only = (n: number): number[] => dims.map((_, i) => (i === axis ? n : 0));
    // Elements move by so many places, and 0 moves in.
    const moved = reverse ? to.pad(sum, 0, only(-by), only(by)) : to.pad(sum, 0, only(by), only(-by));
    sum = to.elementwise('add', sum, moved);
  }
  return sum;
}

function inOrder(to: Block, inputs: readonly Value[], attrs: AttrsOf<typeof recurrence>): Value {
  const { axis, reverse, form } = attrs;
  const { dims } = inputs[0].type;
  const order = [axis, ...dims.flatMap((_, i) => (i === axis ? [] : [i]))];
  const rows = inputs.map((x) => to.transpose(x, order));
  const [length, ...rest] = rows[0].type.dims;
  const start = to.constant(startOf(attrs), type('f32', rest));
  const empty = to.constant(0, rows[0].type);
  const [, made] = to.loop(length, [start, empty, ...rows], (inside, [carried, stack, ...all], round) => {
    const at = reverse ? inside.elementwise('subtract', inside.constant(length - 1, type('i32')), round) : round;
    const [x, added] = all.map((row) => inside.rowAt(row, at));
    const grown = inside.elementwise('multiply', carried, x);
    const next = form === 'linear' ? inside.elementwise('add', grown, added) : grown;
    return [next, inside.withRow(stack, next, at), ...all];
  });
  return to.transpose(
    made,
    order.map((_, i) => order.indexOf(i)),
  );
}
