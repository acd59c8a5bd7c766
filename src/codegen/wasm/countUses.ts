// How often a block uses each value: what it uses twice is kept in a local.
import type { Statement } from '../../ir/program.js';
import type { Scalar } from '../../ir/scalar.js';

/** How often the statements of a block, not those nested in it, use each value. */
export function countUses(body: readonly Statement[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const count = (value: Scalar): void => {
    const before = uses.get(value.key) ?? 0;
    uses.set(value.key, before + 1);
    if (before > 0) return;
    if (value.kind === 'apply') value.args.forEach(count);
    else if (value.kind === 'splat' || value.kind === 'lane') count(value.of);
  };
  for (const statement of body)
    if (statement.kind === 'let' || statement.kind === 'set' || statement.kind === 'store') count(statement.value);
  return uses;
}
