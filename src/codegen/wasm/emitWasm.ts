// A program as one WebAssembly module: a function for each kernel, and one for each entry that calls them in order.
import { size, sizesOf, substitute, zero, type Axis, type Index } from '../../ir/index.js';
import type { Entry, Kernel, Program, Step } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { usesOf } from '../uses.js';
import { emitBound, emitIndex } from './addresses.js';
import { createModule, type Module } from './assembler.js';
import { createEmission, inFrame, takeLocal, type Emission } from './emission.js';
import { emitKernel } from './kernel.js';

export interface WasmOptions {
  /** Fused multiply-add: faster, but its bits differ between machines. */
  readonly relaxed?: boolean;
  /** Memory that worker threads share. */
  readonly shared?: boolean;
}

export interface Wasm {
  /**
   * Imports `env.memory`; exports a function for each entry, whose parameters are the sizes of the call, then the sizes that
   * there is room for, which decide where buffers lie.
   */
  readonly binary: Uint8Array;
  /** The run-time sizes, in the order of the parameters. */
  readonly sizes: readonly string[];
  readonly entries: readonly Entry['name'][];
}

/** Steps marked `host` are left out: JavaScript runs them before the entry. */
export function emitWasm(program: Program, options: WasmOptions = {}): Wasm {
  const offsets = new Map([...program.memory.offsets].map(([buffer, at]) => [buffer, inRooms(at)]));
  const module = createModule({ module: 'env', name: 'memory', shared: options.shared ?? false });
  const sizes = sizesIn(program);
  const functions = new Map<Kernel, KernelFunction>();
  const kernelFunction = (kernel: Kernel): KernelFunction => {
    const known = functions.get(kernel);
    if (known) return known;
    const parameters = { sizes: sizesOfKernel(kernel, offsets), axes: [...usesOf(kernel).axes] };
    const count = parameters.sizes.length + parameters.axes.length;
    const type = { params: Array.from({ length: count }, () => 'i32' as const), results: [] };
    const made: KernelFunction = { index: module.declare(type), ...parameters };
    module.define(made.index, emitKernel(kernel, { ...made, offsets, relaxed: options.relaxed ?? false }));
    functions.set(kernel, made);
    return made;
  };
  const entries = Object.values(program.entries);
  for (const entry of entries) {
    const parameters = [...sizes, ...sizes.map(roomOf)];
    const index = module.declare({ params: parameters.map(() => 'i32' as const), results: [] });
    const e = createEmission(offsets, false, parameters, []);
    inFrame(e, { block: true }, () => emitSteps(e, entry.steps, kernelFunction));
    module.define(index, e.code);
    module.export(entry.name, index);
  }
  writeConstants(module, program.buffers, offsets);
  return { binary: module.toBytes(), sizes, entries: entries.map((e) => e.name) };
}

/** Buffers lie where the largest sizes so far have put them. */
function inRooms(at: Index): Index {
  return substitute(at, (part) => (part.kind === 'size' ? size(roomOf(part.name)) : undefined));
}

function roomOf(name: string): string {
  return `room of ${name}`;
}

interface KernelFunction {
  readonly index: number;
  readonly sizes: readonly string[];
  readonly axes: readonly Axis[];
}

function emitSteps(e: Emission, steps: readonly Step[], functionOf: (kernel: Kernel) => KernelFunction): void {
  for (const step of steps) {
    if (step.kind === 'run') {
      if (!step.host) emitCall(e, functionOf(step.kernel));
      continue;
    }
    const { code } = e;
    inFrame(e, { block: true }, () => {
      const to = emitBound(e, step.axis.extent);
      const counter = takeLocal(e, 'i32');
      e.axes.set(step.axis, counter);
      emitIndex(e, zero);
      code.set(counter);
      code.open('loop');
      emitSteps(e, step.steps, functionOf);
      code.get(counter);
      code.i32(1);
      code.op('i32.add');
      code.tee(counter);
      to();
      code.op('i32.lt_s');
      code.branch('br_if', 0);
      code.op('end');
    });
  }
}

function emitCall(e: Emission, called: KernelFunction): void {
  const pass = (local: number | undefined): void => {
    if (local === undefined) throw new Error('a kernel reads an axis that no loop around it binds');
    e.code.get(local);
  };
  for (const name of called.sizes) pass(e.sizes.get(name));
  for (const axis of called.axes) pass(e.axes.get(axis));
  e.code.call(called.index);
}

/** The sizes that the kernel mentions, and those on which the places of its buffers depend. */
function sizesOfKernel(kernel: Kernel, offsets: ReadonlyMap<Buffer, Index>): string[] {
  const { sizes, buffers } = usesOf(kernel);
  const found = new Set(sizes);
  for (const buffer of buffers) sizesOf(offsets.get(buffer) ?? zero, found);
  return [...found];
}

/** Every run-time size of the program, sorted. */
function sizesIn(program: Program): string[] {
  const found = sizesOf(program.memory.length);
  for (const kernel of program.kernels)
    for (const name of sizesOfKernel(kernel, program.memory.offsets)) found.add(name);
  return [...found].sort();
}

/** The tables that kernels read. */
function writeConstants(module: Module, buffers: readonly Buffer[], offsets: ReadonlyMap<Buffer, Index>): void {
  for (const buffer of buffers) {
    if (!buffer.data) continue;
    const start = offsets.get(buffer);
    if (!start) throw new Error(`${buffer.name} has no place in memory`);
    const bytes = new Uint8Array(4 * buffer.data.length);
    const view = new DataView(bytes.buffer);
    buffer.data.forEach((value, i) => {
      if (buffer.dtype === 'f32') view.setFloat32(4 * i, value, true);
      else view.setInt32(4 * i, value, true);
    });
    module.data(4 * (start.terms[0]?.factor ?? 0), bytes);
  }
}
