// A program as one WebAssembly module: a function for each kernel, and one for each entry that calls them in order.
import {
  add,
  axesOf,
  axis,
  constantOf,
  mul,
  size,
  sizesOf,
  sub,
  substitute,
  toIndex,
  zero,
  type Axis,
  type Index,
} from '../../ir/index.js';
import type { Entry, Kernel, Program, Run, Step } from '../../ir/program.js';
import { actualOf, runsByKernel, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { ownMemory, thread, threads } from '../../ir/threads.js';
import { kernelLabel } from '../text/provenance.js';
import { usesOf } from '../uses.js';
import { emitBound, emitIndex } from './addresses.js';
import { createModule, type Module } from './assembler.js';
import { createEmission, inFrame, takeLocal, type Emission } from './emission.js';
import { emitKernel } from './kernel.js';
import { anyShared, defineBarrier, emitBarrier, isShared, Since } from './threads.js';

export interface WasmOptions {
  /** Fused multiply-add: faster, but its bits differ between machines. */
  readonly relaxed?: boolean;
}

export interface Wasm {
  /**
   * Imports `env.memory`; exports a function for each entry, whose parameters are the sizes of the call, then the sizes that
   * there is room for, which decide where buffers lie; where threads share the work then the number of the thread and how many
   * there are, and `awaitWork`.
   */
  readonly binary: Uint8Array;
  /** Where threads share the work: the offset of the byte that is 1, and 3 for memory that they share. */
  readonly sharedAt?: number;
  /** Entries in which they do. */
  readonly shared: ReadonlySet<Entry['name']>;
  /** The run-time sizes, in the order of the parameters. */
  readonly sizes: readonly string[];
  readonly entries: readonly Entry['name'][];
}

/** Steps marked `host` are left out: JavaScript runs them before the entry. */
export function emitWasm(program: Program, options: WasmOptions = {}): Wasm {
  const offsets = new Map([...program.memory.offsets].map(([buffer, at]) => [buffer, inRooms(at)]));
  const { own, length } = program.memory;
  const module = createModule({ module: 'env', name: 'memory', kind: own ? 'sharable' : 'unlimited' });
  const sizes = sizesIn(program);
  const barrier = own && defineBarrier(module);
  const entries = Object.values(program.entries);
  const functions = defineKernels(module, runsByKernel(entries.flatMap((entry) => entry.steps)), {
    offsets,
    relaxed: options.relaxed ?? false,
    barrier,
  });
  const kernelFunction = (kernel: Kernel): KernelFunction => {
    const found = functions.get(kernel);
    if (!found) throw new Error(`${kernel.name} has no function`);
    return found;
  };
  for (const entry of entries) {
    const parameters = [...sizes, ...sizes.map(roomOf)];
    const axes = own ? [thread, threads] : [];
    const index = module.declare({ params: [...parameters, ...axes].map(() => 'i32' as const), results: [] });
    const e = createEmission(offsets, false, parameters, axes, barrier);
    inFrame(e, { block: true }, () => {
      if (!own) return emitSteps(e, entry.steps, kernelFunction);
      emitIndex(e, inRooms(add(length, mul(own, toIndex(thread)))));
      const begin = takeLocal(e, 'i32');
      e.code.set(begin);
      e.axes.set(ownMemory, begin);
      emitShared(e, entry.steps, kernelFunction);
    });
    module.define(index, e.code);
    module.name(index, entry.name);
    module.export(entry.name, index);
  }
  writeConstants(module, program.buffers, offsets);
  const binary = module.toBytes();
  const shared = new Set(entries.flatMap((e) => (!e.alone && anyShared(e.steps) ? [e.name] : [])));
  return { binary, sharedAt: module.sharedAt, shared, sizes, entries: entries.map((e) => e.name) };
}

/** Buffers lie where the largest sizes so far have put them. */
function inRooms(at: Index): Index {
  return substitute(at, (part) => (part.kind === 'size' ? size(roomOf(part.name), part.rank) : undefined));
}

function roomOf(name: string): string {
  return `room of ${name}`;
}

/** A function for each kernel that does not run on the host. Those of one length are near one another: often alike, they deflate to less. */
function defineKernels(
  module: Module,
  runs: ReadonlyMap<Kernel, readonly Run[]>,
  options: Pick<Emission, 'offsets' | 'relaxed' | 'barrier'>,
): Map<Kernel, KernelFunction> {
  const written = [...runs]
    .filter(([, calls]) => calls.some((run) => !run.host))
    .map(([kernel, calls]) => {
      const { starts, bases } = parametersOf(kernel, calls, options.offsets);
      const parameters = { sizes: sizesOfKernel(kernel, starts), axes: axesOfKernel(kernel, starts), bases };
      return { kernel, parameters, code: emitKernel(kernel, { ...options, ...parameters, offsets: starts }) };
    });
  const functions = new Map<Kernel, KernelFunction>();
  for (const { kernel, parameters, code } of written.sort((a, b) => a.code.bytes.length - b.code.bytes.length)) {
    const count = parameters.sizes.length + parameters.axes.length;
    const index = module.declare({ params: Array.from({ length: count }, () => 'i32' as const), results: [] });
    module.define(index, code);
    module.name(index, kernelLabel(kernel));
    functions.set(kernel, { index, ...parameters });
  }
  return functions;
}

interface KernelFunction {
  readonly index: number;
  readonly sizes: readonly string[];
  /** Of loops around its calls, and those of `bases`. */
  readonly axes: readonly Axis[];
  /** Where a parameter lies: an argument of each call, in words. */
  readonly bases: ReadonlyMap<Axis, Buffer>;
}

interface Parameters {
  readonly starts: ReadonlyMap<Buffer, Index>;
  readonly bases: ReadonlyMap<Axis, Buffer>;
}

/** Where the kernel of these calls finds its buffers. Parameters that lie as far from each other in every call share one argument. */
function parametersOf(kernel: Kernel, runs: readonly Run[], offsets: ReadonlyMap<Buffer, Index>): Parameters {
  const [first] = runs;
  if (!first?.given) return { starts: offsets, bases: new Map() };
  const starts = new Map<Buffer, Index>();
  for (const buffer of usesOf(kernel).buffers) {
    const start = offsets.get(buffer);
    if (start) starts.set(buffer, start);
  }
  const offsetIn = (run: Run, parameter: Buffer): Index => {
    const offset = offsets.get(actualOf(run, parameter));
    if (!offset) throw new Error(`${actualOf(run, parameter).name} has no offset in memory`);
    return offset;
  };
  const bases = new Map<Axis, Buffer>();
  for (const parameter of first.given.keys()) {
    const distance = (run: Run, from: Buffer): Index => sub(offsetIn(run, parameter), offsetIn(run, from));
    const near = [...bases].find(([, from]) => {
      const { key } = distance(first, from);
      return (constantOf(distance(first, from)) ?? -1) >= 0 && runs.every((run) => distance(run, from).key === key);
    });
    if (near) {
      starts.set(parameter, add(toIndex(near[0]), distance(first, near[1])));
      continue;
    }
    const base = axis(`base of ${parameter.name}`, mostWords);
    bases.set(base, parameter);
    starts.set(parameter, toIndex(base));
  }
  return { starts, bases };
}

/** No memory is larger. */
const mostWords = 2 ** 30;

type FunctionOf = (kernel: Kernel) => KernelFunction;

function emitSteps(e: Emission, steps: readonly Step[], functionOf: FunctionOf): void {
  for (const step of steps) {
    if (step.kind === 'repeat') emitRepeat(e, step, () => emitSteps(e, step.steps, functionOf));
    else if (!step.host) emitCall(e, functionOf(step.kernel), step);
  }
}

/**
 * Every thread runs what threads share, the first one the rest. A barrier before a step that reads another thread's writes, and at the
 * end if any work is pending, or `always` where more rounds follow.
 */
function emitShared(e: Emission, steps: readonly Step[], functionOf: FunctionOf, always = false): void {
  const since = new Since(e.offsets);
  const meet = (): void => {
    emitBarrier(e);
    since.clear();
  };
  for (const step of steps) {
    if (step.kind === 'run' && step.host) continue;
    const inside = runsOf([step]);
    if (step.kind === 'repeat' && anyShared(step.steps)) {
      meet();
      emitRepeat(e, step, () => emitShared(e, step.steps, functionOf, true));
      continue;
    }
    if (since.needsBarrier(inside)) meet();
    since.add(inside);
    if (step.kind === 'run' && isShared(step.kernel)) emitCall(e, functionOf(step.kernel), step);
    else {
      e.code.get(e.axes.get(thread) ?? 0);
      e.code.op('i32.eqz');
      e.code.open('if');
      inFrame(e, { block: true }, () => emitSteps(e, [step], functionOf));
      e.code.op('end');
    }
  }
  if (since.open || always) meet();
}

function emitRepeat(e: Emission, { axis }: Step & { kind: 'repeat' }, inside: () => void): void {
  const { code } = e;
  inFrame(e, { block: true }, () => {
    const to = emitBound(e, axis.extent);
    const counter = takeLocal(e, 'i32');
    e.axes.set(axis, counter);
    emitIndex(e, zero);
    code.set(counter);
    code.open('loop');
    inside();
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

function emitCall(e: Emission, called: KernelFunction, run: Run): void {
  const pass = (local: number | undefined): void => {
    if (local === undefined) throw new Error('a kernel reads an axis that no loop around it binds');
    e.code.get(local);
  };
  for (const name of called.sizes) pass(e.sizes.get(name));
  for (const axis of called.axes) {
    const [parameter, number] = [called.bases.get(axis), run.numbers?.get(axis)];
    if (number !== undefined) e.code.i32(number);
    else if (parameter) emitIndex(e, e.offsets.get(actualOf(run, parameter)) ?? zero);
    else pass(e.axes.get(axis));
  }
  e.code.call(called.index);
}

/** The sizes that the kernel mentions, and those on which the offsets of its buffers depend. */
function sizesOfKernel(kernel: Kernel, offsets: ReadonlyMap<Buffer, Index>): string[] {
  const { sizes, buffers } = usesOf(kernel);
  const found = new Set(sizes);
  for (const buffer of buffers) sizesOf(offsets.get(buffer) ?? zero, found);
  return [...found];
}

/** Axes of loops around its calls, and where the thread's own buffers begin. */
function axesOfKernel(kernel: Kernel, offsets: ReadonlyMap<Buffer, Index>): Axis[] {
  const { axes, buffers } = usesOf(kernel);
  const found = new Set(axes);
  for (const buffer of buffers) axesOf(offsets.get(buffer) ?? zero, found);
  return [...found];
}

/** Every run-time size of the program, sorted. */
function sizesIn(program: Program): string[] {
  const found = sizesOf(program.memory.length);
  if (program.memory.own) sizesOf(program.memory.own, found);
  for (const run of runsOf(Object.values(program.entries).flatMap((entry) => entry.steps))) {
    for (const name of usesOf(run.kernel).sizes) found.add(name);
    for (const buffer of usesOf(run.kernel).buffers)
      sizesOf(program.memory.offsets.get(actualOf(run, buffer)) ?? zero, found);
  }
  return [...found].sort();
}

/** The tables that kernels read. */
function writeConstants(module: Module, buffers: readonly Buffer[], offsets: ReadonlyMap<Buffer, Index>): void {
  for (const buffer of buffers) {
    if (!buffer.data) continue;
    const start = offsets.get(buffer);
    if (!start) throw new Error(`${buffer.name} has no offset in memory`);
    const bytes = new Uint8Array(4 * buffer.data.length);
    const view = new DataView(bytes.buffer);
    buffer.data.forEach((value, i) => {
      if (buffer.dtype === 'f32') view.setFloat32(4 * i, value, true);
      else view.setInt32(4 * i, value, true);
    });
    module.data(4 * (start.terms[0]?.factor ?? 0), bytes);
  }
}
