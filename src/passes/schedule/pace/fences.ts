// Where V8 must not move code past: some vectors at a time, where each takes many operations.
import type { Statement } from '../../../ir/program.js';
import { isLanes } from '../../../ir/scalar.js';
import { isCostly, together } from './cost.js';

/** The stores of vectors in a block before which a stretch of code begins. */
export function storesApart(body: readonly Statement[]): ReadonlySet<Statement> {
  const stores = body.flatMap((s) => (s.kind === 'store' && isLanes(s.value) ? [s] : []));
  const same = stores.filter((s) => s.to === stores[0].to);
  if (same.length <= together || !isCostly(body, same.length)) return new Set();
  return new Set(same.filter((_, i) => i > 0 && i % together === 0));
}
