// Scans whose bodies are being elaborated: the leaves that stand for what each round has, and the loop that they become.
import type { Context } from './frame.js';
import { stackOutside, type Around } from '../derive/loops/outside.js';
import type { Variable } from './values.js';
import type { Builder, Node } from '../../ir/graph.js';
import { add, constant as whole, zero, type Index } from '../../ir/index.js';
import { isOp } from '../../ir/graph.js';
import { constant, iota, size } from '../../ir/ops/constants.js';
import { leafName, ownName } from '../../ir/labels.js';
import { contract } from '../../ir/ops/contract.js';
import { broadcast, reshape, slice } from '../../ir/ops/movement.js';
import { bound, createLoop, resultOf, type Bound, type LoopResult } from '../../ir/ops/scan.js';
import { mapNode, reachable } from '../../ir/reachable.js';
import type { Dim, TensorType } from '../../ir/types.js';

/** A body that nodes are being made for. It is open: it reads what is around it as if it stood there. */
export interface OpenLoop {
  readonly depth: number;
  readonly length: Dim;
  /** Sequences ([T, …]) with the leaves of their slices. */
  readonly slices: { readonly leaf: Bound; readonly sequence: Node }[];
  /** What `:=` may replace inside, with what it was before the loop. */
  readonly entered: { readonly variable: Variable; readonly leaf: Bound; readonly before: Node }[];
  leaves: number;
}

/** Opens a loop: each state, and what the loops around carry, stands for what it is in each round. */
export function openLoop(context: Context, length: Dim): OpenLoop {
  const around = context.loops.flatMap(({ entered }) => entered.map(({ variable }) => variable));
  const loop: OpenLoop = { depth: context.loops.length, length, slices: [], entered: [], leaves: 0 };
  context.loops.push(loop);
  for (const variable of new Set([...around, ...context.states.values()])) enter(loop, variable, context.g);
  return loop;
}

/** Lets a loop carry a variable, should it be replaced inside. */
export function enter(loop: OpenLoop, variable: Variable, g: Builder): void {
  const before = variable.now;
  const leaf = leafOf(loop, variable.name.split('.').at(-1) ?? variable.name, before.type, g);
  loop.entered.push({ variable, leaf, before });
  variable.now = leaf;
}

/** A state that is declared inside of loops is carried from its value at the start of the step through all of them. */
export function enterAll({ loops, g }: Context, state: Variable): void {
  for (const loop of loops) enter(loop, state, g);
}

/** The leaf for one slice of a sequence ([T, …]). */
export function sliceOf(loop: OpenLoop, sequence: Node, name: string, g: Builder): Node {
  const leaf = leafOf(loop, name, { ...sequence.type, shape: sequence.type.shape.slice(1) }, g);
  loop.slices.push({ leaf, sequence });
  return leaf;
}

/** What is made anew for each round of every loop around: made outside, of all rounds, of which the body has one. */
export function eachRound({ loops, g }: Context, dims: readonly Dim[], make: (dims: readonly Dim[]) => Node): Node {
  const all = make([...loops.map(({ length }) => length), ...dims]);
  return loops.reduce((node, loop) => sliceOf(loop, node, 'draw', g), all);
}

function leafOf(loop: OpenLoop, name: string, type: TensorType, g: Builder): Bound {
  return g.make(bound, [], { depth: loop.depth, number: loop.leaves++, name, type });
}

/** What a loop leaves behind, along its first axis. */
export interface Closed {
  /** What the nodes given were at each round: [T, …]. */
  readonly emitted: readonly Node[];
  /** Was anything replaced in it? */
  readonly carries: boolean;
}

/** Leaves the innermost loop as if it had not been opened: what it would have carried is what it was. */
export function abandon({ loops }: Context): void {
  for (const { variable, before } of loops.pop()?.entered ?? []) variable.now = before;
}

/** Closes the innermost loop. What was replaced inside is now its last value. `backwards`: what was emitted is turned round. */
export function closeLoop(context: Context, emitted: readonly Node[], backwards: boolean): Closed {
  const { g, loops } = context;
  const open = loops.pop();
  if (!open) throw new Error('no loop is open');
  const changed = open.entered.filter(({ variable, leaf }) => variable.now !== leaf);
  const kept = new Map(open.entered.filter((e) => !changed.includes(e)).map((e) => [e.leaf as Node, e]));
  const nexts = changed.map(({ variable }) => variable.now);
  const inside = closed([...nexts, ...emitted], open, kept, g);
  const roots = withoutProducts(inside.roots, open, inside.captured, g);
  const reached = new Set(reachable(roots));
  const [slices, captured] = [
    open.slices.filter(({ leaf }) => reached.has(leaf)),
    inside.captured.filter(({ leaf }) => reached.has(leaf)),
  ];
  const next = roots.slice(0, changed.length);
  const loop = createLoop({
    depth: open.depth,
    length: open.length,
    slices: slices.map(({ leaf }) => leaf),
    carried: changed.map(({ leaf }) => leaf),
    captured: captured.map(({ leaf }) => leaf),
    next,
  });
  const inputs = [...slices.map((s) => s.sequence), ...changed.map((c) => c.before), ...captured.map((c) => c.node)];
  const result = (of: LoopResult): Node => resultOf(g, inputs, loop, of);
  for (const { variable, before } of open.entered) variable.now = before;
  changed.forEach(({ variable }, k) => (variable.now = result({ kind: 'final', of: k })));
  const stacked = roots.slice(changed.length).map((root) => {
    // What is carried is kept anyway: before a round, and after it.
    const [before, after] = [loop.carried.indexOf(root as Bound), next.indexOf(root)];
    const k = before < 0 ? after : before;
    const node = result(k < 0 ? { kind: 'emit', of: root } : { kind: 'stack', of: k });
    return rows(node, k >= 0 && before < 0 ? whole(1) : zero, open.length, backwards, g);
  });
  return { emitted: stacked, carries: changed.length > 0 };
}

/** Rows of a stack from one on, as many as there are rounds; from the last one backwards. */
function rows(stack: Node, first: Index, length: Dim, backwards: boolean, g: Builder): Node {
  if (!backwards && stack.type.shape[0].size.key === length.size.key) return stack;
  const [, ...rest] = stack.type.shape;
  return g.make(slice, [stack], {
    starts: [backwards ? add(first, length.size, whole(-1)) : first, ...rest.map(() => zero)],
    steps: [backwards ? -1 : 1, ...rest.map(() => 1)],
    sizes: [length, ...rest],
  });
}

/** The roots over the loop's leaves alone: what does not depend on those comes in by leaves of its own, numbers stay where they are. */
function closed(
  roots: readonly Node[],
  open: OpenLoop,
  kept: ReadonlyMap<Node, OpenLoop['entered'][number]>,
  g: Builder,
): { readonly roots: Node[]; readonly captured: { readonly leaf: Bound; readonly node: Node }[] } {
  const own = new Set<Node>([...open.slices, ...open.entered].map(({ leaf }) => leaf));
  const inside = new Set<Node>();
  const done = new Map<Node, Node>();
  const captured = new Map<Node, Bound>();
  const become = (node: Node): Node => {
    const known = done.get(node);
    if (known) return known;
    const made = inside.has(node) || stays(node) ? mapNode(node, become, g) : capture(node, captured, open, g);
    done.set(node, made);
    return made;
  };
  for (const node of reachable(roots)) {
    if (!own.has(node) && !node.inputs.some((i) => inside.has(i))) continue;
    inside.add(node);
    const entered = kept.get(node);
    if (entered && !captured.has(entered.before)) captured.set(entered.before, entered.leaf);
    const leaf = entered ? captured.get(entered.before) : own.has(node) ? node : undefined;
    done.set(node, leaf ?? mapNode(node, become, g));
  }
  return { roots: roots.map(become), captured: [...captured].map(([node, leaf]) => ({ leaf, node })) };
}

/**
 * Products of slices and of what is captured are made for all rounds at once, before the loop, which has slices of them: `xt @ W` in the
 * body is `x @ W` outside.
 */
function withoutProducts(
  roots: readonly Node[],
  open: OpenLoop,
  captured: readonly { readonly leaf: Bound; readonly node: Node }[],
  g: Builder,
): Node[] {
  const outer = new Map<Node, Node>(captured.map(({ leaf, node }) => [leaf, node]));
  const sequences = new Map<Node, Node>(open.slices.map(({ leaf, sequence }) => [leaf, sequence]));
  const timeless = new Map<Node, boolean>();
  const done = new Map<Node, Node>();
  const around: Around = {
    sequence: (node) => sequences.get(node),
    isTimeless: (node) => timeless.get(node) ?? false,
    outside: (node) => outer.get(node) ?? mapNode(node, around.outside, g),
  };
  for (const node of reachable(roots)) {
    timeless.set(node, outer.has(node) || (!isOp(node, bound) && node.inputs.every((i) => timeless.get(i))));
    const all = isOp(node, contract) && !timeless.get(node) ? stackOutside(node, around, open.length, g) : undefined;
    done.set(
      node,
      all ? sliceOf(open, all, ownName(node) ?? 'product', g) : mapNode(node, (part) => done.get(part) ?? part, g),
    );
  }
  return roots.map((root) => done.get(root) ?? root);
}

function capture(node: Node, captured: Map<Node, Bound>, open: OpenLoop, g: Builder): Bound {
  const known = captured.get(node);
  if (known) return known;
  const name = leafName(node)?.split('.').at(-1) ?? `outer_${captured.size}`;
  const leaf = leafOf(open, name, node.type, g);
  captured.set(node, leaf);
  return leaf;
}

/** Numbers, and what is repeated: the loop has it narrow. */
function stays(node: Node): boolean {
  if (isOp(node, constant, size, iota)) return true;
  return isOp(node, broadcast) || (isOp(node, reshape) && isOp(node.inputs[0], broadcast));
}
