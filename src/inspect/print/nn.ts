// A derivation as a model of its own: it computes the gradients, from inputs that are the model's inputs, parameters and states.
import { allNames } from '../../diagnostics/name.js';
import { exactShape } from '../../ir/formula/exact.js';
import { isOp, type Node } from '../../ir/graph.js';
import { printIndex, sizesOf } from '../../ir/index.js';
import { asName, leafName } from '../../ir/labels.js';
import type { ModelGraph } from '../../ir/model.js';
import { constant, size } from '../../ir/ops/constants.js';
import { input, parameter, state } from '../../ir/ops/leaves.js';
import { random } from '../../ir/ops/random.js';
import { reachable } from '../../ir/reachable.js';
import type { TensorType } from '../../ir/types.js';
import type { Derivation } from '../derivation/data.js';
import { emitLoop } from './nnLoops.js';
import { emitAll, named, textOf, type Body, type Said } from './nnStatements.js';
import { Words } from './nnWords.js';

/** The model's text. */
export function printModel(model: ModelGraph, derivation: Derivation): string {
  return modelOf(model, derivation).text;
}

/** The model, and what its words stand for. */
export function modelOf(
  model: ModelGraph,
  derivation: Derivation,
): { readonly text: string; readonly said: ReadonlyMap<string, Said> } {
  const words = new Words(runtimeSizes(model));
  const body: Body = { words, lines: [], indent: '  ', known: new Map(), said: new Map(), emitLoop };
  const roots = derivation.parameters.flatMap(({ node }) => node ?? []);
  const nodes = reachable(roots);
  const given = declare(model, nodes, words, body);
  const titles = new Map<Node, string>();
  for (const { node, name } of [...derivation.forward, ...derivation.backward])
    if (node && node.inputs.length > 0 && !roots.includes(node)) titles.set(node, asName(name));
  emitAll(nodes, body, titles);
  const outputs = derivation.parameters.flatMap(({ node, title, name }) => {
    if (!node) return [];
    const word = words.free(title.of === 'value' ? asName(title.word) : asName(name));
    const formula = outputText(node, body);
    body.said.set(word, { node, formula });
    return [{ word, of: title.word, text: `  output ${word} = ${formula}` }];
  });
  const text = `${[
    `// The gradient of ${derivation.of} in ${model.name}: what is differentiated is computed in training.`,
    ...given.renamed.map(({ word, name }) => `// ${word} is ${name}`),
    ...outputs.map(({ word, of }) => `// ${word} is by ${of}`),
    `model ${words.free(`${asName(model.name)}_gradient`)} {`,
    ...given.lines,
    '',
    ...body.lines,
    '',
    ...outputs.map(({ text }) => text),
    '}',
  ].join('\n')}\n`;
  return { text, said: body.said };
}

/** Names of run-time sizes stand for the sizes. */
function runtimeSizes({ inputs }: ModelGraph): string[] {
  return inputs.flatMap(({ type }) => type.shape.flatMap((d) => allNames(printIndex(d.size))));
}

interface Given {
  readonly lines: readonly string[];
  readonly renamed: readonly { readonly word: string; readonly name: string }[];
}

/** Inputs for the model's inputs, parameters and states, for vectors of Hessian products, and for what is drawn at random. */
function declare(model: ModelGraph, nodes: readonly Node[], words: Words, { known, said }: Body): Given {
  const lines: string[] = [];
  const renamed: { word: string; name: string }[] = [];
  const add = (name: string, type: TensorType, leaves: readonly Node[]): void => {
    const word = words.given(asName(name));
    lines.push(`  input ${word}: ${typeText(type)}`);
    if (word !== name) renamed.push({ word, name });
    for (const leaf of leaves) known.set(leaf, named(leaf, word));
    const [node] = leaves;
    if (node) said.set(word, { node, formula: '' });
  };
  const called = (op: Parameters<typeof isOp>[1], name: string): Node[] =>
    nodes.filter((node) => isOp(node, op) && leafName(node) === name);
  for (const { name, type } of inputsOf(model, nodes)) add(name, type, called(input, name));
  for (const { name, type } of model.parameters) add(name, type, called(parameter, name));
  // What a gradient does not read, such as running means, is no input of it.
  for (const { name, type } of model.states) {
    const leaves = called(state, name);
    if (leaves.length > 0) add(name, type, leaves);
  }
  for (const node of nodes) if (isOp(node, input) && !known.has(node)) add(node.attrs.name, node.type, [node]);
  nodes.filter((node) => isOp(node, random)).forEach((node, i) => add(`draw_${i + 1}`, node.type, [node]));
  return { lines, renamed };
}

/** The inputs that the nodes read, and those that alone tell a size of theirs. */
function inputsOf({ inputs }: ModelGraph, nodes: readonly Node[]): ModelGraph['inputs'] {
  const sizesIn = (types: readonly TensorType[]): Set<string> =>
    new Set(types.flatMap(({ shape }) => shape.flatMap(({ size }) => [...sizesOf(size)])));
  const read = new Set(nodes.flatMap((node) => (isOp(node, input) ? [node.attrs.name] : [])));
  const told = sizesIn(inputs.flatMap(({ name, type }) => (read.has(name) ? [type] : [])));
  const needed = [...sizesIn(nodes.map(({ type }) => type))].filter((name) => !told.has(name));
  return inputs.filter(({ name, type }) => read.has(name) || needed.some((n) => sizesIn([type]).has(n)));
}

function typeText({ element, shape }: TensorType): string {
  const sizes = exactShape(shape);
  if (element.kind === 'f32') return shape.length === 0 ? 'f32' : sizes;
  const kind = element.kind === 'bool' ? 'bool' : `index(${printIndex(element.size)})`;
  return shape.length === 0 ? kind : `${kind}${sizes}`;
}

/** What an output is: a tensor, also where it is one number. */
function outputText(node: Node, body: Body): string {
  const text = textOf(node, body);
  return isOp(node, constant, size) ? `full([], ${text})` : text;
}
