// Trainers whose threads share everything that can be shared, however small.
import { check, programOf, targets } from '../../src/compile.js';
import { share } from '../../src/passes/schedule/share.js';
import { runnable } from './runnable.js';
import { importCode, type LoadedModule } from './trainer.js';

export async function sharing(text: string, set?: Record<string, number>): Promise<LoadedModule> {
  const { model, diagnostics } = check({ file: 'model.nn', text }, { set });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return importCode(await runnable(share(programOf(model, 'wasm'), targets.wasm, 0), { target: 'wasm' }));
}
