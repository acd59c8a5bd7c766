// Compiles a model and loads the trainer module that comes out, as a user's program would.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { compile, type CompileOptions } from '../../src/index.js';
import { compiledOnce, problemsIn, runnableText } from './runnable.js';

export interface LoadedTrainer {
  step(inputs: object, block?: string): Record<string, number>;
  evaluate(inputs: object): Record<string, number>;
  /** Where the model observes something. */
  observe(inputs: object): void;
  predict(inputs: object, options?: { seed?: number }): Record<string, ArrayLike<number>>;
  gradients(inputs: object, block?: string): { loss: number; gradients: Record<string, Float32Array> };
  fit(data: object, options?: object): AsyncIterable<Record<string, unknown>>;
  parameters: Record<string, Float32Array>;
  readonly stepCount: number;
  learningRateScale: number;
  /** With precision = "mixed". */
  readonly lossScale?: number;
  freeze(patterns: readonly string[]): void;
  save(options?: { optimizer?: boolean; merged?: boolean }): Uint8Array;
  load(checkpoint: Uint8Array): void;
  dispose(): void;
}

export interface LoadedModule {
  /** A promise on wasm: await it where the target may be that. */
  createTrainer(options?: object): LoadedTrainer;
  model: { name: string; parameters: { name: string; shape: number[]; count: number; trained: boolean }[] };
}

let modules = 0;

/** Compiles source text to what users read; throws with the diagnostics where there are errors. */
export const compileText = compiledOnce(async (text, options, file) => {
  const { code, diagnostics } = await compile({ file, text }, { language: 'js', ...options });
  if (code === undefined) throw new Error(problemsIn(diagnostics));
  return code;
});

export async function loadText(text: string, options?: CompileOptions): Promise<LoadedModule> {
  return importCode(await runnableText(text, options));
}

export async function loadFile(path: string, options: CompileOptions = {}): Promise<LoadedModule> {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(resolve(dirname(path), name), 'utf8');
    } catch {
      return undefined;
    }
  };
  return importCode(await runnableText(readFileSync(path, 'utf8'), { read, ...options }, path));
}

/** Imports JavaScript text as a module of its own. */
export function importCode(code: string): Promise<LoadedModule> {
  return import(`data:text/javascript;base64,${Buffer.from(`${code}\n// ${modules++}`).toString('base64')}`);
}
