// Nodes written as formulas, for kernel comments and `nnc grad`.
import type { Node } from './graph.js';
import {
  apply,
  infix,
  name,
  omitted,
  prefix,
  silent,
  standingFor,
  sumOver,
  type Formula,
  type Title,
} from './formula/tree.js';
import { pairedOperands } from './formula/exact.js';
import { printFormula } from './formula/text.js';
import { recognise, type Form } from './recognise.js';
import { printSource, sourceOf } from './source.js';

/** What a node is called where it has no name of its own; undefined writes it out. */
export type NameOf = (node: Node) => string | undefined;

/** The node's expression over the nodes that `nameOf` names: `(softmax(logits) - one_hot(label)) / batch`. */
export function formulaOf(node: Node, nameOf: NameOf): string {
  return printFormula(createWriter(nameOf)(node));
}

/** Longer and deeper than this nobody reads a formula: what shares its parts doubles with each line. */
const longest = 600;
const deepest = 100;

/** Writes formulas, each shared sub-expression once. */
export function createWriter(
  nameOf: (node: Node) => string | Title | Formula | undefined,
  formOf: (node: Node) => Form | undefined = recognise,
): (node: Node) => Formula {
  const written = new Map<Node, Formula>();
  let depth = 0;
  const write = (node: Node): Formula => {
    const known = written.get(node);
    if (known) return known;
    const called = nameOf(node);
    if (called === undefined && depth >= deepest) return omitted;
    depth++;
    const whole =
      called === undefined
        ? (writeRecognised(node) ?? writeNode(node))
        : typeof called === 'object' && 'kind' in called
          ? called
          : name(called);
    depth--;
    const result = standingFor(node, whole.size <= longest ? whole : omitted);
    written.set(node, result);
    return result;
  };
  const writeRecognised = (node: Node): Formula | undefined => {
    const form = formOf(node);
    if (!form) return undefined;
    if (form.sum) return sumOver(write(form.inputs[0]), form.sum.attrs.axes, form.sum.inputs[0].type.shape);
    const call = apply(form.name, form.inputs.map(write), { settings: form.rest });
    return form.negative ? prefix('neg', call) : call;
  };
  const writeNode = (node: Node): Formula => {
    const notation = node.op.notation ?? { kind: 'call', name: node.op.name };
    const inputs = pairedOperands(node, node.inputs.map(write));
    switch (notation.kind) {
      case 'infix':
        return infix(notation.operator, inputs[0], inputs[1]);
      case 'prefix':
        return prefix(notation.operator, inputs[0]);
      case 'call':
        return apply(notation.name, inputs, { math: notation.math, settings: notation.rest?.(node) ?? [] });
      case 'same':
        return silent(inputs[0]);
      case 'form':
        return notation.write(inputs, node);
      default:
        return notation satisfies never;
    }
  };
  return write;
}

/** `mnist.nn:9 cross_entropy`: where a node comes from. */
export function sourcesOf(node: Node): string[] {
  const source = sourceOf(node);
  return source ? [printSource(source)] : [];
}
