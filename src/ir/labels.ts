// What nodes are called in generated code, its comments and `nnc grad`: words made of names, places and roles, at the end. No pass reads them.
import { titleIn } from './formula/mathematics.js';
import type { Title } from './formula/tree.js';
import { isOp, through, type Node, type Role } from './graph.js';
import { div, sub } from './ops/arithmetic.js';
import { constant, iota } from './ops/constants.js';
import { contract } from './ops/contract.js';
import { counter, input, parameter, slot, state } from './ops/leaves.js';
import { broadcast, permute, reshape, slice, withoutOnes } from './ops/movement.js';
import { argument } from './ops/ownGradient.js';
import { sum } from './ops/reductions.js';
import { bound, scan } from './ops/scan.js';
import { isLearningRate, recognise } from './recognise.js';

/** `h`; `d_h`, its cotangent; `z_h`, what the activation that makes it is applied to; `delta_h`, the cotangent of that. */
export function titleText(title: Title): string {
  return titleIn(title, 'nn');
}

export interface Label extends Title {
  /** By bindings and instances: `h.dense`, `d_h.dense`. */
  readonly place?: string;
  /** Does it have a name, rather than a place alone? */
  readonly named: boolean;
  /** Is that its author's word, which is written in the model's body? */
  readonly given: boolean;
}

/** What a node was called, or what its place says, or of a cotangent, what that is of; undefined where nothing is known. */
export function labelOf(node: Node): Label | undefined {
  const { name, activation, role } = node;
  const place = node.place ?? activation;
  if (name !== undefined)
    return {
      of: 'value',
      word: name,
      place: node.place,
      named: true,
      given: node.place === undefined || node.place === name,
    };
  const cotangent = cotangentLabel(node);
  if (cotangent) return cotangent;
  if (role.kind !== 'cotangent' && activation !== undefined)
    return { of: 'value', word: `z_${asName(activation)}`, place, named: false, given: false };
  return place === undefined
    ? undefined
    : { of: 'value', word: wordAt(place, node), place, named: false, given: false };
}

/** A place as a word; the function's name alone says too little: `tanh_cell`. */
function wordAt(place: string, node: Node): string {
  const of = place === kindOf(node) ? node.inputs.map(nearest).find((found) => found !== undefined) : undefined;
  return of ? `${place}_${titleText(of)}` : asName(place);
}

/** What a cotangent is called by the value that it is the derivative by; undefined where that is not known, or it is a term of one. */
export function cotangentLabel({ role }: Node): Label | undefined {
  if (role.kind !== 'cotangent' || !role.of) return undefined;
  const of = labelBy(seenBy(role.of));
  return of && { ...of, ...differentiatedIn(role) };
}

/** Of a derivative, what is differentiated, where that is not the loss. */
export function differentiatedIn(role: Role): Pick<Title, 'by'> {
  return role.kind === 'cotangent' && role.by ? { by: titleText(titleOf(scalarOf(role.by))) } : {};
}

/** The value by which a sum of it is called that is differentiated: what its author named, else the sum. */
export function scalarOf(by: Node): Node {
  let at = by;
  while (at.name === undefined && isOp(at, sum, broadcast, reshape)) at = at.inputs[0];
  return at.name === undefined ? by : at;
}

/** What a reader sees of a value: nothing of axes of size 1 that come or go, unless it has a name of its own. */
export function seenBy(value: Node): Node {
  return value.name === undefined ? withoutOnes(value) : value;
}

function labelBy(of: Node): Label | undefined {
  const leaf = leafName(of);
  if (leaf !== undefined) return { of: 'cotangent', word: leaf, named: true, given: true };
  const label = labelOf(of);
  if (!label) return undefined;
  const { place, named, given } = label;
  // What textbooks call delta: the cotangent of what an activation is applied to.
  if (!named && of.activation !== undefined && of.role.kind !== 'cotangent')
    return { of: 'delta', word: asName(of.activation), place: `delta_${of.activation}`, named, given };
  const word = titleText(label);
  return {
    of: 'cotangent',
    word,
    place: `d_${place ?? word}`,
    named,
    given,
    ...(label.of !== 'value' && { inner: label }),
  };
}

/** The name that a node was given, or that its place or its role gives it: `h_dense`, `d_h`. */
export function ownName(node: Node): string | undefined {
  const label = labelOf(node);
  return label && titleText(label);
}

/** A path as one word: `h_dense`. */
export function asName(path: string): string {
  return path.replaceAll('.', '_');
}

/** What a stored node is called: its own name or place, else one made from what it is. */
export function titleOf(node: Node): Title {
  const own = labelOf(node);
  if (own) return own;
  if (node.role.kind === 'cotangent' && node.role.of?.role.kind === 'forward')
    return {
      of: 'cotangent',
      word: titleText(titleOf(through(node.role.of, [broadcast, permute, reshape, slice]))),
      ...differentiatedIn(node.role),
    };
  const value = (word: string): Title => ({ of: 'value', word });
  // Each round's is called so too.
  if (isOp(node, scan)) {
    const { loop, result } = node.attrs;
    return result.kind === 'emit' ? titleOf(result.of) : value(loop.carried[result.of].attrs.name);
  }
  if (isLearningRate(node)) return value('learning_rate');
  const kind = kindOf(node);
  const close = node.inputs.flatMap((input) => nearest(input) ?? []);
  // A term of a cotangent is called by the cotangent that it is made of.
  const upstream = node.role.kind === 'cotangent' ? close.find((found) => found.of !== 'value') : undefined;
  if (upstream) return isMoved(kind) ? upstream : value(`${kind}_${titleText(upstream)}`);
  const near: Near | undefined = close[0];
  const of = near && titleText(near);
  const [minuend, subtrahend] = node.op === sub ? node.inputs.map(givenName) : [];
  if (minuend && subtrahend) return value(`${minuend}_minus_${subtrahend}`);
  const { path } = node.origin ?? {};
  if (near && isMoved(kind)) return near;
  const where = near?.given || !path ? of : asName(path);
  if (where === undefined) {
    const maker = node.origin?.calls.findLast((name) => name !== kind);
    return value(maker === undefined ? kind : `${maker}_${kind}`);
  }
  return value(near?.given || !path ? `${kind}_${where}` : `${where}_${kind}`);
}

/** The same as text. */
export function nameOf(node: Node): string {
  return titleText(titleOf(node));
}

/** It has other dimensions, and nothing else is new. */
function isMoved(kind: string): boolean {
  return kind === 'broadcast' || kind === 'reshape';
}

/** What it does, in a word: `max`, `product`, `inverse`. */
function kindOf(node: Node): string {
  const { op, inputs } = node;
  if (op === contract) return 'product';
  if (op === div && isOp(inputs[0], constant) && inputs[0].attrs.value === 1) return 'inverse';
  const called = op.notation?.kind === 'call' ? op.notation.name : op.name;
  return snake(recognise(node)?.name ?? called);
}

/** The author's word for the node itself. */
function givenName(node: Node): string | undefined {
  const found = labelOf(node)?.named || node.inputs.length === 0 ? nearest(node) : undefined;
  return found?.given ? titleText(found) : undefined;
}

interface Near extends Title {
  readonly given: boolean;
}

function nearest(node: Node): Near | undefined {
  for (let at: Node | undefined = node, steps = 0; at && steps < 6; at = at.inputs[0], steps++) {
    const label = labelOf(at);
    if (label) return label;
    const word = leafName(at);
    if (word !== undefined) return { of: 'value', word, given: at.op === input };
  }
  return undefined;
}

/** What a leaf or range was declared as. */
export function leafName(node: Node): string | undefined {
  return isOp(node, input, parameter, state, slot, counter, iota, bound, argument) ? node.attrs.name : undefined;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}
