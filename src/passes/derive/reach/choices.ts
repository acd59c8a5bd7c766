// The operations that choose: which of their inputs' elements the cotangent is kept from.
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { filled, numberOf } from '../../../ir/ops/calls.js';
import { equalTo, less, lessEqual, not, select } from '../../../ir/ops/logic.js';
import { iota } from '../../../ir/ops/constants.js';
import { takeAlong } from '../../../ir/ops/indexing.js';
import { broadcast, slice } from '../../../ir/ops/movement.js';
import { tensor } from '../../../ir/types.js';
import { maximum, minimum } from '../../../ir/ops/arithmetic.js';
import { reduceMax, reduceMin } from '../../../ir/ops/reductions.js';

export interface Choice {
  /** True where the input is chosen, and where NaN leaves it open: what is NaN on the way that was taken is to be seen. */
  readonly condition: () => Node;
  /** The author's own `if`. */
  readonly written: boolean;
  /** It is by index, whatever the values are. */
  readonly placed: boolean;
  /** The cotangent goes to what is chosen as it is. */
  readonly whole: boolean;
}

/** For each input of a node: how the node chooses it; undefined where it does not choose. */
export function choicesOf(node: Node, g: Builder): readonly (Choice | undefined)[] {
  const { inputs } = node;
  const choice = (condition: () => Node, { written = false, whole = false, placed = false } = {}): Choice => ({
    condition: once(condition),
    written,
    whole,
    placed,
  });
  const never = (condition: Node): Node => g.make(not, [condition], {});
  const most = isOp(node, maximum, reduceMax);
  if (isOp(node, select)) {
    const written = { written: true, whole: true };
    return [undefined, choice(() => inputs[0], written), choice(() => never(inputs[0]), written)];
  }
  if (isOp(node, maximum, minimum)) {
    // Against a number a tie gives nothing; between two tensors each has half.
    const at = inputs.findIndex((input) => numberOf(input) !== undefined);
    const loses = (one: Node, other: Node): Node =>
      g.make(at < 0 ? less : lessEqual, most ? [one, other] : [other, one], {});
    return inputs.map((input, i) =>
      at < 0
        ? choice(() => never(loses(input, inputs[1 - i])))
        : choice(() => never(loses(node, inputs[at])), { whole: true }),
    );
  }
  if (isOp(node, reduceMax, reduceMin)) {
    const [x] = inputs;
    const best = (): Node => g.make(broadcast, [node], { shape: x.type.shape, axes: node.attrs.axes });
    return [choice(() => never(g.make(less, most ? [x, best()] : [best(), x], {})))];
  }
  if (isOp(node, takeAlong)) {
    const [{ type }, ids] = inputs;
    const { shape } = type;
    const last = shape.length - 1;
    const wide = (x: Node, axes: readonly number[]): Node =>
      axes.length === 0 ? x : g.make(broadcast, [x], { shape, axes: [...axes] });
    const places = (): Node => g.make(iota, [], { size: shape[last].size });
    const others = shape.map((_, i) => i).slice(0, last);
    return [choice(() => g.make(equalTo, [wide(ids, [last]), wide(places(), others)], {}), { placed: true })];
  }
  if (isOp(node, slice)) {
    const zero = filled(g, 0, tensor(node.type.shape));
    const everywhere = g.make(lessEqual, [zero, zero], {});
    return [choice(() => node.op.vjp?.(everywhere, node, g)[0] ?? everywhere, { placed: true })];
  }
  return [];
}

/** What a function makes, made at the first call. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
