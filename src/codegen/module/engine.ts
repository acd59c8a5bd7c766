// What differs between targets in the trainer's text: how memory is made and grows, how an entry runs, and how methods answer.
import type { Entry, Kernel, TargetTraits } from '../../ir/program.js';
import type { Definition } from '../text/definition.js';

/** How methods answer, and with what lines: `m` is the memory. */
export interface Answers {
  /** With promises. */
  readonly promised: boolean;
  /** The statement that runs an entry on `m`. */
  run(entry: Entry['name']): string;
  /** After a run: the lines that return losses and metrics, outputs, the loss with the gradients. */
  scalars(entry: Entry): readonly string[];
  outputs(entry: Entry): readonly string[];
  gradients(entry: Entry): readonly string[];
}

/**
 * The trainer's text is written once, over the fields of a `Memory` called `m`; an engine supplies the declarations
 * that it uses: `interface Memory` (with the fields of the layout, and `parameters`, the live views by name), and the
 * functions `createMemory` and `reserve(m, …room for each size)`.
 */
export interface Engine {
  readonly target: TargetTraits['name'];
  /** createTrainer returns a promise, and `createMemory` may be awaited. */
  readonly asynchronous: boolean;
  readonly answers: Answers;
  /** Memory, kernels and entries, in the order in which a reader meets them. */
  readonly definitions: readonly Definition[];
  /** The kernels whose text stands in the module, by the names of their functions. */
  readonly kernels: ReadonlyMap<string, Kernel>;
  /** The expression that makes Memory; `options` are the trainer's. */
  readonly createMemory: string;
  /** createMemory has made room for the batch of the options. */
  readonly reserves?: true;
  /** The statement that gives the checked numbers of an f32 input to the kernels. */
  placeFloats(field: string, variable: string): string;
  /** Where kernels do not read the field itself: the statement that gives them its checked integers. */
  placeIntegers?(field: string, variable: string): string;
  /** The member by which users reach the parameters. */
  readonly parameters: string;
  /** The statement before `memory` is used. */
  readonly used?: string;
  /** The function that remembers tensors before a pass and gives one that puts them back, with its first arguments. Default: `holdTensors(`. */
  readonly holds?: string;
  /** The statement after a step has written parameters. */
  readonly stepped?: string;
  /** The statement after a checkpoint has been read into `m`. */
  readonly loaded?: string;
  /** The statement before the trainer is handed out. */
  readonly ready?: string;
  /** Where `m` does not hold what kernels have written: the expression for a memory that does. */
  readonly fetch?: string;
  /** Calls that a run makes before it waits for the first of them. */
  readonly ahead?: number;
  /** Lines before `memory` is let go. */
  readonly dispose?: string;
}

/** The function that runs an entry: `runStep`, `runStep_critic`. */
export function runnerOf(entry: Entry['name']): string {
  const name = entry.replace('.', '_');
  return `run${name[0].toUpperCase()}${name.slice(1)}`;
}
