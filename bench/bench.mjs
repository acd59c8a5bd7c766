// `npm run bench`: speed of the compiled trainers beside hand-written code, compile time, and module size.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { transform } from 'esbuild';
import { compile } from '../dist/index.js';
import { inPlace, loops231, loopsDense, straightLine231, summed } from './handwritten.mjs';
import { fastest, race } from './measure.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const mnist = join(here, '../examples/mnist/mnist.nn');

await benchSmall();
await benchDense();
await benchCompile();
await benchSize();

async function benchSmall() {
  const trainer = await trainerOf('textbook');
  const samples = Array.from({ length: 64 }, () => ({
    x: Float32Array.of(Math.random(), Math.random()),
    y: Float32Array.of(Math.random()),
  }));
  const stepper = (step) => (count) => {
    for (let i = 0; i < count; i++) step(samples[i & 63]);
  };
  const [straight, loops] = [straightLine231(), loops231()];
  const times = await race(
    {
      nnc: stepper((sample) => trainer.step(sample)),
      'straight line by hand': stepper(({ x, y }) => straight(x, y)),
      'loops by hand': stepper(({ x, y }) => loops(x, y)),
    },
    { count: 100_000, samples: 30 },
  );
  print('2-3-1, one sample a step', times);
}

async function benchDense() {
  const trainer = await trainerOf('mlp', { batch: 64 });
  const image = Float32Array.from({ length: 64 * 784 }, Math.random);
  const label = Int32Array.from({ length: 64 }, () => Math.floor(10 * Math.random()));
  const batch = { image, label };
  const [added, sums] = [inPlace, summed].map((products) => loopsDense(products, 784, 128, 10, 64));
  const stepper = (step) => (count) => {
    for (let i = 0; i < count; i++) step();
  };
  const times = await race(
    {
      nnc: stepper(() => trainer.step(batch)),
      'loops, added in place': stepper(() => added(image, label)),
      'loops, sums in locals': stepper(() => sums(image, label)),
    },
    { count: 5, samples: 20 },
  );
  print('784-128-10, batch 64', times);
}

async function benchCompile() {
  const folder = mkdtempSync(join(tmpdir(), 'nnc-bench-'));
  const nnc = join(here, '../bin/nnc.js');
  const cold = await fastest(5, () => {
    const { status } = spawnSync(process.execPath, [nnc, 'compile', mnist, '-o', join(folder, 'mnist.ts')]);
    if (status !== 0) throw new Error('nnc compile failed');
  });
  rmSync(folder, { recursive: true });
  const source = { file: 'mnist.nn', text: readFileSync(mnist, 'utf8') };
  const warm = await fastest(12, () => compile(source));
  console.log(
    `compile mnist.nn\n  nnc compile, start to finish  ${cold.toFixed(0)} ms\n  warm                          ${warm.toFixed(0)} ms\n`,
  );
}

async function benchSize() {
  const models = ['../examples/mnist/mnist.nn', 'peers/models/lenet.nn', 'peers/models/char-transformer.nn'];
  console.log('modules, minified and gzipped');
  for (const model of models)
    for (const target of ['ts', 'wasm']) {
      const { code } = await transform(await codeOf(join(here, model), target), { minify: true, format: 'esm' });
      const bytes = gzipSync(code, { level: 9 }).length.toLocaleString('en');
      console.log(`  ${`${basename(model)}, ${target}`.padEnd(28)}${bytes.padStart(7)} bytes`);
    }
}

async function trainerOf(name, options) {
  const code = await codeOf(join(here, 'models', `${name}.nn`));
  const { createTrainer } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return createTrainer(options);
}

async function codeOf(path, target = 'ts') {
  const source = { file: path, text: readFileSync(path, 'utf8') };
  const { code, diagnostics } = await compile(source, { target, language: 'js' });
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return code;
}

function print(title, times) {
  console.log(title);
  const ours = times.get('nnc');
  for (const [name, seconds] of times) {
    const rate = Math.round(1 / seconds)
      .toLocaleString('en')
      .padStart(12);
    const ratio = name === 'nnc' ? '' : `   nnc takes ${(ours / seconds).toFixed(2)} times as long`;
    console.log(`  ${name.padEnd(22)}${rate} steps/s${ratio}`);
  }
  console.log();
}
