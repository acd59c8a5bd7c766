// Conditions of a cotangent carried to other shapes: where some element along the axes that go is reached.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { filled } from '../../../ir/ops/calls.js';
import type { contract } from '../../../ir/ops/contract.js';
import { less, not, select, toF32 } from '../../../ir/ops/logic.js';
import { broadcast, permute } from '../../../ir/ops/movement.js';
import { reduceMax } from '../../../ir/ops/reductions.js';
import { overlapAdd, type window } from '../../../ir/ops/windows.js';
import type { Dim } from '../../../ir/types.js';

type Contraction = NodeOf<typeof contract>;

/** A condition as what repeats along some of its axes; no axes where none does. */
function repeatedForm(condition: Node, g: Builder): { readonly core: Node; readonly axes: readonly number[] } {
  if (isOp(condition, broadcast)) return { core: condition.inputs[0], axes: condition.attrs.axes };
  if (!isOp(condition, not)) return { core: condition, axes: [] };
  const { core, axes } = repeatedForm(condition.inputs[0], g);
  return { core: axes.length === 0 ? condition : g.make(not, [core], {}), axes };
}

/** Is the condition the same all along the axes? */
export function repeatsAlong(condition: Node, axes: readonly number[], g: Builder): boolean {
  const { axes: repeated } = repeatedForm(condition, g);
  return axes.every((a) => repeated.includes(a));
}

/** The axes of a contraction's result that an operand lacks. */
export function axesGone({ attrs }: Contraction, i: number): readonly number[] {
  const own = i === 0 ? attrs.left : attrs.right;
  return attrs.out.flatMap((label, at) => (own.includes(label) ? [] : [at]));
}

/** Does the condition hold somewhere along the axes? */
export function withoutAxes(condition: Node, axes: readonly number[], g: Builder): Node {
  if (axes.length === 0) return condition;
  const { core, axes: repeated } = repeatedForm(condition, g);
  if (!axes.every((a) => repeated.includes(a))) return g.make(reduceMax, [condition], { axes: [...axes] });
  const shape = condition.type.shape.filter((_, i) => !axes.includes(i));
  const left = repeated.filter((a) => !axes.includes(a)).map((a) => a - axes.filter((x) => x < a).length);
  return left.length === 0 ? core : g.make(broadcast, [core], { shape, axes: left });
}

/** A condition over labelled axes, over others: it holds where it does for some of the labels that go, and repeats along new ones. */
function relabelled(
  condition: Node,
  from: readonly string[],
  to: readonly string[],
  shape: readonly Dim[],
  g: Builder,
): Node {
  const gone = from.flatMap((label, i) => (to.includes(label) ? [] : [i]));
  const narrow = withoutAxes(condition, gone, g);
  const kept = from.filter((label) => to.includes(label));
  const wanted = to.filter((label) => kept.includes(label));
  const order = wanted.map((label) => kept.indexOf(label));
  const turned = order.every((a, i) => a === i) ? narrow : g.make(permute, [narrow], { order });
  const axes = to.flatMap((label, i) => (kept.includes(label) ? [] : [i]));
  return axes.length === 0 ? turned : g.make(broadcast, [turned], { shape, axes });
}

/** What a condition on the result of a contraction says of an operand: where some element that reads it is reached. */
export function ofOperand(condition: Node, { attrs, inputs }: Contraction, i: number, g: Builder): Node {
  return relabelled(condition, attrs.out, i === 0 ? attrs.left : attrs.right, inputs[i].type.shape, g);
}

/**
 * The cotangent of an operand whose partner may hold NaN or infinities, where the condition is of whole rows: of the operand, so that the
 * choice can be made after the product, or of the partner, whose rows that nothing reaches are then read as 0. Undefined elsewhere.
 */
export function throughContract(
  node: Contraction,
  i: number,
  condition: Node,
  inner: Node,
  cotangent: Node,
  g: Builder,
): Node | undefined {
  const { vjp } = node.op;
  const { left, right, out } = node.attrs;
  const { axes } = repeatedForm(condition, g);
  const held = out.filter((_, at) => !axes.includes(at));
  const [own, others] = i === 0 ? [left, right] : [right, left];
  if (held.every((label) => own.includes(label))) {
    const part = vjp?.(inner, node, g)[i];
    return part && chosen(ofOperand(condition, node, i, g), part, g);
  }
  if (!held.every((label) => others.includes(label))) return undefined;
  const partner = node.inputs[1 - i];
  const masked = chosen(ofOperand(condition, node, 1 - i, g), partner, g);
  const inputs = i === 0 ? [node.inputs[0], masked] : [masked, node.inputs[1]];
  return vjp?.(cotangent, g.make(node.op, inputs, node.attrs), g)[i];
}

/** What a condition on windows says of the elements: whether some window that holds one is reached at it. */
export function throughWindow(condition: Node, { attrs, inputs: [x] }: NodeOf<typeof window>, g: Builder): Node {
  const count = g.make(overlapAdd, [g.make(toF32, [condition], {})], { ...attrs, shape: x.type.shape });
  return g.make(less, [filled(g, 0, count.type), count], {});
}

/** if c then x else 0; where c is a negation, the other way round. */
export function chosen(condition: Node, x: Node, g: Builder): Node {
  const zero = filled(g, 0, x.type);
  return isOp(condition, not)
    ? g.make(select, [condition.inputs[0], zero, x], {})
    : g.make(select, [condition, x, zero], {});
}
