// The program level: nests (loops over scalar expressions, made by fuse), kernels (statements, made by lower), steps and entries.
import type { Node } from './graph.js';
import type { Axis, Index } from './index.js';
import type { Initial, ModelGraph } from './model.js';
import type { CounterName } from './ops/leaves.js';
import type { Buffer, FoldOp, Scalar, ScalarType } from './scalar.js';
import type { SourceLine } from './source.js';
import type { TensorType } from './types.js';

/** Where a kernel comes from, for its comment: `d_logits = (softmax(logits) - one_hot(label)) / batch   mnist.nn:9 cross_entropy`. */
export interface Provenance {
  /** One line a result: what is computed, in the model's own names. */
  readonly formulas: readonly string[];
  /** Without repeats: that of the result which the kernel is named after, those of the others in order, then what was put into them. */
  readonly sources: readonly SourceLine[];
  readonly phase: Phase;
  /** The bindings and instances that lead to what is stored last: `h.block.3.a`. */
  readonly path?: string;
  /** In the order of its text. */
  readonly results: readonly Result[];
}

export type Phase = 'forward' | 'backward' | 'update';

/** What a nest stores, and what it is made of. */
export interface Result {
  readonly to: Buffer;
  readonly node: Node;
  readonly phase: Phase;
  /** The nodes that are computed for it: itself, and those whose elements were put into its own. None where it is moved. */
  readonly fused: readonly Node[];
}

export interface Store {
  readonly to: Buffer;
  readonly at: Index;
  readonly value: Scalar;
}

/** One loop nest: every store is made at every point of the axes. Folds are inside the values. */
export interface Nest {
  readonly kind: 'nest';
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly stores: readonly Store[];
  readonly provenance: Provenance;
  /** The elements along one axis one after another: the only store's value is made of the element before, which it has as `carried`. */
  readonly ordered?: Ordered;
}

export interface Ordered {
  readonly axis: Axis;
  /** From its end. */
  readonly reverse: boolean;
  /** What the first element has as the one before. */
  readonly start: number;
}

/**
 * Nests joined in one loop over rows: parts run in order for each row, and read one another only within the row.
 * Buffers in `rowLocal` are needed by these parts alone and hold one row (their `at` does not mention `row`).
 */
export interface Rows {
  readonly kind: 'rows';
  readonly name: string;
  readonly row: Axis;
  readonly parts: readonly Nest[];
  /**
   * Made after the last row, from folds over `row` that are added up while the rows pass, after the parts of each. Where rows run
   * one after another only.
   */
  readonly totals?: readonly Nest[];
  readonly rowLocal: readonly Buffer[];
  readonly provenance: Provenance;
}

export type AnyNest = Nest | Rows;

/** What lower makes of a nest, and emitters print. */
export interface Kernel {
  readonly name: string;
  readonly body: readonly Statement[];
  readonly scratch: readonly Buffer[];
  /** The plan in one line: `contraction: v=o:128 u=b:64 fold=i:784 tile 4x8, v side staged by panel`. */
  readonly plan: string;
  readonly provenance: Provenance;
  /** WGSL: workgroups in x, y, z, and threads of one. */
  readonly grid?: readonly Index[];
  readonly threads?: readonly number[];
  /** What threads must know to share the kernel; absent where it can only run whole. */
  readonly sharing?: {
    /** Buffers that are written before they are read wherever they are used: every thread needs its own. */
    readonly own: readonly Buffer[];
    /** Threads may also share loops that stand in others; not where one loop reads what the one before it has stored. */
    readonly nested: boolean;
    /** Into how many pieces a thread's part is worth dividing, so that others can take over what it does not come to; else it is one. */
    readonly pieces?: number;
  };
}

export type Statement =
  /** axis = 0, step, 2·step … below `to`; with `last`, the axis is min(counter, last): overlapped tails. */
  | {
      readonly kind: 'loop';
      readonly axis: Axis;
      readonly from?: Index;
      readonly to: Index;
      readonly step: number;
      readonly last?: Index;
      readonly as: 'serial' | 'group' | 'thread';
      /** Over coordinates of a result: rounds do not depend on one another, and write what no other does, or the same. */
      readonly parallel?: true;
      /** Runs at least once: accumulators need no initial value. */
      readonly atLeastOnce?: true;
      /** WebAssembly: unrolled by two, with an exit between the rounds. */
      readonly pairs?: true;
      readonly body: readonly Statement[];
    }
  /** An integer let: tile numbers, shared quotients. */
  | { readonly kind: 'index'; readonly axis: Axis; readonly value: Index }
  /** mutable: an accumulator. lanes: a value of four. fence: as of a store, and sums of the loop around have been added up before it. */
  | ({
      readonly kind: 'let';
      readonly name: string;
      readonly value: Scalar;
      readonly mutable?: true;
      readonly fence?: true;
    } & InLockStep)
  | { readonly kind: 'set'; readonly name: string; readonly value: Scalar }
  /** A value of lanes stores four neighbours. fence: WebAssembly's compilers move no code from before it behind it. */
  | ({
      readonly kind: 'store';
      readonly to: Buffer;
      readonly at: Index;
      readonly value: Scalar;
      readonly fence?: true;
    } & InLockStep)
  | {
      readonly kind: 'if';
      readonly less: readonly [Index, Index];
      readonly then: readonly Statement[];
      readonly else: readonly Statement[];
    }
  /** WebAssembly only: the four lane locals as a 4×4 matrix, transposed in place. */
  | { readonly kind: 'transpose'; readonly names: readonly [string, string, string, string] }
  /** The threads of a WGSL workgroup see what the others have stored in its memory; `storage`: and in the arena, as all of them do elsewhere. */
  | { readonly kind: 'barrier'; readonly storage?: true; readonly total?: Total };

/** WebAssembly: the value is computed operation by operation beside that of the statement before. */
interface InLockStep {
  readonly beside?: true;
}

/** Every thread of a workgroup has a number of its own in the mutable let; then all have what these come to, in a fixed order. */
export interface Total {
  readonly name: string;
  readonly op: FoldOp;
  readonly type: ScalarType;
}

/** One call of a kernel. */
export interface Run {
  readonly kind: 'run';
  readonly kernel: Kernel;
  /** A scalar nest of counters alone, run by JavaScript in double precision. */
  readonly host?: true;
  /** What each parameter of a kernel that serves several copies of a layer stands for in this call. */
  readonly given?: ReadonlyMap<Buffer, Buffer>;
  /** The same for numbers, which the kernel reads as axes. */
  readonly numbers?: ReadonlyMap<Axis, number>;
  /** Whose call it is, where the kernel serves several: `h.block.7: model.nn:9`. */
  readonly copy?: string;
  /** What this call computes, where the kernel serves several. */
  readonly provenance?: Provenance;
}

/** What runs, and what runs again for each index of an axis, one after another; an address may mention the axis. */
export type Work<R extends { readonly kind: 'run' }> =
  | R
  | {
      readonly kind: 'repeat';
      readonly axis: Axis;
      readonly steps: readonly Work<R>[];
      /** What it is a loop over, and what that gives: `for each position of T: h`. */
      readonly note?: string;
    };

/** A program is a list of these. */
export type Step = Work<Run>;

/** What a pass of one train block runs; `step.critic` where there are several. */
export type PassName = 'step' | 'accumulate' | 'gradients';

export type EntryName = PassName | `${PassName}.${string}` | 'observe' | 'evaluate' | 'predict';

/** The entry of a player. */
export function passOf(name: PassName, player: string | undefined): EntryName {
  return player === undefined ? name : `${name}.${player}`;
}

export interface Entry {
  /** A profiling variant has an entry for each kernel of another one. */
  readonly name: EntryName | `kernel${number}`;
  readonly steps: readonly Step[];
  /** Inputs that this entry reads. */
  readonly inputs: readonly string[];
  /** What the entry reports: losses and metrics (scalars), outputs, gradients; by name, in order. */
  readonly results: readonly { readonly name: string; readonly buffer: Buffer }[];
  /** Too little work to be worth waking threads. */
  readonly alone?: true;
}

/**
 * Where buffers begin, in 4-byte words from the start of the arena; an index in run-time sizes. Targets with typed arrays
 * (ts) have their arena and scratch buffers here; targets with flat memory (wasm, wgsl) have all but workgroup buffers,
 * the persistent ones (constants, parameters, states, slots, counters) first, at offsets free of run-time sizes.
 */
export interface MemoryPlan {
  readonly offsets: ReadonlyMap<Buffer, Index>;
  /** In 4-byte words. */
  readonly length: Index;
  /** Where floats and integers have memories of their own: the length of the integers', while `length` is that of the floats'. */
  readonly integers?: Index;
  /** The same of halves, counted in halves. */
  readonly halves?: Index;
  /** Where threads share the work: words that each of them has for itself, behind all others. */
  readonly own?: Index;
}

/** Where a buffer lies, on targets whose memories hold elements of one type each. */
export function memoryOf({ dtype }: Buffer): 'floats' | 'halves' | 'integers' {
  return dtype === 'f32' ? 'floats' : dtype === 'f16' ? 'halves' : 'integers';
}

/** By name; those that a program has. */
export type Entries = Partial<Record<PassName | 'observe' | 'evaluate' | 'predict', Entry>> &
  Record<`${PassName}.${string}`, Entry>;

/** What a call of step runs, each pass at its update; of several players one after another. */
export function stepOf({ entries }: Pick<Program, 'entries'>): Entry | undefined {
  const passes = Object.values(entries).filter(({ name }) => name === 'step' || name.startsWith('step.'));
  if (passes.length <= 1) return passes.at(0);
  return {
    name: 'step',
    steps: passes.flatMap(({ steps }) => steps),
    inputs: [...new Set(passes.flatMap(({ inputs }) => inputs))],
    results: [...new Map(passes.flatMap(({ results }) => results.map((r) => [r.name, r] as const))).values()],
    ...(passes.every(({ alone }) => alone) && { alone: true }),
  };
}

export interface Program {
  readonly entries: Entries;
  /** Every kernel once, in the order in which a reader meets them: forward, backward, update. */
  readonly kernels: readonly Kernel[];
  /** Every buffer that some kernel reads or writes. */
  readonly buffers: readonly Buffer[];
  readonly memory: MemoryPlan;
}

/** What an emitter prints a module from: the program, and what its buffers are to the user. */
export interface TrainerProgram extends Program {
  readonly model: ModelGraph;
  /** Inputs in the model's order. `forOutputs`: needed by predict. */
  readonly inputs: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly buffer: Buffer;
    readonly forOutputs: boolean;
  }[];
  readonly parameters: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly initial: Initial;
    readonly trained: boolean;
    readonly optional?: true;
    readonly buffer: Buffer;
  }[];
  readonly states: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly initial: Initial;
    readonly optional?: true;
    readonly buffer: Buffer;
  }[];
  /** Moving averages of trained weights, which evaluate and predict use. */
  readonly averages: readonly { readonly parameter: string; readonly type: TensorType; readonly buffer: Buffer }[];
  /** Optimizer state, one tensor of the parameter's shape each; `accumulated` is the gradient so far where `accumulate` > 1. */
  readonly slots: readonly {
    /** Whose, where there are several players. */
    readonly player?: string;
    readonly parameter: string;
    readonly name: string;
    readonly initial: number;
    readonly type: TensorType;
    readonly buffer: Buffer;
  }[];
  /**
   * i32 scalars that the trainer sets before it runs an entry: `update` is the number of the update that this step belongs to
   * (from 1), `draw` counts calls of step and gradients, `seed` is the trainer's seed.
   */
  readonly counters: readonly { readonly name: CounterName; readonly buffer: Buffer }[];
  readonly outputs: readonly { readonly name: string; readonly type: TensorType }[];
  /** Of what is stored as halves: among the slots, the scale of the loss, and how many good steps it has seen. */
  readonly lossScale?: { readonly value: Buffer; readonly steps: Buffer };
}

/** What a target is to read like: choices, where its abilities would allow others. */
export interface Policy {
  /** Gradients of parameters are stored before the update, so that `step` and `gradients` share kernels. */
  readonly storeGradients: boolean;
  /**
   * Which updates stay apart from the gradients that they use: all; those that read slots, from matrix products, which `step` and
   * `gradients` then share; or from large ones alone.
   */
  readonly separateUpdates: 'all' | 'of products' | 'of large products';
  /** What `step` computes forward is what `evaluate` and `predict` run, though it keeps more than they read. */
  readonly forwardOfStep?: boolean;
}

/** What plan may count on at a target. */
export interface TargetTraits extends Capabilities {
  readonly name: 'ts' | 'wasm' | 'wgsl';
  readonly policy: Policy;
}

/** What a target can do, and what it has no instruction for. */
export interface Capabilities {
  /** Four-lane values. */
  readonly lanes: boolean;
  /** Workgroups and threads instead of serial outer loops. */
  readonly workgroups: boolean;
  /** One memory with offsets for every buffer, instead of typed arrays. */
  readonly flatMemory: boolean;
  /** Floats and integers lie in memories of their own: offsets count from the start of theirs. */
  readonly typedMemory?: true;
  /** A product and a sum of lanes are one instruction. */
  readonly fma?: true;
  /** Neighbouring vectors of four lanes become one of eight, and registers hold those. */
  readonly wide?: true;
  /** Floats are computed in double precision, and rounded where they are stored. */
  readonly doubles?: true;
  /** What adds up numbers holds f32 there, and long sums are made in blocks. */
  readonly blocks?: Blocks;
  /** How many elements of what one kernel stages stay near, where that matters: a part of the second cache. */
  readonly near?: number;
  /** A kernel may take so many buffers and numbers as parameters, so that the copies of a layer are one. */
  readonly parameters?: number;
  /** Buffers may hold halves. */
  readonly halves?: true;
  /** exp, log, tanh and the like are not instructions there, and are written with arithmetic. */
  readonly expandIntrinsics?: true;
}

/** Are activations and gradients stored as halves there? */
export function storesHalves({ train }: ModelGraph, { halves }: Capabilities): boolean {
  return halves === true && train.mixed !== undefined;
}

/** How sums are made of sums of blocks. */
export interface Blocks {
  /** Sums of so many terms are made at once, and of so many in a contraction, whose sums are many and take all registers. */
  readonly most: number;
  readonly mostOfProducts: number;
  /** Terms of a block. */
  readonly length: number;
}

export type { ScalarType };
