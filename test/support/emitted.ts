// Trainers of programs that no source says, and what they say and remember.
import type { TrainerProgram } from '../../src/ir/program.js';
import { runnable } from './runnable.js';
import { importCode, type LoadedModule, type LoadedTrainer } from './trainer.js';

export async function emitted(program: TrainerProgram): Promise<LoadedModule> {
  return importCode(await runnable(program, { target: 'ts' }));
}

/** The message of what the function throws, with the error's name. */
export function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

/** Everything that a trainer remembers, as text. */
export function stateOf(trainer: LoadedTrainer): string {
  return Buffer.from(trainer.save({ optimizer: true })).toString('latin1');
}
