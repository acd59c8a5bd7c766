// What nodes are called in generated code, its comments and `nnc grad`: words made of names, places and roles, at the end. No pass reads them.
import { titleIn } from './formula/mathematics.js';
import type { Title } from './formula/tree.js';
import { isOp, through, type Node, type Op } from './graph.js';
import { div, mul, neg, sub } from './ops/arithmetic.js';
import { constant, iota } from './ops/constants.js';
import { contract } from './ops/contract.js';
import { counter, input, parameter, slot, state } from './ops/leaves.js';
import { select } from './ops/logic.js';
import { broadcast, reshape } from './ops/movement.js';
import { argument } from './ops/ownGradient.js';
import { sum } from './ops/reductions.js';
import { bound, scan } from './ops/scan.js';
import { recognise } from './recognise.js';
import { sameShape } from './types.js';

/** `h`; `d_h`, its cotangent; `delta_h`, the cotangent of what the activation that makes it is applied to. */
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
  const { name, place, activation, role } = node;
  if (name !== undefined)
    return { of: 'value', word: name, place, named: true, given: place === undefined || place === name };
  const of = role.kind === 'cotangent' && role.of && cotangentLabel(role.of);
  if (of) return role.by ? { ...of, by: titleText(titleOf(through(role.by, [sum, broadcast, reshape]))) } : of;
  const path = place ?? (activation === undefined ? undefined : `${activation}.input`);
  return path === undefined ? undefined : { of: 'value', word: asName(path), place: path, named: false, given: false };
}

function cotangentLabel(of: Node): Label | undefined {
  const leaf = leafName(of);
  if (leaf !== undefined) return { of: 'cotangent', word: leaf, named: true, given: true };
  const label = labelOf(of);
  if (!label) return undefined;
  // What textbooks call delta: the cotangent of what an activation is applied to.
  if (!label.named && of.place === undefined && of.activation !== undefined)
    return { ...label, of: 'delta', word: asName(of.activation), place: `delta_${of.activation}` };
  const word = titleText(label);
  return { ...label, of: 'cotangent', word, place: `d_${label.place ?? word}` };
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
  const own = labelOf(node) ?? deltaOf(node);
  if (own) return own;
  const value = (word: string): Title => ({ of: 'value', word });
  // Each round's is called so too.
  if (isOp(node, scan)) {
    const { loop, result } = node.attrs;
    return result.kind === 'emit' ? titleOf(result.of) : value(loop.carried[result.of].attrs.name);
  }
  const near = node.inputs.map(nearest).find((found) => found !== undefined);
  const of = near && titleText(near);
  const [minuend, subtrahend] = node.op === sub ? node.inputs.map(givenName) : [];
  if (minuend && subtrahend) return value(`${minuend}_minus_${subtrahend}`);
  const { path } = node.origin ?? {};
  const kind = kindOf(node);
  // It has other dimensions, and nothing else is new.
  if (near && (kind === 'broadcast' || kind === 'reshape')) return near;
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

/**
 * The cotangent of an activation times its slope is what textbooks call delta. Only steps that go element by element lead from one
 * to the other: what has gone through a product of matrices or a sum is a cotangent of something else.
 */
export function deltaOf(node: Node): Title | undefined {
  if (node.type.shape.length === 0) return undefined;
  let at = node;
  for (let steps = 0; steps < 6 && slopes.has(at.op); steps++) {
    const next =
      at.inputs.find((input) => cotangentOf(input) !== undefined && sameShape(input.type, node.type)) ?? at.inputs[0];
    if (!sameShape(next.type, node.type)) return undefined;
    const word = cotangentOf(next);
    if (word !== undefined) return { of: 'delta', word };
    at = next;
  }
  return undefined;
}

const slopes: ReadonlySet<Op> = new Set<Op>([mul, div, neg, select]);

/** The word of what a node is the cotangent of. */
function cotangentOf(node: Node): string | undefined {
  const label = labelOf(node);
  return label?.of === 'cotangent' ? label.word : undefined;
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
