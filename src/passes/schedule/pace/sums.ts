// Reverses the reductions after a loop in pairs: V8 schedules from the last use.
import { loadsOf } from '../../../ir/loads.js';
import type { Statement } from '../../../ir/program.js';
import { bufferKey } from '../../../ir/bufferKey.js';
import type { Buffer, Scalar } from '../../../ir/scalar.js';
import { partsOf, someOfIndex } from '../../../ir/walk.js';
import { goesInPairs } from './pairs.js';

type Let = Statement & { readonly kind: 'let' };
type Store = Statement & { readonly kind: 'store' };

/**
 * The block with the reductions after such a loop reversed, the last sum first. V8 schedules from the last use, and loads as they are
 * written: this way they go together, and a product waits for no load but its own.
 */
export function lastSumFirst(body: readonly Statement[]): readonly Statement[] {
  const at = body.findIndex((s) => s.kind === 'loop' && goesInPairs(s)) + 1;
  if (at === 0) return body;
  const lets: Let[] = [];
  const stores: Store[] = [];
  const apart = new Apart();
  for (const s of body.slice(at)) {
    if (s.kind === 'let' && !s.mutable && stores.length === 0) lets.push(s);
    else if (s.kind === 'store' && apart.takes(s)) stores.unshift(s);
    else break;
  }
  return [...body.slice(0, at), ...asUsed(lets, stores), ...stores, ...body.slice(at + lets.length + stores.length)];
}

/** Stores that may be made in any order: none overwrites what another one reads or overwrites. What an iteration overwrites, it may read itself. */
class Apart {
  private readonly places = new Set<string>();
  private readonly written = new Set<Buffer>();
  private readonly read = new Set<Buffer>();

  /** Can the store be one of them? Then it is. */
  takes({ to, at, value }: Store): boolean {
    const place = `${bufferKey(to)} ${at.key}`;
    const others: Buffer[] = [];
    for (const load of loadsOf(value)) if (load.from !== to || load.at.key !== at.key) others.push(load.from);
    if (this.places.has(place) || this.read.has(to) || others.some((b) => b === to || this.written.has(b)))
      return false;
    if (someOfIndex(at, () => true)) return false;
    this.places.add(place);
    this.written.add(to);
    for (const b of others) this.read.add(b);
    return true;
  }
}

/** The lets in the order in which the stores, or other lets, first read them; those that nothing reads come last. */
function asUsed(lets: readonly Let[], stores: readonly Store[]): readonly Let[] {
  const left = new Map(lets.map((s) => [s.name, s]));
  const order: Let[] = [];
  const seen = new Set<string>();
  const add = (made: Let): void => {
    left.delete(made.name);
    need(made.value);
    order.push(made);
  };
  const need = (value: Scalar): void => {
    if (seen.has(value.key)) return;
    seen.add(value.key);
    partsOf(value).forEach(need);
    const made = value.kind === 'local' ? left.get(value.name) : undefined;
    if (made) add(made);
  };
  for (const { value } of stores) need(value);
  for (const made of lets) if (left.has(made.name)) add(made);
  return order;
}
