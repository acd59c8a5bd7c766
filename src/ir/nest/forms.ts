// Forms of nests. The copies of a layer have nests that are the same but for their buffers: one of them is written, and of the others it
// is known which buffers they have. What they are asked is answered by that one; their stores are written when somebody reads them.
import { axisLike, toIndex, type Axis, type Index } from '../index.js';
import type { AnyNest, Nest, Provenance, Rows, Store } from '../program.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../rewrite.js';
import { fold, load, type Buffer, type Scalar } from '../scalar.js';
import { elementsOf, visitScalar } from '../walk.js';

/** What nests have in common that are the same but for their buffers. Identity is the object. */
export interface Form<N extends AnyNest> {
  readonly id: number;
  /** The one that was written. */
  readonly nest: N;
  /** Those by which others may differ from it, each once. */
  readonly buffers: readonly Buffer[];
}

/** A nest's form, and its own buffers in the order of the form's. */
export interface Formed<N extends AnyNest> {
  readonly form: Form<N>;
  readonly buffers: readonly Buffer[];
  /** Of a nest that is like the written one, once somebody has read them. */
  stores?: readonly Store[] | undefined;
}

const plain = new WeakMap<Nest, Formed<Nest>>();
const loops = new WeakMap<Rows, Formed<Rows>>();
let forms = 0;

/** The form of a nest, unless it stands for itself. */
export function formOf(nest: Nest): Formed<Nest> | undefined {
  return plain.get(nest);
}

/** The same of a loop over rows. */
export function formOfRows(nest: Rows): Formed<Rows> | undefined {
  return loops.get(nest);
}

/** The nest as the first of its form. Undefined where an address reads elements: how its parts are sorted depends on the buffers. */
export function beginForm(nest: Nest, buffers: readonly Buffer[]): Form<Nest> | undefined {
  if (nest.stores.some(readsAtElements)) return undefined;
  const form = { id: forms++, nest, buffers };
  plain.set(nest, { form, buffers });
  return form;
}

/** The same of a loop over rows, whose parts have forms. */
export function beginFormOfRows(nest: Rows, buffers: readonly Buffer[]): Form<Rows> {
  const form = { id: forms++, nest, buffers };
  loops.set(nest, { form, buffers });
  return form;
}

function readsAtElements({ at, value }: Store): boolean {
  let found = elementsOf(at).length > 0;
  visitScalar(value, (part) => {
    if (part.kind === 'load') found ||= elementsOf(part.at).length > 0;
    else if (part.kind === 'index') found ||= elementsOf(part.of).length > 0;
  });
  return found;
}

/** The written nest of its form, for questions that are not about buffers; itself where it stands for itself. */
export function writtenLike(nest: Nest): Nest {
  return formOf(nest)?.form.nest ?? nest;
}

/** What the form's buffers are in one of its nests; others stay. */
export function ownBuffer({ form, buffers }: Formed<AnyNest>): (of: Buffer) => Buffer {
  return (of) => {
    const at = form.buffers.indexOf(of);
    return at < 0 ? of : buffers[at];
  };
}

/** Where a nest stores, store by store. */
export function targetsOf(nest: Nest): Buffer[] {
  const formed = formOf(nest);
  const own = formed && ownBuffer(formed);
  return writtenLike(nest).stores.map(({ to }) => own?.(to) ?? to);
}

/** What is said of a nest, which is its own whatever its form. */
export interface Labels {
  readonly name: string;
  readonly provenance: Provenance;
}

/** One for all nests: engines keep an object with an accessor of its own, as `get` in a literal makes it, as a table of names. */
const storesLike: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: Nest) {
    const formed = formOf(this);
    return formed && (formed.stores ??= formed.form.nest.stores.map(writerOf([formed.form.nest], formed)));
  },
};

/** Another nest of a form. */
export function nestLike(form: Form<Nest>, buffers: readonly Buffer[], { name, provenance }: Labels): Nest {
  const own: Omit<Nest, 'stores'> = { kind: 'nest', name, axes: form.nest.axes, provenance };
  const made = Object.defineProperty(own, 'stores', storesLike) as Nest;
  plain.set(made, { form, buffers, stores: undefined });
  return made;
}

/** The same of a loop over rows. Its row is the form's. */
export function rowsLike(form: Form<Rows>, buffers: readonly Buffer[], { name, provenance }: Labels): Rows {
  const formed = { form, buffers };
  const { row, rowLocal, parts } = form.nest;
  let written: readonly Nest[] | undefined;
  const made: Rows = {
    kind: 'rows',
    name,
    row,
    get parts() {
      return (written ??= partsLike(parts, formed));
    },
    rowLocal: rowLocal.map(ownBuffer(formed)),
    provenance,
  };
  loops.set(made, formed);
  return made;
}

/** The nest by another name, or with other provenance, of the same form. */
export function relabelled(nest: AnyNest, labels: Partial<Labels>): AnyNest {
  const { name = nest.name, provenance = nest.provenance } = labels;
  if (nest.kind === 'nest') {
    const formed = formOf(nest);
    return formed ? nestLike(formed.form, formed.buffers, { name, provenance }) : { ...nest, name, provenance };
  }
  const formed = formOfRows(nest);
  return formed ? rowsLike(formed.form, formed.buffers, { name, provenance }) : { ...nest, name, provenance };
}

function partsLike(parts: readonly Nest[], formed: Formed<Rows>): Nest[] {
  const store = writerOf(parts, formed);
  return parts.map((part) => ({ ...part, stores: part.stores.map(store) }));
}

/** Writes stores over the buffers of another nest. Folds get axes of their own, which are in the order of the form's. */
function writerOf(nests: readonly Nest[], formed: Formed<AnyNest>): (store: Store) => Store {
  const own = ownBuffer(formed);
  const axes = new Map<unknown, Axis>();
  for (const axis of axesOfFolds(nests)) axes.set(axis, axisLike(axis));
  const memo = new Map<string, Scalar>();
  const at = (address: Index): Index => (axes.size > 0 ? rewriteIndex(address, rewrite, memo) : address);
  const rewrite: Rewrite = {
    ...(axes.size > 0 && {
      atom: (part) => {
        const axis = axes.get(part);
        return axis && toIndex(axis);
      },
    }),
    scalar: (value) => {
      if (value.kind === 'load') return load(own(value.from), at(value.at), value.lanes);
      if (value.kind !== 'fold') return undefined;
      const over = value.over.map((axis) => axes.get(axis) ?? axis);
      return fold(value.op, over, rewriteScalar(value.body, rewrite, memo));
    },
  };
  return (store) => ({ to: own(store.to), at: store.at, value: rewriteScalar(store.value, rewrite, memo) });
}

/** As they were made. */
function axesOfFolds(nests: readonly Nest[]): Axis[] {
  const found = new Set<Axis>();
  const seen = new Set<string>();
  for (const { stores } of nests)
    for (const { value } of stores)
      if (value.folds)
        visitScalar(
          value,
          (part) => {
            if (part.kind === 'fold') for (const axis of part.over) found.add(axis);
          },
          seen,
        );
  return [...found].sort((a, b) => a.id - b.id);
}
