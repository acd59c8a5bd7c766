// `npm run bench:peers [-- NAME…]`: nnc beside other libraries and hand-written loops, on the same data from the same weights.
import { setFlagsFromString } from 'node:v8';
import { processor, race } from '../measure.mjs';
import { prepare, workloads } from './workloads.mjs';

// Node 20 knows relaxed SIMD only when asked, and before the first module is compiled.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd');
const nnc = await import('./contestants/nnc.mjs');
const contestants = [
  ...(relaxedWorks() ? [nnc.relaxed] : []),
  nnc.wasm,
  nnc.ts,
  await import('./contestants/jax.mjs'),
  await import('./contestants/tensorflow.mjs'),
  await import('./contestants/onnx.mjs'),
  await import('./contestants/loops.mjs'),
];

/** How far losses may be apart, in relation to their size. */
const tolerance = 1e-3;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => workloads.every((workload) => workload.name !== name));
if (unknown.length > 0)
  throw new Error(`there is no ${unknown.join(', ')}; there is ${workloads.map(({ name }) => name).join(', ')}`);
for (const workload of workloads) if (wanted.length === 0 || wanted.includes(workload.name)) await compare(workload);

async function compare(workload) {
  const runners = new Map();
  const losses = new Map();
  for (const { name, start } of contestants) {
    const runner = await start(prepare(workload));
    if (!runner) continue;
    runners.set(name, runner);
    losses.set(name, await lossesOf(runner, workload.steps));
  }
  console.log(`${workload.name}: ${workload.about}`);
  const apart = differences(losses);
  for (const line of apart) console.log(`  ${line}`);
  if (apart.length > 0) process.exitCode = 1;
  const times = await race(Object.fromEntries([...runners].map(([name, runner]) => [name, stepper(runner)])), {
    milliseconds: 30,
    samples: 15,
    clock: processor,
    limit: 2,
  });
  print(times, losses);
}

/** The losses of the first and of the last of these steps. */
async function lossesOf({ step, loss }, steps) {
  await step(0);
  const first = await loss();
  for (let i = 1; i < steps; i++) await step(i);
  return [first, await loss()];
}

/** What is wrong with the losses, measured by the last contestant: the hand-written loops, or TensorFlow.js where there are none. */
function differences(losses) {
  const expected = [...losses.values()].at(-1);
  return [...losses].flatMap(([name, found]) =>
    found.flatMap((value, i) => {
      const difference = Math.abs(value - expected[i]) / Math.abs(expected[i]);
      // Written so that NaN is wrong too.
      return difference <= tolerance
        ? []
        : [`WRONG: the ${['first', 'last'][i]} loss of ${name} is ${value}, not ${expected[i]}`];
    }),
  );
}

function stepper({ step }) {
  let next = 0;
  return async (count) => {
    for (let i = 0; i < count; i++) {
      const waiting = step(next++);
      // Waiting costs more than a small step takes.
      if (waiting) await waiting;
    }
  };
}

function print(times, losses) {
  const ours = times.get('nnc wasm');
  for (const [name, seconds] of times) {
    const rate = seconds > 0.01 ? (1 / seconds).toFixed(1) : Math.round(1 / seconds).toLocaleString('en');
    const [first, last] = losses.get(name).map((loss) => loss.toFixed(5));
    const ratio = (seconds / ours).toFixed(2);
    console.log(
      `  ${name.padEnd(17)}${rate.padStart(12)} steps/s${ratio.padStart(10)} × nnc wasm   loss ${first} → ${last}`,
    );
  }
  console.log();
}

/** A function that multiplies and adds in the relaxed way, for the engine to accept or not. */
function relaxedWorks() {
  const head = [0, 97, 115, 109, 1, 0, 0, 0];
  const types = [1, 6, 1, 96, 1, 123, 1, 123];
  const functions = [3, 2, 1, 0];
  const code = [10, 13, 1, 11, 0, 32, 0, 32, 0, 32, 0, 253, 133, 2, 11];
  return WebAssembly.validate(Uint8Array.from([...head, ...types, ...functions, ...code]));
}
