// Two spirals that turn around each other, with some noise: the points to learn from, and others to test with.

/** Numbers from 0 to 1 that follow from a seed: everybody who asks gets the same. */
function draws(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function spirals(count, seed) {
  const draw = draws(seed);
  const point = new Float32Array(2 * count);
  const arm = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const radius = Math.sqrt(draw());
    const angle = 8 * radius + Math.PI * (i % 2);
    arm[i] = i % 2;
    point[2 * i] = radius * Math.cos(angle) + 0.05 * (draw() - 0.5);
    point[2 * i + 1] = radius * Math.sin(angle) + 0.05 * (draw() - 0.5);
  }
  return { point, arm };
}

export const train = spirals(1000, 1);
export const test = spirals(400, 2);
