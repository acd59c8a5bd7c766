// Trainers of any target, which answer with promises as those on the GPU do.
import type { CompileOptions } from '../../src/index.js';
import type { Target } from '../../src/targets.js';
import type { GpuProcess } from './gpu.js';
import { runnableText } from './runnable.js';
import { importCode } from './trainer.js';

export interface AnyTrainer {
  readonly model: { readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[] };
  predict(inputs: object): Promise<Record<string, ArrayLike<number>>>;
  gradients(inputs: object): Promise<{ loss: number; gradients: Record<string, Float32Array> }>;
  read(): Promise<Record<string, Float32Array>>;
  dispose(): Promise<void>;
}

/** Compiles a model and makes a trainer of it; `gpu` is where wgsl runs. */
export async function startTrainer(
  text: string,
  { target, gpu, options, ...others }: CompileOptions & { target: Target; gpu?: GpuProcess; options?: object },
): Promise<AnyTrainer> {
  const code = await runnableText(text, { target, ...others });
  if (target === 'wgsl') {
    if (!gpu) throw new Error('wgsl needs a device');
    return gpu.createTrainer(code, options);
  }
  const { createTrainer, model } = await importCode(code);
  const trainer = await createTrainer(options);
  return {
    model,
    predict: async (inputs) => trainer.predict(inputs),
    gradients: async (inputs) => trainer.gradients(inputs),
    read: async () => trainer.parameters,
    dispose: async () => trainer.dispose(),
  };
}
