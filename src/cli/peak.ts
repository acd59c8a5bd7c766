// How fast this core multiplies and adds: a loop in WebAssembly that does nothing else.
import { setFlagsFromString } from 'node:v8';
import { createModule } from '../codegen/wasm/assembler.js';
import { createCode } from '../codegen/wasm/code.js';

/** Independent sums: enough to keep two units busy through the latency of a product and a sum, and few enough for registers. */
const sums = 12;
const rounds = 50_000;

/** Does this engine have fused multiply-add? Node 20 has it only when asked. */
export function relaxedWorks(): boolean {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(peakModule(true));
}

/** Multiplications and additions a second in vectors of four: the best of some runs. */
export function measurePeak(relaxed: boolean): number {
  const memory = new WebAssembly.Memory({ initial: 0 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(peakModule(relaxed)), { env: { memory } });
  const { run } = instance.exports;
  if (typeof run !== 'function') throw new Error('the loop is not exported');
  let best = Infinity;
  for (let sample = 0; sample < 30; sample++) {
    const begin = performance.now();
    run(rounds, 1, 0);
    best = Math.min(best, performance.now() - begin);
  }
  return (2 * 4 * sums * rounds * 1000) / best;
}

/** run(rounds, x, y): each sum becomes sum · x + y, again and again. */
function peakModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = createModule({ module: 'env', name: 'memory', kind: 'unlimited' });
  const index = module.declare({ params: ['i32', 'f32', 'f32'], results: ['f32'] });
  const code = createCode(3);
  const [x, y] = [1, 2].map((parameter) => {
    const vector = code.local('v128');
    code.get(parameter);
    code.op('f32x4.splat');
    code.set(vector);
    return vector;
  });
  const all = Array.from({ length: sums }, () => code.local('v128'));
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
  // The result depends on every sum, so that none of them can be left out.
  all.forEach((sum, i) => {
    code.get(sum);
    if (i > 0) code.op('f32x4.add');
  });
  code.lane('f32x4.extract_lane', 0);
  module.define(index, code);
  module.export('run', index);
  return new Uint8Array(module.toBytes());
}
