// A kernel against its nest on the same random memory.
import { expect } from 'vitest';
import type { Example } from './nests.js';
import { allocate, type Memory, type Sizes } from './interpret.js';

/** Runs the kernel and the nest on the same random memory and compares every buffer. */
export function compare(
  { nest, buffers }: Example,
  run: (memory: Memory) => void,
  byDefinition: (memory: Memory) => void,
  sizes: Sizes,
): void {
  let state = 1;
  const draw = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const memory = allocate(buffers, sizes, (b) =>
    b.dtype === 'i32' ? Math.floor((draw() + 0.5) * (b.below ?? 10)) : draw(),
  );
  const copy = new Map([...memory].map(([b, data]) => [b, data.slice()]));
  byDefinition(copy);
  run(memory);
  const local = nest.kind === 'rows' ? nest.rowLocal : [];
  for (const [b, data] of copy) {
    if (local.includes(b)) continue;
    const got = memory.get(b);
    data.forEach((x, i) => {
      const difference = Math.abs((got?.[i] ?? NaN) - x);
      if (!(difference <= 1e-9 * Math.max(1, Math.abs(x))))
        expect.fail(`${b.name}[${i}] is ${got?.[i]}, by definition ${x}`);
    });
  }
}
