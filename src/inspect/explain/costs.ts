// What a training step costs, by layer, by kernel and in all: parameters, arithmetic, bytes moved, activations kept, memory at the peak, dispatches.
import { evaluateSizes } from '../../ir/index.js';
import type { Node, Op } from '../../ir/graph.js';
import { broadcast } from '../../ir/ops/movement.js';
import { loadsOf } from '../../ir/loads.js';
import { partsOfNest } from '../../ir/nest/traverse.js';
import {
  stepOf,
  type AnyNest,
  type Entry,
  type Kernel,
  type Phase,
  type Provenance,
  type Result,
  type Run,
  type Step,
  type TrainerProgram,
} from '../../ir/program.js';
import { actualOf } from '../../ir/runs.js';
import { elementBytes, type Buffer } from '../../ir/scalar.js';
import type { SourceLine } from '../../ir/source.js';
import { elementCount } from '../../ir/types.js';
import { flopsOf, type SizeOf } from '../flops.js';
import { arithmeticOf, type Arithmetic } from './arithmetic.js';
import { layerOfParameter, layersOf, ownerOf, ownersOf } from './owners.js';
import { peakOf, type Peak } from './peak.js';
import { divided } from './shares.js';
import { touchedBy, type Touched } from './traffic.js';

/** Amounts that add up: those of layers to the whole, those of kernels too. Bytes, but for counts of what is named. */
export interface Costs {
  /** Numbers in parameters. */
  readonly trained: number;
  readonly frozen: number;
  /** An addition, multiplication, division or function is 1. */
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
  /** Of each buffer what a kernel touches, once a call. */
  readonly read: number;
  readonly written: number;
  /** What the forward pass leaves for the backward pass. */
  readonly kept: number;
  /** What lives when most does. */
  readonly peak: number;
  /** Of kernels on the GPU. */
  readonly dispatches: number;
}

export const noCosts: Costs = {
  trained: 0,
  frozen: 0,
  forward: 0,
  backward: 0,
  update: 0,
  read: 0,
  written: 0,
  kept: 0,
  peak: 0,
  dispatches: 0,
};

/** What a layer, which is a path of bindings and instances, costs itself, without the layers in it. */
export type LayerCosts = ReadonlyMap<string, Costs>;

export interface KernelCosts {
  readonly name: string;
  readonly phase: Phase;
  readonly sources: readonly SourceLine[];
  /** The operations that it fuses, and how many of each there are. Broadcasting is not seen. */
  readonly ops: ReadonlyMap<Op, number>;
  readonly formulas: readonly string[];
  readonly plan: string;
  readonly calls: number;
  /** Of all calls together. */
  readonly flops: number;
  readonly read: number;
  readonly written: number;
}

export interface Explanation {
  /** What is explained: a training step, or what a model without one does instead. */
  readonly entry: Entry['name'];
  readonly total: Costs;
  readonly layers: LayerCosts;
  readonly kernels: readonly KernelCosts[];
  readonly peak: Peak;
}

/** A program with the nests of its kernels, and the GPU's program, whose dispatches are counted. */
export interface Subject {
  readonly program: TrainerProgram;
  readonly nests: ReadonlyMap<Provenance, AnyNest>;
  readonly onGpu: TrainerProgram;
}

/** What runs for a batch: a step where the model is trained, else its gradients, else its outputs. */
export function entryOf({ entries }: TrainerProgram): Entry | undefined {
  return stepOf({ entries }) ?? entries.gradients ?? entries.predict;
}

/** One call of a kernel, and how often it is made. */
interface Called {
  readonly run: Run;
  readonly times: number;
}

function callsIn(steps: readonly Step[], sizeOf: SizeOf, times = 1): Called[] {
  return steps.flatMap((step) =>
    step.kind === 'run'
      ? [{ run: step, times }]
      : callsIn(step.steps, sizeOf, times * evaluateSizes(step.axis.extent, sizeOf)),
  );
}

/** What a call computes, in its own words. */
function provenanceOf({ run }: Called): Provenance {
  return run.provenance ?? run.kernel.provenance;
}

/** Costs under paths. */
class Ledger {
  readonly rows = new Map<string, Record<keyof Costs, number>>();

  constructor(private readonly layerOf: (path: string) => string) {}

  add(within: string, what: keyof Costs, amount: number): void {
    const path = this.layerOf(within);
    const row = this.rows.get(path) ?? { ...noCosts };
    row[what] += amount;
    this.rows.set(path, row);
  }
}

/** Explains an entry; undefined where the program has none. */
export function explain({ program, nests, onGpu }: Subject, sizeOf: SizeOf): Explanation | undefined {
  const entry = entryOf(program);
  if (!entry) return undefined;
  const ledger = new Ledger(layersOf(program));
  countParameters(program, ledger);
  const calls = callsIn(entry.steps, sizeOf);
  const arithmetic = new Map<Node, Arithmetic>();
  const weightOf = (node: Node): Arithmetic => {
    const known = arithmetic.get(node) ?? arithmeticOf(node, sizeOf);
    arithmetic.set(node, known);
    return known;
  };
  const kernels = new Map<Kernel, KernelCosts>();
  const owners = ownersOf(calls.map(provenanceOf), program);
  for (const call of calls) {
    const { kernel } = call.run;
    const flops = Math.round(call.times * flopsOf(kernel, sizeOf));
    for (const { path, phase, amount } of divideWork(call, flops, weightOf)) ledger.add(path, phase, amount);
    const moved = bytesMoved(call, nests, sizeOf, (path, kind, bytes) => ledger.add(path, kind, bytes));
    const before = kernels.get(kernel) ?? describe(kernel);
    kernels.set(kernel, {
      ...before,
      calls: before.calls + call.times,
      flops: before.flops + flops,
      read: before.read + moved.read,
      written: before.written + moved.written,
    });
  }
  for (const [buffer, bytes] of keptIn(calls, nests, sizeOf)) ledger.add(owners.get(buffer) ?? '', 'kept', bytes);
  const peak = peakOf(program, entry, owners, sizeOf);
  for (const { layer, bytes } of peak.buffers) ledger.add(layer, 'peak', bytes);
  for (const call of callsIn(entryOf(onGpu)?.steps ?? [], sizeOf))
    if (!call.run.host) ledger.add(placeOf(provenanceOf(call)), 'dispatches', call.times);
  const total = [...ledger.rows.values()].reduce(sumOf, noCosts);
  return { entry: entry.name, total, layers: ledger.rows, kernels: [...kernels.values()], peak };
}

export function sumOf(a: Costs, b: Costs): Costs {
  const sum: Record<keyof Costs, number> = { ...a };
  for (const key of Object.keys(noCosts) as (keyof Costs)[]) sum[key] += b[key];
  return sum;
}

function countParameters({ parameters }: TrainerProgram, ledger: Ledger): void {
  for (const { name, type, trained } of parameters)
    ledger.add(
      layerOfParameter(name),
      trained ? 'trained' : 'frozen',
      evaluateSizes(elementCount(type), () => 1),
    );
}

/** The layer of what a kernel is named after. */
function placeOf({ results }: Provenance): string {
  const primary = results.findLast(({ to }) => to.space === 'parameter') ?? results.at(-1);
  return primary ? ownerOf(primary) : '';
}

/**
 * A call's arithmetic among the layers and phases of what it fuses, by what each op takes on its own. What a kernel does less than these
 * together is first terms of short sums, which are written out; what else differs is divided in proportion.
 */
function divideWork(
  { run, times }: Called,
  flops: number,
  arithmetic: (node: Node) => Arithmetic,
): { path: string; phase: Phase; amount: number }[] {
  const provenance = run.provenance ?? run.kernel.provenance;
  const parts = provenance.results.flatMap((result) =>
    result.fused.map((node) => {
      const phase = phaseOf(node, result);
      const path = phase === 'update' ? ownerOf(result) : (node.origin?.path ?? ownerOf(result));
      const { all, first, terms } = arithmetic(node);
      return { path, phase, weight: times * all, first: times * first, terms };
    }),
  );
  let spare = parts.reduce((sum, { weight }) => sum + weight, 0) - flops;
  for (const part of [...parts].sort((a, b) => a.terms - b.terms))
    if (part.first > 0 && part.first <= spare) {
      part.weight -= part.first;
      spare -= part.first;
    }
  if (parts.every(({ weight }) => weight === 0))
    return [{ path: placeOf(provenance), phase: provenance.phase, amount: flops }];
  const amounts = divided(
    flops,
    parts.map(({ weight }) => weight),
  );
  return parts.map(({ path, phase }, i) => ({ path, phase, amount: amounts[i] }));
}

/** What is computed for a result belongs to its pass, but gradients that an update is made of to the backward pass. */
function phaseOf({ role }: Node, { phase }: Result): Phase {
  return phase === 'update' && role.kind === 'cotangent' ? 'backward' : phase;
}

/** What a kernel's calls read and write, told to the layers of the results for which they do. */
function bytesMoved(
  { run, times }: Called,
  nests: Subject['nests'],
  sizeOf: SizeOf,
  tell: (path: string, kind: 'read' | 'written', bytes: number) => void,
): Record<Touched['kind'], number> {
  const moved = { read: 0, written: 0 };
  const nest = nests.get(run.kernel.provenance);
  const { results } = run.provenance ?? run.kernel.provenance;
  for (const { buffer, elements, kind, result } of nest ? touchedBy(nest, sizeOf) : []) {
    const bytes = elementBytes(actualOf(run, buffer)) * elements * times;
    const of = results.find(({ to }) => to === actualOf(run, result)) ?? results.at(-1);
    tell(of ? ownerOf(of) : '', kind, bytes);
    moved[kind] += bytes;
  }
  return moved;
}

/** Buffers that the forward pass writes and what follows reads, in kernels of their own, with their bytes. */
function keptIn(calls: readonly Called[], nests: Subject['nests'], sizeOf: SizeOf): Map<Buffer, number> {
  const made = new Set<Buffer>();
  const kept = new Map<Buffer, number>();
  for (const call of calls) {
    const { results } = provenanceOf(call);
    for (const buffer of readLater(call, nests))
      if (made.has(buffer)) kept.set(buffer, elementBytes(buffer) * evaluateSizes(buffer.length, sizeOf));
    for (const { to, phase } of results) if (phase === 'forward' && to.space === 'arena') made.add(to);
  }
  return kept;
}

/** The buffers that a call reads for results of the backward pass or the update. */
function readLater({ run }: Called, nests: Subject['nests']): Buffer[] {
  const nest = nests.get(run.kernel.provenance);
  if (!nest) return [];
  const later = new Set(run.kernel.provenance.results.flatMap(({ to, phase }) => (phase === 'forward' ? [] : [to])));
  return partsOfNest(nest)
    .flatMap(({ stores }) => stores)
    .flatMap(({ to, value }) => (later.has(to) ? loadsOf(value).map(({ from }) => actualOf(run, from)) : []));
}

function describe({ name, plan, provenance: { phase, sources, formulas, results } }: Kernel): KernelCosts {
  const ops = new Map<Op, number>();
  for (const node of new Set(results.flatMap(({ fused }) => fused)))
    if (node.inputs.length > 0 && node.op !== broadcast) ops.set(node.op, (ops.get(node.op) ?? 0) + 1);
  return { name, phase, sources, ops, formulas, plan, calls: 0, flops: 0, read: 0, written: 0 };
}
