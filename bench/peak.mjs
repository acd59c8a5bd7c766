// The multiply-add peak of 128-bit code on this core: independent chains in a loop that touches no memory.
// `node bench/peak.mjs` prints it for fused multiply-adds and for products and sums apart.
import v8 from 'node:v8';

v8.setFlagsFromString('--experimental-wasm-relaxed-simd');

const chains = 12;
const rounds = 1_000_000;

/** Takes one sample of a few milliseconds: GFLOP/s of fused multiply-adds, or of products and sums apart. */
export function peak(fused = true) {
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes(fused))).exports;
  for (let i = 0; i < 20; i++) run(rounds / 20);
  return () => {
    const begin = performance.now();
    run(rounds);
    return (2 * 4 * chains * rounds) / (performance.now() - begin) / 1e6;
  };
}

/** The module of one function `run(n)`. Locals: 0 is n, 1 and 2 the factors, and a sum for each chain. */
function bytes(fused) {
  const simd = (code) => [0xfd, ...unsigned(code)];
  const local = { get: (i) => [0x20, i], set: (i) => [0x21, i], tee: (i) => [0x22, i] };
  const splat = (index, value) => [
    0x43,
    ...new Uint8Array(new Float32Array([value]).buffer),
    ...simd(19),
    ...local.set(index),
  ];
  const sums = Array.from({ length: chains }, (_, i) => 3 + i);
  const product = [...local.get(1), ...local.get(2)];
  const round = sums.flatMap((sum) =>
    fused
      ? [...product, ...local.get(sum), ...simd(0x105), ...local.set(sum)]
      : [...product, ...simd(230), ...local.get(sum), ...simd(228), ...local.set(sum)],
  );
  const again = [...local.get(0), 0x41, 1, 0x6b, ...local.tee(0), 0x0d, 0];
  const total = sums.flatMap((sum, i) => [...local.get(sum), ...(i === 0 ? [] : simd(228))]);
  const code = [
    ...splat(1, 0.999),
    ...splat(2, 0.001),
    0x03,
    0x40,
    ...round,
    ...again,
    0x0b,
    ...total,
    ...simd(31),
    0,
    0x0b,
  ];
  const body = [1, ...unsigned(2 + chains), 0x7b, ...code];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, 3, ...new TextEncoder().encode('run'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function section(id, content) {
  return [id, ...unsigned(content.length), ...content];
}

function unsigned(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
}

if (process.argv[1] === import.meta.filename)
  for (const fused of [true, false]) {
    const sample = peak(fused);
    const best = Math.max(...Array.from({ length: 30 }, sample));
    console.log(`${fused ? 'fused' : 'product and sum'}: ${best.toFixed(1)} GFLOP/s`);
  }
