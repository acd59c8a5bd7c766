// Runs hand-made kernels as a WebAssembly module, over buffers laid out one after another.
import { emitWasm, type WasmOptions } from '../../src/codegen/wasm/emitWasm.js';
import { constant, evaluateSizes, toIndex, type Index } from '../../src/ir/index.js';
import type { Kernel, Program, Statement } from '../../src/ir/program.js';
import type { Buffer } from '../../src/ir/scalar.js';
import { paceKernel } from '../../src/passes/schedule/pace/pace.js';

export function buffer(name: string, length: number | Index, dtype: Buffer['dtype'] = 'f32'): Buffer {
  return { name, space: 'arena', dtype, length: toIndex(length) };
}

export function kernelOf(name: string, ...body: Statement[]): Kernel {
  const provenance = { formulas: [], sources: [], phase: 'forward', results: [] } as const;
  return { name, body, scratch: [], plan: '', provenance };
}

export interface Running {
  readonly binary: Uint8Array;
  run(): void;
  of(buffer: Buffer): Float32Array;
  ints(buffer: Buffer): Int32Array;
  halves(buffer: Buffer): Uint16Array;
}

/** Buffers begin at multiples of 16 bytes, for the given sizes. */
export function runKernels(
  given: readonly Kernel[],
  buffers: readonly Buffer[],
  sizes: Readonly<Record<string, number>> = {},
  options: WasmOptions = {},
): Running {
  const kernels = given.map((kernel) => paceKernel(kernel, options.relaxed));
  const offsets = new Map<Buffer, Index>();
  let words = 16;
  for (const b of buffers) {
    offsets.set(b, constant(words));
    words += 4 * Math.ceil(lengthOf(b, sizes) / 4);
  }
  const program: Program = {
    entries: {
      predict: { name: 'predict', steps: kernels.map((kernel) => ({ kind: 'run', kernel })), inputs: [], results: [] },
    },
    kernels,
    buffers,
    memory: { offsets, length: constant(words) },
  };
  const wasm = emitWasm(program, options);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * words) / 65536) + 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm.binary)), { env: { memory } });
  const entry = instance.exports.predict;
  if (typeof entry !== 'function') throw new Error('no entry');
  const args = wasm.sizes.map((name) => sizes[name]);
  const start = (b: Buffer): number => 4 * evaluateSizes(offsets.get(b) ?? constant(0), (name) => sizes[name]);
  return {
    binary: wasm.binary,
    run: () => entry(...args, ...args),
    of: (b) => new Float32Array(memory.buffer, start(b), lengthOf(b, sizes)),
    halves: (b) => new Uint16Array(memory.buffer, start(b), lengthOf(b, sizes)),
    ints: (b) => new Int32Array(memory.buffer, start(b), lengthOf(b, sizes)),
  };
}

function lengthOf(b: Buffer, sizes: Readonly<Record<string, number>>): number {
  return evaluateSizes(b.length, (name) => sizes[name]);
}
