// Nodes that together are one thing of the library: what exporters take apart is put together again.
import { eachPlace } from '../weights/axes.js';
import { asItIs } from '../weights/fit.js';
import type { OnnxGraph, OnnxNode, OnnxTensor } from './graph.js';

/** The graph in which a product with weights and its bias are one `Linear`, and the formula of gelu is `Gelu`. */
export function gathered(graph: OnnxGraph): OnnxGraph {
  return withLinear(withGelu(folded(graph)));
}

/** Weights that are turned before they are used are turned here. */
function folded(graph: OnnxGraph): OnnxGraph {
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.filter(({ operator, inputs, outputs, attributes }) => {
    const tensor = constants.get(inputs[0] ?? '');
    if (!tensor || graph.outputs.includes(outputs[0]) || !(operator === 'Transpose' || operator === 'Identity'))
      return true;
    const order = attributes.get('perm');
    constants.set(outputs[0], operator === 'Identity' || !Array.isArray(order) ? tensor : turned(tensor, order));
    return operator === 'Transpose' && !Array.isArray(order);
  });
  return { ...graph, nodes, constants };
}

function turned({ name, dims, numbers, isFloat }: OnnxTensor, order: readonly number[]): OnnxTensor {
  const shape = order.map((axis) => dims[axis]);
  const placement = asItIs({ shape }, { shape: dims }, order);
  const found = new Float32Array(numbers.length);
  if (placement) eachPlace(placement, (own, other) => (found[own] = numbers[other]));
  return { name, dims: shape, numbers: found, isFloat };
}

interface Around {
  /** What takes a value, where it is one node alone. */
  taker(name: string): OnnxNode | undefined;
  maker(name: string): OnnxNode | undefined;
  number(name: string): number | undefined;
}

function around({ nodes, constants, outputs }: OnnxGraph): Around {
  const takers = new Map<string, OnnxNode[]>();
  for (const node of nodes) for (const name of node.inputs) takers.set(name, [...(takers.get(name) ?? []), node]);
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const tensorOf = (name: string): OnnxTensor | undefined => {
    const value = makers.get(name)?.attributes.get('value');
    return constants.get(name) ?? (typeof value === 'object' && 'numbers' in value ? value : undefined);
  };
  return {
    taker: (name) => {
      const all = takers.get(name) ?? [];
      return all.length === 1 && !outputs.includes(name) ? all[0] : undefined;
    },
    maker: (name) => makers.get(name),
    number: (name) => {
      const tensor = tensorOf(name);
      return tensor?.numbers.length === 1 ? tensor.numbers[0] : undefined;
    },
  };
}

/** x / √2, erf, + 1, * x, * 0.5: as PyTorch writes gelu before opset 20. */
function withGelu(graph: OnnxGraph): OnnxGraph {
  const { taker, maker, number } = around(graph);
  const made = new Map<OnnxNode, OnnxNode>();
  const gone = new Set<OnnxNode>();
  for (const erf of graph.nodes.filter(({ operator }) => operator === 'Erf')) {
    const scaled = maker(erf.inputs[0]);
    const one = taker(erf.outputs[0]);
    const product = one && taker(one.outputs[0]);
    const half = product && taker(product.outputs[0]);
    if (
      scaled?.operator !== 'Div' ||
      one?.operator !== 'Add' ||
      product?.operator !== 'Mul' ||
      half?.operator !== 'Mul'
    )
      continue;
    const [x, root] = scaled.inputs;
    const near = (name: string | undefined, value: number): boolean =>
      name !== undefined && Math.abs((number(name) ?? NaN) - value) < 1e-5;
    const hasOne = one.inputs.some((name) => near(name, 1));
    const hasHalf = half.inputs.some((name) => near(name, 0.5));
    if (!near(root, Math.SQRT2) || !hasOne || !hasHalf || !product.inputs.includes(x)) continue;
    for (const node of [scaled, erf, one, product]) gone.add(node);
    made.set(half, { ...half, operator: 'Gelu', inputs: [x], attributes: new Map() });
  }
  const nodes = graph.nodes.filter((node) => !gone.has(node)).map((node) => made.get(node) ?? node);
  return { ...graph, nodes };
}

/** A product with a weight of two axes, and a bias where it is added right behind. */
function withLinear(graph: OnnxGraph): OnnxGraph {
  const { taker } = around(graph);
  const { constants } = graph;
  const gone = new Set<OnnxNode>();
  const made = new Map<OnnxNode, OnnxNode>();
  for (const node of graph.nodes) {
    const weight = constants.get(node.inputs[1] ?? '');
    if (node.operator !== 'MatMul' || constants.has(node.inputs[0]) || weight?.dims.length !== 2) continue;
    const sum = taker(node.outputs[0]);
    const bias = sum?.inputs.find((name) => {
      const dims = constants.get(name)?.dims;
      return dims?.length === 1 && dims[0] === weight.dims[1];
    });
    if (sum?.operator !== 'Add' || bias === undefined) made.set(node, { ...node, operator: 'Linear' });
    else {
      gone.add(node);
      made.set(sum, { ...sum, operator: 'Linear', inputs: [...node.inputs.slice(0, 2), bias] });
    }
  }
  const nodes = graph.nodes.filter((node) => !gone.has(node)).map((node) => made.get(node) ?? node);
  return { ...graph, nodes };
}
