// Nodes written as formulas in the language's own notation, for kernel comments and `nnc grad`.
import { binding, type Node, type NotationStyle, type Written } from './graph.js';
import { recognise, type Form } from './recognise.js';
import { sameShape } from './types.js';

/** What a node is called where it has no name of its own; undefined writes it out. */
export type NameOf = (node: Node) => string | undefined;

/** The node's expression over the nodes that `nameOf` names: `(softmax(logits) - one_hot(label)) / batch`. */
export function formulaOf(node: Node, nameOf: NameOf): string {
  return createWriter(nameOf)(node).text;
}

/** Writes formulas, each shared sub-expression once. */
export function createWriter(
  nameOf: NameOf,
  style: NotationStyle = 'nn',
  formOf: (node: Node) => Form | undefined = recognise,
): (node: Node) => Written {
  const written = new Map<Node, Written>();
  const write = (node: Node): Written => {
    const known = written.get(node);
    if (known) return known;
    const name = nameOf(node);
    const result =
      name !== undefined ? { text: name, level: binding.atom } : (writeRecognised(node) ?? writeNode(node));
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
    const notation = node.op.notation ?? leafNotation(node);
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

function leafNotation(node: Node): NonNullable<Node['op']['notation']> {
  const { name } = node.attrs;
  if (node.inputs.length === 0 && typeof name === 'string')
    return { kind: 'form', write: () => ({ text: name, level: binding.atom }) };
  return { kind: 'call', name: node.op.name };
}

/** The text, in parentheses where it binds more loosely than its place asks for. */
export function within(written: Written, level: number): string {
  return written.level < level ? `(${written.text})` : written.text;
}

function tighter(level: number): number {
  return level + 1;
}

/** The name that a node was given, or that its place gives it: `h_dense`. */
export function ownName({ name, place }: Node): string | undefined {
  return name ?? (place && asName(place));
}

function asName(path: string): string {
  return path.replaceAll('.', '_');
}

/** What a stored node is called: its own name or place, else one made from what it is. */
export function nameOf(node: Node): string {
  const own = ownName(node);
  if (own !== undefined) return own;
  const delta = deltaOf(node);
  if (delta !== undefined) return delta;
  const near = node.inputs.map(nearest).find((found) => found !== undefined);
  const of = near?.label;
  const [minuend, subtrahend] = node.op.name === 'sub' ? node.inputs.map(givenName) : [];
  if (minuend && subtrahend) return `${minuend}_minus_${subtrahend}`;
  const { path } = node.origin ?? {};
  const kind = kindOf(node);
  // It has other dimensions, and nothing else is new.
  if (of !== undefined && (kind === 'broadcast' || kind === 'reshape')) return of;
  const where = near?.given || !path ? of : asName(path);
  if (where === undefined) {
    const maker = node.origin?.calls.findLast((name) => name !== kind);
    return maker === undefined ? kind : `${maker}_${kind}`;
  }
  return near?.given || !path ? `${kind}_${where}` : `${where}_${kind}`;
}

/**
 * The cotangent of an activation times its slope is what textbooks call delta. Only steps that go element by element lead from one
 * to the other: what has gone through a product of matrices or a sum is a cotangent of something else.
 */
export function deltaOf(node: Node): string | undefined {
  if (node.type.shape.length === 0) return undefined;
  let at = node;
  for (let steps = 0; steps < 6 && slopes.has(at.op.name); steps++) {
    const next = at.inputs.find((input) => isCotangent(input) && sameShape(input.type, node.type)) ?? at.inputs[0];
    if (!sameShape(next.type, node.type)) return undefined;
    if (isCotangent(next)) return `delta_${(ownName(next) ?? '').slice(2)}`;
    at = next;
  }
  return undefined;
}

const slopes: ReadonlySet<string> = new Set(['mul', 'div', 'neg', 'select']);

function isCotangent(node: Node): boolean {
  return ownName(node)?.startsWith('d_') === true && node.inputs.length > 0;
}

/** What it does, in a word: `max`, `product`, `inverse`. */
function kindOf(node: Node): string {
  const { op, inputs } = node;
  if (op.name === 'contract') return 'product';
  if (op.name === 'div' && inputs[0].op.name === 'constant' && inputs[0].attrs.value === 1) return 'inverse';
  const called = op.notation?.kind === 'call' ? op.notation.name : op.name;
  return snake(recognise(node)?.name ?? called);
}

/** The author's word for the node itself. */
function givenName(node: Node): string | undefined {
  const found = node.name !== undefined || node.inputs.length === 0 ? nearest(node) : undefined;
  return found?.given ? found.label : undefined;
}

interface Near {
  readonly label: string;
  /** The author's word for it: a name in the model's body, or an input. */
  readonly given: boolean;
}

function nearest(node: Node): Near | undefined {
  for (let at: Node | undefined = node, steps = 0; at && steps < 6; at = at.inputs[0], steps++) {
    const { name, place } = at;
    if (name !== undefined) return { label: name, given: place === undefined || place === name };
    if (place !== undefined) return { label: asName(place), given: false };
    if (at.inputs.length === 0 && typeof at.attrs.name === 'string')
      return { label: at.attrs.name, given: at.op.name === 'input' };
  }
  return undefined;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** `mnist.nn:9 cross_entropy`: where a node comes from. */
export function sourcesOf(node: Node): string[] {
  if (!node.origin) return [];
  const { file, line, calls } = node.origin;
  const base = file.slice(file.lastIndexOf('/') + 1);
  return [`${base}:${line}${calls.length > 0 ? ` ${calls[0]}` : ''}`];
}
