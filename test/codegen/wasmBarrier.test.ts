// Kernels in a loop, run by threads of Node over one memory: each round sees what the one before it has made.
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { emitWasm } from '../../src/codegen/wasm/emitWasm.js';
import { add, axis, constant, sub, toIndex, type Index } from '../../src/ir/index.js';
import type { Kernel, Program, Statement } from '../../src/ir/program.js';
import { apply, indexValue, load, number, type Buffer, type Scalar } from '../../src/ir/scalar.js';
import { controlWords } from '../../src/ir/threads.js';
import { shareKernel } from '../../src/passes/schedule/share.js';
import { createWeights } from '../../src/passes/schedule/weights.js';
import { buffer, kernelOf } from './runKernels.js';

const length = 96;
const rounds = 400;
const round = axis('t', rounds);
const [x, y] = [buffer('x', length), buffer('y', length)];

/** to[i] = value for every i. */
function everywhere(name: string, to: Buffer, value: (i: Index) => Scalar): Kernel {
  const i = axis('i', length);
  const store: Statement = { kind: 'store', to, at: toIndex(i), value: value(toIndex(i)) };
  const loop: Statement = {
    kind: 'loop',
    axis: i,
    to: constant(length),
    step: 1,
    as: 'serial',
    parallel: true,
    body: [store],
  };
  const kernel = { ...kernelOf(name, loop), sharing: { own: [], nested: true } };
  return shareKernel(
    kernel,
    createWeights(() => 1),
    0,
  );
}

const half = (value: Scalar): Scalar => apply('mul', value, number(0.5));
const kernels = [
  everywhere('forth', y, (i) => apply('add', load(x, i), apply('f32', indexValue(round)))),
  everywhere('back', x, (i) => half(load(y, sub(length - 1, i)))),
  // The first thread alone.
  kernelOf('sum', {
    kind: 'store',
    to: x,
    at: constant(0),
    value: half(apply('add', load(x, constant(0)), load(x, constant(1)))),
  }),
];

const program: Program = {
  entries: {
    step: {
      name: 'step',
      steps: [{ kind: 'repeat', axis: round, steps: kernels.map((kernel) => ({ kind: 'run', kernel })) }],
      inputs: [],
      results: [],
    },
  },
  kernels,
  buffers: [x, y],
  memory: {
    offsets: new Map([
      [x, constant(controlWords)],
      [y, add(controlWords, length)],
    ]),
    length: constant(controlWords + 2 * length),
    own: constant(0),
  },
};

const source = `
const { workerData: { code, memory, thread, threads }, parentPort } = require('node:worker_threads');
const control = new Int32Array(memory.buffer);
const sleep = (address, before) => void Atomics.wait(control, address / 4, before, 1);
const { exports } = new WebAssembly.Instance(code, { env: { memory, sleep } });
parentPort.postMessage('ready');
exports.awaitWork(0);
exports.step(thread, threads);
`;

it.each([1, 2, 3])('with %i threads', async (threads) => {
  const wasm = emitWasm(program);
  expect([...wasm.shared]).toEqual(['step']);
  const bytes = new Uint8Array(wasm.binary);
  bytes[wasm.sharedAt ?? 0] = 3;
  const code = new WebAssembly.Module(bytes);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const control = new Int32Array(memory.buffer, 0, controlWords);
  const workers = Array.from(
    { length: threads - 1 },
    (_, i) => new Worker(source, { eval: true, workerData: { code, memory, thread: i + 1, threads } }),
  );
  await Promise.all(workers.map((w) => new Promise((resolve) => w.once('message', resolve))));
  const sleep = (address: number, before: number): void => void Atomics.wait(control, address / 4, before, 1);
  const { step } = new WebAssembly.Instance(code, { env: { memory, sleep } }).exports;
  if (typeof step !== 'function') throw new Error('no entry');
  const got = new Float32Array(memory.buffer, 4 * controlWords, length);
  got.forEach((_, i) => (got[i] = i));
  const ends = workers.map((w) => new Promise((resolve) => w.once('exit', resolve)));
  Atomics.add(control, 0, 1);
  Atomics.notify(control, 0);
  step(0, threads);
  await Promise.all(ends);

  const want = Float32Array.from({ length }, (_, i) => i);
  for (let t = 0; t < rounds; t++) {
    const forth = want.map((value) => value + t);
    forth.forEach((_, i) => (want[i] = forth[length - 1 - i] * 0.5));
    want[0] = Math.fround(want[0] + want[1]) * 0.5;
  }
  expect([...got]).toEqual([...want]);
});
