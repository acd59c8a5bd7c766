// A program as one WebAssembly module: a function for each kernel, and one for each entry that calls them in order.
import {
  add,
  axis,
  constantOf,
  mul,
  size,
  sub,
  substitute,
  toIndex,
  zero,
  type Axis,
  type Index,
} from '../../ir/index.js';
import type { Entry, Kernel, Program, Run, Statement, Step } from '../../ir/program.js';
import { actualOf, runsByKernel, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { ownMemory, ownStride, thread, threads } from '../../ir/threads.js';
import { kernelLabel } from '../text/provenance.js';
import { usesOf } from '../uses.js';
import { emitBound, emitIndex } from './addresses.js';
import { createModule, type Module } from './assembler.js';
import type { Code } from './code.js';
import { createEmission, inFrame, takeLocal, type Emission } from './emission.js';
import { axesOfKernel, sizesIn, sizesOfKernel } from './mentions.js';
import { emitKernel } from './kernel.js';
import { defineClaims, type Claims } from './claims.js';
import { anyShared, Since, stretchesOf } from './threads.js';

export interface WasmOptions {
  /** Fused multiply-add: faster, but its bits differ between machines. */
  readonly relaxed?: boolean;
}

export interface Wasm {
  /**
   * Imports `env.memory`; exports a function for each entry, whose parameters are the sizes of the call, then the sizes that
   * there is room for, which decide where buffers lie; where threads share the work then the number of the thread and how many
   * there are, and what defineClaims exports.
   */
  readonly binary: Uint8Array;
  /** The same packed, for its text. */
  readonly packed: Uint8Array;
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
  const claims = own && defineClaims(module);
  const entries = Object.values(program.entries);
  const functions = defineKernels(module, runsByKernel(entries.flatMap((entry) => entry.steps)), {
    offsets,
    relaxed: options.relaxed ?? false,
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
    const e = createEmission(offsets, false, parameters, axes);
    inFrame(e, { block: true }, () => {
      if (!own || !claims) return emitSteps(e, entry.steps, kernelFunction);
      emitIndex(e, inRooms(add(length, mul(ownStride(own), toIndex(thread)))));
      const begin = takeLocal(e, 'i32');
      e.code.set(begin);
      e.axes.set(ownMemory, begin);
      emitShared(teamIn(e, claims), entry.steps, kernelFunction);
    });
    module.define(index, e.code);
    module.name(index, entry.name);
    module.export(entry.name, index);
  }
  writeConstants(module, program.buffers, offsets);
  const shared = new Set(entries.flatMap((e) => (!e.alone && anyShared(e.steps) ? [e.name] : [])));
  return {
    get binary() {
      return module.toBytes();
    },
    get packed() {
      return module.toPacked();
    },
    sharedAt: module.sharedAt,
    shared,
    sizes,
    entries: entries.map((e) => e.name),
  };
}

/** Buffers lie where the largest sizes so far have put them. */
function inRooms(at: Index): Index {
  return substitute(at, (part) => (part.kind === 'size' ? size(roomOf(part.name), part.rank) : undefined));
}

function roomOf(name: string): string {
  return `room of ${name}`;
}

/** A function for each kernel that does not run on the host. Those of one length are near one another: often alike, each tells what comes in the next. */
function defineKernels(
  module: Module,
  runs: ReadonlyMap<Kernel, readonly Run[]>,
  options: Pick<Emission, 'offsets' | 'relaxed'>,
): Map<Kernel, KernelFunction> {
  const written = [...runs]
    .filter(([, calls]) => calls.some((run) => !run.host))
    .map(([kernel, calls]) => {
      const { starts, bases } = parametersOf(kernel, calls, options.offsets);
      const parameters = { sizes: sizesOfKernel(kernel, starts), axes: axesOfKernel(kernel, starts), bases };
      const emit = (body: readonly Statement[]): Code =>
        emitKernel({ ...kernel, body }, { ...options, ...parameters, offsets: starts });
      return { kernel, parameters, codes: stretchesOf(kernel.body).map(emit) };
    });
  const functions = new Map<Kernel, KernelFunction>();
  const lengthOf = (codes: readonly Code[]): number => codes.reduce((sum, { heads }) => sum + heads.length, 0);
  for (const { kernel, parameters, codes } of written.sort((a, b) => lengthOf(a.codes) - lengthOf(b.codes))) {
    const count = parameters.sizes.length + parameters.axes.length;
    const indices = codes.map((code) => {
      const index = module.declare({ params: Array.from({ length: count }, () => 'i32' as const), results: [] });
      module.define(index, code);
      module.name(index, kernelLabel(kernel));
      return index;
    });
    functions.set(kernel, { indices, ...parameters });
  }
  return functions;
}

interface KernelFunction {
  /** One after another; threads wait between them. */
  readonly indices: readonly number[];
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
    else if (!step.host) {
      const called = functionOf(step.kernel);
      for (const index of called.indices) emitCall(e, called, step, index);
    }
  }
}

/** What an entry that threads share holds: how they divide work, and for each number of pieces of a part how many there are in all. */
interface Team {
  readonly e: Emission;
  readonly claims: Claims;
  readonly pieces: Map<number, { readonly each: number; readonly all: number }>;
}

/** At the start of the entry: an earlier one may have ended in the middle. */
function teamIn(e: Emission, claims: Claims): Team {
  e.code.i32(0);
  e.code.global('set', claims.taken);
  return { e, claims, pieces: new Map() };
}

/** How many pieces a thread's part has here, and how many there are in all: told once, at the start of the entry. */
function piecesOf({ e, claims, pieces }: Team, most: number): { readonly each: number; readonly all: number } {
  const known = pieces.get(most);
  if (known) return known;
  const found = { each: e.code.local('i32'), all: e.code.local('i32') };
  const { prologue } = e.code;
  prologue.i32(most);
  prologue.get(numberOf(e, threads));
  prologue.call(claims.pieces);
  prologue.tee(found.each);
  prologue.get(numberOf(e, threads));
  prologue.op('i32.mul');
  prologue.set(found.all);
  pieces.set(most, found);
  return found;
}

function numberOf(e: Emission, axis: Axis): number {
  const local = e.axes.get(axis);
  if (local === undefined) throw new Error(`it is not known here what ${axis.name} is`);
  return local;
}

/**
 * Whichever thread comes first takes a piece of what threads share, and what they do not share as a whole. Before a step that reads what
 * another thread may be writing all is done that was taken, and at the end, or `always` where more rounds follow.
 */
function emitShared(team: Team, steps: readonly Step[], functionOf: FunctionOf, always = false): void {
  const { e } = team;
  const since = new Since(e.offsets);
  let alone: Step[] = [];
  const together = (): void => {
    if (alone.length > 0) emitAlone(team, () => emitSteps(e, alone, functionOf));
    since.add(runsOf(alone));
    alone = [];
  };
  const meet = (): void => {
    together();
    emitMeet(team);
    since.clear();
  };
  for (const step of steps) {
    if (step.kind === 'run' && step.host) continue;
    const inside = runsOf([step]);
    if (!anyShared([step])) {
      if (since.mustWait(inside)) meet();
      alone.push(step);
      continue;
    }
    together();
    if (step.kind === 'repeat') {
      meet();
      emitRepeat(e, step, () => emitShared(team, step.steps, functionOf, true));
      continue;
    }
    if (since.mustWait(inside)) meet();
    since.add(inside);
    const called = functionOf(step.kernel);
    called.indices.forEach((index, i) => {
      if (i > 0) emitMeet(team);
      emitPieces(team, step.kernel.sharing?.pieces ?? 1, () => emitCall(e, called, step, index));
    });
  }
  together();
  if (since.open || always) emitMeet(team);
}

function emitMeet({ e, claims }: Team): void {
  e.code.get(numberOf(e, threads));
  e.code.call(claims.meet);
}

/** Runs a kernel for one piece after another, as long as there are any. */
function emitPieces(team: Team, most: number, call: () => void): void {
  const { e, claims } = team;
  const { code } = e;
  const { each, all } = piecesOf(team, most);
  const [own, count] = [numberOf(e, thread), numberOf(e, threads)];
  inFrame(e, { block: true }, () => {
    const piece = takeLocal(e, 'i32');
    code.open('block');
    code.open('loop');
    code.get(own);
    code.get(count);
    code.get(each);
    code.call(claims.claim);
    code.tee(piece);
    code.i32(0);
    code.op('i32.lt_s');
    code.branch('br_if', 1);
    e.axes.set(thread, piece);
    e.axes.set(threads, all);
    call();
    e.axes.set(thread, own);
    e.axes.set(threads, count);
    code.branch('br', 0);
    code.op('end', 'end');
  });
}

/** Runs what one thread does, whichever comes first. */
function emitAlone({ e, claims }: Team, inside: () => void): void {
  const { code } = e;
  code.get(numberOf(e, threads));
  code.call(claims.claimAlone);
  code.open('if');
  inFrame(e, { block: true }, inside);
  code.get(numberOf(e, threads));
  code.call(claims.endAlone);
  code.op('end');
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

function emitCall(e: Emission, called: KernelFunction, run: Run, index: number): void {
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
  e.code.call(index);
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
