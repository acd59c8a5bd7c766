// Loads what the emitter printed, as a user's program would.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { emitModule, toJavaScript } from '../../src/codegen/emit.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import type { LoadedModule, LoadedTrainer } from './trainer.js';

export async function emitted(program: TrainerProgram): Promise<LoadedModule> {
  const { code } = await emitModule(program, { target: 'ts' });
  const { js } = await toJavaScript(code);
  const file = join(mkdtempSync(join(tmpdir(), 'nnc-')), 'trainer.mjs');
  writeFileSync(file, js);
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(dirname(file), { recursive: true });
  }
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
