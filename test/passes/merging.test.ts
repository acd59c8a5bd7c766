// Merging answers as a search of the whole graph does.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { constant } from '../../src/ir/index.js';
import type { Buffer } from '../../src/ir/scalar.js';
import { Merging } from '../../src/passes/fuse/merging.js';

interface Part {
  readonly reads: Set<Buffer>;
  readonly writes: Set<Buffer>;
}

const count = 14;
const edges = fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 30 });
const splits = fc.array(fc.nat(count - 1), { maxLength: 6 });
const pairs = fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 40 });

/** Each part makes a buffer and reads those of some before it. */
function partsOf(reading: readonly (readonly [number, number])[]): Part[] {
  const buffers = Array.from({ length: count }, (_, i): Buffer => {
    return { name: `b${i}`, space: 'arena', dtype: 'f32', length: constant(1) };
  });
  const parts = buffers.map((buffer): Part => ({ reads: new Set(), writes: new Set([buffer]) }));
  for (const [i, j] of reading) if (i !== j) parts[Math.max(i, j)].reads.add(buffers[Math.min(i, j)]);
  return parts;
}

/** Is there a way of at least two steps from one to the other? */
function leadsAround(parts: ReadonlySet<Part>, from: Part, to: Part): boolean {
  const before = (part: Part): Part[] =>
    [...parts].filter((p) => p !== part && [...p.writes].some((buffer) => part.reads.has(buffer)));
  const open = before(to).filter((p) => p !== from);
  const seen = new Set(open);
  for (const part of seen) for (const earlier of before(part)) seen.add(earlier);
  return seen.has(from);
}

it('merges what no way leads around, and nothing else', () => {
  fc.assert(
    fc.property(edges, pairs, fc.boolean(), (reading, wanted, ordered) => {
      const all = partsOf(reading);
      const now = new Set(all);
      const home = new Map(all.map((part) => [part, part]));
      const merging = new Merging(
        all,
        ordered ? all : undefined,
        (part) => part,
        () => false,
      );
      for (const [i, j] of wanted) {
        const [a, b] = [home.get(all[i]), home.get(all[j])];
        if (!a || !b || a === b) continue;
        const free = !leadsAround(now, a, b) && !leadsAround(now, b, a);
        expect(merging.canMerge(a, b)).toBe(free);
        if (!free) continue;
        const merged: Part = { reads: new Set([...a.reads, ...b.reads]), writes: new Set([...a.writes, ...b.writes]) };
        merging.merge(a, b, merged);
        now.delete(a);
        now.delete(b);
        now.add(merged);
        for (const [part, at] of home) if (at === a || at === b) home.set(part, merged);
      }
    }),
  );
});

it('takes what was merged apart again, in an order that is one, and answers as before', () => {
  fc.assert(
    fc.property(edges, pairs, splits, (reading, wanted, apart) => {
      const all = partsOf(reading);
      const members = new Map(all.map((part) => [part, [part]]));
      const homeOf = (part: Part): Part => [...members].find(([, own]) => own.includes(part))?.[0] ?? part;
      const merging = new Merging(
        all,
        all,
        (part) => part,
        () => false,
      );
      const expectAgreement = (a: Part, b: Part): boolean => {
        const now = new Set(members.keys());
        const free = !leadsAround(now, a, b) && !leadsAround(now, b, a);
        expect(merging.canMerge(a, b)).toBe(free);
        return free;
      };
      const split = (of: Part): void => {
        const own = all.filter((part) => members.get(of)?.includes(part));
        if (own.length === 1) return;
        merging.replace([of], own);
        members.delete(of);
        for (const part of own) members.set(part, [part]);
      };
      wanted.forEach(([i, j], turn) => {
        const [a, b] = [homeOf(all[i]), homeOf(all[j])];
        if (a !== b && expectAgreement(a, b)) {
          const merged: Part = {
            reads: new Set([...a.reads, ...b.reads]),
            writes: new Set([...a.writes, ...b.writes]),
          };
          const own = [...(members.get(a) ?? []), ...(members.get(b) ?? [])];
          merging.merge(a, b, merged);
          for (const old of [a, b]) members.delete(old);
          members.set(merged, own);
        }
        if (apart[turn] !== undefined) split(homeOf(all[apart[turn]]));
      });
    }),
    {
      numRuns: 1000,
      // Two that are merged stand apart again where there was a gap.
      examples: [
        [
          [
            [12, 9],
            [6, 2],
          ],
          [
            [0, 9],
            [0, 0],
            [0, 0],
            [2, 12],
            [9, 6],
          ],
          [1, 1, 1, 0],
        ],
      ],
    },
  );
});
