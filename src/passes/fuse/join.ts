// Pointwise joins: a nest that only reads another's result at its own coordinate becomes one more store of it.
import type { Axis } from '../../ir/index.js';
import { toIndex } from '../../ir/index.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../../ir/rewrite.js';
import { apply, type Buffer, type Scalar } from '../../ir/scalar.js';
import type { Node } from '../../ir/graph.js';
import type { Nest, Store } from '../../ir/program.js';
import { scatterOf } from '../../ir/nest/scatter.js';
import { Merging } from './merging.js';
import { isNest, linksOf, type Draft, type NestDraft } from './nests.js';
import { loadsOf } from '../../ir/loads.js';
import { elementsOf } from '../../ir/walk.js';
import { sortedDrafts } from './order.js';
import { withoutZeros } from './pieces.js';
import { type Singles } from './singles.js';
import { beginForm, formOf, nestLike, targetsOf, writtenLike, type Form } from '../../ir/nest/forms.js';
import { single } from '../../ir/nest/single.js';

/**
 * Joins drafts where it can. Reading a persistent buffer (`inPlace`) sees the last step's value, so it makes no producer–consumer edge.
 * `mayJoin` says which pairs are allowed (a readable target keeps updates apart from gradients); `needed` says which buffers are read
 * from outside and keep their stores.
 * What is among `singles` reads the stored value, rounded, of what it is made from.
 */
export function joinPointwise(
  drafts: readonly Draft[],
  mayJoin: (into: NestDraft, draft: NestDraft) => boolean,
  needed: (buffer: Buffer) => boolean,
  inPlace: (buffer: Buffer) => boolean,
  singles?: Singles,
): Draft[] {
  const order = new Merging(drafts, sortedDrafts(drafts, inPlace), linksOf, inPlace);
  // Where each draft stands in the list; what two became stands where the one stood that was joined.
  const places = new Map(drafts.map((draft, at) => [draft, at]));
  const placeOf = (draft: Draft): number => places.get(draft) ?? -1;
  for (const draft of drafts.filter(isNest)) {
    // What two became may join a third one: m, v and w of Adam.
    for (let open: NestDraft | undefined = draft; open;) {
      const joining: NestDraft = open;
      open = undefined;
      if (
        !places.has(joining) ||
        joining.host ||
        joining.nest.ordered ||
        writtenLike(joining.nest).stores.some((s) => s.value.folds)
      )
        break;
      // The latest one: the others' results are then there already.
      const targets = order
        .makersOf(joining)
        .filter(isNest)
        .sort((a, b) => placeOf(b) - placeOf(a));
      const into = targets.find((d) => canJoin(d, joining, mayJoin) && order.canMerge(d, joining));
      if (!into) break;
      const merged = once(joined, into, joining, () => mergedLike(into, joining, inPlace, singles));
      order.merge(into, joining, merged);
      places.set(merged, placeOf(into));
      places.delete(into);
      places.delete(joining);
      open = merged;
    }
  }
  const left = [...places.keys()].sort((a, b) => placeOf(a) - placeOf(b));
  return dropUnread(left, needed, singles);
}

function canJoin(into: NestDraft, draft: NestDraft, mayJoin: (into: NestDraft, draft: NestDraft) => boolean): boolean {
  return fitLike(into, draft) && mayJoin(into, draft);
}

/** Drafts of two forms fit or not whichever they are, where they have the same buffers in common. */
function fitLike(into: NestDraft, draft: NestDraft): boolean {
  if (into.host) return false;
  const pair = pairOf(into, draft);
  if (!pair) return once(fitting, into, draft, () => fits(into, draft));
  const { forms, key } = pair;
  const fit = forms.fits.get(key) ?? fits(into, draft);
  forms.fits.set(key, fit);
  return fit;
}

/** What was found of a form as that into which others are joined, by their form and the buffers that they have in common with it. */
interface JoinedForms {
  readonly fits: Map<string, boolean>;
  /** By what else the result depends on too. Undefined where it has no form. */
  readonly merged: Map<string, Form<Nest> | undefined>;
}

const joinedForms = new WeakMap<Form<Nest>, JoinedForms>();

interface Pair {
  readonly forms: JoinedForms;
  readonly key: string;
  /** Those of the first draft, then further ones of the second. */
  readonly buffers: readonly Buffer[];
}

/** Undefined where one of them has no form, or they run on the host. */
function pairOf(into: NestDraft, draft: NestDraft): Pair | undefined {
  const [first, second] = [formOf(into.nest), formOf(draft.nest)];
  if (!first || !second || into.host || draft.host) return undefined;
  const forms = joinedForms.get(first.form) ?? { fits: new Map(), merged: new Map() };
  joinedForms.set(first.form, forms);
  const buffers = [...first.buffers];
  let key = `${second.form.id}`;
  for (const buffer of second.buffers) {
    const at = first.buffers.indexOf(buffer);
    key += ` ${at}`;
    if (at < 0) buffers.push(buffer);
  }
  return { forms, key, buffers };
}

/** What the two become: of the form of what others of their forms have become. */
function mergedLike(
  into: NestDraft,
  draft: NestDraft,
  inPlace: (buffer: Buffer) => boolean,
  singles: Singles | undefined,
): NestDraft {
  const pair = pairOf(into, draft);
  if (!pair) return merge(into, draft, inPlace, singles);
  const { forms, buffers } = pair;
  const of = (node: Node): string => `${singles?.has(node) ? 's' : ''}${node.role.kind === 'forward' ? 'f' : ''}`;
  const key = `${pair.key} ${[...into.nodes, ...draft.nodes].map(of).join()}`;
  const form = forms.merged.get(key);
  if (form)
    return {
      kind: 'nest',
      nest: nestLike(form, buffers, into.nest),
      nodes: [...into.nodes, ...draft.nodes],
      host: false,
    };
  const merged = merge(into, draft, inPlace, singles);
  if (!forms.merged.has(key)) forms.merged.set(key, beginForm(merged.nest, buffers));
  return merged;
}

function fits(into: NestDraft, draft: NestDraft): boolean {
  return (
    !into.nest.ordered &&
    !scatterOf(writtenLike(into.nest)) &&
    ![into, draft].some(putsRows) &&
    sameAxes(into.nest.axes, draft.nest.axes) &&
    readsPointwise(draft, into) &&
    tallestOf(into) + tallestOf(draft) <= tallest
  );
}

/** Does an index say where it stores? What it stores is whole before, since several may say the same. */
function putsRows({ nest }: NestDraft): boolean {
  return writtenLike(nest).stores.some(({ at }) => elementsOf(at).length > 0);
}

/** What is found of two drafts, the first by the second: entries that compute the same have their drafts in common, and what comes of them. */
type Pairs<T> = WeakMap<NestDraft, WeakMap<NestDraft, T>>;

const fitting: Pairs<boolean> = new WeakMap();
const joined: Pairs<NestDraft> = new WeakMap();

function once<T>(pairs: Pairs<T>, into: NestDraft, draft: NestDraft, find: () => T): T {
  const byDraft = pairs.get(into) ?? new WeakMap<NestDraft, T>();
  pairs.set(into, byDraft);
  const known = byDraft.get(draft);
  if (known !== undefined) return known;
  const found = find();
  byDraft.set(draft, found);
  return found;
}

/** Values that joined into taller ones would exhaust the stack, after thousands of operations in a row. */
const tallest = 300;

function tallestOf({ nest }: NestDraft): number {
  return Math.max(...writtenLike(nest).stores.map(({ value }) => value.height));
}

function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((x, i) => x.extent.key === b[i].extent.key);
}

function readsPointwise(draft: NestDraft, into: NestDraft): boolean {
  const atom = renaming(draft.nest.axes, into.nest.axes);
  const own = new Map<Buffer, Set<string>>();
  for (const { to, at } of into.nest.stores) own.set(to, (own.get(to) ?? new Set()).add(at.key));
  return draft.nest.stores.every((store) =>
    loadsOf(store.value).every(({ from, at }) => {
      const stored = own.get(from);
      return stored === undefined || stored.has((atom ? rewriteIndex(at, { atom }) : at).key);
    }),
  );
}

/** Undefined where they are the same axes. */
function renaming(from: readonly Axis[], to: readonly Axis[]): Rewrite['atom'] {
  if (from.every((axis, i) => axis === to[i])) return undefined;
  return (part) => {
    const position = from.indexOf(part as Axis);
    return position < 0 ? undefined : toIndex(to[position]);
  };
}

/** The draft's stores over the other's axes, its loads of the other's results replaced by the values themselves. */
function merge(into: NestDraft, draft: NestDraft, inPlace: (buffer: Buffer) => boolean, singles?: Singles): NestDraft {
  const atom = renaming(draft.nest.axes, into.nest.axes);
  const values = new Map<Buffer, Map<string, Made>>();
  into.nest.stores.forEach(({ to, at, value }, i) => {
    if (inPlace(to)) return;
    const rounded = singles ? single(value, false) : value;
    const made = { plain: singles?.has(into.nodes[i]) ? rounded : value, rounded };
    values.set(to, (values.get(to) ?? new Map<string, Made>()).set(at.key, made));
  });
  const zeros = into.nest.stores.some(({ value }) => value.kind === 'number' && value.value === 0);
  const stores = draft.nest.stores.map((store, i): Store => {
    const value = putIn(store.value, atom, values, singles?.has(draft.nodes[i]) ? 'rounded' : 'plain');
    // A piece of what was padded is nothing but 0.
    const short = zeros && draft.nodes[i].role.kind !== 'forward' ? withoutZeros(value) : value;
    return { to: store.to, at: atom ? rewriteIndex(store.at, { atom }) : store.at, value: short };
  });
  return {
    kind: 'nest',
    nest: { ...into.nest, stores: [...into.nest.stores, ...stores] },
    nodes: [...into.nodes, ...draft.nodes],
    host: false,
  };
}

/** What is put instead of a load. */
interface Made {
  readonly plain: Scalar;
  /** For what is f32: it is made from the value as other readers load it. */
  readonly rounded: Scalar;
}

/** The value over other axes, with what was made instead of its loads. */
function putIn(
  value: Scalar,
  atom: Rewrite['atom'],
  values: ReadonlyMap<Buffer, ReadonlyMap<string, Made>>,
  which: keyof Made,
): Scalar {
  const rewrite: Rewrite = {
    ...(atom && { atom }),
    scalar: (v) => {
      if (v.kind === 'load') {
        const made = values.get(v.from);
        return made?.get((atom ? rewriteIndex(v.at, { atom }) : v.at).key)?.[which];
      }
      if (which === 'rounded' || v.kind !== 'apply' || v.op !== 'single') return undefined;
      return apply('single', putIn(v.args[0], atom, values, 'rounded'));
    },
  };
  return rewriteScalar(value, rewrite);
}

/** A store whose buffer nobody reads any more goes, and with it the rounding of what it stored. */
function dropUnread(list: readonly Draft[], needed: (buffer: Buffer) => boolean, singles?: Singles): Draft[] {
  const read = new Set<Buffer>();
  for (const draft of list) for (const from of linksOf(draft).reads) read.add(from);
  return list.map((draft) => {
    if (draft.kind === 'loop') return draft;
    const kept = targetsOf(draft.nest).map((to) => read.has(to) || needed(to));
    return kept.every(Boolean) || !kept.some(Boolean) ? draft : withStores(draft, kept, singles);
  });
}

const withFewerStores = new WeakMap<NestDraft, Map<string, NestDraft>>();

/** The draft with those of its stores that are kept: once for all entries that keep the same. */
function withStores(draft: NestDraft, kept: readonly boolean[], singles?: Singles): NestDraft {
  const known = withFewerStores.get(draft) ?? new Map<string, NestDraft>();
  withFewerStores.set(draft, known);
  const key = kept.join();
  const before = known.get(key);
  if (before) return before;
  const made = keepingLike(draft, kept, singles);
  known.set(key, made);
  return made;
}

/** What was kept of a form's stores. Undefined where that has no form. */
const keptForms = new WeakMap<Form<Nest>, Map<string, Form<Nest> | undefined>>();

function keepingLike(draft: NestDraft, kept: readonly boolean[], singles: Singles | undefined): NestDraft {
  const formed = formOf(draft.nest);
  if (!formed) return keeping(draft, kept, singles);
  const forms = keptForms.get(formed.form) ?? new Map<string, Form<Nest> | undefined>();
  keptForms.set(formed.form, forms);
  const key = `${kept.join()} ${draft.nodes.map((node) => singles?.has(node) === true).join()}`;
  const form = forms.get(key);
  if (form) {
    const nodes = draft.nodes.filter((_, i) => kept[i]);
    return { ...draft, nest: nestLike(form, formed.buffers, draft.nest), nodes };
  }
  const made = keeping(draft, kept, singles);
  if (!forms.has(key)) forms.set(key, beginForm(made.nest, formed.buffers));
  return made;
}

function keeping(draft: NestDraft, kept: readonly boolean[], singles: Singles | undefined): NestDraft {
  const free = new Set(
    draft.nest.stores.filter((_, i) => !kept[i] && !singles?.has(draft.nodes[i])).map((s) => s.value.key),
  );
  const stores = draft.nest.stores.filter((_, i) => kept[i]);
  return {
    ...draft,
    nest: {
      ...draft.nest,
      stores: singles ? stores.map((s) => ({ ...s, value: unrounded(s.value, free) })) : stores,
    },
    nodes: draft.nodes.filter((_, i) => kept[i]),
  };
}

/** The value without the rounding of those with these keys. */
function unrounded(value: Scalar, keys: ReadonlySet<string>): Scalar {
  return rewriteScalar(value, {
    scalar: (v) => {
      if (v.kind !== 'apply' || v.op !== 'single' || !keys.has(v.args[0].key)) return undefined;
      return unrounded(v.args[0], keys);
    },
  });
}
