// Runs in a process of its own: node --expose-gc endurance.mjs MODULE MODE. Prints what is measured as JSON.
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const [, , file, mode] = process.argv;
const { createTrainer } = await import(pathToFileURL(file).href);
const trainer = await createTrainer();
const batches = [3, 5].map((rows) => ({
  x: Float32Array.from({ length: 3 * rows }, (_, i) => Math.sin(i)),
  group: Int32Array.from({ length: rows }, (_, i) => i % 2),
}));

let last;
function run(steps) {
  for (let i = 0; i < steps; i++) last = trainer.step(batches[i % 2]);
}

const settled = async () => {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return { heapUsed, arrayBuffers, external };
};

if (mode === 'heap') {
  run(20_000);
  const before = await settled();
  run(100_000);
  const after = await settled();
  process.stdout.write(JSON.stringify({ before, after, loss: last.loss }));
} else {
  // The young generation is large enough that nothing is collected in between, so that what is used is what was allocated.
  let collections = 0;
  new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });
  run(100_000);
  await settled();
  collections = 0;
  const steps = 50_000;
  const before = process.memoryUsage();
  run(steps);
  const after = process.memoryUsage();
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.stdout.write(
    JSON.stringify({
      bytes: (after.heapUsed - before.heapUsed) / steps,
      arrayBuffers: after.arrayBuffers - before.arrayBuffers,
      collections,
      loss: last.loss,
      at: performance.now(),
    }),
  );
}
