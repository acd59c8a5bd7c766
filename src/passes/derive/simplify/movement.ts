// Movement that does nothing, or that two steps do where one will.
import type { Builder, Node } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import { contract, type Labels } from '../../../ir/ops/contract.js';
import { broadcast, permute, reshape } from '../../../ir/ops/movement.js';
import { sameShape } from '../../../ir/types.js';
import type { SimplifyRule } from './rule.js';

export const movementRules: readonly SimplifyRule[] = [
  {
    equation: 'broadcast(x, no axes) = x',
    ops: ['broadcast'],
    rewrite: (node) => (numbers(node, 'axes').length === 0 ? node.inputs[0] : undefined),
  },
  { equation: 'broadcast(broadcast(x)) = broadcast(x)', ops: ['broadcast'], rewrite: mergeBroadcasts },
  {
    equation: 'reshape(x, its own shape) = x',
    ops: ['reshape'],
    rewrite: (node) => (sameShape(node.type, node.inputs[0].type) ? node.inputs[0] : undefined),
  },
  {
    equation: 'reshape(reshape(x)) = reshape(x)',
    ops: ['reshape'],
    rewrite: (node, g) =>
      node.inputs[0].op.name === 'reshape'
        ? g.make(reshape, [node.inputs[0].inputs[0]], { shape: node.type.shape })
        : undefined,
  },
  { equation: 'reshape(broadcast(number)) = broadcast(number)', ops: ['reshape'], rewrite: reshapeOfFilled },
  {
    equation: 'permute(x, 0 1 2) = x',
    ops: ['permute'],
    rewrite: (node) => (numbers(node, 'order').every((a, i) => a === i) ? node.inputs[0] : undefined),
  },
  { equation: 'permute(permute(x)) = permute(x)', ops: ['permute'], rewrite: mergePermutes },
  { equation: 'permute(contract(a, b)) = contract(a, b)', ops: ['permute'], rewrite: permuteOfContract },
  { equation: 'contract(permute(a), b) = contract(a, b)', ops: ['contract'], rewrite: contractOfPermute },
  { equation: 'slice(x, all) = x', ops: ['slice'], rewrite: wholeSlice },
];

function numbers(node: Node, attribute: string): readonly number[] {
  const value = node.attrs[attribute];
  return Array.isArray(value) ? value : [];
}

function mergeBroadcasts(node: Node, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (inner.op.name !== 'broadcast') return undefined;
  const outer = numbers(node, 'axes');
  const kept = node.type.shape.map((_, i) => i).filter((i) => !outer.includes(i));
  const axes = [...outer, ...numbers(inner, 'axes').map((a) => kept[a])].sort((a, b) => a - b);
  return g.make(broadcast, [inner.inputs[0]], { shape: node.type.shape, axes });
}

function reshapeOfFilled(node: Node, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (inner.op.name !== 'broadcast' || inner.inputs[0].type.shape.length > 0) return undefined;
  return g.make(broadcast, [inner.inputs[0]], { shape: node.type.shape, axes: node.type.shape.map((_, i) => i) });
}

function mergePermutes(node: Node, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (inner.op.name !== 'permute') return undefined;
  const order = numbers(inner, 'order');
  return g.make(permute, [inner.inputs[0]], { order: numbers(node, 'order').map((i) => order[i]) });
}

function permuteOfContract(node: Node, g: Builder): Node | undefined {
  const [inner] = node.inputs;
  if (inner.op.name !== 'contract' || inner.name) return undefined;
  const labels = labelsOf(inner);
  return g.make(contract, inner.inputs, { ...labels, out: numbers(node, 'order').map((i) => labels.out[i]) });
}

function contractOfPermute(node: Node, g: Builder): Node | undefined {
  const labels = labelsOf(node);
  const [a, b] = node.inputs;
  if (a.op.name === 'permute')
    return g.make(contract, [a.inputs[0], b], { ...labels, left: unpermuted(a, labels.left) });
  if (b.op.name === 'permute')
    return g.make(contract, [a, b.inputs[0]], { ...labels, right: unpermuted(b, labels.right) });
  return undefined;
}

function unpermuted(node: Node, labels: readonly string[]): string[] {
  const order = numbers(node, 'order');
  return order.map((_, i) => labels[order.indexOf(i)]);
}

/** A node's attributes, where it is known to be a contraction. */
function labelsOf(node: Node): Labels {
  const list = (name: string): string[] => {
    const value = node.attrs[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  return { left: list('left'), right: list('right'), out: list('out') };
}

function wholeSlice(node: Node): Node | undefined {
  const { starts } = node.attrs;
  const whole =
    Array.isArray(starts) &&
    starts.every((s) => constantOf(s) === 0) &&
    numbers(node, 'steps').every((s) => s === 1) &&
    sameShape(node.type, node.inputs[0].type);
  return whole ? node.inputs[0] : undefined;
}
