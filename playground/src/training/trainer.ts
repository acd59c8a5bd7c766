// The parts of a trainer module's contract that the playground uses.
import type { Trainer as CompiledTrainer } from '../../../src/cli/trainer.js';

export interface Module {
  createTrainer(options?: { readonly seed?: number; readonly parameters?: Uint8Array }): Trainer | Promise<Trainer>;
}

export type Trainer = Pick<CompiledTrainer, 'predict' | 'save' | 'load' | 'stepCount' | 'dispose'> & {
  fit(
    data: Parameters<CompiledTrainer['fit']>[0],
    options: { readonly epochs?: number; readonly report: 'step' },
  ): AsyncIterable<Progress>;
};

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly rows: number;
  /** Means over the rows of this epoch so far. */
  readonly losses: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
}

/** The module of a text in JavaScript. */
export async function moduleOf(code: string): Promise<Module> {
  const address = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  try {
    return (await import(/* @vite-ignore */ address)) as Module;
  } finally {
    URL.revokeObjectURL(address);
  }
}
