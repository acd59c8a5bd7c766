// 1,000 points of sin(x) between -3 and 3; every tenth is thrown far off. The test points are the curve itself.

/** A small generator of uniform numbers (mulberry32), so that every run sees the same points. */
function uniform(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = uniform(7);
const x = Float32Array.from({ length: 1000 }, () => 6 * next() - 3);
const y = x.map((value, i) => Math.sin(value) + 0.1 * (next() - 0.5) + (i % 10 === 0 ? 5 : 0));

export const train = { x, y };

const grid = Float32Array.from({ length: 121 }, (_, i) => -3 + i / 20);
export const test = { x: grid, y: grid.map(Math.sin) };
