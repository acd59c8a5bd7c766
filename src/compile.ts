// The compiler's table of contents: from .nn source to a trainer module, stage by stage.
import { emitFallback, emitModule, toJavaScript, type WasmPrograms } from './codegen/emit.js';
import type { Diagnostic, Source } from './diagnostics/diagnostic.js';
import { modelTooLarge } from './diagnostics/memory.js';
import { library as librarySources } from './embedded.js';
import { evaluateSizes } from './ir/index.js';
import type { ModelGraph } from './ir/model.js';
import type { EntryName, TargetTraits, TrainerProgram } from './ir/program.js';
import { parse } from './parser/parse.js';
import type { File } from './parser/tree.js';
import { assemble } from './passes/schedule/assemble.js';
import { derive, type Gradients } from './passes/derive/derive.js';
import { elaborate } from './passes/elaborate/elaborate.js';
import { loadImports } from './passes/elaborate/imports.js';
import { recompute } from './passes/derive/recompute.js';
import { pace } from './passes/schedule/pace/pace.js';
import { share } from './passes/schedule/share.js';

/** What a module computes with. */
export type Target = TargetTraits['name'];

export interface CheckOptions {
  /** Reads an imported file by its path; undefined where there is none. Without it imports are an error. */
  readonly read?: (path: string) => string | undefined;
  /** Which model, where the file holds several. */
  readonly model?: string;
  /** Overrides of model parameters. */
  readonly set?: Readonly<Record<string, number | boolean | string>>;
  /** GiB that a model may take for one example: beyond, it is refused rather than compiled. Default: 16. */
  readonly memoryLimit?: number;
}

export interface CompileOptions extends CheckOptions {
  /** Default: ts. `wgsl,wasm`: the GPU where there is one, else WebAssembly, by the same API as the GPU's. */
  readonly target?: keyof typeof targets | 'wgsl,wasm';
  /** wasm: fused multiply-add where the engine has it; its last bits differ between machines. */
  readonly relaxed?: boolean;
  /** wasm: the trainer takes the option `threads`. Its code is somewhat larger. Default: true, for the target wasm alone. */
  readonly threads?: boolean;
  /** Gives the trainer `kernels`: functions that run the kernels of this entry one by one. For measurements. */
  readonly profile?: EntryName;
  /** `js` also gives declarations. Default: ts. */
  readonly language?: 'ts' | 'js';
}

export interface Checked {
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where there are errors. */
  readonly model?: ModelGraph;
}

export interface Compiled extends Checked {
  /** The trainer module; absent where there are errors. */
  readonly code?: string;
  /** The text of the .d.ts file; language js only. */
  readonly declarations?: string;
  /** What the module was printed from: kernels, entries and memory; for `wgsl,wasm` the GPU's. */
  readonly program?: TrainerProgram;
}

/** What each target's plan may count on. */
export const targets: Readonly<Record<TargetTraits['name'], TargetTraits>> = {
  ts: {
    name: 'ts',
    lanes: false,
    workgroups: false,
    storeGradients: true,
    flatMemory: false,
    parameters: Infinity,
    doubles: true,
  },
  wasm: {
    name: 'wasm',
    lanes: true,
    workgroups: false,
    storeGradients: false,
    flatMemory: true,
    blocks: { most: 128, mostOfProducts: 1024, length: 48 },
    parameters: Infinity,
    expandIntrinsics: true,
  },
  wgsl: {
    name: 'wgsl',
    lanes: false,
    workgroups: true,
    storeGradients: false,
    flatMemory: true,
    blocks: { most: 48, mostOfProducts: 1024, length: 48 },
    parameters: 64,
    typedMemory: true,
  },
};

/** Parses and elaborates: every diagnostic, and the model's graphs where there is no error. */
export function check(source: Source, options: CheckOptions = {}): Checked {
  const loaded = loadImports(source, options.read ?? (() => undefined));
  if (loaded.diagnostics.some(isError)) return { diagnostics: loaded.diagnostics };
  const { model, diagnostics } = elaborate({
    entry: loaded.entry,
    files: loaded.files,
    library: library(),
    model: options.model,
    set: options.set,
    memoryLimit: limitOf(options),
  });
  const all = [...loaded.diagnostics, ...diagnostics];
  return all.some(isError) || !model ? { diagnostics: all } : { diagnostics: all, model };
}

/** Differentiates a checked model and puts its optimizers together with the gradients. */
export function differentiateModel(model: ModelGraph): Gradients {
  return derive(model);
}

/** The program of a model for one target: kernels, entries and memory. `relaxed`: as in the options of `compile`. */
export function programOf(model: ModelGraph, target: Target, relaxed = false): TrainerProgram {
  const derived = derive(model);
  const traits = relaxed && target === 'wasm' ? { ...targets[target], fused: true as const } : targets[target];
  const program = assemble(derived, traits);
  if (model.train.memory !== 'small') return program;
  // A network that is one loop over its examples keeps next to nothing anyway.
  const smaller = assemble(recompute(derived), traits);
  const wordsOf = ({ memory: { length } }: TrainerProgram): number => evaluateSizes(length, () => model.train.batch);
  return wordsOf(smaller) < wordsOf(program) ? smaller : program;
}

/** Compiles a source to a trainer module. The result has no code where `diagnostics` hold an error. */
export async function compile(source: Source, options: CompileOptions = {}): Promise<Compiled> {
  const checked = check(source, options);
  if (!checked.model) return checked;
  const { target = 'ts', relaxed, profile } = options;
  const { threads = target === 'wasm' && !profile } = options;
  const { model } = checked;
  const [one, other] = target === 'wgsl,wasm' ? (['wgsl', 'wasm'] as const) : [target];
  const whole = programOf(model, one, relaxed);
  const scheduled = one === 'wasm' ? forWasm(whole, threads, relaxed) : { program: whole };
  const { program } = scheduled;
  const [bytes, limit] = [leastBytes(program), limitOf(options)];
  if (bytes > limit) {
    const span = { file: model.file, start: 0, end: 0 };
    return { diagnostics: [...checked.diagnostics, modelTooLarge({ name: model.name, bytes, limit, span })] };
  }
  const { code } =
    other === undefined
      ? await emitModule(program, { target: one, relaxed: scheduled.relaxed, profile })
      : await emitFallback(program, forWasm(programOf(model, other, relaxed), threads, relaxed));
  if (options.language !== 'js') return { ...checked, program, code };
  const { js, dts } = await toJavaScript(code);
  return { ...checked, program, code: js, declarations: dts };
}

/** What WebAssembly's programs have besides: threads, and statements in an order that suits engines; `relaxed` another one. */
function forWasm(whole: TrainerProgram, threads: boolean, relaxed = false): WasmPrograms {
  const program = threads ? share(whole, targets.wasm) : whole;
  return { program: pace(program), ...(relaxed && { relaxed: pace(program, true) }) };
}

let parsed: readonly File[] | undefined;

/** The standard library, parsed once. */
function library(): readonly File[] {
  parsed ??= librarySources.map((source) => parse(source).file);
  return parsed;
}

function limitOf({ memoryLimit = 16 }: CheckOptions): number {
  return memoryLimit * 2 ** 30;
}

/** What the trainer of a program takes at least: where every run-time size is 1. */
function leastBytes({ memory, parameters, states, slots }: TrainerProgram): number {
  const one = (): number => 1;
  const kept = [...parameters, ...states, ...slots].map(({ buffer }) => evaluateSizes(buffer.length, one));
  return (
    4 *
    Math.max(
      evaluateSizes(memory.length, one),
      kept.reduce((sum, n) => sum + n, 0),
    )
  );
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}
