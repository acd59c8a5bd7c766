// What differs between targets that run within JavaScript: how memory is made and grows, and how an entry runs.
import type { Entry, TargetTraits } from '../../ir/program.js';
import type { Definition } from '../text/document.js';

/**
 * The trainer's text is written once, over the fields of a `Memory` called `m`; an engine supplies the declarations
 * that it uses: `interface Memory` (with the fields of the layout, and `parameters`, the live views by name), and the
 * functions `createMemory` and `reserve(m, …room for each size)`.
 */
export interface Engine {
  readonly target: TargetTraits['name'];
  /** createTrainer returns a promise, and `createMemory` may be awaited. */
  readonly asynchronous: boolean;
  /** Memory, kernels and entries, in the order in which a reader meets them. */
  readonly definitions: readonly Definition[];
  /** The expression that makes Memory; `options` are the trainer's. */
  readonly createMemory: string;
  /** createMemory has made room for the batch of the options. */
  readonly reserves?: true;
  /** It takes the option `threads`. */
  readonly threads?: true;
  /** The statement that gives the checked numbers of an f32 input to the kernels. */
  placeFloats(field: string, variable: string): string;
  /** Where kernels do not read the field itself: the statement that gives them its checked integers. */
  placeIntegers?(field: string, variable: string): string;
  /** The statement that runs an entry on `m`. */
  run(entry: Entry['name']): string;
  /** Where arrays of `parameters` may come to lie outside the kernels' memory: how each side learns what was written to the other. */
  readonly mirrors?: {
    /** The statement before arrays are handed out. */
    readonly handOut: string;
    /** The statement before `memory` is used. */
    readonly read: string;
    /** The statement after kernels, or a checkpoint, have written parameters. */
    readonly write: string;
  };
  /** Lines before `m` is let go. */
  readonly dispose?: string;
}

/** The function that runs an entry: `runStep`. */
export function runnerOf(entry: Entry['name']): string {
  return `run${entry[0].toUpperCase()}${entry.slice(1)}`;
}
