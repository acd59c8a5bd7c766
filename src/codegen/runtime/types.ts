// The public types that every module has in common, printed among the types of its own.
import type {
  Awaitable,
  BlockName,
  Inputs,
  Losses,
  Outputs,
  ParameterName,
  PredictInputs,
  TrainedParameterName,
} from './model.js';
import type { GpuDevice } from './gpuTypes.js';

/** Any typed array of integers. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** An array with its shape: to have it checked, or where the length alone does not tell it. */
export interface Shaped<Data> {
  readonly data: Data;
  readonly shape: readonly number[];
}

export interface TrainerOptions {
  /** Decides the initial parameters, every random draw and the shuffling: a whole number from 0 to 2³² - 1. Default: the model's own. */
  seed?: number | undefined;
  /** What to start from: a checkpoint, or arrays for some of the parameters. */
  parameters?: Uint8Array | ArrayBuffer | Partial<Record<ParameterName, Float32Array>> | undefined;
  /** The expected batch size, so that memory is laid out once; larger batches make it grow. */
  batch?: number | undefined;
  /** Threads to compute with, in WebAssembly; 'auto': all cores, where calls show that they help. One where memory cannot be shared. Default: 1. */
  threads?: number | 'auto' | undefined;
  /** [wgsl] The device to compute on, which stays yours. Default: one of navigator.gpu. */
  device?: GpuDevice | undefined;
  /** [run] How many updates the run makes, which its schedule follows. Default: as many as `fit` is about to make. */
  updates?: number | undefined;
}

/** Examples by input: as `Inputs`, with any number of rows. */
export type Dataset = Inputs;

export interface FitOptions {
  /** How often to go through the data. Default: the model's. */
  epochs?: number | undefined;
  /**
   * Rows a step; the last step of an epoch takes what is left. Rows left over that are too few for a layer (one a channel for batch_norm)
   * join the step before. Default: the model's.
   */
  batch?: number | undefined;
  /** Whether each epoch has an order of its own, drawn from the trainer's seed. Default: the model's, else true. */
  shuffle?: boolean | undefined;
  /**
   * Data to evaluate after each epoch, or the share of the rows to hold back for it: the nearest number of rows that is at least one
   * and leaves one. Default: the model's share.
   */
  validation?: number | Dataset | undefined;
  /**
   * What decides which epoch is the best (of the validation, if any): `"loss"`, a loss, whose lower values are better, or a metric,
   * whose higher values are; `"-NAME"` where lower is better. Default: the model's, else the loss.
   */
  monitor?: string | undefined;
  /** Stop after this many epochs without a better one, and restore the best. Default: the model's, else never. */
  patience?: number | undefined;
  /**
   * Calls of step that the run has made, which are left out: it goes on exactly where a checkpoint with the optimizer was saved,
   * between two updates too. `(epoch - 1) * steps + step` of the last progress, or `draw` in the checkpoint's metadata. Default: 0.
   */
  start?: number | undefined;
  /** How often to report: after each epoch (the default) or after each step. */
  report?: 'epoch' | 'step' | undefined;
  /** Ends the run after the step it is in. */
  signal?: AbortSignal | undefined;
}

export interface Progress {
  /** From 1. */
  epoch: number;
  epochs: number;
  /** Calls of step made in this epoch, and how many it has. */
  step: number;
  steps: number;
  /** Rows seen in this epoch. */
  rows: number;
  /** The mean over the rows seen in this epoch. */
  losses: Losses;
  /** After an epoch, where there is data for it. */
  validation?: Losses;
  /** After an epoch: whether it is better than all before. */
  best?: boolean;
  /** In the first report, where a share of the data is held back: the numbers of its rows, from 0. */
  heldOut?: readonly number[];
}

export interface PredictOptions {
  /** What draws follow from, where the outputs have any: a whole number from 0 to 2³² - 1. Default: the trainer's seed and calls of step. */
  seed?: number | undefined;
}

export interface SaveOptions {
  /** Also what the optimizer remembers, so that training can go on exactly as if it had not stopped. */
  optimizer?: boolean | undefined;
  /** The updates of adapters (lora) added to their weights, and left out: a checkpoint of the model without them. */
  merged?: boolean | undefined;
}

export interface Gradients {
  loss: number;
  gradients: Record<TrainedParameterName, Float32Array>;
}

export interface Trainer {
  /** [alone] Forward, backward and update: one optimizer step. */
  step(inputs: Inputs): Awaitable<Losses>;
  /** [players] A pass of each train block in turn, or of the one that is named: forward, backward and update. What no pass computed is absent. */
  step(inputs: Inputs, block?: BlockName): Awaitable<Losses>;
  /** [alone] Forward only, with training off. */
  evaluate(inputs: Inputs): Awaitable<Losses>;
  /** [players] Forward only, with training off: all losses and metrics. */
  evaluate(inputs: Inputs): Awaitable<Required<Losses>>;
  /** [observe] Looks at data before the first step, for what the model is to know of them: means and variances, say. `fit` does it by itself. */
  observe(inputs: Inputs): Awaitable<void>;
  /** The outputs, with training off. */
  predict(inputs: PredictInputs, options?: PredictOptions): Awaitable<Outputs>;
  /** [alone] Gradients of the total loss as the next step would see them, before clipping and decay. Changes nothing. */
  gradients(inputs: Inputs): Awaitable<Gradients>;
  /** [players] Gradients of the total loss, or of one train block's losses by what it trains, as the next step would see them, before clipping and decay. Changes nothing. */
  gradients(inputs: Inputs, block?: BlockName): Awaitable<Gradients>;
  /** [loss] Trains while it is iterated, for whole epochs. */
  fit(data: Dataset, options?: FitOptions): AsyncIterable<Progress>;
  /** [ts, wasm] Live arrays: what is written into them is used by the next call. They stay so when memory grows for a larger batch. */
  readonly parameters: Readonly<Record<ParameterName, Float32Array>>;
  /** [wgsl] The parameters as they are now: copies. */
  read(): Awaitable<Record<ParameterName, Float32Array>>;
  /** [loss] How many {alone: updates | players: calls of step} have been made. */
  readonly stepCount: number;
  /** [loss] What multiplies every learning rate of the next steps: a number from 0 up, 1 at first. Checkpoints hold it with the optimizer. */
  learningRateScale: number;
  /** [mixed] What gradients are multiplied with where they are stored as halves. It falls with each step that is left out because they are not finite. */
  readonly lossScale: number;
  /** [loss] Steps leave parameters that a pattern matches, and their slots, as they are; `*` is any characters, and `[]` lets all go on. */
  freeze(patterns: readonly string[]): void;
  /** A safetensors file of parameters and state. */
  save(options?: SaveOptions): Awaitable<Uint8Array>;
  /** Takes a checkpoint over; one that does not fit is refused whole. Without the optimizer's part, the optimizer starts anew. */
  load(checkpoint: Uint8Array | ArrayBuffer): Awaitable<void>;
  /** Ends the trainer's use and lets go of its memory. */
  dispose(): void;
}

export interface TensorInfo {
  readonly name: string;
  /** As in the model's source: `index(10)[batch]`. */
  readonly type: string;
}

export interface ModelInfo {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The named losses and the metrics, as `step` reports them. */
  readonly metrics: readonly string[];
  readonly parameters: readonly {
    readonly name: ParameterName;
    readonly shape: readonly number[];
    readonly count: number;
    readonly trained: boolean;
  }[];
  readonly target: string;
  /** The compiler's version. */
  readonly compiler: string;
  /** A digest of the model's source. */
  readonly source: string;
}
