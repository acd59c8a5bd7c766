// How fast this core multiplies and adds: a loop in WebAssembly that does nothing else.
import { setFlagsFromString } from 'node:v8';
import { createModule } from '../codegen/wasm/assembler.js';
import { createCode } from '../codegen/wasm/code.js';

/** Independent sums: enough to keep two units busy through the latency of a product and a sum, and few enough for registers. */
const sums = 12;
const rounds = 50_000;
/** Milliseconds before the first measurement. */
const warming = 150;

/** Does this engine have fused multiply-add? Node 20 has it only when asked, and those that have it anyway complain of the flag. */
export function relaxedWorks(): boolean {
  if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(peakModule({ relaxed: true, wide: false }));
}

/** With which instructions. */
export interface PeakOptions {
  readonly relaxed: boolean;
  /** The engine joins neighbouring vectors. */
  readonly wide: boolean;
}

/** Measures multiplications and additions a second in vectors, again with each call: the best of some runs. */
export function peakMeter(options: PeakOptions): () => number {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(peakModule(options)), { env: { memory } });
  const { run } = instance.exports;
  if (typeof run !== 'function') throw new Error('the loop is not exported');
  const timed = (): number => {
    const begin = performance.now();
    run(rounds, 1, 0);
    return performance.now() - begin;
  };
  // Engines optimize what has run for a while, beside it.
  for (let warm = 0; warm < warming;) warm += timed();
  return () => {
    const best = Math.min(...Array.from({ length: 30 }, timed));
    return (2 * 4 * sumsOf(options) * rounds * 1000) / best;
  };
}

function sumsOf({ wide }: PeakOptions): number {
  return wide ? 2 * sums : sums;
}

/** run(rounds, x, y): each sum becomes sum · x + y, again and again. */
function peakModule({ relaxed, wide }: PeakOptions): Uint8Array<ArrayBuffer> {
  const module = createModule({ module: 'env', name: 'memory', kind: 'unlimited' });
  const index = module.declare({ params: ['i32', 'f32', 'f32'], results: [] });
  const code = createCode(3);
  const [x, y] = [1, 2].map((parameter) => {
    const vector = code.local('v128');
    code.get(parameter);
    code.op('f32x4.splat');
    code.set(vector);
    return vector;
  });
  const all = Array.from({ length: sumsOf({ relaxed, wide }) }, () => code.local('v128'));
  for (const sum of all) {
    code.get(x);
    code.set(sum);
  }
  code.open('loop');
  for (const sum of all) {
    code.get(sum);
    code.get(x);
    if (!relaxed) code.op('f32x4.mul');
    code.get(y);
    code.op(relaxed ? 'f32x4.relaxed_madd' : 'f32x4.add');
    code.set(sum);
  }
  code.get(0);
  code.i32(1);
  code.op('i32.sub');
  code.tee(0);
  code.branch('br_if', 0);
  code.op('end');
  // Every sum is stored, so that none of them can be left out; neighbours beside one another are joined.
  all.forEach((sum, i) => {
    code.i32(0);
    code.get(sum);
    code.memory('v128.store', 16 * i);
  });
  module.define(index, code);
  module.export('run', index);
  return new Uint8Array(module.toBytes());
}
