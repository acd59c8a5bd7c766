// Fair timing on a noisy machine: contestants take turns, and the best of many short samples counts.

/** Seconds of the day, and seconds of processors that this process has used, its threads together. */
export const wall = () => performance.now() / 1000;
export const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/**
 * Times functions that make `count` steps each; returns the best seconds per step of each by name.
 * They run in turn, so that a busy neighbour disturbs all of them alike. Where their speeds are far apart, `milliseconds`
 * in place of `count` lets each make as many steps as take about that long. Where all of them run on one thread, the clock
 * `processor` leaves out the time in which others had the core. Who has taken more than `limit` seconds is left at three samples.
 */
export async function race(contestants, { count, milliseconds, samples, clock = wall, limit = Infinity }) {
  const best = new Map(Object.keys(contestants).map((name) => [name, Infinity]));
  const [counts, spent] = [new Map(), new Map()];
  for (const [name, run] of Object.entries(contestants))
    counts.set(name, count ?? (await countFor(run, milliseconds, clock)));
  for (const [name, run] of Object.entries(contestants)) await run(counts.get(name));
  for (let sample = 0; sample < samples; sample++)
    for (const [name, run] of Object.entries(contestants)) {
      const before = spent.get(name) ?? 0;
      if (before > limit && sample >= 3) continue;
      const seconds = await time(run, counts.get(name), clock);
      spent.set(name, before + seconds);
      best.set(name, Math.min(best.get(name), seconds / counts.get(name)));
    }
  return best;
}

/** How many steps take about so long, once the code is warm. */
async function countFor(run, milliseconds, clock) {
  let count = 1;
  for (;;) {
    const seconds = await time(run, count, clock);
    if (seconds >= milliseconds / 1000 || count >= 1e7)
      return Math.max(1, Math.round((count * milliseconds) / 1000 / seconds));
    count *= 2;
  }
}

async function time(run, count, clock) {
  const begin = clock();
  await run(count);
  return clock() - begin;
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
