// Rows join: nests that read one another only within a row of their first axis become one loop over rows.
import { isMatrixProduct } from '../../ir/nest/contraction.js';
import { axesOf, axis, coefficient, constantOf, type Axis, type Index } from '../../ir/index.js';
import type { Nest, Provenance } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { scatterOf } from '../../ir/nest/scatter.js';
import { type Estimate, iterationsOf } from '../../ir/nest/sizes.js';
import { sortedDrafts } from './order.js';
import { Merging, type Links } from './merging.js';
import { draftOfAll, isNest, linksOf, type Draft, type LoopDraft, type NestDraft } from './nests.js';
import { loadsOf } from '../../ir/loads.js';
import { foldsOf } from '../../ir/nest/traverse.js';
import { formOf, ownBuffer, targetsOf, writtenLike } from '../../ir/nest/forms.js';
import { rowStride } from '../../ir/nest/rowStride.js';
import { type Singles } from './singles.js';

/** A contraction whose work per row is below this many multiply-adds joins a row loop all the same: it becomes straight-line code. */
const tinyRow = 256;

/** Nests that share a loop over rows, or a loop of the graph. */
export type Group = RowGroup | LoopDraft;

export interface RowGroup {
  readonly kind: 'rows';
  readonly row: Axis;
  readonly members: readonly NestDraft[];
  /** Added up while the rows pass. */
  readonly totals: readonly NestDraft[];
}

/** A group while it grows, with what its members read and write. */
interface GrowingGroup extends RowGroup {
  readonly members: NestDraft[];
  /** Of one member, its own; of several, sets that grow. */
  reads: ReadonlySet<Buffer>;
  writes: ReadonlySet<Buffer>;
  grown?: { readonly reads: Set<Buffer>; readonly writes: Set<Buffer> };
  /** Where in each buffer its rows store. */
  readonly stores: Map<Buffer, { readonly at: Index; readonly row: Axis }>;
}

export interface Joining {
  readonly estimate: Estimate;
  /** Read from outside: such buffers keep their stores. */
  readonly needed: (buffer: Buffer) => boolean;
  readonly inPlace: (buffer: Buffer) => boolean;
  /** Which drafts may stand in one loop at all. */
  readonly mayShare: (a: NestDraft, b: NestDraft) => boolean;
  /** Makes a group's provenance. */
  readonly describe: (drafts: readonly NestDraft[]) => Provenance;
  /** What is f32 also where a row holds it for itself, maybe in a let. */
  readonly singles?: Singles;
}

/** Groups drafts that are in order; groups are in an order that respects dependences. */
export function joinRows(drafts: readonly Draft[], joining: Joining): Group[] {
  const { estimate, inPlace, mayShare } = joining;
  const groups = new Map(
    drafts.filter(isNest).map((draft) => [draft, groupOf(draft, mayStartRows(draft, estimate))] as const),
  );
  const all = drafts.flatMap((draft): (GrowingGroup | LoopDraft)[] => {
    const group = draft.kind === 'loop' ? draft : groups.get(draft);
    return group ? [group] : [];
  });
  const linksOfGroup = (group: GrowingGroup | LoopDraft): Links => (group.kind === 'loop' ? group.links : group);
  const order = new Merging<GrowingGroup | LoopDraft>(all, all, linksOfGroup, inPlace);
  const placeOf = new Map(all.map((g, place) => [g, place]));
  for (const [draft, own] of groups) {
    const [row] = draft.nest.axes;
    if (own.row !== row) continue;
    const makers = order
      .makersOf(own)
      .filter((g) => g.kind === 'rows')
      .sort((a, b) => (placeOf.get(b) ?? 0) - (placeOf.get(a) ?? 0));
    const into = makers.find(
      (g) => mayShare(g.members[0], draft) && canJoin(g, draft, row, inPlace) && order.canMerge(g, own),
    );
    if (!into) continue;
    order.merge(into, own, grow(into, own));
    placeOf.delete(own);
  }
  return sortGroups([...placeOf.keys()], inPlace);
}

/** A draft that shares its loop with none. */
export function alone(draft: Draft): Group {
  return draft.kind === 'loop' ? draft : groupOf(draft, false);
}

const starting = new WeakMap<Nest, boolean>();

/** Can the draft be one of a loop's parts, with its first axis as the row? Asked once for all nests of its form. */
function mayStartRows(draft: NestDraft, estimate: Estimate): boolean {
  if (draft.host) return false;
  const nest = writtenLike(draft.nest);
  const known = starting.get(nest) ?? startsRows(nest, estimate);
  starting.set(nest, known);
  return known;
}

function startsRows(nest: Nest, estimate: Estimate): boolean {
  return (
    nest.axes.length > 0 &&
    !nest.ordered &&
    !scatterOf(nest) &&
    firstAxisIsRow(nest) &&
    !walksColumns(nest) &&
    (!isMatrixProduct(nest) || isTinyRow(nest, estimate))
  );
}

/** Of a group that is no loop over rows. */
const noRow = axis('none', 1);

function groupOf(draft: NestDraft, eligible: boolean): GrowingGroup {
  const [row] = draft.nest.axes;
  const { reads, writes } = linksOf(draft);
  const targets = targetsOf(draft.nest);
  const stores = new Map(writtenLike(draft.nest).stores.map(({ at }, i) => [targets[i], { at, row }]));
  return { kind: 'rows', members: [draft], totals: [], reads, writes, stores, row: eligible ? row : noRow };
}

function grow(group: GrowingGroup, by: GrowingGroup): GrowingGroup {
  group.members.push(...by.members);
  const { reads, writes } = (group.grown ??= { reads: new Set(group.reads), writes: new Set(group.writes) });
  for (const buffer of by.reads) reads.add(buffer);
  for (const buffer of by.writes) writes.add(buffer);
  group.reads = reads;
  group.writes = writes;
  for (const [buffer, made] of by.stores) group.stores.set(buffer, made);
  return group;
}

/** A fold down the columns of a matrix, such as a sum over the batch: all columns side by side are faster than one after another. */
function walksColumns({ axes, stores }: Nest): boolean {
  const [column, ...others] = axes;
  if (others.length > 0) return false;
  return stores.some((store) =>
    foldsOf(store.value).some((f) =>
      loadsOf(f.body).some(({ at }) => {
        const stride = coefficient(at, column);
        return (
          stride && constantOf(stride) === 1 && f.over.some((a) => axesOf(at).has(a) && constantOf(a.extent) !== 1)
        );
      }),
    ),
  );
}

/** The first axis strides over whole rows in every store. */
function firstAxisIsRow(nest: Nest): boolean {
  return nest.stores.every((store) => rowStride(store, nest.axes[0]) !== undefined);
}

/** Does the draft read what the group makes, and only within the row? */
function canJoin(group: GrowingGroup, draft: NestDraft, row: Axis, inPlace: (buffer: Buffer) => boolean): boolean {
  if (group.row.extent.key !== row.extent.key) return false;
  const formed = formOf(draft.nest);
  const own = formed && ownBuffer(formed);
  for (const store of writtenLike(draft.nest).stores)
    for (const { from: of, at } of loadsOf(store.value)) {
      const from = own?.(of) ?? of;
      const made = group.stores.get(from);
      if (!made) continue;
      if (inPlace(from)) return false;
      const stride = rowStride(made, made.row);
      if (!stride || rowStride({ at }, row)?.key !== stride.key) return false;
    }
  // What a member reads must not be overwritten by this draft, nor the other way round, except within the row: keep it simple.
  return !targetsOf(draft.nest).some((to) => inPlace(to) && group.reads.has(to));
}

/** The groups in an order that respects every dependence. */
export function sortGroups(groups: readonly Group[], inPlace: (buffer: Buffer) => boolean): Group[] {
  const sorted = sortedGroups(groups, inPlace);
  if (!sorted) throw new Error('row groups wait for one another');
  return sorted;
}

/** The same; undefined where they wait for one another. Dependences between groups are those between drafts that hold all the stores of a group. */
export function sortedGroups(groups: readonly Group[], inPlace: (buffer: Buffer) => boolean): Group[] | undefined {
  const byDraft = new Map<Draft, Group>();
  const whole = groups.map((g): Draft => {
    if (g.kind === 'loop') return g;
    const all = [...g.members, ...g.totals];
    const draft = all.length === 1 ? all[0] : draftOfAll(all);
    byDraft.set(draft, g);
    return draft;
  });
  return sortedDrafts(whole, inPlace)
    ?.map((d) => (d.kind === 'loop' ? d : byDraft.get(d)))
    .filter((g) => g !== undefined);
}

function isTinyRow(nest: Nest, estimate: Estimate): boolean {
  const [, ...rest] = nest.axes;
  if (rest.some((a) => constantOf(a.extent) === undefined)) return false;
  const columns = iterationsOf(rest, estimate);
  return nest.stores.every((store) =>
    foldsOf(store.value).every(
      (f) =>
        f.over.every((a) => constantOf(a.extent) !== undefined) && iterationsOf(f.over, estimate) * columns <= tinyRow,
    ),
  );
}
