// From drafts to nests: which become one loop, in which order they run, and what each computes in words.
import type { Node } from '../../ir/graph.js';
import { axesOf } from '../../ir/index.js';
import type { AnyNest, Store, Work } from '../../ir/program.js';
import { reachable } from '../../ir/reachable.js';
import { leavesOfLoop } from '../../ir/ops/scan.js';
import { mapRuns } from '../../ir/runs.js';
import { load, type Buffer } from '../../ir/scalar.js';
import { iterationsOf } from '../../ir/nest/sizes.js';
import { inPlaceOf, type Fusion } from './drafts.js';
import { joinPointwise } from './join.js';
import { fusedInto, linksOf, type Draft, type LoopDraft, type NestDraft } from './nests.js';
import { loadsOf } from '../../ir/loads.js';
import { dependences, sortedDrafts } from './order.js';
import { describeLoop, kernelName, lastTarget, provenanceOf } from './provenance.js';
import { createApart } from './repeats.js';
import { close } from './close.js';
import { withEnds, type Round } from './ends.js';
import { alone, joinRows, type Group, type Joining } from './rows.js';
import { joinTotals } from './sums.js';
import { isMatrixProduct } from '../../ir/nest/contraction.js';
import { relabelled, writtenLike } from '../../ir/nest/forms.js';
import { throughViews, type Views } from './views.js';

/** A nest that runs once. */
export interface Fused {
  readonly kind: 'run';
  readonly nest: AnyNest;
  readonly host: boolean;
}

/** A nest that only reads another's result at its own coordinates becomes one more store of it. */
export function joinNests(of: Fusion): Fusion {
  const fusion = inBodies(of, joinNests);
  const { estimate, singles, separateUpdates } = fusion.request;
  const { isRecomputed, isUpdate } = kindsOf(fusion);
  const most = separateUpdates === 'of products' ? smallProduct : largeProduct;
  const drafts = joinPointwise(
    fusion.drafts,
    (into, draft) =>
      isRecomputed(into) === isRecomputed(draft) &&
      (isUpdate(into) === isUpdate(draft) ||
        (separateUpdates !== 'all' &&
          !(
            iterationsOf(into.nest.axes, estimate) > most &&
            isMatrixProduct(writtenLike(into.nest)) &&
            readsSlots(draft)
          ))),
    neededBy(fusion),
    inPlaceOf(fusion.request),
    singles,
  );
  return { ...fusion, drafts };
}

/** Puts nests into an order that respects every dependence; what is computed a second time comes late. */
export function orderNests(of: Fusion): Fusion {
  const fusion = inBodies(of, orderNests);
  const { isRecomputed } = kindsOf(fusion);
  const { drafts, request } = fusion;
  const list = [...drafts.filter((d) => !isRecomputed(d)), ...drafts.filter(isRecomputed)];
  return { ...fusion, drafts: inOrder(list, inPlaceOf(request)), ordered: true };
}

/** Buffers live shortly: updates, and sums that only they read, are computed as soon as they can be. */
export function hastenUpdates(fusion: Fusion): Fusion {
  const { isRecomputed, isUpdate, isGradientSum } = kindsOf(fusion);
  return {
    ...fusion,
    drafts: soonest(
      fusion.drafts,
      (d) => isUpdate(d) || (!isRecomputed(d) && isGradientSum(d)),
      inPlaceOf(fusion.request),
    ),
  };
}

/** Nests that read one another only within a row share one loop over rows. */
export function joinLoops(of: Fusion): Fusion {
  const fusion = inBodies(of, joinLoops);
  return { ...fusion, groups: joinRows(fusion.drafts, joiningOf(fusion)) };
}

/** Where rows run one after another, small sums over all of them are made while they pass. */
export function joinSums(of: Fusion): Fusion {
  const fusion = inBodies(of, joinSums);
  return { ...fusion, groups: joinTotals(groupsOf(fusion), joiningOf(fusion)) };
}

/** The nests, with names and what they compute in words; a loop of the graph is a loop of them. `round`: that of the loop whose body it is. */
export function nestsOf(fusion: Fusion, round?: Round): Work<Fused>[] {
  const joining = joiningOf(fusion);
  const works = close(fusion.drafts, groupsOf(fusion), joining).map((closed): Work<Fused> => {
    if (closed.kind === 'nest') return { kind: 'run', nest: named(closed.nest, fusion.views), host: closed.host };
    const { axis, body, nodes } = closed;
    const steps = nestsOf(body, { axis, depth: nodes[0].attrs.loop.depth });
    return { kind: 'repeat', axis, steps, note: describeLoop(nodes, axis, fusion.where) };
  });
  return mapRuns(works, (fused) => {
    const nest = throughViews(fused.nest, fusion.views);
    return [{ ...fused, nest: round ? withEnds(nest, round) : nest }];
  });
}

/** What a nest computes: the nodes that it stores, and those that are written into them. */
export interface Computed {
  readonly nodes: readonly Node[];
  readonly host: boolean;
  /** What the leaves of loops around stand for there: loops with equal leaves share them. */
  readonly leaves: ReadonlyMap<Node, Node>;
}

/** Of each nest, in the order in which `nestsOf` runs them. A node that several nests compute is of each of them. */
export function computedByNests(fusion: Fusion, outer: Outer = { leaves: new Map(), written: new Set() }): Computed[] {
  return groupsOf(fusion).flatMap((group): Computed[] => {
    if (group.kind === 'loop') {
      const inside = computedByNests(group.body, within(group, fusion, outer));
      // The results of a loop are whole when its last nest has run.
      return inside.map((each, i) =>
        i < inside.length - 1 ? each : { ...each, nodes: [...each.nodes, ...group.nodes] },
      );
    }
    const drafts = [...group.members, ...group.totals];
    const nodes = computedBy(
      drafts.flatMap((draft) => draft.nodes),
      fusion,
      outer,
    );
    return [{ nodes, host: drafts.length === 1 && drafts[0].host, leaves: outer.leaves }];
  });
}

/** What the leaves of loops around stand for, and which of them are written into the nests that read them. */
interface Outer {
  readonly leaves: ReadonlyMap<Node, Node>;
  readonly written: ReadonlySet<Node>;
}

function within({ nodes: [first] }: LoopDraft, { where }: Fusion, { leaves, written }: Outer): Outer {
  const own = leavesOfLoop(first.attrs.loop).map((leaf, i): [Node, Node] => [leaf, first.inputs[i]]);
  const [read, put] = [own.filter(([, input]) => where(input)), own.filter(([, input]) => !where(input))];
  const others = [...written].filter((leaf) => !read.some(([known]) => known === leaf));
  return { leaves: new Map([...leaves, ...own]), written: new Set([...others, ...put.map(([leaf]) => leaf)]) };
}

/** What nodes are made of up to what lies in buffers: of what was to be stored, joining has made values of a kernel's own. */
function computedBy(nodes: readonly Node[], { where, drafts }: Fusion, outer: Outer): Node[] {
  const own = new Set(nodes);
  const kept = writtenBy(drafts);
  const isWritten = (node: Node): boolean => {
    if (own.has(node) || outer.written.has(node)) return true;
    const buffer = where(node);
    return buffer === undefined || (node.op.kind !== 'leaf' && !kept.has(buffer));
  };
  return reachable(nodes, (node) => {
    const stands = outer.written.has(node) ? outer.leaves.get(node) : undefined;
    return (stands ? [stands] : node.inputs).filter(isWritten);
  });
}

/** The nests of drafts, before any share a loop, and without words. */
export function draftedNests({ drafts, views }: Fusion): Work<Fused>[] {
  const works = drafts.map((each): Work<Fused> =>
    each.kind === 'nest'
      ? { kind: 'run', nest: each.nest, host: each.host }
      : { kind: 'repeat', axis: each.axis, steps: draftedNests(each.body) },
  );
  return mapRuns(works, (fused) => [{ ...fused, nest: throughViews(fused.nest, views) }]);
}

const namedNests = new WeakMap<AnyNest, AnyNest>();

/** Entries that have a nest in common have it with its name in common too. */
function named(nest: AnyNest, views: Views): AnyNest {
  const last = lastTarget(nest);
  const called = last && views.get(last)?.kernel;
  const name = called ?? kernelName(throughViews(nest, views));
  const known = namedNests.get(nest);
  if (known?.name === name) return known;
  const made = relabelled(nest, { name });
  namedNests.set(nest, made);
  return made;
}

/** The same with the bodies of its loops changed, and of the loops in them. */
function inBodies(fusion: Fusion, change: (body: Fusion) => Fusion): Fusion {
  const within = (draft: LoopDraft): LoopDraft => ({ ...draft, body: change(draft.body) });
  const inDraft = (draft: Draft): Draft => (draft.kind === 'loop' ? within(draft) : draft);
  const inGroup = (group: Group): Group => (group.kind === 'loop' ? within(group) : group);
  const { drafts, groups } = fusion;
  if (drafts.every(({ kind }) => kind === 'nest')) return fusion;
  return { ...fusion, drafts: drafts.map(inDraft), ...(groups && { groups: groups.map(inGroup) }) };
}

type InPlace = (buffer: Buffer) => boolean;

function groupsOf({ drafts, groups }: Fusion): readonly Group[] {
  return groups ?? drafts.map(alone);
}

function kindsOf({ request }: Fusion) {
  return {
    isUpdate: (draft: Draft): boolean => draft.nodes.some((n) => request.phaseOf(n) === 'update'),
    // Schedule batch reductions early, which frees their inputs; contractions gain nothing by it.
    isGradientSum: (draft: Draft): boolean =>
      draft.kind === 'nest' &&
      draft.nodes.some((n) => request.phaseOf(n) === 'backward') &&
      !isMatrixProduct(writtenLike(draft.nest)),
    isRecomputed: (draft: Draft): boolean => draft.nodes.every((n) => request.recomputed.has(n)),
  };
}

function neededBy({ request }: Fusion): (buffer: Buffer) => boolean {
  const { roots, bufferOf } = request;
  const inPlace = inPlaceOf(request);
  const results = new Set(roots.map((r) => r.to ?? bufferOf(r.node)));
  return (buffer) => results.has(buffer) || inPlace(buffer);
}

function writtenBy(drafts: readonly Draft[]): Set<Buffer> {
  const written = new Set<Buffer>();
  for (const draft of drafts) for (const to of linksOf(draft).writes) written.add(to);
  return written;
}

function joiningOf(fusion: Fusion): Joining {
  const { request, where, drafts } = fusion;
  const { isRecomputed } = kindsOf(fusion);
  let kept: ReadonlySet<Buffer> | undefined;
  const nameOf = (node: Node): string | undefined => {
    const buffer = where(node);
    if (node.op.kind === 'leaf') return buffer?.name ?? request.leaves?.nameOf(node);
    return buffer && (kept ??= writtenBy(drafts)).has(buffer) ? buffer.name : undefined;
  };
  let apart: ReturnType<typeof createApart> | undefined;
  const { leaves } = request;
  return {
    estimate: request.estimate,
    needed: neededBy(fusion),
    inPlace: inPlaceOf(request),
    mayShare: (a, b) => isRecomputed(a) === isRecomputed(b) && !(apart ??= createApart(drafts))(a, b),
    describe: (members) =>
      provenanceOf(members, {
        nameOf,
        texts: fusion.texts,
        ...(leaves && { definitionOf: leaves.definitionOf }),
        phaseOf: request.phaseOf,
        fusedInto: (node) => fusedInto(node, where, request.leaves),
      }),
    singles: request.singles,
  };
}

/**
 * An order that respects every dependence. Where in-place updates wait for one another, or one reads its old value at another index,
 * it is computed beside and copied at the end.
 */
function inOrder(drafts: readonly Draft[], inPlace: InPlace): Draft[] {
  let list = drafts.flatMap((d) => (d.kind === 'nest' && overwritesWhatItReads(d, inPlace) ? beside(d, inPlace) : [d]));
  for (;;) {
    const sorted = sortedDrafts(list, inPlace);
    if (sorted) return sorted;
    const next = list.find((d): d is NestDraft => {
      if (d.kind === 'loop' || d.moves) return false;
      const { reads, writes } = linksOf(d);
      return [...writes].some(inPlace) && [...reads].some(inPlace);
    });
    if (!next) throw new Error('nests wait for one another');
    list = list.flatMap((d) => (d === next ? beside(next, inPlace) : [d]));
  }
}

/**
 * The same order, but what only updates read, and they themselves, run as soon as they can. `mayMove` says which those may be.
 */
function soonest(drafts: readonly Draft[], mayMove: (draft: Draft) => boolean, inPlace: InPlace): Draft[] {
  const readByOthers = new Set<Buffer>();
  // The places of those that move, the last ones first: the order in which they take their turns.
  const turns: number[] = [];
  for (let place = drafts.length - 1; place >= 0; place--) {
    const { reads, writes } = linksOf(drafts[place]);
    if (mayMove(drafts[place]) && !isReadByOthers(writes)) turns.push(place);
    else for (const from of reads) readByOthers.add(from);
  }
  const { after, waiting } = dependences(drafts, inPlace);
  const turnOf = new Map(turns.map((place, turn) => [place, turn]));
  let ready = turns.filter((place) => waiting[place] === 0);
  const done = new Set<number>();
  const run = (place: number): void => {
    if (done.has(place)) return;
    done.add(place);
    for (const next of after[place]) if (--waiting[next] === 0 && turnOf.has(next)) ready.push(next);
  };
  for (let place = 0; place < drafts.length; place++) {
    run(place);
    // What becomes ready behind its turn waits for the next round.
    for (let at = -1; ready.length > 0;) {
      ready = ready.filter((each) => !done.has(each));
      const turn = ready.reduce((least, each) => nearer(least, turnOf.get(each) ?? 0, at), Infinity);
      if (turn === Infinity) break;
      at = turn;
      run(turns[turn]);
    }
  }
  return [...done].map((place) => drafts[place]);

  function isReadByOthers(writes: ReadonlySet<Buffer>): boolean {
    for (const to of writes) if (!inPlace(to) && readByOthers.has(to)) return true;
    return false;
  }
}

/** The lesser of two turns, the second only where it comes after that one. */
function nearer(least: number, turn: number, after: number): number {
  return turn > after && turn < least ? turn : least;
}

/** Products of no more elements are not kept apart from the updates that read slots. */
const [smallProduct, largeProduct] = [8, 1024];

/**
 * The tiles of a contraction touch half of a cache line at a time: an update that walks further arrays beside the weight is faster on
 * its own.
 */
function readsSlots({ nest }: NestDraft): boolean {
  return writtenLike(nest).stores.some((s) => loadsOf(s.value).some((l) => l.from.space === 'slot'));
}

function overwritesWhatItReads({ nest }: NestDraft, inPlace: InPlace): boolean {
  const { axes, stores } = writtenLike(nest);
  return stores.some(
    ({ to, at }) =>
      inPlace(to) &&
      stores.some((s) =>
        loadsOf(s.value).some((l) => l.from === to && (l.at.key !== at.key || hasFreeAxes(l.at, axes))),
      ),
  );
}

/** Does an address mention an axis that is not the nest's, a fold's? */
function hasFreeAxes(at: Store['at'], axes: NestDraft['nest']['axes']): boolean {
  return [...axesOf(at)].some((a) => !axes.includes(a));
}

/** The draft with its in-place results in buffers of their own, and the copies. */
function beside(draft: NestDraft, inPlace: InPlace): NestDraft[] {
  const copies: NestDraft[] = [];
  const stores = draft.nest.stores.map((store, i) => {
    if (!inPlace(store.to)) return store;
    const next = nextOf(store.to);
    copies.push({
      kind: 'nest',
      nest: { ...draft.nest, name: next.name, stores: [{ to: store.to, at: store.at, value: load(next, store.at) }] },
      nodes: [draft.nodes[i]],
      host: false,
      moves: true,
    });
    return { ...store, to: next };
  });
  return [{ ...draft, nest: { ...draft.nest, stores } }, ...copies];
}

const nexts = new WeakMap<Buffer, Buffer>();

/** Where the new value of a buffer is made that is still read: the same in every entry. */
function nextOf(buffer: Buffer): Buffer {
  let known = nexts.get(buffer);
  if (!known) nexts.set(buffer, (known = { ...buffer, name: `${buffer.name}_next`, space: 'arena' }));
  return known;
}
