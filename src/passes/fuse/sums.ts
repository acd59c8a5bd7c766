// Sums over all rows of a loop whose rows are little work, put into that loop.
import { constantOf, type Axis, type Index } from '../../ir/index.js';
import { writtenLike } from '../../ir/nest/forms.js';
import { rowStride } from '../../ir/nest/rowStride.js';
import { foldsOf } from '../../ir/nest/traverse.js';
import type { Nest } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { Merging, type Links } from './merging.js';
import { linksOf, type NestDraft } from './nests.js';
import { alone, joinRows, sortedGroups, sortGroups, type Group, type Joining, type RowGroup } from './rows.js';
import { canTotal, isTotal, mayBeTotal } from './totals.js';

/** Small folds over all rows of a loop whose rows are little work join it; what shared a loop with one of them stays behind. */
export function joinTotals(groups: readonly Group[], joining: Joining): Group[] {
  const candidates = groups.flatMap((g) => (g.kind === 'rows' ? g.members.filter(mayBeTotal) : []));
  if (candidates.length === 0 || !groups.some(hasShortRows)) return sortGroups(groups, joining.inPlace);
  const homes = new Homes(groups, joining);
  for (const total of candidates) {
    const home = homes.of(total);
    if (!home || home.totals.length > 0) continue;
    for (const into of homes.makersOf(total))
      if (into !== home && takesTotal(into, total, joining) && homes.move(total, home, into)) break;
  }
  return sortGroups(homes.list(), joining.inPlace);
}

/** The groups, and where each draft stands, while totals go from one to another. */
class Homes {
  /** Where each group stood at first: what it has become, or what is left of it. */
  private readonly slots: Group[][];
  private readonly slotOf: Map<Group, number>;
  private readonly homes: Map<NestDraft, RowGroup>;
  private readonly writers = new Map<Buffer, NestDraft>();
  private readonly order: Merging<Group>;

  constructor(
    groups: readonly Group[],
    private readonly joining: Joining,
  ) {
    this.slots = groups.map((group) => [group]);
    this.slotOf = new Map(groups.map((group, slot) => [group, slot]));
    const rows = groups.filter((g) => g.kind === 'rows');
    this.homes = new Map(rows.flatMap((g) => g.members.map((m) => [m, g])));
    for (const draft of this.homes.keys()) for (const to of linksOf(draft).writes) this.writers.set(to, draft);
    this.order = new Merging(groups, groups, linksOfGroup, joining.inPlace);
  }

  of(member: NestDraft): RowGroup | undefined {
    return this.homes.get(member);
  }

  /** The groups that make what the draft reads, in their order. */
  makersOf(draft: NestDraft): RowGroup[] {
    const found = new Set<RowGroup>();
    for (const from of linksOf(draft).reads) {
      const writer = this.writers.get(from);
      const home = writer && this.homes.get(writer);
      if (home) found.add(home);
    }
    return [...found].sort((a, b) => this.slot(a) - this.slot(b) || this.within(a) - this.within(b));
  }

  list(): Group[] {
    return this.slots.flat();
  }

  /** Makes a member of one group a total of another, unless groups would then wait for one another. */
  move(total: NestDraft, home: RowGroup, into: RowGroup): boolean {
    const behind = home.members.filter((m) => m !== total);
    const rest = behind.length > 0 ? joinRows(behind, this.joining) : [];
    const apart = rest.length > 0 ? alone(total) : home;
    const parts = rest.length > 0 ? sortedGroups([...rest, apart], this.joining.inPlace) : [home];
    if (!parts) return false;
    this.order.replace([home], parts);
    if (!this.order.canMerge(into, apart)) {
      this.order.replace(parts, [home]);
      return false;
    }
    const merged: RowGroup = { ...into, totals: [...into.totals, total] };
    this.order.merge(into, apart, merged);
    this.put(home, rest);
    this.put(into, [merged]);
    this.homes.delete(total);
    return true;
  }

  private put(old: RowGroup, by: readonly Group[]): void {
    const slot = this.slot(old);
    this.slots[slot].splice(this.within(old), 1, ...by);
    for (const group of by) {
      this.slotOf.set(group, slot);
      if (group.kind === 'rows') for (const member of group.members) this.homes.set(member, group);
    }
  }

  private slot(group: Group): number {
    return this.slotOf.get(group) ?? -1;
  }

  private within(group: Group): number {
    return this.slots[this.slot(group)].indexOf(group);
  }
}

const linksOfRows = new WeakMap<RowGroup, Links>();

function linksOfGroup(group: Group): Links {
  if (group.kind === 'loop') return group.links;
  let known = linksOfRows.get(group);
  if (!known) {
    const all = [...group.members, ...group.totals].map(linksOf);
    const reads = new Set(all.flatMap((links) => [...links.reads]));
    linksOfRows.set(group, (known = { reads, writes: new Set(all.flatMap((links) => [...links.writes])) }));
  }
  return known;
}

function takesTotal({ row, members, totals }: RowGroup, total: NestDraft, { inPlace, mayShare }: Joining): boolean {
  if (!mayShare(members[0], total) || !isTotal(total, row)) return false;
  const { made, reads, short } = rowsKnown(members);
  // The old value of what lives across steps is there until the end.
  const readInRow = total.nest.stores.some(({ to }) => !inPlace(to) && reads.has(to));
  return short && !readInRow && canTotal(total, row, made, totals, inPlace);
}

interface RowsKnown {
  /** What the rows store, with the stride from row to row. */
  readonly made: ReadonlyMap<Buffer, Index>;
  readonly reads: ReadonlySet<Buffer>;
  /** Is every row little work? */
  readonly short: boolean;
}

const known = new WeakMap<readonly NestDraft[], RowsKnown>();

function rowsKnown(members: readonly NestDraft[]): RowsKnown {
  let found = known.get(members);
  if (!found) {
    const made = new Map<Buffer, Index>();
    for (const { nest } of members)
      for (const store of nest.stores) {
        const stride = rowStride(store, nest.axes[0]);
        if (stride) made.set(store.to, stride);
      }
    const reads = new Set(members.flatMap((m) => [...linksOf(m).reads]));
    known.set(members, (found = { made, reads, short: members.every((m) => isShortRow(m.nest)) }));
  }
  return found;
}

/** May rows of the group take totals in? */
function hasShortRows(group: Group): boolean {
  if (group.kind === 'loop' || constantOf(group.row.extent) !== undefined) return false;
  return group.members.every(({ nest }) => isShortRow(writtenLike(nest)));
}

/** A row of so few elements, each a fold of so few terms, that lanes could not be filled. */
const shortRow = 8;

function isShortRow({ axes, stores }: Nest): boolean {
  const count = (of: readonly Axis[]): number => of.reduce((n, a) => n * (constantOf(a.extent) ?? Infinity), 1);
  return (
    count(axes.slice(1)) <= shortRow && stores.every((s) => foldsOf(s.value).every((f) => count(f.over) <= shortRow))
  );
}
