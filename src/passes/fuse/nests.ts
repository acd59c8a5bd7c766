// From stored nodes to nests: substitution of element rules gives one value per stored node.
import { isOp, type Element, type Node, type NodeOf } from '../../ir/graph.js';
import { addressOf, asLying, keepAddresses, loadElement, placeIn, storeValue } from '../../ir/elements.js';
import { add, axis, constantOf, toIndex, zero, type Axis, type Index } from '../../ir/index.js';
import { coordinate, putRows } from '../../ir/ops/indexing.js';
import { carried, recurrence, startOf, stepOf } from '../../ir/ops/recurrence.js';
import type { ScanNode } from '../../ir/ops/scan.js';
import { rewriteScalar } from '../../ir/rewrite.js';
import { load, number, type Buffer, type Scalar } from '../../ir/scalar.js';
import type { Dim } from '../../ir/types.js';
import { formOf, ownBuffer } from '../../ir/nest/forms.js';
import type { Nest, Provenance, Store } from '../../ir/program.js';
import { loadsOf } from '../../ir/loads.js';
import { elementsOf } from '../../ir/walk.js';
import type { Fusion } from './drafts.js';
import type { Links } from './merging.js';
import { single } from '../../ir/nest/single.js';

/** What fuse works on: nests, and loops of nests. */
export type Draft = NestDraft | LoopDraft;

/** A nest while fuse works on it. */
export interface NestDraft {
  readonly kind: 'nest';
  readonly nest: Nest;
  /** The nodes whose elements its stores are, store by store. */
  readonly nodes: readonly Node[];
  readonly host: boolean;
  /** It copies a result from a buffer of its own into the one that it updates. */
  readonly moves?: true;
}

/** A loop of the graph, which runs the drafts of its body in each round. */
export interface LoopDraft {
  readonly kind: 'loop';
  /** The round. */
  readonly axis: Axis;
  /** What it gives. */
  readonly nodes: readonly ScanNode[];
  readonly body: Fusion;
  /** What it reads and makes outside of its body. */
  readonly links: Links;
}

export function isNest(draft: Draft): draft is NestDraft {
  return draft.kind === 'nest';
}

/** Where nodes have their elements, and which of those that have no buffer are f32 wherever they are read. */
export interface Places {
  readonly bufferOf: (node: Node) => Buffer | undefined;
  /** What a leaf of a loop's body that has no buffer stands for, as `reader` sees it. */
  readonly outside?: (leaf: Node, reader: Node) => Element | undefined;
  /** Absent where everything is f32 anyway. */
  readonly isSingle?: (node: Node, reader: Node) => boolean;
  readonly axes: AxisPool;
}

/** Axes of nests: nests of one form have theirs in common, so that of two that are joined neither is to be written over the other's. */
export class AxisPool {
  private readonly known = new Map<string, NestAxes>();

  /** The axes of the nest whose elements are those of a tensor. */
  of(shape: readonly Dim[]): NestAxes {
    const names = shape.map((d, i) => axisName(d.name, i, shape.length));
    const key = shape.map((d, i) => `${names[i]}<${d.size.key}`).join();
    let found = this.known.get(key);
    if (!found) {
      const axes = shape.map((d, i) => (constantOf(d.size) === 1 ? undefined : axis(names[i], d.size)));
      const at = keepAddresses(axes.map((a) => (a ? toIndex(a) : zero)));
      this.known.set(key, (found = { axes: axes.filter((a) => a !== undefined), looped: axes, at }));
    }
    return found;
  }
}

interface NestAxes {
  /** One for each dimension of more than one index. */
  readonly axes: readonly Axis[];
  /** The same, by dimension. */
  readonly looped: readonly (Axis | undefined)[];
  /** The coordinates of its elements. */
  readonly at: readonly Index[];
}

/** One element of any node, as `reader` sees it: a load where it has a buffer, else its rule with its inputs' elements put in. */
export function elementOf(node: Node, reader: Node, places: Places, memo: Map<string, Scalar>): Element {
  const { bufferOf, isSingle } = places;
  const rounds = node !== reader && node.op.kind === 'element' && isSingle?.(node, reader) === true;
  return (at) => {
    const buffer = bufferOf(node);
    if (buffer) return loadElement(buffer, placeIn(buffer, node.type, at), node.type);
    const key = `${node.id}${rounds ? '~' : ''}@${at.map((i) => i.key).join(';')}`;
    const known = memo.get(key);
    if (known) return known;
    const value = ruleOf(node, reader, places, memo)(at);
    const result = rounds ? single(value, true) : value;
    memo.set(key, result);
    return result;
  };
}

function ruleOf(node: Node, reader: Node, places: Places, memo: Map<string, Scalar>): Element {
  const { op } = node;
  if (op.kind === 'element')
    return (at) =>
      op.element(
        at,
        node.inputs.map((input) => elementOf(input, node, places, memo)),
        node,
      );
  const found = places.outside?.(node, reader);
  if (!found) throw new Error(`${op.name} has no buffer`);
  return found;
}

/** The nodes that are computed for a stored one: itself, and those that have no buffers, on the way to those that have. */
export function fusedInto(
  node: Node,
  bufferOf: Places['bufferOf'],
  leaves?: { readonly fusedInto: (leaf: Node) => readonly Node[] },
): Node[] {
  const found = new Set<Node>();
  const open = [node];
  for (let next = open.pop(); next; next = open.pop()) {
    if (found.has(next) || (next !== node && bufferOf(next))) continue;
    if (next.op.kind === 'leaf') for (const outer of leaves?.fusedInto(next) ?? []) found.add(outer);
    else {
      found.add(next);
      open.push(...next.inputs);
    }
  }
  return [...found];
}

/** The nest that computes a stored node into its buffer. */
export function nestOf(node: Node, to: Buffer, places: Places, host: boolean): NestDraft {
  const { bufferOf, outside } = places;
  const inside: Places = {
    axes: places.axes,
    bufferOf: (n) => (n === node && n.op.kind === 'element' ? undefined : bufferOf(n)),
    ...(outside && { outside }),
    ...(!host && { isSingle: places.isSingle }),
  };
  const memo = new Map<string, Scalar>();
  if (isOp(node, putRows) && bufferOf(node.inputs[0]) === to) return { ...puttingRows(node, to, inside, memo), host };
  if (!isOp(node, recurrence)) return { ...storing(node, to, elementOf(node, node, inside, memo), places), host };
  const step: Element = (at) =>
    stepOf(
      node.attrs,
      node.inputs.map((input) => elementOf(input, node, inside, memo)(at)),
    );
  return inOrder({ ...storing(node, to, step, places), host }, node);
}

/** The nest that copies a node's elements from where they are, from that element on. */
export function copyOf(
  node: Node,
  to: Buffer,
  from: Buffer,
  places: Pick<Places, 'axes'>,
  start: Index = zero,
): NestDraft {
  return storing(node, to, (at) => load(from, add(start, placeIn(from, node.type, at))), places);
}

function storing(node: Node, to: Buffer, element: Element, places: Pick<Places, 'axes'>): NestDraft {
  const { axes, looped, at } = places.axes.of(node.type.shape);
  const lying = to.order ? asLying(to.order, looped).filter((a) => a !== undefined) : axes;
  return draftWith(node, to, lying, { to, at: placeIn(to, node.type, at), value: storeValue(element(at)) });
}

/** Until it is closed, nobody asks what a nest computes. */
export const noProvenance: Provenance = { formulas: [], sources: [], phase: 'forward', results: [] };

function draftWith(node: Node, to: Buffer, axes: readonly Axis[], store: Store): NestDraft {
  return {
    kind: 'nest',
    nest: {
      kind: 'nest',
      name: to.name,
      axes,
      stores: [store],
      provenance: noProvenance,
    },
    nodes: [node],
    host: false,
  };
}

/** A nest over the rows that are put, each where its index says: the table is where they go. */
function puttingRows(node: NodeOf<typeof putRows>, to: Buffer, places: Places, memo: Map<string, Scalar>): NestDraft {
  const [, ids, rows] = node.inputs;
  const { axes, at } = places.axes.of(rows.type.shape);
  const row = coordinate(elementOf(ids, node, places, memo)(at.slice(0, 1)));
  const value = storeValue(elementOf(rows, node, places, memo)(at));
  const store: Store = { to, at: addressOf(node.type, [row, ...at.slice(1)]), value };
  return draftWith(node, to, axes, store);
}

/** A nest whose elements are made one from another; where the axis has one index, the first element is all there is. */
function inOrder(draft: NestDraft, node: NodeOf<typeof recurrence>): NestDraft {
  const { axis: along, reverse } = node.attrs;
  const start = startOf(node.attrs);
  const looped = node.type.shape.flatMap((d, i) => (constantOf(d.size) === 1 ? [] : [i]));
  const found = draft.nest.axes[looped.indexOf(along)] as Axis | undefined;
  if (found) return { ...draft, nest: { ...draft.nest, ordered: { axis: found, reverse, start } } };
  const stores = draft.nest.stores.map((store) => ({
    ...store,
    value: rewriteScalar(store.value, { scalar: (value) => (value === carried ? number(start) : undefined) }),
  }));
  return { ...draft, nest: { ...draft.nest, stores } };
}

const letters = ['i', 'j', 'k', 'l', 'm', 'n'];

/** A named run-time size gives its first letter (batch: b); the rest count i, j, k. */
function axisName(name: string | undefined, position: number, rank: number): string {
  if (name && position === 0 && rank > 1) return name[0].toLowerCase();
  return letters[Math.min(position, letters.length - 1)];
}

const links = new WeakMap<Nest, Links>();

/** The buffers that a draft loads from and stores to, in the order of its text. */
export function linksOf(draft: Draft): Links {
  if (draft.kind === 'loop') return draft.links;
  const { nest } = draft;
  let known = links.get(nest);
  if (!known) {
    const formed = formOf(nest);
    known = formed && formed.form.nest !== nest ? linksBy(ownBuffer(formed), formed.form.nest) : linksOfStores(nest);
    links.set(nest, known);
  }
  return known;
}

function linksBy(own: (of: Buffer) => Buffer, written: Nest): Links {
  let known = links.get(written);
  if (!known) links.set(written, (known = linksOfStores(written)));
  return { reads: new Set([...known.reads].map(own)), writes: new Set([...known.writes].map(own)) };
}

function linksOfStores({ stores }: Nest): Links {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  for (const { to, at, value } of stores) {
    writes.add(to);
    for (const part of [value, ...elementsOf(at)]) for (const { from } of loadsOf(part)) reads.add(from);
  }
  return { reads, writes };
}

/** What stands for several drafts that run one after another, where it is asked what they load and store. */
export function draftOfAll(drafts: readonly NestDraft[]): NestDraft {
  const [first] = drafts;
  const nest = { ...noNest, name: first.nest.name };
  const all = drafts.map(linksOf);
  links.set(nest, {
    reads: new Set(all.flatMap(({ reads }) => [...reads])),
    writes: new Set(all.flatMap(({ writes }) => [...writes])),
  });
  return { ...first, nest };
}

const noNest: Nest = { kind: 'nest', name: '', axes: [], stores: [], provenance: noProvenance };
