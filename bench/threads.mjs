// `node bench/threads.mjs [NAME…]`: networks of bench/peers with two threads beside one, as ratios of steps per second: where both cores
// are free, with what two processes of one thread each reach together, the most that the machine has to give; and beside a process that
// spins, where all that two threads can gain is a share of the core that it is on. RELAXED=1: with fused multiplication and addition.
// ONLY=free or ONLY=busy: one of the two. PINNED=1: the process that spins stays on the first core.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { prepare, workloads } from './peers/workloads.mjs';

// Node 20 knows these instructions only when asked, and before the first module is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd');
const { compile } = await import('../dist/index.js');

const names = process.argv.slice(2);
const only = process.env.ONLY;
const ratio = (a, b) => (a / b).toFixed(2);
const usual = ['mlp-small', 'mlp-large', 'lenet', 'char-transformer'];

if (process.send) await serve(names[0]);
else for (const name of names.length > 0 ? names : usual) console.log(await compare(name));

/** Makes trainers of a network by their number of threads: a function that steps one for so long, and tells steps per second. */
async function trainersOf(name) {
  const workload = workloads.find((each) => each.name === name);
  if (!workload) throw new Error(`there is no network ${name}: ${workloads.map((each) => each.name).join(', ')}`);
  const text = readFileSync(new URL(`./peers/models/${name}.nn`, import.meta.url), 'utf8');
  const options = { target: 'wasm', language: 'js', relaxed: process.env.RELAXED !== undefined };
  const { code, diagnostics } = await compile({ file: `${name}.nn`, text }, options);
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const { createTrainer } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const { batches, batch } = prepare(workload);
  return async (threads) => {
    const trainer = await createTrainer({ seed: 1, batch, threads });
    let steps = 0;
    return (milliseconds) => {
      const [first, begin] = [steps, performance.now()];
      let now;
      do {
        trainer.step(batches[steps++ % batches.length]);
        now = performance.now();
      } while (now - begin < milliseconds);
      return (1000 * (steps - first)) / (now - begin);
    };
  };
}

/** A process of one thread: for each number of milliseconds that it is told, it tells its steps per second. */
async function serve(name) {
  const run = await (await trainersOf(name))(1);
  run(300);
  process.on('message', (milliseconds) => process.send(run(milliseconds)));
  process.send(0);
}

async function compare(name) {
  const make = await trainersOf(name);
  const [one, two, auto] = [await make(1), await make(2), await make('auto')];
  for (const run of [one, two, auto]) run(400);
  const found = [name.padEnd(16)];
  if (!only || only === 'free') found.push(await besideNothing(name, one, two));
  if (!only || only === 'busy') found.push(await besideSpinning(one, two, auto));
  return found.join('  ');
}

async function besideNothing(name, one, two) {
  const processes = [1, 2].map(() => fork(import.meta.filename, [name]));
  const answer = (child) => new Promise((resolve) => child.once('message', resolve));
  await Promise.all(processes.map(answer));
  const together = async (children, milliseconds) => {
    const answers = children.map(answer);
    for (const child of children) child.send(milliseconds);
    return (await Promise.all(answers)).reduce((sum, rate) => sum + rate, 0);
  };
  const rate = await rates(12, {
    one: () => one(60),
    two: () => two(60),
    alone: () => together(processes.slice(0, 1), 60),
    both: () => together(processes, 60),
  });
  for (const child of processes) child.kill();
  return `${(1000 / rate.one).toFixed(3)} ms a step, two threads ×${ratio(rate.two, rate.one)}, two processes ×${ratio(rate.both, rate.alone)}`;
}

async function besideSpinning(one, two, auto) {
  const [command, ...rest] = [
    ...(process.env.PINNED ? ['taskset', '-c', '0'] : []),
    process.execPath,
    '-e',
    'for (;;);',
  ];
  const spinner = spawn(command, rest);
  // Until it is at work, and the system has found places for all.
  one(400);
  const rate = await rates(8, { one: () => one(250), two: () => two(250), auto: () => auto(250) });
  spinner.kill();
  return `beside a process that spins ${(1000 / rate.one).toFixed(3)} ms, two threads ×${ratio(rate.two, rate.one)}, 'auto' ×${ratio(rate.auto, rate.one)}`;
}

/** The medians of what each tells, in turn. */
async function rates(samples, contestants) {
  const all = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let i = 0; i < samples; i++) for (const [name, run] of Object.entries(contestants)) all[name].push(await run());
  return Object.fromEntries(
    Object.entries(all).map(([name, list]) => [name, list.sort((a, b) => a - b)[samples >> 1]]),
  );
}
