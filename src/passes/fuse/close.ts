// From groups of drafts to nests: a loop over rows with what each row holds for itself, and what the nest computes in words.
import { add, axis, mul, toIndex, type Axis, type Index } from '../../ir/index.js';
import { beginFormOfRows, formOf, relabelled, rowsLike, targetsOf, type Form } from '../../ir/nest/forms.js';
import { rowStride } from '../../ir/nest/rowStride.js';
import { single } from '../../ir/nest/single.js';
import type { AnyNest, Nest, Provenance, Rows } from '../../ir/program.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../../ir/rewrite.js';
import { load, type Buffer, type Scalar } from '../../ir/scalar.js';
import { linksOf, type Draft, type LoopDraft, type NestDraft } from './nests.js';
import { storedIn } from './provenance.js';
import type { Group, Joining, RowGroup } from './rows.js';
import type { Singles } from './singles.js';
import { overRow } from './totals.js';

/** What a group has become. */
type Closed = { readonly kind: 'nest'; readonly nest: AnyNest; readonly host: boolean } | LoopDraft;

/** The nests of groups, each with what it computes in words; loops as they are. */
export function close(
  drafts: readonly Draft[],
  groups: readonly Group[],
  { needed, describe, singles }: Joining,
): Closed[] {
  const readers = new Map<Buffer, Set<Draft>>();
  for (const draft of drafts)
    for (const from of linksOf(draft).reads) readers.set(from, (readers.get(from) ?? new Set()).add(draft));
  return groups.map((group) => {
    if (group.kind === 'loop') return group;
    const { members, totals } = group;
    const own = new Set<Draft>([...members, ...totals]);
    const local =
      own.size === 1
        ? []
        : members
            .flatMap((d) => targetsOf(d.nest))
            .filter((b) => !needed(b) && [...(readers.get(b) ?? [])].every((d) => own.has(d)));
    const nest = closedOnce(group, local, () => {
      const provenance = describe([...members, ...totals]);
      if (own.size === 1) return relabelled(members[0].nest, { provenance });
      return rowsOfForm(group, new Set(local), provenance, singles);
    });
    return { kind: 'nest', nest, host: own.size === 1 && members[0].host };
  });
}

interface ClosedGroup {
  readonly group: RowGroup;
  readonly local: readonly Buffer[];
  readonly nest: AnyNest;
}

const closed = new WeakMap<NestDraft, ClosedGroup[]>();

/** The nest of a group: entries that have its drafts in common, and keep as much of what they make for a row, have the nest in common. */
function closedOnce(group: RowGroup, local: readonly Buffer[], make: () => AnyNest): AnyNest {
  const [first] = group.members;
  const known = closed.get(first) ?? [];
  closed.set(first, known);
  const before = known.find(
    (other) =>
      other.group.row === group.row &&
      isSame(other.group.members, group.members) &&
      isSame(other.group.totals, group.totals) &&
      isSame(other.local, local),
  );
  if (before) return before.nest;
  const nest = make();
  known.push({ group, local, nest });
  return nest;
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function roundedLocals(draft: NestDraft, local: ReadonlySet<Buffer>, singles: Singles | undefined): NestDraft {
  if (!singles || !draft.nodes.some((n) => singles.has(n))) return draft;
  const stores = draft.nest.stores.map((store, i) =>
    local.has(store.to) && singles.has(draft.nodes[i]) ? { ...store, value: single(store.value, true) } : store,
  );
  return { ...draft, nest: { ...draft.nest, stores } };
}

interface RowsForm {
  readonly form: Form<Rows>;
  /** Of the local buffers among those of its members, each one's row. */
  readonly lengths: ReadonlyMap<number, Index>;
}

/** Loops by their members' forms. Weak, since a form goes with the compilation that made it. */
const rowsForms = new WeakMap<Form<Nest>, Map<string, RowsForm>>();

/** The joined loop: of members of the same forms, which keep as much for a row, one is written. */
function rowsOfForm(
  group: RowGroup,
  local: ReadonlySet<Buffer>,
  provenance: Provenance,
  singles: Singles | undefined,
): Rows {
  const { members, totals, row } = group;
  const make = (): Rows =>
    rowsOf({ ...group, members: members.map((draft) => roundedLocals(draft, local, singles)) }, local, provenance);
  const formed = members.flatMap(({ nest }) => formOf(nest) ?? []);
  if (formed.length < members.length || totals.length > 0) return make();
  const buffers = new Map<Buffer, number>();
  let key = `${row.id}`;
  members.forEach(({ nodes }, i) => {
    key += `;${formed[i].form.id}`;
    for (const buffer of formed[i].buffers) {
      const at = buffers.get(buffer) ?? buffers.size;
      key += ` ${at}${local.has(buffer) ? 'l' : ''}`;
      buffers.set(buffer, at);
    }
    if (singles) key += nodes.map((node) => (singles.has(node) ? 's' : '-')).join('');
  });
  const known = rowsForms.get(formed[0].form) ?? new Map<string, RowsForm>();
  rowsForms.set(formed[0].form, known);
  const like = known.get(key);
  const placed = (lengths: ReadonlyMap<number, Index>): Buffer[] =>
    [...buffers].map(([buffer, at]) => {
      const length = lengths.get(at);
      return length ? rowOf(buffer, length) : buffer;
    });
  const { name } = members[members.length - 1].nest;
  if (like) {
    const own = placed(like.lengths);
    const rowsByWhole = new Map([...buffers].map(([buffer, at]) => [buffer, own[at]]));
    return rowsLike(like.form, own, { name, provenance: storedIn(provenance, (buffer) => rowsByWhole.get(buffer)) });
  }
  const made = make();
  const lengths = new Map<number, Index>();
  for (const [buffer, at] of buffers) {
    const own = rowBuffers.get(buffer);
    if (own && made.rowLocal.includes(own)) lengths.set(at, own.length);
  }
  known.set(key, { form: beginFormOfRows(made, placed(lengths)), lengths });
  return made;
}

/** The joined loop: every part without its row axis, row-local buffers one row long. */
function rowsOf({ row, members, totals }: RowGroup, local: ReadonlySet<Buffer>, provenance: Provenance): Rows {
  const shrunk = new Map<Buffer, Buffer>();
  const strides = new Map<Buffer, Index>();
  for (const { nest } of members)
    for (const store of nest.stores) {
      const stride = rowStride(store, nest.axes[0]);
      if (!stride || !local.has(store.to)) continue;
      strides.set(store.to, stride);
      shrunk.set(store.to, rowOf(store.to, stride));
    }
  const place = (to: Buffer, at: Index): { to: Buffer; at: Index } => {
    const small = shrunk.get(to);
    const stride = strides.get(to);
    return small && stride ? { to: small, at: add(at, mul(mul(stride, toIndex(row)), -1)) } : { to, at };
  };
  const taken = new Set<Axis>();
  const parts = members.map(({ nest }): Nest => {
    const [first, ...inner] = nest.axes;
    // Each part has axes of its own: what is made of one is not there in the loops of another.
    const axes = inner.map((each) => (taken.has(each) ? axis(each.name, each.extent) : each));
    for (const each of inner) taken.add(each);
    const become = new Map<unknown, Index>([[first, toIndex(row)]]);
    axes.forEach((each, i) => {
      if (each !== inner[i]) become.set(inner[i], toIndex(each));
    });
    const atom: Rewrite['atom'] = (part) => become.get(part);
    return {
      ...nest,
      axes,
      stores: nest.stores.map((store) => ({
        ...place(store.to, rewriteIndex(store.at, { atom })),
        value: shrinkLoads(rewriteScalar(store.value, { atom }), place),
      })),
    };
  });
  const sums = totals.map(({ nest }): Nest => {
    const own = overRow(nest, row);
    return { ...own, stores: own.stores.map((store) => ({ ...store, value: shrinkLoads(store.value, place) })) };
  });
  return {
    kind: 'rows',
    name: members[members.length - 1].nest.name,
    row,
    parts,
    ...(sums.length > 0 && { totals: sums }),
    rowLocal: [...shrunk.values()],
    provenance: storedIn(provenance, (buffer) => shrunk.get(buffer)),
  };
}

const rowBuffers = new WeakMap<Buffer, Buffer>();

/** The one-row form of a buffer: the same object in every entry, so that kernels compare equal. */
function rowOf(whole: Buffer, length: Index): Buffer {
  let known = rowBuffers.get(whole);
  if (!known) rowBuffers.set(whole, (known = { ...inFull(whole), length }));
  return known;
}

/** What no other kernel reads is no half. */
function inFull({ scaled: _, ...buffer }: Buffer): Buffer {
  return buffer.dtype === 'f16' ? { ...buffer, dtype: 'f32' } : { ...buffer };
}

function shrinkLoads(value: Scalar, place: (to: Buffer, at: Index) => { to: Buffer; at: Index }): Scalar {
  return rewriteScalar(value, {
    scalar: (v) => {
      if (v.kind !== 'load') return undefined;
      const { to, at } = place(v.from, v.at);
      return to === v.from ? undefined : load(to, at);
    },
  });
}
