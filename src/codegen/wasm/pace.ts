// Where V8 must not move code: its compilers put every load of a stretch of code first and arithmetic as late as they can, and what
// then finds no register goes through the stack. A jump ends a stretch; one that leaves a loop with its sums keeps their additions before it.
import { axesOf, strideOf, type Axis } from '../../ir/index.js';
import type { Statement } from '../../ir/program.js';
import { bufferKey, isLanes, type Buffer, type Scalar } from '../../ir/scalar.js';
import { partsOf } from '../../ir/walk.js';
import { someOfIndex, type Emission } from './emission.js';
import { loadsOf } from './walk.js';

/** With fewer sums of vectors V8 itself writes out several rounds; the loads of more outgrow sixteen registers in one. */
const [fewSums, manySums] = [5, 8];
/** Operations a place, from which they are chains: side by side for so many vectors as registers hold with what they need. */
const costly = 12;
export const together = 4;

/** Is it the loop of a tile that goes two rounds at a time, with a way out between them? */
export function goesInPairs({ body, axis, last }: Statement & { kind: 'loop' }): boolean {
  let sums = 0;
  for (const statement of body)
    if (statement.kind === 'set' && isLanes(statement.value)) sums++;
    else if (statement.kind !== 'let') return false;
  return !last && sums >= fewSums && sums <= manySums && isSteady(body, axis);
}

/**
 * Every load of the next round is a constant further on, and in one of them that is more than nothing; the axis has no other use, and
 * what an address reads can be read before the loop.
 */
function isSteady(body: readonly Statement[], axis: Axis): boolean {
  let steady = true;
  let forward = false;
  const visit = (value: Scalar): void => {
    if (value.kind === 'index') steady &&= !axesOf(value.of).has(axis);
    else if (value.kind === 'apply') value.args.forEach(visit);
    else if (value.kind === 'splat' || value.kind === 'lane') visit(value.of);
  };
  for (const statement of body) {
    if (statement.kind !== 'let' && statement.kind !== 'set') return false;
    visit(statement.value);
    loadsOf(statement.value, ({ at, guarded }) => {
      const stride = strideOf(at, axis) ?? -1;
      steady &&= stride >= 0 && !guarded && !someOfIndex(at, ({ kind }) => kind !== 'load');
      forward ||= stride > 0;
    });
  }
  return steady && forward;
}

/**
 * The block with what such a loop is followed by from its last sum to its first. V8 orders the arithmetic of a loop by what uses it, the
 * last use first, and loads as they are written: this way they go together, and a product waits for no load but its own.
 */
export function lastSumFirst(body: readonly Statement[]): readonly Statement[] {
  const at = body.findIndex((s) => s.kind === 'loop' && goesInPairs(s)) + 1;
  if (at === 0) return body;
  const lets: Let[] = [];
  const stores: Store[] = [];
  const apart = new Apart();
  for (const s of body.slice(at)) {
    if (s.kind === 'let' && !s.mutable && stores.length === 0) lets.push(s);
    else if (s.kind === 'store' && !s.add && apart.takes(s)) stores.unshift(s);
    else break;
  }
  return [...body.slice(0, at), ...asUsed(lets, stores), ...stores, ...body.slice(at + lets.length + stores.length)];
}

type Let = Statement & { readonly kind: 'let' };
type Store = Statement & { readonly kind: 'store' };

/** Stores that may be made in any order: none overwrites what another one reads or overwrites. What a place holds itself, it may read. */
class Apart {
  private readonly places = new Set<string>();
  private readonly written = new Set<Buffer>();
  private readonly read = new Set<Buffer>();

  /** Can the store be one of them? Then it is. */
  takes({ to, at, value }: Store): boolean {
    const place = `${bufferKey(to)} ${at.key}`;
    const others: Buffer[] = [];
    loadsOf(value, (load) => {
      if (load.buffer !== to || load.at.key !== at.key) others.push(load.buffer);
    });
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

/** Stores of vectors in a block before which a stretch begins: some places at a time, where each takes many operations. */
export function placesApart(body: readonly Statement[]): ReadonlySet<Statement> {
  const stores = body.flatMap((s) => (s.kind === 'store' && isLanes(s.value) ? [s] : []));
  const places = stores.filter((s) => s.to === stores[0].to);
  if (places.length <= together || !isCostly(body, places.length)) return new Set();
  return new Set(places.filter((_, i) => i > 0 && i % together === 0));
}

/** Do the statements take many operations for each of so many places? */
export function isCostly(body: readonly Statement[], places: number): boolean {
  return operationsOf(body) >= costly * places;
}

function operationsOf(body: readonly Statement[]): number {
  let operations = 0;
  const seen = new Set<string>();
  const count = (value: Scalar): void => {
    if (seen.has(value.key)) return;
    seen.add(value.key);
    if (value.kind === 'apply') {
      operations++;
      value.args.forEach(count);
    } else if (value.kind === 'splat' || value.kind === 'lane') count(value.of);
  };
  for (const statement of body) if (statement.kind === 'store' || statement.kind === 'let') count(statement.value);
  return operations;
}

/** Ends a stretch of code: leaves the function on a condition that never holds, and that no other fence has. */
export function emitFence(e: Emission): void {
  const counter = e.counters.at(-1);
  if (counter === undefined) return;
  e.code.get(counter);
  e.code.i32(-++e.fences);
  e.code.op('i32.eq');
  e.code.branch('br_if', e.code.depth);
}
