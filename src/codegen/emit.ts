// The one facade of every target: from a program to the text of a trainer module.
import type { EntryName, Kernel, TargetTraits, TrainerProgram } from '../ir/program.js';
import type { Definition, Writer } from './text/definition.js';
import { readable, unchecked } from './text/document.js';
import type { Engine } from './module/engine.js';
import { neededRuntime, publicRuntimeTypes } from './module/inline.js';
import { layOut, type Layout } from './module/layout.js';
import { withTables } from './module/tables.js';
import { withKernelEntries } from './module/profile.js';
import { header, modelInfo } from './module/trainer/info.js';
import { initialValues } from './module/trainer/initial.js';
import { trainer } from './module/trainer/trainer.js';
import { publicTypes } from './module/trainer/types.js';
import { printKernel } from './typescript/kernel.js';
import { typescriptEngine } from './typescript/module.js';
import { wasmEngine } from './wasm/module.js';
import { disassemble } from './wasm/disassemble.js';
import { emitWasm } from './wasm/emitWasm.js';
import type { WasmPrograms } from './wasm/module.js';
import { wgslEngine } from './wgsl/module.js';

export { emitFallback } from './module/fallback.js';
export { kernelTexts, lineOrigins, sourceMap, sourceMapLine } from './module/sourceMap.js';
export type { WasmPrograms, Writer };
export { asItComes } from './text/printer.js';
export { toJavaScript, withoutTypes, type JavaScript } from './module/javascript.js';

export interface EmitOptions {
  readonly target: TargetTraits['name'];
  /** wasm: the same program for engines that multiply and add in one instruction. */
  readonly relaxed?: TrainerProgram;
  /** Gives the trainer `kernels`: functions that run the kernels of this entry one by one. For measurements. */
  readonly profile?: EntryName;
  /** Default: the one for readers. */
  readonly writer?: Writer;
}

/** The text of a module in TypeScript, and the kernels in it by the names of their functions. */
export interface Emitted {
  readonly code: string;
  readonly kernels: Engine['kernels'];
}

/** Prints the program as a module in TypeScript: self-contained, strict, and formatted by the writer for readers. */
export async function emitModule(whole: TrainerProgram, options: EmitOptions): Promise<Emitted> {
  const { target, profile, writer = readable } = options;
  const program = profile ? withKernelEntries(whole, profile) : whole;
  const plain = layOut(program);
  const layout = target === 'wasm' ? withTables(plain, program) : plain;
  const relaxed = options.relaxed && profile ? withKernelEntries(options.relaxed, profile) : options.relaxed;
  const engine = engineOf(program, layout, target, writer.packs, relaxed);
  const text = (of: string): Definition => ({ kind: 'text', text: of });
  const own = await writer.format(
    await writer.print([
      text(modelInfo(program, target)),
      ...initialValues(program, layout),
      ...engine.definitions,
      ...trainer(program, layout, engine),
    ]),
  );
  const types = await writer.format(await writer.print(publicTypes(program)));
  const parts = [header(program, target), types, publicRuntimeTypes(program, target), own, neededRuntime(own)];
  return { code: `${unchecked}${parts.map((part) => part.trim()).join('\n\n')}\n`, kernels: engine.kernels };
}

/** Kernels as the module in TypeScript has them, each with its comment, in the program's order. */
export async function printKernels(
  program: TrainerProgram,
  wanted: ReadonlySet<Kernel>,
  writer: Writer = readable,
): Promise<ReadonlyMap<Kernel, string>> {
  const layout = layOut(program);
  const printed = program.kernels.map(
    (kernel) => [kernel, printKernel(kernel, layout.module.take(kernel.name))] as const,
  );
  const texts = new Map<Kernel, string>();
  for (const [kernel, { definition }] of printed)
    if (wanted.has(kernel)) texts.set(kernel, (await writer.format(await writer.print([definition]))).trim());
  return texts;
}

/** What differs between targets. */
function engineOf(
  program: TrainerProgram,
  layout: Layout,
  target: EmitOptions['target'],
  packs: boolean,
  relaxed?: TrainerProgram,
): Engine {
  switch (target) {
    case 'ts':
      return typescriptEngine(program, layout);
    case 'wasm':
      return wasmEngine(program, layout, packs, relaxed);
    case 'wgsl':
      return wgslEngine(program, layout);
    default:
      return target satisfies never;
  }
}

/** The WebAssembly of a program as text; `relaxed`: with fused multiply-add. */
export function printWat(program: TrainerProgram, relaxed = false): string {
  return disassemble(emitWasm(program, { relaxed }).binary);
}
