// One module for two targets: WebGPU where there is a GPU, WebAssembly where there is none, behind one createTrainer.
import type { TrainerProgram } from '../../ir/program.js';
import type { Definition, Writer } from '../text/definition.js';
import { readable, unchecked } from '../text/document.js';
import type { Engine } from './engine.js';
import { neededRuntime, publicRuntimeType, publicRuntimeTypes } from './inline.js';
import { layOut } from './layout.js';
import { withTables } from './tables.js';
import { header, modelInfo } from './trainer/info.js';
import { initialValues } from './trainer/initial.js';
import { parametersOf, type waiting } from './trainer/lines.js';
import { trainer } from './trainer/trainer.js';
import { hasLoss, publicTypes } from './trainer/types.js';
import { wasmEngine } from '../wasm/module.js';
import type { WasmPrograms } from '../wasm/module.js';
import { wgslEngine } from '../wgsl/module.js';

const target = 'wgsl,wasm';

/** Prints both programs of one model, each whole inside a function of its own: they share nothing but the public types. */
export async function emitFallback(
  gpu: TrainerProgram,
  { program: cpu, relaxed }: WasmPrograms,
  writer: Writer = readable,
): Promise<{ code: string; kernels: Engine['kernels'] }> {
  const [onGpu, onCpu] = await Promise.all([gpuText(gpu, writer), cpuText(cpu, writer, relaxed)]);
  const types = await writer.print(publicTypes(gpu));
  const own = [modelInfo(gpu, target), choiceFor(gpu), inside('onWebGpu', onGpu.text), inside('onWebAssembly', onCpu)];
  const code = await writer.format([types, publicRuntimeTypes(gpu, 'wgsl'), ...own].join('\n\n'));
  return { code: `${unchecked}${header(gpu, target)}\n\n${code}`, kernels: onGpu.kernels };
}

/** A GPU counts where it has what the kernels need. */
function choiceFor({ memory }: TrainerProgram): string {
  return memory.halves
    ? choice
        .replace(
          'requestAdapter(): Promise<unknown> }',
          'requestAdapter(): Promise<{ readonly features: { has(name: string): boolean } } | null> }',
        )
        .replace(
          'return gpu !== undefined && Boolean(await gpu.requestAdapter().catch(() => undefined));',
          "const adapter = await gpu?.requestAdapter().catch(() => undefined);\n  return adapter?.features.has('shader-f16') ?? false;",
        )
    : choice;
}

const choice = `
type AnyTrainer = Trainer;

/** Makes a trainer with parameters of its own: on the GPU where there is one or a device is given, else in WebAssembly. */
export async function createTrainer(options: TrainerOptions = {}): Promise<Trainer> {
  return (options?.device || (await hasGpu()) ? onWebGpu() : onWebAssembly())(options);
}

async function hasGpu(): Promise<boolean> {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: { requestAdapter(): Promise<unknown> } };
  return gpu !== undefined && Boolean(await gpu.requestAdapter().catch(() => undefined));
}`;

function inside(name: string, text: string): string {
  return `function ${name}(): (options: TrainerOptions) => Promise<AnyTrainer> {\n${text}\n}`;
}

async function gpuText(program: TrainerProgram, writer: Writer): Promise<{ text: string; kernels: Engine['kernels'] }> {
  const layout = layOut(program, ownNames);
  const engine = wgslEngine(program, layout);
  const own = await textOf(writer, [
    ...initialValues(program, layout),
    ...engine.definitions,
    ...trainer(program, layout, engine),
  ]);
  return { text: `${own}\n\n${neededRuntime(own)}\n\nreturn createTrainer;`, kernels: engine.kernels };
}

async function cpuText(program: TrainerProgram, writer: Writer, relaxed?: TrainerProgram): Promise<string> {
  const layout = withTables(layOut(program, ownNames), program);
  const engine = wasmEngine(program, layout, writer.packs, relaxed);
  const own = await textOf(writer, [
    ...initialValues(program, layout),
    ...engine.definitions,
    ...trainer(program, layout, engine),
  ]);
  // The trainer of WebAssembly, whose own type it is, answers at once; here each answer is a promise, as the GPU's is.
  return `${publicRuntimeType('Trainer', program, 'wasm')}\n\n${own}\n\n${neededRuntime(own)}\n\n${asPromises(program)}`;
}

/** Methods that answer with promises what those of a trainer answer at once. */
function promised(program: TrainerProgram, ...names: readonly (keyof typeof waiting)[]): string {
  return names
    .map((name) => {
      const taken = parametersOf(program, name);
      return `${name}: async (${taken}) => trainer.${name}(${taken})`;
    })
    .join(',\n    ');
}

function asPromises(program: TrainerProgram): string {
  const learns = hasLoss(program);
  return `
return async (options) => {
  const trainer = await createTrainer(options);
  return {
    ${learns ? promised(program, 'step', 'evaluate', 'predict', 'gradients') : promised(program, 'predict')},
    ${program.entries.observe ? `${promised(program, 'observe')},` : ''}
    ${learns ? 'fit: (data, options) => trainer.fit(data, options),' : ''}
    async read() {
      const copies = Object.entries<Float32Array>(trainer.parameters).map(([name, values]) => [name, values.slice()]);
      return Object.fromEntries(copies) as Record<ParameterName, Float32Array>;
    },
    ${learns ? passedOn : ''}
    ${program.lossScale ? 'get lossScale() {\n      return trainer.lossScale;\n    },' : ''}
    ${promised(program, 'save', 'load')},
    dispose: () => trainer.dispose(),
  };
};`;
}

/** What is read and set without waiting. */
const passedOn = `get stepCount() {
      return trainer.stepCount;
    },
    get learningRateScale() {
      return trainer.learningRateScale;
    },
    set learningRateScale(value) {
      trainer.learningRateScale = value;
    },
    freeze: (patterns) => trainer.freeze(patterns),`;

async function textOf(writer: Writer, definitions: readonly Definition[]): Promise<string> {
  return (await writer.print(definitions)).replace(/^export /gm, '');
}

/** What this module declares beside what each of the two does. */
const ownNames = ['AnyTrainer', 'hasGpu', 'onWebGpu', 'onWebAssembly'];
