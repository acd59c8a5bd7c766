// ONNX graphs as .nn: each node becomes a step, in the order of the file.
import { Fault, type Diagnostic } from '../../diagnostics/diagnostic.js';
import { Draft, type Line } from '../draft.js';
import type { Tensors } from '../written.js';
import { malformedNode, numberOf, Store, unsupported, type Importing, type Value } from './flow.js';
import type { OnnxGraph, OnnxInput, OnnxNode } from './graph.js';
import { lineOf } from './layers.js';
import { handlers } from './operators.js';
import { gathered } from './patterns.js';
import { isRecurrent, recurrent } from './recurrent.js';

/** What exporters compute of sizes, which is followed only as far as a recurrent layer's start. */
const ofSizes: ReadonlySet<string> = new Set(['Shape', 'ConstantOfShape', 'Expand']);

/** The graph as a draft, and its weights; what has no counterpart is told of all nodes. */
export function draftOfOnnx(
  file: string,
  given: OnnxGraph,
  { name, builtins }: { readonly name: string; readonly builtins: Iterable<string> },
): { readonly draft: Draft; readonly weights: Tensors; readonly diagnostics: readonly Diagnostic[] } {
  const graph = gathered(given);
  const draft = new Draft(name, builtins);
  draft.shared = sharedIn(graph);
  const weights = new Store();
  const [first] = graph.inputs[0]?.dims ?? [];
  const importing: Importing = { file, draft, weights, batch: sizeName(first ?? 'batch', 0) };
  const lacking = graph.nodes.filter((node) => !isKnown(node));
  const result = { draft, weights: weights.all() };
  if (lacking.length > 0)
    return {
      ...result,
      diagnostics: lacking.map((node) => unsupported(file, node, 'the library has no counterpart').diagnostic),
    };
  try {
    run(graph, importing);
    return { draft, weights: weights.all(), diagnostics: [] };
  } catch (error) {
    if (error instanceof Fault) return { ...result, diagnostics: [error.diagnostic] };
    throw error;
  }
}

/** Weights of several nodes. */
function sharedIn({ nodes }: OnnxGraph): ReadonlySet<string> {
  const seen = new Set<string>();
  const layers = nodes.filter(({ operator }) => ['Linear', 'Gemm', 'Conv'].includes(operator));
  return new Set(layers.flatMap(({ inputs: [, weight] }) => (seen.has(weight) ? [weight] : (seen.add(weight), []))));
}

function isKnown({ operator }: OnnxNode): boolean {
  return (
    handlers.has(operator) ||
    isRecurrent(operator) ||
    ofSizes.has(operator) ||
    operator === 'Constant' ||
    operator === 'Split'
  );
}

/** The first size of an input is the batch, where it has a name. */
function sizeName(size: number | string, axis: number): string {
  if (typeof size === 'number') return String(size);
  return axis === 0 ? 'batch' : size.replace(/\W+/g, '_').replace(/^(\d)/, 'n$1');
}

function run(graph: OnnxGraph, importing: Importing): void {
  const { draft, file } = importing;
  const known = new Map<string, Value>();
  for (const [name, tensor] of graph.constants) known.set(name, { kind: 'constant', name, tensor });
  for (const input of graph.inputs) known.set(input.name, { kind: 'flow', line: inputLine(input, graph, importing) });
  const uses = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of graph.nodes) {
    refuseUngiven(node, known, graph, file);
    const values = node.inputs.map((name) => (name === '' ? undefined : known.get(name)));
    valuesOf(node, values, importing).forEach((value, i) => {
      const name = node.outputs[i];
      // What is used again has a name.
      const isShared = (uses.get(name) ?? 0) > 1 && value.kind === 'flow';
      known.set(name, isShared ? { ...value, line: draft.bound(value.line) } : value);
    });
  }
  for (const name of graph.outputs) {
    const node = graph.nodes.find(({ outputs }) => outputs.includes(name));
    if (!node && !known.has(name)) throw malformedNode(file, missing(name), 'is what nothing gives');
    if (!node) throw unsupported(file, missing(name), 'the graph gives what it is given');
    draft.output(lineOf(known.get(name), node, importing), name);
  }
}

/** What a node takes, the graph or a node before it gives. */
function refuseUngiven(node: OnnxNode, known: ReadonlyMap<string, Value>, { nodes }: OnnxGraph, file: string): void {
  for (const name of node.inputs) {
    if (name === '' || known.has(name)) continue;
    const maker = nodes.find(({ outputs }) => outputs.includes(name));
    if (!maker) throw malformedNode(file, node, `takes ${name}, which nothing gives`);
    if (nodes.indexOf(maker) >= nodes.indexOf(node))
      throw malformedNode(
        file,
        node,
        `takes ${name}, which ${maker === node ? 'it gives itself' : `${maker.place} gives after it`}`,
      );
  }
}

function missing(name: string): OnnxNode {
  return { operator: 'output', place: 'graph.output', name, inputs: [], outputs: [], attributes: new Map() };
}

/** What a node gives. */
function valuesOf(node: OnnxNode, values: readonly (Value | undefined)[], importing: Importing): readonly Value[] {
  const { file, draft } = importing;
  const sizes: Value = { kind: 'sizes', node };
  if (ofSizes.has(node.operator) || values.some((value) => value?.kind === 'sizes' && !isRecurrent(node.operator)))
    return node.outputs.map(() => sizes);
  if (node.operator === 'Constant') {
    const value = node.attributes.get('value');
    if (typeof value !== 'object' || !('numbers' in value)) throw unsupported(file, node, 'it has no value');
    return [{ kind: 'constant', name: node.outputs[0], tensor: value }];
  }
  // The last state is not followed: only what all positions give.
  if (isRecurrent(node.operator)) return [recurrent(node, values, importing), sizes, sizes];
  if (node.operator === 'Split') {
    const line = lineOf(values[0], node, importing);
    const parts = values[1]?.kind === 'constant' ? Array.from(values[1].tensor.numbers) : [];
    if (new Set(parts).size > 1) throw unsupported(file, node, 'its parts are not equal');
    const axis = numberOf(node, 'axis', 0);
    const lines: readonly Line[] = draft.several(
      line,
      node.outputs.length,
      (x) => `split(${x}, ${node.outputs.length}, axis = ${axis})`,
    );
    return lines.map((each): Value => ({ kind: 'flow', line: each }));
  }
  const handler = handlers.get(node.operator);
  if (!handler) throw unsupported(file, node, 'the library has no counterpart');
  return [handler(node, values, importing)];
}

function inputLine(
  { name, isFloat, dims }: OnnxInput,
  { nodes, constants }: OnnxGraph,
  { file, draft }: Importing,
): Line {
  const shape = dims.map(sizeName).join(', ');
  if (isFloat) return draft.input(name, `[${shape}]`);
  const table = nodes.find(
    ({ operator, inputs }) => operator === 'Gather' && inputs[1] === name && constants.has(inputs[0]),
  );
  const rows = constants.get(table?.inputs[0] ?? '')?.dims[0];
  if (rows === undefined)
    throw unsupported(
      file,
      { ...missing(name), operator: 'input', place: 'graph.input' },
      'it holds whole numbers that choose no rows of a table',
    );
  return draft.input(name, `index(${rows})[${shape}]`);
}
