// One module for two targets: WebGPU where there is a GPU, WebAssembly where there is none, behind one createTrainer.
import type { TrainerProgram } from '../ir/program.js';
import { format, printDefinitions } from './document.js';
import { runnerOf } from './engine.js';
import { neededRuntime, publicRuntimeTypes, runtimeNames } from './inline.js';
import { layOut } from './layout.js';
import { Scope } from './names.js';
import { header, modelInfo } from './trainer/info.js';
import { initialValues } from './trainer/initial.js';
import { trainer } from './trainer/trainer.js';
import { publicTypes } from './trainer/types.js';
import { wasmEngine } from './wasm/module.js';
import type { WasmOptions } from './wasm/emitWasm.js';
import { wgslEngine } from './wgsl/module.js';
import { gpuTrainer } from './wgsl/trainer.js';
import { moduleNames } from './moduleNames.js';

const target = 'wgsl,wasm';

/** Prints both programs of one model, each whole inside a function of its own: they share nothing but the public types. */
export async function emitFallback(
  gpu: TrainerProgram,
  cpu: TrainerProgram,
  options: WasmOptions,
): Promise<{ code: string }> {
  const [onGpu, onCpu] = await Promise.all([gpuText(gpu), cpuText(cpu, options)]);
  const types = await printDefinitions(publicTypes(gpu));
  const own = [modelInfo(gpu, target), choice, inside('onWebGpu', onGpu), inside('onWebAssembly', onCpu)];
  const code = await format([types, publicRuntimeTypes('wgsl'), ...own].join('\n\n'));
  return { code: `${header(gpu, target)}\n\n${code}` };
}

const choice = `
type AnyTrainer = Trainer;

/** Makes a trainer with parameters of its own: on the GPU where there is one or a device is given, else in WebAssembly. */
export async function createTrainer(options: TrainerOptions = {}): Promise<Trainer> {
  return (options.device || (await hasGpu()) ? onWebGpu() : onWebAssembly())(options);
}

async function hasGpu(): Promise<boolean> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: { requestAdapter(): Promise<unknown> } };
  return gpu !== undefined && Boolean(await gpu.requestAdapter().catch(() => undefined));
}`;

function inside(name: string, text: string): string {
  return `function ${name}(): (options: TrainerOptions) => Promise<AnyTrainer> {\n${text}\n}`;
}

async function gpuText(program: TrainerProgram): Promise<string> {
  const layout = layOut(program);
  const engine = wgslEngine(program, layout, scopeOf(program));
  const own = await textOf([
    ...initialValues(program, layout),
    ...engine.definitions,
    ...gpuTrainer(program, layout, engine),
  ]);
  return `${own}\n\n${neededRuntime(own)}\n\nreturn createTrainer;`;
}

async function cpuText(program: TrainerProgram, options: WasmOptions): Promise<string> {
  const layout = layOut(program);
  const engine = wasmEngine(program, layout, scopeOf(program), options);
  const own = await textOf([
    ...initialValues(program, layout),
    ...engine.definitions,
    ...trainer(program, layout, engine),
  ]);
  // The trainer of WebAssembly answers at once; here each answer is a promise, as the GPU's is.
  return `${ownTrainer()}\n\n${own}\n\n${neededRuntime(own)}\n\n${asPromises}`;
}

/** The interface Trainer of WebAssembly, for its own text. */
function ownTrainer(): string {
  const found = /(?:\/\*\*[^]*?\*\/\s*)?export (interface Trainer \{[^]*?\n\})/.exec(publicRuntimeTypes('wasm'));
  if (!found) throw new Error('there is no interface Trainer');
  return found[1];
}

const asPromises = `
return async (options) => {
  const trainer = await createTrainer(options);
  return {
    step: async (inputs) => trainer.step(inputs),
    evaluate: async (inputs) => trainer.evaluate(inputs),
    predict: async (inputs) => trainer.predict(inputs),
    gradients: async (inputs) => trainer.gradients(inputs),
    fit: (data, options) => trainer.fit(data, options),
    async read() {
      const copies = {} as Record<ParameterName, Float32Array>;
      for (const [name, values] of Object.entries(trainer.parameters)) copies[name as ParameterName] = values.slice();
      return copies;
    },
    get stepCount() {
      return trainer.stepCount;
    },
    save: async (options) => trainer.save(options),
    load: async (checkpoint) => trainer.load(checkpoint),
    dispose: () => trainer.dispose(),
  };
};`;

async function textOf(definitions: Parameters<typeof printDefinitions>[0]): Promise<string> {
  return (await printDefinitions(definitions)).replace(/^export /gm, '');
}

function scopeOf(program: TrainerProgram): Scope {
  const runners = Object.values(program.entries).map((entry) => runnerOf(entry.name));
  return Scope.with([
    ...moduleNames,
    ...runners,
    ...runtimeNames(),
    'AnyTrainer',
    'hasGpu',
    'onWebGpu',
    'onWebAssembly',
  ]);
}
