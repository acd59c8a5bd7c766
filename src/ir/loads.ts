// What a value loads, and whether it does so in any case.
import type { Index } from './index.js';
import type { Buffer, Scalar } from './scalar.js';
import { partsOf } from './walk.js';

/** One load: where from and at which address. */
export interface Access {
  readonly from: Buffer;
  readonly at: Index;
  /** Made only where a condition holds. */
  readonly guarded: boolean;
}

const known = new WeakMap<Scalar, readonly Access[]>();

/** Every load of a value, those inside addresses included, each once. */
export function loadsOf(value: Scalar): readonly Access[] {
  let found = known.get(value);
  if (!found) known.set(value, (found = collectLoads(value)));
  return found;
}

function collectLoads(value: Scalar): readonly Access[] {
  const found = new Map<string, Access>();
  visit(value, false, found, new Map());
  return [...found.values()];
}

/** `guardedAt`: how parts were come to, those that have parts themselves. */
function visit(part: Scalar, guarded: boolean, found: Map<string, Access>, guardedAt: Map<string, boolean>): void {
  if (part.kind === 'number' || part.kind === 'local') return;
  const before = guardedAt.get(part.key);
  if (before === false || before === guarded) return;
  guardedAt.set(part.key, guarded);
  if (part.kind === 'load') found.set(part.key, { from: part.from, at: part.at, guarded });
  const lazy = part.kind === 'apply' && (part.op === 'select' || part.op === 'and' || part.op === 'or');
  const parts = partsOf(part);
  for (let i = 0; i < parts.length; i++) visit(parts[i], guarded || (lazy && i > 0), found, guardedAt);
}
