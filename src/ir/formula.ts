// Nodes written as formulas in the language's own notation, for kernel comments and `nnc grad`.
import { binding, type Node, type NotationStyle, type Written } from './graph.js';
import { recognise, type Form } from './recognise.js';

/** What a node is called where it has no name of its own; undefined writes it out. */
export type NameOf = (node: Node) => string | undefined;

/** The node's expression over the nodes that `nameOf` names: `(softmax(logits) - one_hot(label)) / batch`. */
export function formulaOf(node: Node, nameOf: NameOf): string {
  return createWriter(nameOf)(node).text;
}

/** Longer and deeper than this nobody reads a formula: what shares its parts doubles with each line. */
const longest = 4000;
const deepest = 100;
const leftOut: Written = { text: '…', level: binding.atom };

/** Writes formulas, each shared sub-expression once. */
export function createWriter(
  nameOf: NameOf,
  style: NotationStyle = 'nn',
  formOf: (node: Node) => Form | undefined = recognise,
): (node: Node) => Written {
  const written = new Map<Node, Written>();
  let depth = 0;
  const write = (node: Node): Written => {
    const known = written.get(node);
    if (known) return known;
    const name = nameOf(node);
    if (name === undefined && depth >= deepest) return leftOut;
    depth++;
    const whole = name !== undefined ? { text: name, level: binding.atom } : (writeRecognised(node) ?? writeNode(node));
    depth--;
    const result = whole.text.length <= longest ? whole : leftOut;
    written.set(node, result);
    return result;
  };
  const writeRecognised = (node: Node): Written | undefined => {
    const form = formOf(node);
    if (!form) return undefined;
    const text = `${form.name}(${[...form.inputs.map((i) => write(i).text), ...form.rest].join(', ')})`;
    return form.negative ? { text: `-${text}`, level: binding.negation } : { text, level: binding.atom };
  };
  const writeNode = (node: Node): Written => {
    const notation = node.op.notation ?? { kind: 'call', name: node.op.name };
    const inputs = node.inputs.map(write);
    switch (notation.kind) {
      case 'infix':
        return {
          text: `${within(inputs[0], notation.level)} ${symbolOf(notation, style)} ${within(inputs[1], tighter(notation.level))}`,
          level: notation.level,
        };
      case 'prefix':
        return { text: `${notation.symbol}${within(inputs[0], notation.level)}`, level: notation.level };
      case 'call':
        return {
          text: `${nameIn(notation, style)}(${[...inputs.map((i) => i.text), ...(notation.rest?.(node) ?? [])].join(', ')})`,
          level: binding.atom,
        };
      case 'same':
        return inputs[0];
      case 'form':
        return notation.write(inputs, node, style);
      default:
        return notation satisfies never;
    }
  };
  return write;
}

function symbolOf(notation: { readonly symbol: string; readonly math?: string }, style: NotationStyle): string {
  return style === 'math' ? (notation.math ?? notation.symbol) : notation.symbol;
}

function nameIn(notation: { readonly name: string; readonly math?: string }, style: NotationStyle): string {
  return style === 'math' ? (notation.math ?? notation.name) : notation.name;
}

/** The text, in parentheses where it binds more loosely than its place asks for. */
export function within(written: Written, level: number): string {
  return written.level < level ? `(${written.text})` : written.text;
}

function tighter(level: number): number {
  return level + 1;
}

/** `mnist.nn:9 cross_entropy`: where a node comes from. */
export function sourcesOf(node: Node): string[] {
  if (!node.origin) return [];
  const { file, line, calls } = node.origin;
  const base = file.slice(file.lastIndexOf('/') + 1);
  return [`${base}:${line}${calls.length > 0 ? ` ${calls[0]}` : ''}`];
}
