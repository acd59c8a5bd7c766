// Fair timing on a noisy machine: contestants take turns, and the best of many short samples counts.

/**
 * Times functions that make `count` steps each; returns the best seconds per step of each by name.
 * They run in turn, so that a busy neighbour disturbs all of them alike.
 */
export async function race(contestants, { count, samples }) {
  const best = new Map(Object.keys(contestants).map((name) => [name, Infinity]));
  for (const run of Object.values(contestants)) await run(count);
  for (let sample = 0; sample < samples; sample++)
    for (const [name, run] of Object.entries(contestants)) {
      const begin = performance.now();
      await run(count);
      const seconds = (performance.now() - begin) / 1000 / count;
      best.set(name, Math.min(best.get(name), seconds));
    }
  return best;
}

/** The best time of an asynchronous action, in milliseconds. */
export async function fastest(times, action) {
  let best = Infinity;
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    await action();
    best = Math.min(best, performance.now() - begin);
  }
  return best;
}
