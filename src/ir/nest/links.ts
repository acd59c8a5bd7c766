// What nests read and write.
import type { AnyNest } from '../program.js';
import { loadsOf } from '../loads.js';
import type { Buffer } from '../scalar.js';
import { formOf, formOfRows, ownBuffer } from './forms.js';
import { partsOfNest } from './traverse.js';

export interface NestLinks {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

const known = new WeakMap<AnyNest, NestLinks>();

/** Every buffer that a nest reads before it stores it itself, and every one that it stores: of those of one form, by the one that was written. */
export function linksOfNest(nest: AnyNest): NestLinks {
  let links = known.get(nest);
  if (!links) known.set(nest, (links = linksByForm(nest) ?? linksOfStores(nest)));
  return links;
}

function linksByForm(nest: AnyNest): NestLinks | undefined {
  const formed = nest.kind === 'nest' ? formOf(nest) : formOfRows(nest);
  if (!formed || formed.form.nest === nest) return undefined;
  const own = ownBuffer(formed);
  const { reads, writes } = linksOfNest(formed.form.nest);
  return { reads: new Set(Array.from(reads, own)), writes: new Set(Array.from(writes, own)) };
}

function linksOfStores(nest: AnyNest): NestLinks {
  const reads = new Set<Buffer>();
  const writes = new Set<Buffer>();
  for (const { stores } of partsOfNest(nest)) {
    for (const { value } of stores) for (const { from } of loadsOf(value)) if (!writes.has(from)) reads.add(from);
    for (const { to } of stores) writes.add(to);
  }
  return { reads, writes };
}
