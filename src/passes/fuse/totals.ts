// Totals: small folds over all rows of a loop, added up while the rows pass, so that a small network is one loop over its examples.
import { constantOf, toIndex, zero, type Axis, type Index } from '../../ir/index.js';
import type { Nest } from '../../ir/program.js';
import { rewriteScalar } from '../../ir/rewrite.js';
import { fold, number, type Buffer } from '../../ir/scalar.js';
import { type NestDraft } from './nests.js';
import { loadsOf, type Access } from '../../ir/loads.js';
import { foldsOf, type Fold } from '../../ir/nest/traverse.js';
import { writtenLike } from '../../ir/nest/forms.js';
import { rowStride } from '../../ir/nest/rowStride.js';

/** A total has at most so many elements, each of which is an accumulator. */
const mostElements = 16;
/** And so many all totals of a loop have together. */
const mostAccumulators = 40;

/** The axes of a total's fold: the one over the rows, and those of one element. */
function rowOf(f: Fold, row: Axis): Axis | undefined {
  const rows = f.over.filter((a) => a.extent.key === row.extent.key);
  const others = f.over.filter((a) => constantOf(a.extent) !== 1);
  return rows.length === 1 && others.length === 1 && !f.body.folds ? rows[0] : undefined;
}

function elements({ axes }: Nest): number {
  return axes.reduce((n, a) => n * (constantOf(a.extent) ?? Infinity), 1);
}

/** Is there a row that it may be a total over? */
export function mayBeTotal({ nest, host }: NestDraft): boolean {
  if (host || elements(nest) > mostElements) return false;
  return writtenLike(nest).stores.every((s) => {
    const folds = foldsOf(s.value);
    return folds.length > 0 && folds.every((f) => f.over.some((a) => constantOf(a.extent) === undefined));
  });
}

/** Does every store of the draft fold over all rows, and is it small? */
export function isTotal({ nest, host }: NestDraft, row: Axis): boolean {
  if (host || constantOf(row.extent) !== undefined || elements(nest) > mostElements) return false;
  return nest.stores.every((s) => {
    const folds = foldsOf(s.value);
    return folds.length > 0 && folds.every((f) => rowOf(f, row) !== undefined);
  });
}

/**
 * Can the total be added up in the loop whose rows store `made` (by buffer, with the stride from row to row)? It must read them within the row, and only inside its folds;
 * what it overwrites must not be read after the loop by another total.
 */
export function canTotal(
  total: NestDraft,
  row: Axis,
  made: ReadonlyMap<Buffer, Index>,
  others: readonly NestDraft[],
  inPlace: (buffer: Buffer) => boolean,
): boolean {
  const count = [total, ...others].reduce((n, d) => n + elements(d.nest) * d.nest.stores.length, 0);
  if (count > mostAccumulators) return false;
  const inner = bodyLoads(total, row);
  if (!inner.some(({ load }) => made.has(load.from))) return false;
  const within = inner.every(({ load, axis }) => {
    const stride = made.get(load.from);
    return !stride || (!inPlace(load.from) && rowStride(load, axis)?.key === stride.key);
  });
  if (!within || outerLoads(total).some((l) => made.has(l.from))) return false;
  const stored = (d: NestDraft): Set<Buffer> => new Set(d.nest.stores.map((s) => s.to));
  const reads = (d: NestDraft, from: NestDraft): boolean => {
    const written = stored(from);
    return (
      outerLoads(d).some((l) => written.has(l.from)) ||
      bodyLoads(d, row).some(({ load }) => written.has(load.from) && !inPlace(load.from))
    );
  };
  return others.every((o) => !reads(total, o) && !reads(o, total));
}

interface RowAccess {
  readonly load: Access;
  /** The fold's axis over rows. */
  readonly axis: Axis;
}

function bodyLoads({ nest }: NestDraft, row: Axis): RowAccess[] {
  return nest.stores.flatMap((s) =>
    foldsOf(s.value).flatMap((f) => {
      const axis = rowOf(f, row);
      return axis ? loadsOf(f.body).map((load) => ({ load, axis })) : [];
    }),
  );
}

/** What a total reads after the loop, beside its folds. */
function outerLoads({ nest }: NestDraft): readonly Access[] {
  return nest.stores.flatMap((s) =>
    loadsOf(rewriteScalar(s.value, { scalar: (v) => (v.kind === 'fold' ? number(0, v.type) : undefined) })),
  );
}

/** The total over the loop's own row axis: each fold is over `row` alone. */
export function overRow(nest: Nest, row: Axis): Nest {
  const stores = nest.stores.map((store) => ({
    ...store,
    value: rewriteScalar(store.value, {
      scalar: (v) => {
        if (v.kind !== 'fold') return undefined;
        const own = rowOf(v, row);
        const body = rewriteScalar(v.body, {
          atom: (part) => {
            if (part.kind !== 'axis' || !v.over.includes(part)) return undefined;
            return part === own ? toIndex(row) : zero;
          },
        });
        return fold(v.op, [row], body);
      },
    }),
  }));
  return { ...nest, stores };
}
