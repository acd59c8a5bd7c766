// A model as an ONNX file: what `predict` computes with its weights, or a whole step of training.
import { Fault } from '../../diagnostics/diagnostic.js';
import { exportUnsaid, exportWithoutRun, exportWithoutStep } from '../../diagnostics/exports.js';
import { version } from '../../embedded.js';
import { declaredPlace, nameOf, placeOf } from '../../inspect/health/places.js';
import { isOp } from '../../ir/graph.js';
import { constantOf, toIndex } from '../../ir/index.js';
import type { ModelGraph, ModelInput } from '../../ir/model.js';
import { counter, input, type CounterName } from '../../ir/ops/leaves.js';
import { tellSizes } from '../../ir/toldSizes.js';
import { f32, type TensorType } from '../../ir/types.js';
import { heldBy, predictGraph, stepGraph, type Held, type PredictGraph } from '../graphs.js';
import type { Graph, Model, Operation, StoredTensor } from './model.js';
import { stored } from './numbers.js';
import { createSpeller } from './speller.js';
import { boundLeaves, rootsOf, sayStep } from './step.js';
import { declare, elementOf, Writer, type Around, type Speller, type Told, type Value } from './writer.js';

/** What is written of a model: what `predict` computes with its weights, or a step, which is given all tensors. */
export type Part = { readonly metadata: Model['metadata'] } & (
  | ({ readonly kind: 'predict' } & Weights)
  /** `updates`: how many the run makes, which schedules without steps go by. */
  | { readonly kind: 'step'; readonly updates?: number }
);

export interface Weights {
  /** By the names of checkpoints. */
  readonly tensors: ReadonlyMap<string, Float32Array | Int32Array>;
  /** What draws of `predict` begin with. */
  readonly seed: number;
}

/** The file of a model; throws a Fault with what ONNX cannot say. */
export function onnxModel(model: ModelGraph, part: Part, opset: number): Model {
  const common = { opset, producer: { name: 'nnc', version }, metadata: part.metadata };
  if (part.kind === 'step')
    return {
      ...common,
      graph: stepFile(model, part.updates, opset),
      description: `A step of training ${model.name}`,
    };
  const found = predictGraph(model);
  checkNames(
    model,
    [...found.inputs, ...found.held, ...found.outputs].map(({ name }) => name),
  );
  return {
    ...common,
    graph: sayOutputs(model.name, found, part, opset),
    description: `What ${model.name} predicts`,
  };
}

/** The graph of outputs, with the weights that they read. */
export function sayOutputs(
  name: string,
  { inputs, outputs, held }: PredictGraph,
  { tensors, seed }: Weights,
  opset: number,
): Graph {
  const roots = outputs.map(({ node }) => node);
  const around = createAround(inputs, [...held, ...outputs], createSpeller(roots, { opset, precise: false }));
  for (const tensor of held) around.stored.push(storedTensor(tensor.name, tensor.type, tensors));
  const root = new Writer(around, []);
  const given = valuesOf([...inputs, ...held]);
  // Draws of a prediction are those of a trainer that has made no step.
  const counters = new Map<CounterName, number>([
    ['seed', seed],
    ['draw', 0],
  ]);
  const leaves = boundLeaves(roots, (leaf) => {
    if (isOp(leaf, counter)) return root.number([counters.get(leaf.attrs.name) ?? 0], 'int64');
    return given.get(isOp(leaf, input) ? leaf.attrs.name : (heldBy(leaf) ?? ''));
  });
  const values = root.beside(leaves).say(roots);
  outputs.forEach((output, i) => root.output(values[i], output.name));
  return {
    name,
    operations: root.operations,
    stored: readOf(around.stored, root.operations),
    inputs: inputs.map((one) => declare(one.name, one.type)),
    outputs: outputs.map((output) => declare(output.name, output.node.type)),
  };
}

const scalar: TensorType = { element: { kind: 'index', size: toIndex(2 ** 31) }, shape: [] };

function stepFile(model: ModelGraph, updates: number | undefined, opset: number): Graph {
  if (model.players.length === 0) throw new Fault(exportWithoutStep({ model: model.name, span: nameOf(model) }));
  const graph = stepGraph(model);
  const { inputs, held, reported, counters } = graph;
  const run = counters.get('run');
  if (run && updates === undefined) throw new Fault(exportWithoutRun({ model: model.name, span: placeOf(run, model) }));
  const counts = ['step', 'seed'].map((name) => ({ name, type: scalar }));
  const given = [...inputs, ...held, ...counts];
  const nexts = held.map(({ name, type }) => ({ name: `next:${name}`, type, of: name }));
  const told = reported.map((name) => ({ name, type: { element: f32, shape: [] } }));
  const roots = graph.passes.flatMap(rootsOf);
  checkNames(
    model,
    [...given, ...nexts, ...told].map(({ name }) => name),
  );
  const speller = createSpeller(roots, { opset, precise: true });
  const around = createAround([...inputs, ...counts], [...held, ...nexts, ...told], speller);
  const root = new Writer(around, []);
  const [step, seed] = counts.map(({ name }): Value => ({ name, type: 'int64' }));
  const left = sayStep(graph, { inputs: valuesOf(inputs), held: valuesOf(held), step, seed, updates }, root);
  const put = (value: Value | undefined, name: string): void => {
    if (value) root.output(value, name);
  };
  for (const { name, of } of nexts) put(left.held.get(of), name);
  for (const { name } of told) put(left.reported.get(name), name);
  return {
    name: `${model.name}_step`,
    operations: root.operations,
    stored: readOf(around.stored, root.operations),
    inputs: given.map(({ name, type }) => declare(name, type)),
    outputs: [...nexts, ...told].map(({ name, type }) => declare(name, type)),
  };
}

/** The tensors that operations read, in loops among others: a number that was asked for may serve nothing in the end. */
function readOf(stored: readonly StoredTensor[], operations: readonly Operation[]): readonly StoredTensor[] {
  const read = new Set<string>();
  const visit = (operation: Operation): void => {
    for (const name of operation.inputs) read.add(name);
    for (const attribute of Object.values(operation.attributes))
      if ('graph' in attribute) attribute.graph.operations.forEach(visit);
  };
  operations.forEach(visit);
  return stored.filter(({ name }) => read.has(name));
}

/** Names of inputs, tensors and outputs are those of the model, and no two may be the same. */
function checkNames(model: ModelGraph, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  const notes = [
    'inputs, weights, states and outputs are called as in the model, and a step is given step and seed besides',
  ];
  const what = `two values called ${twice}`;
  const span = declaredPlace(model, twice);
  throw new Fault(exportUnsaid({ format: 'ONNX', what, span, notes, help: 'rename one of them' }));
}

function createAround(
  inputs: readonly Pick<ModelInput, 'name' | 'type'>[],
  others: readonly { readonly name: string }[],
  speller: Speller,
): Around {
  const told = toldIn(inputs);
  return {
    speller,
    taken: new Set([...inputs, ...others].map(({ name }) => name)),
    stored: [],
    numbers: new Map(),
    sizes: new Map(),
    told: (name) => {
      const found = told.get(name);
      if (!found) throw new Error(`no input tells ${name}`);
      return found;
    },
  };
}

/** Which dimension of which input tells each run-time size. */
function toldIn(inputs: readonly Pick<ModelInput, 'name' | 'type'>[]): ReadonlyMap<string, Told> {
  const known = new Set<string>();
  const found = new Map<string, Told>();
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { name, type } of inputs)
      for (const { axis, linear } of tellSizes(type.shape, known))
        found.set(linear.size, { input: name, axis, factor: linear.factor, rest: linear.rest });
  }
  return found;
}

function valuesOf(of: readonly Held[]): ReadonlyMap<string, Value> {
  return new Map(of.map(({ name, type }) => [name, { name, type: elementOf(type) }]));
}

function storedTensor(name: string, type: TensorType, tensors: Weights['tensors']): StoredTensor {
  const values = tensors.get(name);
  if (!values) throw new Error(`the trainer has no tensor ${name}`);
  return stored(
    name,
    values,
    elementOf(type),
    type.shape.map((d) => constantOf(d.size) ?? NaN),
  );
}
