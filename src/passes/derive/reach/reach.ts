// Where a cotangent can be other than 0. A choice (if, max, min, an element taken) lets the cotangent of its result through to what it
// chose, and gives 0 to the rest; that 0 must not meet an infinite derivative further down, for 0 * inf is NaN. As a cotangent goes
// through an operation linearly, the choice can be made after it: (if c then d else 0) / x is if c then d / x else 0.
import { choicesOf, once, type Choice } from './choices.js';
import {
  axesGone,
  chosen,
  ofOperand,
  repeatsAlong,
  throughContract,
  throughWindow,
  withoutAxes,
} from './conditions.js';
import type { Range } from './ranges.js';
import { isSingular } from './singular.js';
import { isElementwise, isOp, type Builder, type Node, type Op } from '../../../ir/graph.js';
import { and, or, not } from '../../../ir/ops/logic.js';
import { gather, scatterAdd, takeAlong } from '../../../ir/ops/indexing.js';
import { ownGradient } from '../../../ir/ops/ownGradient.js';
import { recurrence } from '../../../ir/ops/recurrence.js';
import { prod, reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from '../../../ir/ops/movement.js';
import { overlapAdd, window } from '../../../ir/ops/windows.js';
import { contract } from '../../../ir/ops/contract.js';

/** Where a cotangent can be other than 0. Conditions are made when they are asked for: few are. */
export interface Reach {
  /** True there, in the cotangent's shape. */
  readonly condition: () => Node;
  /** What the cotangent is there; elsewhere it may be anything. Absent where only the cotangent itself is at hand. */
  readonly inner?: () => Node;
  /** The author's own `if`: what it does not choose may hold anything, NaN of the inputs too. */
  readonly written: boolean;
  /** Elements taken by their index: some are along every axis. */
  readonly placed: boolean;
  /** One of fewer conditions, for where this one is too costly to carry on. */
  readonly wider?: Reach;
  /** How many conditions it is made of. */
  readonly steps: number;
}

export interface Flow {
  readonly cotangent: Node;
  /** Absent: it may be other than 0 everywhere. */
  readonly reach?: Reach;
}

/** A condition made of more parts is forgotten: the cotangent is then taken to flow everywhere. */
const mostSteps = 64;

/** Two parts of one cotangent, whose sum is given. */
export function merged({ reach: a }: Flow, { reach: b }: Flow, sum: Node, g: Builder): Flow {
  const steps = (a?.steps ?? 0) + (b?.steps ?? 0);
  if (!a || !b || steps > mostSteps) return { cotangent: sum };
  // Both branches of one choice.
  if (steps === 2 && areOpposite(a.condition(), b.condition())) return { cotangent: sum };
  const condition = once(() => {
    const [one, other] = [a.condition(), b.condition()];
    return one === other ? one : g.make(or, [one, other], {});
  });
  return { cotangent: sum, reach: { condition, written: a.written || b.written, placed: a.placed || b.placed, steps } };
}

function areOpposite(a: Node, b: Node): boolean {
  return [a, b].some((c, i) => isOp(c, not) && c.inputs[0] === [b, a][i]);
}

/** What flows to each input of a node from its own cotangent; undefined where nothing does. */
export function flowsOf(
  node: Node,
  { cotangent, reach }: Flow,
  ranges: ReadonlyMap<Node, Range>,
  g: Builder,
): readonly (Flow | undefined)[] {
  const { vjp } = node.op;
  if (!vjp) return [];
  const choices = choicesOf(node, g);
  const within = once(() => vjp(reach?.inner?.() ?? cotangent, node, g));
  return vjp(cotangent, node, g).map((part, i): Flow | undefined => {
    if (!part) return undefined;
    const before = reach && passed(reach, node, i, g);
    const choice = choices[i];
    const value = (): Node => within()[i] ?? part;
    if (choice) {
      const open = reach && before && isSingular(node, i, reach.written, ranges);
      const kept = open ? chosen(before.condition(), value(), g) : part;
      return { cotangent: kept, reach: narrowed(choice, node, cotangent, before, reach, g) };
    }
    if (!reach || !before) return { cotangent: part };
    if (!isSingular(node, i, reach.written, ranges))
      return { cotangent: part, reach: keepsPlaces(node) && reach.inner ? { ...before, inner: value } : before };
    if (isOp(node, contract)) {
      const found = throughContract(node, i, reach.condition(), reach.inner?.() ?? cotangent, cotangent, g);
      return found ? { cotangent: found, reach: before } : { cotangent: part, reach: before };
    }
    return { cotangent: chosen(before.condition(), value(), g), reach: { ...before, inner: value } };
  });
}

/** The reach of what a choice lets through, by what the choice's own result reaches. */
function narrowed(
  { condition, written, whole, placed }: Choice,
  node: Node,
  cotangent: Node,
  before: Reach | undefined,
  reach: Reach | undefined,
  g: Builder,
): Reach {
  const outer = before && before.steps < mostSteps ? before : undefined;
  if (isOp(node, slice) && outer) return outer;
  return {
    condition: outer ? once(() => g.make(and, [condition(), outer.condition()], {})) : condition,
    ...(whole && { inner: () => (outer && reach?.inner?.()) ?? cotangent }),
    written: written || (outer?.written ?? false),
    placed: placed || (outer?.placed ?? false),
    ...(outer && { wider: outer }),
    steps: 1 + (outer?.steps ?? 0),
  };
}

/** Operations whose derivative only moves what flows, and so moves conditions as well. */
const moving: ReadonlySet<Op> = new Set<Op>([
  reshape,
  permute,
  slice,
  spreadOut,
  pad,
  concat,
  overlapAdd,
  scatterAdd,
  sum,
]);

/** Does each element of an input's cotangent come from one element of the result's? */
function keepsPlaces(node: Node): boolean {
  return moving.has(node.op) || isElementwise(node);
}

/** The reach of an input's part by that of the whole; undefined where it is not followed. */
function passed(reach: Reach, node: Node, i: number, g: Builder): Reach | undefined {
  const { op, inputs } = node;
  const { written, placed, steps } = reach;
  const wider = reach.wider && passed(reach.wider, node, i, g);
  const by = (make: (condition: Node) => Node | undefined): Reach => ({
    condition: once(() => make(reach.condition()) ?? reach.condition()),
    written,
    placed,
    ...(wider && { wider }),
    steps,
  });
  const repeated = (axes: readonly number[]): Reach =>
    by((c) => g.make(broadcast, [c], { shape: inputs[i].type.shape, axes: [...axes] }));
  if (moving.has(op)) return by((c) => op.vjp?.(c, node, g)[i]);
  if (isOp(node, broadcast)) {
    const { axes } = node.attrs;
    const narrow = repeatsAlong(reach.condition(), axes, g);
    if (!narrow && placed) return wider;
    return { ...by((c) => withoutAxes(c, axes, g)), written: written && narrow };
  }
  if (isOp(node, prod, reduceMax, reduceMin)) return repeated(node.attrs.axes);
  if (isOp(node, takeAlong)) return repeated([inputs[0].type.shape.length - 1]);
  if (isOp(node, window)) return by((c) => throughWindow(c, node, g));
  // What an author declares need not be linear in the cotangent.
  if (isOp(node, gather, ownGradient, recurrence)) return undefined;
  if (isOp(node, contract))
    return repeatsAlong(reach.condition(), axesGone(node, i), g)
      ? { ...by((c) => ofOperand(c, node, i, g)), written: false }
      : wider;
  return isElementwise(node) ? by((c) => c) : undefined;
}
