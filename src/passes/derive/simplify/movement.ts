// Movement that does nothing, or that two steps do where one will.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import { contract } from '../../../ir/ops/contract.js';
import { broadcast, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { sameShape } from '../../../ir/types.js';
import { rule, type SimplifyRule } from './rule.js';

export const movementRules: readonly SimplifyRule[] = [
  rule({
    equation: 'broadcast(x, no axes) = x',
    ops: [broadcast],
    rewrite: ({ attrs, inputs: [x] }) => (attrs.axes.length === 0 ? x : undefined),
  }),
  rule({ equation: 'broadcast(broadcast(x)) = broadcast(x)', ops: [broadcast], rewrite: mergeBroadcasts }),
  {
    equation: 'reshape(x, its own shape) = x',
    ops: [reshape],
    rewrite: ({ type, inputs: [x] }) => (sameShape(type, x.type) ? x : undefined),
  },
  {
    equation: 'reshape(reshape(x)) = reshape(x)',
    ops: [reshape],
    rewrite: ({ type, inputs: [x] }, g) =>
      isOp(x, reshape) ? g.make(reshape, x.inputs, { shape: type.shape }) : undefined,
  },
  { equation: 'reshape(broadcast(number)) = broadcast(number)', ops: [reshape], rewrite: reshapeOfFilled },
  rule({
    equation: 'permute(x, 0 1 2) = x',
    ops: [permute],
    rewrite: ({ attrs, inputs: [x] }) => (attrs.order.every((a, i) => a === i) ? x : undefined),
  }),
  rule({ equation: 'permute(permute(x)) = permute(x)', ops: [permute], rewrite: mergePermutes }),
  rule({ equation: 'permute(contract(a, b)) = contract(a, b)', ops: [permute], rewrite: permuteOfContract }),
  rule({ equation: 'contract(permute(a), b) = contract(a, b)', ops: [contract], rewrite: contractOfPermute }),
  rule({ equation: 'slice(x, all) = x', ops: [slice], rewrite: wholeSlice }),
];

function mergeBroadcasts(node: NodeOf<typeof broadcast>, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (!isOp(inner, broadcast)) return undefined;
  const outer = node.attrs.axes;
  const kept = node.type.shape.map((_, i) => i).filter((i) => !outer.includes(i));
  const axes = [...outer, ...inner.attrs.axes.map((a) => kept[a])].sort((a, b) => a - b);
  return g.make(broadcast, [inner.inputs[0]], { shape: node.type.shape, axes });
}

function reshapeOfFilled(node: Node, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (!isOp(inner, broadcast) || inner.inputs[0].type.shape.length > 0) return undefined;
  return g.make(broadcast, [inner.inputs[0]], { shape: node.type.shape, axes: node.type.shape.map((_, i) => i) });
}

function mergePermutes(node: NodeOf<typeof permute>, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (!isOp(inner, permute)) return undefined;
  return g.make(permute, inner.inputs, { order: node.attrs.order.map((i) => inner.attrs.order[i]) });
}

function permuteOfContract(node: NodeOf<typeof permute>, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (!isOp(inner, contract) || inner.name) return undefined;
  const { attrs: labels } = inner;
  return g.make(contract, inner.inputs, { ...labels, out: node.attrs.order.map((i) => labels.out[i]) });
}

function contractOfPermute(node: NodeOf<typeof contract>, g: Builder): Node | undefined {
  const {
    attrs: labels,
    inputs: [a, b],
  } = node;
  if (isOp(a, permute)) return g.make(contract, [a.inputs[0], b], { ...labels, left: unpermuted(a, labels.left) });
  if (isOp(b, permute)) return g.make(contract, [a, b.inputs[0]], { ...labels, right: unpermuted(b, labels.right) });
  return undefined;
}

function unpermuted({ attrs: { order } }: NodeOf<typeof permute>, labels: readonly string[]): string[] {
  return order.map((_, i) => labels[order.indexOf(i)]);
}

function wholeSlice({ attrs: { starts, steps }, type, inputs: [x] }: NodeOf<typeof slice>): Node | undefined {
  const whole = starts.every((s) => constantOf(s) === 0) && steps.every((s) => s === 1) && sameShape(type, x.type);
  return whole ? x : undefined;
}
