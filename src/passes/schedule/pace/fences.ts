// Where V8 must not move code past: some vectors at a time, where each takes many operations, and the rows of a large tile.
import type { Statement } from '../../../ir/program.js';
import { isLanes } from '../../../ir/scalar.js';
import { isCostly, together } from './cost.js';

/** Sums that leave room for no more than one row's factor beside the columns. */
const manySums = 9;

/**
 * In the loop of a tile that has so many sums: where each row but the first begins, with the factor that it has in all lanes. V8 would load
 * the factors of all rows first, for which there are no registers.
 */
export function rowsApart(body: readonly Statement[]): ReadonlySet<Statement> {
  const sums = body.filter((s) => s.kind === 'set' && isLanes(s.value));
  if (sums.length < manySums || body.some((s) => s.kind !== 'let' && s.kind !== 'set')) return new Set();
  const first = body.findIndex((s) => s.kind === 'set');
  return new Set(body.filter((s, i) => i > first && s.kind === 'let' && s.value.kind === 'splat'));
}

/** The stores of vectors in a block before which a stretch of code begins. */
export function storesApart(body: readonly Statement[]): ReadonlySet<Statement> {
  const stores = body.flatMap((s) => (s.kind === 'store' && isLanes(s.value) ? [s] : []));
  const same = stores.filter((s) => s.to === stores[0].to);
  if (same.length <= together || !isCostly(body, same.length)) return new Set();
  return new Set(same.filter((_, i) => i > 0 && i % together === 0));
}
