// From a graph to drafts: which nodes are stored, a nest for each of them, and a loop of such drafts for each loop of the graph.
import { isOp, type Element, type Node } from '../../ir/graph.js';
import type { Axis } from '../../ir/index.js';
import { NodeTable } from '../../ir/nodeTable.js';
import { runKey, scan, type ScanNode } from '../../ir/ops/scan.js';
import type { Policy, Provenance } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Dim } from '../../ir/types.js';
import type { Estimate } from '../../ir/nest/sizes.js';
import { decide, type DecidedRun, type Decision } from '../stored/decide.js';
import type { DraftForms } from './draftForms.js';
import { openLoop } from './loops.js';
import {
  copyOf,
  linksOf,
  type AxisPool,
  nestOf,
  type Draft,
  type LoopDraft,
  type NestDraft,
  type Places,
} from './nests.js';
import { inPieces } from './pieces.js';
import type { Group } from './rows.js';
import type { Singles } from './singles.js';
import type { View, Views } from './views.js';

/** A node that must be in a buffer when the entry, or the round, has run. */
export interface Root {
  readonly node: Node;
  /** The parameter, slot or state that the node becomes; what a loop carries on, or its row of what a loop gives. */
  readonly to?: Buffer;
}

export interface FuseRequest {
  readonly roots: readonly Root[];
  /**
   * The buffer of a leaf, and the one to use for a stored node: the same for the same node in every entry. `within` names the run of the
   * loop in whose body the node stands.
   */
  readonly bufferOf: (node: Node, within?: string) => Buffer;
  /** The round of a loop that so many others stand around. */
  readonly roundOf: (depth: number, length: Dim) => Axis;
  /** The results of any entry that a value is, which a run of a loop carries: how it is kept is the same in all of them. */
  readonly carriedAs: (run: string, value: number) => CarriedAs;
  readonly phaseOf: (node: Node) => Provenance['phase'];
  readonly estimate: Estimate;
  readonly separateUpdates: Policy['separateUpdates'];
  /** What is f32 wherever it is read; absent where everything is. */
  readonly singles?: Singles;
  /** What is computed a second time: right before its first reader, and never in one loop with the first time. */
  readonly recomputed: ReadonlySet<Node>;
  /** Of the body of a loop: what its leaves are. */
  readonly leaves?: Leaves;
  /** The axes of all nests. */
  readonly axes: AxisPool;
  /** What entries have drafted so far. */
  readonly drafted: Map<Node, Drafted[]>;
  /** What nests they have in common but for their buffers. */
  readonly forms: DraftForms;
}

/** The nest of a stored node, with what it asked of other nodes: an entry that answers alike has the same nest. */
export interface Drafted {
  readonly draft: NestDraft;
  readonly to: Buffer;
  readonly host: boolean;
  readonly asked: ReadonlyMap<Node, Buffer | undefined>;
}

export interface CarriedAs {
  readonly stack?: ScanNode;
  readonly final?: ScanNode;
}

/** What the leaves of a loop's body stand for. */
export interface Leaves {
  /** Of a value that the loop carries. */
  readonly bufferOf: (leaf: Node) => Buffer | undefined;
  /** Of everything else. */
  readonly outside: (leaf: Node, reader: Node) => Element | undefined;
  /** What one is called where it is read; undefined where it has no name outside. */
  readonly nameOf: (leaf: Node) => string | undefined;
  /** What it is, as a formula. */
  readonly definitionOf: (leaf: Node) => string | undefined;
  /** What is computed where one is read, outermost first. */
  readonly fusedInto: (leaf: Node) => readonly Node[];
  /** Carried values that a round overwrites. */
  readonly overwritten: ReadonlySet<Buffer>;
}

/** One entry, or the body of a loop, on its way from nodes to nests. */
export interface Fusion {
  readonly request: FuseRequest;
  /** The buffer of a node that has one. */
  readonly where: (node: Node) => Buffer | undefined;
  /** One for each stored node at first; in an order in which they can run as soon as they are ordered. */
  readonly drafts: readonly Draft[];
  readonly ordered?: true;
  /** Buffers that are rows of others. */
  readonly views: Views;
  /** How the values of some nodes are written, whose formula is not what is read. */
  readonly texts: ReadonlyMap<Node, string>;
  /** Drafts that share a loop over rows. */
  readonly groups?: readonly Group[];
}

/** A nest for each node that must be stored, or is worth it. The buffers of roots without `to` are `bufferOf(root.node)`. */
export function draftNests(request: FuseRequest, decided?: Decision): Fusion {
  const { roots, bufferOf, estimate, singles, leaves } = request;
  const { order, stored, host, runs } =
    decided ??
    decide(
      roots.map((r) => r.node),
      estimate,
    );
  const homes = homesOf(request, order);
  const where = (node: Node): Buffer | undefined => {
    if (stored.has(node)) return homes.get(node) ?? bufferOf(node);
    if (node.op.kind !== 'leaf') return undefined;
    return leaves ? leaves.bufferOf(node) : bufferOf(node);
  };
  const places: Places = {
    axes: request.axes,
    bufferOf: where,
    ...(leaves && { outside: leaves.outside }),
    ...(singles && { isSingle: singles.isSingle }),
  };
  const views = new Map<Buffer, View>();
  const texts = new Map<Node, string>();
  const loopDrafts = (node: ScanNode): Draft[] => {
    const run = runs.get(runKey(node));
    return run?.results[0] === node ? draftLoop(run, request, places, { views, texts }) : [];
  };
  const drafts = order.flatMap((node): Draft[] => {
    if (isOp(node, scan)) return loopDrafts(node);
    if (!stored.has(node)) return [];
    return [draftOf(node, where(node) ?? bufferOf(node), places, host.has(node), request)];
  });
  const copies = roots.flatMap(({ node, to }) => {
    const home = homes.get(node) ?? (stored.has(node) ? bufferOf(node) : undefined);
    const from = where(node);
    const isThere = to ? home === to || from === to : home !== undefined || from === bufferOf(node);
    return isThere ? [] : [movedTo(node, to ?? bufferOf(node), places, leaves ? undefined : request.forms)];
  });
  return { request, where, drafts: [...drafts, ...copies], views, texts };
}

/** The nest of a stored node: where another entry reads the same of the same buffers, that one's. */
function draftOf(node: Node, to: Buffer, places: Places, host: boolean, request: FuseRequest): NestDraft {
  const { drafted, forms, leaves, phaseOf } = request;
  const known = leaves ? [] : (drafted.get(node) ?? []);
  const same = known.find(
    (d) => d.to === to && d.host === host && [...d.asked].every(([n, buffer]) => places.bufferOf(n) === buffer),
  );
  if (same) return same.draft;
  const asked = new Map<Node, Buffer | undefined>();
  const bufferOf = (n: Node): Buffer | undefined => {
    const buffer = places.bufferOf(n);
    asked.set(n, buffer);
    return buffer;
  };
  const signed = phaseOf(node) === 'forward';
  const inside: Places = { ...places, bufferOf };
  const make = (): NestDraft => inPieces(nestOf(node, to, inside, host), signed);
  const draft = leaves || host ? make() : forms.of(node, to, inside, signed, make);
  if (!leaves) drafted.set(node, [...known, { draft, to, host, asked }]);
  return draft;
}

/** What loops say of the graph around them. */
interface Said {
  readonly views: Map<Buffer, View>;
  readonly texts: Map<Node, string>;
}

/** The loop of one run, after what its values start from, and before those that are copied at its end. */
function draftLoop(run: DecidedRun, request: FuseRequest, places: Places, said: Said): Draft[] {
  const open = openLoop(run, request, places);
  for (const [buffer, view] of open.startViews) said.views.set(buffer, view);
  for (const [node, text] of open.texts) said.texts.set(node, text);
  const body = draftNests(open.request, run.body);
  const made = new Set(body.drafts.flatMap((draft) => [...linksOf(draft).writes]));
  const read = body.drafts.flatMap((draft) => [...linksOf(draft).reads]);
  const loop: LoopDraft = {
    kind: 'loop',
    axis: open.axis,
    nodes: run.results,
    body: { ...body, views: new Map([...body.views, ...open.views]) },
    links: {
      reads: new Set([
        ...read.filter((buffer) => !made.has(buffer) && !open.inside.has(buffer)),
        ...open.startViews.keys(),
      ]),
      writes: open.writes,
    },
  };
  return [...open.starts.map(({ node, to }) => movedTo(node, to, places)), loop, ...open.copies];
}

/** The nest that puts what is a node's, wherever it is computed, into another place. */
function movedTo(node: Node, to: Buffer, places: Places, forms?: DraftForms): NestDraft {
  const from = places.bufferOf(node);
  if (!from) return nestOf(node, to, places, false);
  const make = (): NestDraft => copyOf(node, to, from, places);
  return forms ? forms.copy(node, to, from, make) : make();
}

const persistent: ReadonlySet<Buffer['space']> = new Set(['parameter', 'state', 'slot']);

/** Is what a buffer holds overwritten: by the new value of what lives across steps, or across the rounds of a loop? */
export function inPlaceOf({ leaves }: FuseRequest): (buffer: Buffer) => boolean {
  return (buffer) => persistent.has(buffer.space) || leaves?.overwritten.has(buffer) === true;
}

/** Where roots are computed: in their place, unless the node is a leaf or has a second home. */
function homesOf(request: FuseRequest, order: readonly Node[]): Map<Node, Buffer> {
  const { roots } = request;
  const inPlace = inPlaceOf(request);
  const homes = new Map<Node, Buffer>();
  // Where another node reads what one becomes, that must not be where the old value was.
  const read = new NodeTable<true>(order);
  for (const { inputs } of order) for (const input of inputs) read.set(input, true);
  const times = new Map<Node, number>();
  for (const { node } of roots) times.set(node, (times.get(node) ?? 0) + 1);
  for (const { node, to } of roots) {
    if (!to || node.op.kind !== 'element' || homes.has(node)) continue;
    if (!inPlace(to) || (times.get(node) === 1 && !read.get(node))) homes.set(node, to);
  }
  return homes;
}
