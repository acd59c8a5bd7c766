// Pictures of a model as data: what stands in them at each stage of its compilation, and what became what.
import type { SourceLine } from '../../ir/source.js';

/** The stages that are shown, in the order of the compilation. */
export const stageNames = ['source', 'forward', 'backward', 'fused'] as const;

export type StageName = (typeof stageNames)[number];

export type ItemKind =
  | 'input'
  /** A parameter that is trained. */
  | 'trained'
  | 'frozen'
  | 'state'
  | 'constant'
  | 'operation'
  /** A value of the stage before, which is read here. */
  | 'value'
  /** What the model, or the stage, gives: an output, a loss, a metric, the gradient of a parameter. */
  | 'result'
  /** Where a statement failed. */
  | 'fault';

/** One box: a value and the operation that makes it. */
export interface Item {
  /** Like no other of its stage. */
  readonly id: string;
  readonly kind: ItemKind;
  /** The operation in a word, or the word for a leaf: `relu`, `image`. */
  readonly label: string;
  /** The author's word for the value, or that of its derivative. */
  readonly name?: string;
  readonly type: string;
  /** What the value is, by the names of others. */
  readonly formula?: string;
  /** The layers that it stands in, outermost first: `h`, `block.3`, `dense`; in the fused stage the kernel. */
  readonly layers: readonly string[];
  readonly inputs: readonly Edge[];
  readonly lines: readonly SourceLine[];
  /** Of a derivative: the root of the mean square of its elements, where numbers were worked out. */
  readonly magnitude?: number;
  /** What it is, or became, at the other stages: ids there. */
  readonly links: Readonly<Partial<Record<StageName, readonly string[]>>>;
}

export interface Edge {
  /** The item that makes what is read. */
  readonly from: string;
  readonly type: string;
}

/** A kernel of the fused stage. */
export interface Region {
  /** The first of the layers of its items. */
  readonly name: string;
  readonly phase: 'forward' | 'backward' | 'update';
  readonly plan: string;
  /** Operations, and bytes of what it reads and writes in memory, of one step at the batch of the model. */
  readonly flops: number;
  readonly bytes: number;
  /** How long it runs in a step, where that was measured. */
  readonly seconds?: number;
}

export interface StageGraph {
  readonly stage: StageName;
  /** Inputs before what reads them. */
  readonly items: readonly Item[];
  /** Of the fused stage: its kernels, in the order in which they run. */
  readonly regions: readonly Region[];
}

export interface ModelPicture {
  readonly model: string;
  readonly file: string;
  readonly stages: readonly StageGraph[];
}
