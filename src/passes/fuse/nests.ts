// From stored nodes to nests: substitution of element rules gives one value per stored node.
import type { Element, Node } from '../../ir/graph.js';
import { addressOf, loadElement, storeValue } from '../../ir/elements.js';
import { axis, constantOf, toIndex, zero, type Index } from '../../ir/index.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';
import type { Nest, Store } from '../../ir/program.js';
import { loadsOf } from '../../ir/nest/traverse.js';
import type { Links } from './merging.js';
import { single } from '../../ir/nest/single.js';

/** A nest while fuse works on it. */
export interface Draft {
  nest: Nest;
  /** The nodes whose elements its stores are, store by store. */
  nodes: Node[];
  host: boolean;
  /** It moves what was computed beside its place to where it belongs. */
  moves?: true;
}

/** Where nodes have their elements, and which of those that have no buffer are f32 wherever they are read. */
export interface Places {
  readonly bufferOf: (node: Node) => Buffer | undefined;
  /** Absent where everything is f32 anyway. */
  readonly isSingle?: (node: Node, reader: Node) => boolean;
}

/** One element of any node, as `reader` sees it: a load where it has a buffer, else its rule with its inputs' elements put in. */
export function elementOf(node: Node, reader: Node, places: Places, memo: Map<string, Scalar>): Element {
  const { bufferOf, isSingle } = places;
  const rounds = node !== reader && isSingle?.(node, reader) === true;
  return (at) => {
    const buffer = bufferOf(node);
    if (buffer) return loadElement(buffer, addressOf(node.type, at), node.type);
    const key = `${node.id}${rounds ? '~' : ''}@${at.map((i) => i.key).join(';')}`;
    const known = memo.get(key);
    if (known) return known;
    if (node.op.kind !== 'element') throw new Error(`${node.op.name} has no buffer`);
    const value = node.op.element(
      at,
      node.inputs.map((input) => elementOf(input, node, places, memo)),
      node,
    );
    const result = rounds ? single(value, true) : value;
    memo.set(key, result);
    return result;
  };
}

/** The nest that computes a stored node into its buffer. */
export function nestOf(node: Node, to: Buffer, places: Places, host: boolean): Draft {
  const { bufferOf } = places;
  const axes = node.type.shape.map((d, i) =>
    constantOf(d.size) === 1 ? undefined : axis(axisName(d.name, i, node.type.shape.length), d.size),
  );
  const at: Index[] = axes.map((a) => (a ? toIndex(a) : zero));
  const inside: Places = {
    bufferOf: (n) => (n === node && n.op.kind !== 'leaf' ? undefined : bufferOf(n)),
    ...(!host && { isSingle: places.isSingle }),
  };
  const value = elementOf(node, node, inside, new Map())(at);
  const store: Store = { to, at: addressOf(node.type, at), value: storeValue(value) };
  return {
    nest: {
      kind: 'nest',
      name: to.name,
      axes: axes.filter((a) => a !== undefined),
      stores: [store],
      provenance: { formulas: [], sources: [], phase: 'forward' },
    },
    nodes: [node],
    host,
  };
}

const letters = ['i', 'j', 'k', 'l', 'm', 'n'];

/** A named run-time size gives its first letter (batch: b); the rest count i, j, k. */
function axisName(name: string | undefined, position: number, rank: number): string {
  if (name && position === 0 && rank > 1) return name[0].toLowerCase();
  return letters[Math.min(position, letters.length - 1)];
}

const links = new WeakMap<Draft, Links>();

/** The buffers that a draft's stores load from and store to, in the order of their text. */
export function linksOf(draft: Draft): Links {
  let known = links.get(draft);
  if (!known) {
    const { stores } = draft.nest;
    const reads = new Set(stores.flatMap((s) => loadsOf(s.value).map((l) => l.from)));
    links.set(draft, (known = { reads, writes: new Set(stores.map((s) => s.to)) }));
  }
  return known;
}
