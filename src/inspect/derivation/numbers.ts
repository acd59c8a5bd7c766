// The numbers of a derivation, step by step: what the reference evaluator gives for one batch, in training, to the bit.
import { evaluate } from '../../ir/evaluate.js';
import { isOp, type Node } from '../../ir/graph.js';
import { evaluateSizes } from '../../ir/index.js';
import { initialOf, playerOf, slotName, type ModelGraph } from '../../ir/model.js';
import { counter, gradient, input, parameter, slot, state } from '../../ir/ops/leaves.js';
import { compiledElements } from '../check/compiled.js';
import type { CotangentStep, Derivation, Step } from './data.js';
import { createSlopes, type Slope } from './slopes.js';

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: readonly number[];
}

/** What the numbers are of. */
export interface At {
  /** `init`, or the checkpoint's name. */
  readonly name: string;
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  /** Parameters and states by name; slots as `optimizer/W/m`, which begin as their optimizer says where there is none. */
  readonly tensors: ReadonlyMap<string, ArrayLike<number>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly counts: { readonly update: number; readonly draw: number; readonly seed: number };
}

export interface Numbers {
  /** What the derivation starts from: the inputs, then the parameters. */
  readonly given: readonly { readonly name: string; readonly value: Tensor }[];
  valuesOf(step: Step): Tensor | undefined;
  /** Of a parameter's gradient the largest elements beside central differences, worked out when they are asked for. */
  slopesOf(step: CotangentStep): readonly Slope[];
}

/** The values of each step of the model's own body. */
export function numbersOf(model: ModelGraph, derivation: Derivation, at: At): Numbers {
  const steps = [...derivation.forward, ...derivation.backward, ...derivation.parameters];
  const sizeOf = (name: string): number => at.sizes[name] ?? 1;
  const values = new Map<Node, Tensor>();
  const note = (nodes: readonly Node[], gradients: ReadonlyMap<string, ArrayLike<number>>): void => {
    const found = elementsOf(nodes, model, at, gradients);
    nodes.forEach((node, i) =>
      values.set(node, { shape: node.type.shape.map((d) => evaluateSizes(d.size, sizeOf)), data: [...found[i]] }),
    );
  };
  note(nodesOf(steps), new Map());
  const gradients = new Map(
    derivation.parameters.flatMap(({ value, node }) => {
      const found = node && values.get(node);
      return found ? [[value, found.data] as const] : [];
    }),
  );
  note(nodesOf(derivation.update), gradients);
  const slopes = createSlopes(derivation, model, at);
  const leaves = [
    ...model.inputs.map(({ name, type }) => ({ name, type, data: at.inputs[name] })),
    ...model.parameters.map(({ name, type }) => ({ name, type, data: at.tensors.get(name) })),
  ];
  return {
    given: leaves.flatMap(({ name, type, data }) =>
      data
        ? [{ name, value: { shape: type.shape.map((d) => evaluateSizes(d.size, sizeOf)), data: Array.from(data) } }]
        : [],
    ),
    valuesOf({ node, rows = node }) {
      return rows && values.get(rows);
    },
    slopesOf(step) {
      const found = step.node && values.get(step.node);
      return found ? slopes(step, found.data) : [];
    },
  };
}

/** The numbers of nodes that stand in no loop, and need no gradient from outside. */
export function valuesAt(nodes: readonly Node[], model: ModelGraph, at: At): Map<Node, ArrayLike<number>> {
  const found = elementsOf(nodes, model, at, new Map());
  return new Map(nodes.map((node, i) => [node, found[i]]));
}

function elementsOf(
  nodes: readonly Node[],
  model: ModelGraph,
  at: At,
  gradients: ReadonlyMap<string, ArrayLike<number>>,
): Float64Array[] {
  const leaf = (node: Node): ArrayLike<number> => leafOf(node, model, at, gradients);
  return evaluate(nodes, { leaf, sizes: at.sizes, elements: compiledElements(new Int32Array(1)) });
}

function nodesOf(steps: readonly Step[]): Node[] {
  const inside = (step: Step): readonly Step[] => [step, ...(step.loop?.body ?? []).flatMap(inside)];
  return [...new Set(steps.flatMap(inside).flatMap(({ node, rows }) => rows ?? node ?? []))];
}

function leafOf(
  node: Node,
  model: ModelGraph,
  { inputs, tensors, counts }: At,
  gradients: ReadonlyMap<string, ArrayLike<number>>,
): ArrayLike<number> {
  const known = (found: ArrayLike<number> | undefined, name: string): ArrayLike<number> => {
    if (!found) throw new Error(`there are no numbers for ${name}`);
    return found;
  };
  if (isOp(node, input)) return known(inputs[node.attrs.name], node.attrs.name);
  if (isOp(node, parameter, state)) return known(tensors.get(node.attrs.name), node.attrs.name);
  if (isOp(node, gradient))
    return known(gradients.get(node.attrs.parameter), `the gradient of ${node.attrs.parameter}`);
  if (isOp(node, slot)) {
    const { parameter: of, name, player, type } = node.attrs;
    const whose = playerOf(model, player);
    const initial = whose ? initialOf(whose, of, name) : 0;
    const count = type.shape.reduce((product, d) => product * evaluateSizes(d.size, () => 1), 1);
    return tensors.get(slotName({ parameter: of, name, player })) ?? Array.from({ length: count }, () => initial);
  }
  if (!isOp(node, counter)) throw new Error(`a leaf has no numbers: ${node.op.name}`);
  return [countOf(node.attrs.name, counts)];
}

function countOf(name: string, { update, draw, seed }: At['counts']): number {
  if (name === 'learning_rate_scale') return 1;
  return name === 'seed' ? seed : name === 'draw' ? draw : update;
}
