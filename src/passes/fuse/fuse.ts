// From a graph to nests: which nodes are stored, what each nest computes, and which nests become one loop.
import type { Node } from '../../ir/graph.js';
import { axesOf } from '../../ir/index.js';
import type { AnyNest, Provenance, Work } from '../../ir/program.js';
import { load, type Buffer } from '../../ir/scalar.js';
import { type Estimate, placesOf } from '../../ir/nest/sizes.js';
import { decide } from '../stored/decide.js';
import { joinPointwise } from './join.js';
import { linksOf, nestOf, type Draft, type Places } from './nests.js';
import { loadsOf } from '../../ir/nest/traverse.js';
import { dependences } from './order.js';
import { kernelName, provenanceOf } from './provenance.js';
import { createApart } from './repeats.js';
import { alone, close, joinRows, joinTotals, type Group, type Joining } from './rows.js';
import { isContraction } from '../../ir/nest/contraction.js';
import type { Singles } from './singles.js';

/** A node that must be in a buffer when the entry has run. */
export interface Root {
  readonly node: Node;
  /** In place: the parameter, slot or state that the node becomes. */
  readonly to?: Buffer;
}

export interface FuseRequest {
  readonly roots: readonly Root[];
  /** The buffer of a leaf, and the one to use for a stored node: the same for the same node in every entry. */
  readonly bufferOf: (node: Node) => Buffer;
  readonly phaseOf: (node: Node) => Provenance['phase'];
  readonly estimate: Estimate;
  /** Updates stay apart from the gradients they use. */
  readonly separateUpdates: boolean;
  /** What is f32 wherever it is read; absent where everything is. */
  readonly singles?: Singles;
  /** What is computed a second time: right before its first reader, and never in one loop with the first time. */
  readonly recomputed: ReadonlySet<Node>;
}

/** A nest that runs once. */
export interface Fused {
  readonly kind: 'run';
  readonly nest: AnyNest;
  readonly host: boolean;
}

/** One entry on its way from nodes to nests. */
export interface Fusion {
  readonly request: FuseRequest;
  /** The buffer of a node that has one. */
  readonly where: (node: Node) => Buffer | undefined;
  /** One for each stored node at first; in an order in which they can run as soon as they are ordered. */
  readonly drafts: readonly Draft[];
  readonly ordered?: true;
  /** Drafts that share a loop over rows. */
  readonly groups?: readonly Group[];
}

/** A nest for each node that must be stored, or is worth it. The buffers of roots without `to` are `bufferOf(root.node)`. */
export function draftNests(request: FuseRequest): Fusion {
  const { roots, bufferOf, estimate, singles } = request;
  const { order, stored, host } = decide(
    roots.map((r) => r.node),
    estimate,
  );
  const homes = homesOf(request, order);
  const where = (node: Node): Buffer | undefined => {
    if (stored.has(node)) return homes.get(node) ?? bufferOf(node);
    return isStoredLeaf(node) ? bufferOf(node) : undefined;
  };
  const places: Places = { bufferOf: where, ...(singles && { isSingle: singles.isSingle }) };
  const drafts = order.filter((n) => stored.has(n)).map((n) => nestOf(n, where(n) ?? bufferOf(n), places, host.has(n)));
  return { request, where, drafts: [...drafts, ...copiesOf(request, stored, homes, places)] };
}

/** A nest that only reads another's result at its own coordinates becomes one more store of it. */
export function joinNests(fusion: Fusion): Fusion {
  const { estimate, singles, separateUpdates } = fusion.request;
  const { isRecomputed, isUpdate } = kindsOf(fusion);
  const drafts = joinPointwise(
    fusion.drafts,
    (into, draft) =>
      isRecomputed(into) === isRecomputed(draft) &&
      (isUpdate(into) === isUpdate(draft) ||
        (!separateUpdates && !(isLarge(into.nest, estimate) && isContraction(into.nest) && readsSlots(draft)))),
    neededBy(fusion),
    inPlace,
    singles,
  );
  return { ...fusion, drafts };
}

/** Puts nests into an order that respects every dependence; what is computed a second time comes late. */
export function orderNests(fusion: Fusion): Fusion {
  const { isRecomputed } = kindsOf(fusion);
  const { drafts } = fusion;
  const list = inOrder([...drafts.filter((d) => !isRecomputed(d)), ...drafts.filter(isRecomputed)]);
  return { ...fusion, drafts: list, ordered: true };
}

/** Buffers live shortly: updates, and sums that only they read, are computed as soon as they can be. */
export function hastenUpdates(fusion: Fusion): Fusion {
  const { isRecomputed, isUpdate, isGradientSum } = kindsOf(fusion);
  return { ...fusion, drafts: soonest(fusion.drafts, (d) => isUpdate(d) || (!isRecomputed(d) && isGradientSum(d))) };
}

/** Nests that read one another only within a row share one loop over rows. */
export function joinLoops(fusion: Fusion): Fusion {
  return { ...fusion, groups: joinRows(fusion.drafts, joiningOf(fusion)) };
}

/** Where rows run one after another, small sums over all of them are made while they pass. */
export function joinSums(fusion: Fusion): Fusion {
  return { ...fusion, groups: joinTotals(groupsOf(fusion), joiningOf(fusion)) };
}

/** The nests, with names and what they compute in words; a loop of the graph is a loop of them. */
export function nestsOf(fusion: Fusion): Work<Fused>[] {
  return close(fusion.drafts, groupsOf(fusion), joiningOf(fusion)).map(({ nest, host }) => ({
    kind: 'run',
    nest: { ...nest, name: kernelName(nest) },
    host,
  }));
}

/** The same without words. */
export function bareNestsOf(fusion: Fusion): Work<Fused>[] {
  const { drafts, groups } = fusion;
  if (!groups) return drafts.map(({ nest, host }) => ({ kind: 'run', nest, host }));
  const nothing: Provenance = { formulas: [], sources: [], phase: 'forward' };
  const joining = { ...joiningOf(fusion), describe: () => nothing };
  return close(drafts, groups, joining).map(({ nest, host }) => ({ kind: 'run', nest, host }));
}

function groupsOf({ drafts, groups }: Fusion): readonly Group[] {
  return groups ?? drafts.map(alone);
}

function kindsOf({ request }: Fusion) {
  return {
    isUpdate: (draft: Draft): boolean => draft.nodes.some((n) => request.phaseOf(n) === 'update'),
    // Schedule batch reductions early, which frees their inputs; contractions gain nothing by it.
    isGradientSum: (draft: Draft): boolean =>
      draft.nodes.some((n) => request.phaseOf(n) === 'backward') && !isContraction(draft.nest),
    isRecomputed: (draft: Draft): boolean => draft.nodes.every((n) => request.recomputed.has(n)),
  };
}

function neededBy({ request: { roots, bufferOf } }: Fusion): (buffer: Buffer) => boolean {
  const results = new Set(roots.map((r) => r.to ?? bufferOf(r.node)));
  return (buffer) => results.has(buffer) || inPlace(buffer);
}

function joiningOf(fusion: Fusion): Joining {
  const { request, where, drafts } = fusion;
  const { isRecomputed } = kindsOf(fusion);
  const kept = new Set(drafts.flatMap((d) => d.nest.stores.map((s) => s.to)));
  const nameOf = (node: Node): string | undefined => {
    const buffer = where(node);
    return buffer && (isStoredLeaf(node) || kept.has(buffer)) ? buffer.name : undefined;
  };
  const apart = createApart(drafts);
  return {
    estimate: request.estimate,
    needed: neededBy(fusion),
    inPlace,
    mayShare: (a, b) => isRecomputed(a) === isRecomputed(b) && !apart(a, b),
    describe: (members) => provenanceOf(members, nameOf, request.phaseOf),
    singles: request.singles,
  };
}

const persistent: ReadonlySet<Buffer['space']> = new Set(['parameter', 'state', 'slot']);

function inPlace(buffer: Buffer): boolean {
  return persistent.has(buffer.space);
}

/** Leaves that live in buffers: all but numbers, which stand in the code. */
function isStoredLeaf(node: Node): boolean {
  return node.op.kind === 'leaf';
}

/** Where roots that overwrite a parameter, slot or state are computed: in place, unless the node is a leaf or has a second home. */
function homesOf({ roots }: FuseRequest, order: readonly Node[]): Map<Node, Buffer> {
  const homes = new Map<Node, Buffer>();
  // Where another node reads what one becomes, that must not be where the old value was.
  const read = new Set(order.flatMap((node) => node.inputs));
  const times = new Map<Node, number>();
  for (const { node } of roots) times.set(node, (times.get(node) ?? 0) + 1);
  for (const { node, to } of roots)
    if (to && node.op.kind !== 'leaf' && times.get(node) === 1 && !read.has(node)) homes.set(node, to);
  return homes;
}

/** Nests that move what was computed elsewhere into a root's place; most become one more store by a pointwise join. */
function copiesOf(
  { roots, bufferOf }: FuseRequest,
  stored: ReadonlySet<Node>,
  homes: ReadonlyMap<Node, Buffer>,
  places: Places,
): Draft[] {
  const { bufferOf: where } = places;
  return roots.flatMap(({ node, to }) => {
    const from = where(node);
    const home = homes.get(node) ?? (stored.has(node) ? bufferOf(node) : undefined);
    if (to ? home === to || from === to : home !== undefined || from === bufferOf(node)) return [];
    const draft = nestOf(
      node,
      to ?? bufferOf(node),
      { ...places, bufferOf: (n) => (n === node && !stored.has(n) && n.op.kind !== 'leaf' ? undefined : where(n)) },
      false,
    );
    return [from ? copyOf(draft, from) : draft];
  });
}

function copyOf(draft: Draft, from: Buffer): Draft {
  const stores = draft.nest.stores.map((store) => ({ ...store, value: load(from, store.at) }));
  return { ...draft, nest: { ...draft.nest, stores } };
}

/**
 * An order that respects every dependence. Where in-place updates wait for one another, or one reads its old value at another place,
 * it is computed beside and copied at the end.
 */
function inOrder(drafts: readonly Draft[]): Draft[] {
  let list = drafts.flatMap((d) => (overwritesWhatItReads(d) ? beside(d) : [d]));
  for (;;) {
    const sorted = dependences(list, inPlace).sorted();
    if (sorted) return sorted;
    const next = list.find((d) => !d.moves && d.nest.stores.some((s) => inPlace(s.to)) && readsInPlace(d));
    if (!next) throw new Error('nests wait for one another');
    list = list.flatMap((d) => (d === next ? beside(d) : [d]));
  }
}

/**
 * The same order, but what only updates read, and they themselves, run as soon as they can. `mayMove` says which those may be.
 */
function soonest(drafts: readonly Draft[], mayMove: (draft: Draft) => boolean): Draft[] {
  const moving = new Set<Draft>();
  const readByOthers = new Set<Buffer>();
  for (const draft of [...drafts].reverse()) {
    if (mayMove(draft) && draft.nest.stores.every((s) => inPlace(s.to) || !readByOthers.has(s.to))) moving.add(draft);
    else for (const from of linksOf(draft).reads) readByOthers.add(from);
  }
  const { before, after } = dependences(drafts, inPlace);
  const waiting = new Map(drafts.map((draft) => [draft, before(draft).size]));
  const turn = new Map([...moving].map((draft, at) => [draft, at]));
  const turnOf = (draft: Draft): number => turn.get(draft) ?? 0;
  let ready = [...moving].filter((draft) => waiting.get(draft) === 0);
  const done = new Set<Draft>();
  const run = (draft: Draft): void => {
    if (done.has(draft)) return;
    done.add(draft);
    for (const next of after(draft)) {
      const left = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, left);
      if (left === 0 && turn.has(next)) ready.push(next);
    }
  };
  for (const draft of drafts) {
    run(draft);
    // The last ones first; what becomes ready behind its turn waits for the next round.
    for (let at = -1; ;) {
      ready = ready.filter((d) => !done.has(d));
      const [next] = ready.filter((d) => turnOf(d) > at).sort((a, b) => turnOf(a) - turnOf(b));
      if (!next) break;
      at = turnOf(next);
      run(next);
    }
  }
  return [...done];
}

function isLarge({ axes }: Draft['nest'], estimate: Estimate): boolean {
  return placesOf(axes, estimate) > 1024;
}

/**
 * The tiles of a contraction touch half of a cache line at a time: an update that walks further arrays beside the weight is faster on
 * its own.
 */
function readsSlots({ nest }: Draft): boolean {
  return nest.stores.some((s) => loadsOf(s.value).some((l) => l.from.space === 'slot'));
}

function overwritesWhatItReads({ nest }: Draft): boolean {
  return nest.stores.some(
    ({ to, at }) =>
      inPlace(to) &&
      nest.stores.some((s) =>
        loadsOf(s.value).some((l) => l.from === to && (l.at.key !== at.key || hasFreeAxes(l.at, nest.axes))),
      ),
  );
}

/** Does an address mention an axis that is not the nest's, a fold's? */
function hasFreeAxes(at: Draft['nest']['stores'][number]['at'], axes: Draft['nest']['axes']): boolean {
  return [...axesOf(at)].some((a) => !axes.includes(a));
}

function readsInPlace({ nest }: Draft): boolean {
  return nest.stores.some((s) => loadsOf(s.value).some((l) => inPlace(l.from)));
}

/** The draft with its in-place results in buffers of their own, and the copies. */
function beside(draft: Draft): Draft[] {
  const copies: Draft[] = [];
  const stores = draft.nest.stores.map((store, i) => {
    if (!inPlace(store.to)) return store;
    const next: Buffer = { ...store.to, name: `${store.to.name}_next`, space: 'arena' };
    copies.push({
      nest: { ...draft.nest, name: next.name, stores: [{ to: store.to, at: store.at, value: load(next, store.at) }] },
      nodes: [draft.nodes[i]],
      host: false,
      moves: true,
    });
    return { ...store, to: next };
  });
  return [{ ...draft, nest: { ...draft.nest, stores } }, ...copies];
}
