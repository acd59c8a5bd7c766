// Trainers whose threads share everything that can be shared, however small.
import { check, programOf, targets } from '../../src/compile.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import { threadWords } from '../../src/ir/control.js';
import { share } from '../../src/passes/schedule/share.js';
import { runnable } from './runnable.js';
import { importCode, type LoadedModule } from './trainer.js';

export async function sharing(text: string, set?: Record<string, number>): Promise<LoadedModule> {
  return load(share(compiled(text, set), targets.wasm, 0));
}

/** The same, and a trainer that knows of no threads, of one compilation. */
export async function sharingAndAlone(text: string, set?: Record<string, number>) {
  const program = compiled(text, set);
  return { sharing: await load(share(program, targets.wasm, 0)), alone: await load(program) };
}

function compiled(text: string, set?: Record<string, number>): TrainerProgram {
  const { model, diagnostics } = check({ file: 'model.nn', text }, { set });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return programOf(model, 'wasm');
}

async function load(program: TrainerProgram): Promise<LoadedModule> {
  return importCode(await runnable(program, { target: 'wasm' }));
}

/** The module's text, whose thread of this number takes a piece of the first kernel before any call, and never makes it. */
export function holding(code: string, thread: number): string {
  const home = threadWords.homes + 16 * thread;
  return code.replace('port.postMessage("ready");', `$& if (thread === ${thread}) Atomics.add(control, ${home}, 1);`);
}
