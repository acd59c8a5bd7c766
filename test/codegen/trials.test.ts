// threads: 'auto': which way calls are made, by what they have taken, on a clock of the test's own.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTrials, endOfCall, threadsOfCall } from '../../src/codegen/runtime/trials.js';

let clock = 0;
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => clock));
afterEach(() => void vi.restoreAllMocks());

/** Makes so many calls, which take as long as is said; how many threads made each. */
function calls(
  trials: ReturnType<typeof createTrials>,
  count: number,
  took: { readonly alone: number; readonly together: number },
  size = 64,
): number[] {
  return Array.from({ length: count }, () => {
    const threads = threadsOfCall(trials, 4, 0, size);
    clock += threads === 1 ? took.alone : took.together;
    endOfCall(trials);
    return threads;
  });
}

const share = (made: readonly number[], threads: number): number =>
  made.filter((n) => n === threads).length / made.length;

describe("threads: 'auto'", () => {
  it('makes the first calls both ways, four at a time, and later ones as is faster', () => {
    const helps = createTrials();
    expect(calls(helps, 16, { alone: 5, together: 2 })).toEqual(
      Array.from({ length: 16 }, (_, i) => (Math.floor(i / 4) % 2 === 0 ? 1 : 4)),
    );
    expect(share(calls(helps, 1000, { alone: 5, together: 2 }), 4)).toBeGreaterThan(0.97);
    const harms = createTrials();
    calls(harms, 16, { alone: 2, together: 5 });
    expect(share(calls(harms, 1000, { alone: 2, together: 5 }), 1)).toBeGreaterThan(0.97);
  });

  it('decides of short calls later, when they have taken long enough together, or are many', () => {
    const short = createTrials();
    expect(share(calls(short, 200, { alone: 0.2, together: 0.3 }).slice(0, 160), 1)).toBe(0.5);
    expect(share(calls(short, 60, { alone: 0.2, together: 0.3 }), 1)).toBe(1);
    const tiny = createTrials();
    expect(share(calls(tiny, 1024, { alone: 0, together: 1e-3 }), 1)).toBe(0.5);
    expect(share(calls(tiny, 60, { alone: 0, together: 1e-3 }), 1)).toBe(1);
  });

  it('tries the other way more and more seldom', () => {
    const trials = createTrials();
    const made = calls(trials, 20_000, { alone: 2, together: 5 }).slice(16);
    const begun = made.flatMap((threads, i) => (threads === 4 && made[i - 1] === 1 ? [i] : []));
    const pauses = begun.slice(1).map((at, i) => at - begun[i]);
    expect(begun[0]).toBe(64);
    expect(pauses.length).toBeGreaterThan(4);
    expect(pauses.every((pause, i) => i === 0 || pause >= pauses[i - 1])).toBe(true);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4096 + 4);
  });

  it('notices that another program takes the cores, and that it has ended', () => {
    const trials = createTrials();
    calls(trials, 200, { alone: 5, together: 3 });
    const busy = calls(trials, 200, { alone: 5, together: 20 });
    expect(busy.slice(0, 12)).toContain(1);
    expect(share(busy.slice(20), 1)).toBeGreaterThan(0.9);
    const free = calls(trials, 5000, { alone: 5, together: 3 });
    expect(share(free.slice(-1000), 4)).toBeGreaterThan(0.95);
  });

  it('is not misled by the first calls, by threads that wake up, nor by smaller calls', () => {
    const trials = createTrials();
    calls(trials, 8, { alone: 1, together: 100 });
    calls(trials, 24, { alone: 5, together: 3 });
    expect(share(calls(trials, 40, { alone: 5, together: 3 }), 4)).toBe(1);
    calls(trials, 30, { alone: 0.1, together: 9 }, 3);
    expect(share(calls(trials, 6, { alone: 5, together: 3 }), 4)).toBe(1);
    // The first call of those that try costs more.
    const asleep = createTrials();
    calls(asleep, 16, { alone: 5, together: 50 });
    expect(share(calls(asleep, 64, { alone: 5, together: 50 }), 1)).toBe(1);
    calls(asleep, 1, { alone: 5, together: 30 });
    calls(asleep, 3, { alone: 5, together: 3 });
    expect(share(calls(asleep, 60, { alone: 5, together: 3 }), 4)).toBe(1);
  });

  it('begins again where calls become larger', () => {
    const trials = createTrials();
    calls(trials, 100, { alone: 1, together: 2 });
    const larger = calls(trials, 40, { alone: 9, together: 5 }, 640);
    expect(share(larger.slice(0, 16), 1)).toBe(0.5);
    expect(share(larger.slice(16), 4)).toBe(1);
  });

  it('keeps to one thread where there is nearly no difference', () => {
    const trials = createTrials();
    calls(trials, 16, { alone: 5, together: 4.9 });
    expect(share(calls(trials, 60, { alone: 5, together: 4.9 }), 1)).toBe(1);
  });
});
