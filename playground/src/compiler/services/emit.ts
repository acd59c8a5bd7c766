// The module of a model for one target, as text to read, to run and to take away.
import { emitFallback, emitModule, withoutTypes } from '../../../../src/codegen/emit.js';
import type { Writer } from '../../../../src/codegen/text/definition.js';
import { makePrograms, type CompileOptions, type ModuleTarget } from '../../../../src/compile.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { asItComes, forReaders } from '../../../../src/codegen/text/printer.js';

export interface EmitOptions extends Pick<CompileOptions, 'model' | 'set'> {
  readonly target: ModuleTarget;
}

/** The module in TypeScript, as `nnc compile` writes it; undefined where the source has errors. */
export async function emit(source: Source, options: EmitOptions): Promise<string | undefined> {
  return printed(source, options, forReaders);
}

/** The same in JavaScript, for readers too. */
export async function emitJavaScript(source: Source, options: EmitOptions): Promise<string | undefined> {
  const code = await emit(source, options);
  return code === undefined
    ? undefined
    : forReaders.format(closedUp(await withoutTypes(code.replace(/^\/\/ @ts-nocheck\n/, ''))));
}

/** The module in JavaScript, to be run and not to be read. */
export async function emitToRun(source: Source, options: EmitOptions): Promise<string | undefined> {
  const code = await printed(source, options, asItComes);
  return code === undefined ? undefined : withoutTypes(code);
}

async function printed(source: Source, options: EmitOptions, writer: Writer): Promise<string | undefined> {
  const [first, other] = makePrograms(source, options).programs;
  if (!first) return undefined;
  const { program, target } = first;
  const { code } = other ? await emitFallback(program, other, writer) : await emitModule(program, { target, writer });
  return code;
}

/** Types over several lines leave these empty: between the parameters of a function and its body Prettier would take that for the end of a declaration. */
function closedUp(code: string): string {
  return code.replace(/^([ \t]*\))[ \t]*\n\s*\{$/gm, '$1 {');
}
