// `node bench/kernels.mjs [NAME…]`: every kernel of a step alone, on ts and on WebAssembly, and those that are slower on the latter.
// Targets put different things into one kernel; compared are those that compute the same.
import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';
import { race } from './measure.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const random = (length) => Float32Array.from({ length }, Math.random);
const whole = (length, below) => Int32Array.from({ length }, () => Math.floor(below * Math.random()));
const workloads = [
  {
    name: 'lenet',
    text: read('../examples/lenet/lenet.nn'),
    inputs: { image: random(64 * 784), label: whole(64, 10) },
  },
  {
    name: 'transformer',
    text: read('models/transformer.nn'),
    set: { depth: 2 },
    inputs: { text: whole(16 * 64, 65), next: whole(16 * 64, 65) },
  },
  { name: 'lstm', text: read('peers/models/lstm.nn'), inputs: { x: random(32 * 64 * 32), y: whole(32, 10) } },
  { name: 'mlp-large', text: read('peers/models/mlp-large.nn'), inputs: { x: random(128 * 784), y: whole(128, 10) } },
];

const wanted = process.argv.slice(2);
for (const workload of workloads) if (wanted.length === 0 || wanted.includes(workload.name)) await compare(workload);

async function compare({ name, inputs, ...source }) {
  const [ts, wasm] = [await kernelsOf(name, source, inputs, 'ts'), await kernelsOf(name, source, inputs, 'wasm')];
  const rows = [];
  for (const [kernel, onTs] of ts) {
    const onWasm = wasm.get(kernel);
    if (!onWasm) continue;
    const times = await race({ ts: onTs, wasm: onWasm }, { milliseconds: 2, samples: 12 });
    rows.push({ kernel, ts: times.get('ts'), wasm: times.get('wasm') });
  }
  const slower = rows.filter((row) => row.wasm > row.ts).sort((a, b) => b.wasm - b.ts - (a.wasm - a.ts));
  console.log(`${name}: of ${rows.length} kernels that both targets have, ${slower.length} are slower on wasm`);
  for (const { kernel, ts, wasm } of slower)
    console.log(`  ${kernel.split('\n')[0].padEnd(60)}${us(ts)} ts${us(wasm)} wasm   ${(wasm / ts).toFixed(2)} times`);
}

function us(seconds) {
  return `${(1e6 * seconds).toFixed(1).padStart(10)} µs`;
}

/** By its name and formulas each kernel that has one on this target, as a function of how often; all steps of the entry have run once before. */
async function kernelsOf(name, { text, set }, inputs, target) {
  const { code, program, diagnostics } = await compile(
    { file: `${name}.nn`, text },
    { target, set, profile: 'step', language: 'js' },
  );
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const { createTrainer } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const trainer = await createTrainer();
  trainer.step(inputs);
  const names = namesIn(program.entries.step.steps);
  const found = new Map();
  names.forEach((kernel, i) => {
    // Copies of a layer are alike: the first stands for all.
    if (kernel !== '' && !found.has(kernel)) found.set(kernel, (count) => run(trainer.kernels[i], count));
  });
  return found;
}

function run(kernel, count) {
  for (let i = 0; i < count; i++) kernel();
}

function namesIn(steps) {
  return steps.flatMap((step) => {
    if (step.kind === 'repeat') return namesIn(step.steps);
    // What the host computes is JavaScript on every target.
    return [step.host ? '' : [step.kernel.name, ...step.kernel.provenance.formulas].join('\n')];
  });
}
