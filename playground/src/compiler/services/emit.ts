// The module of a model for one target, as text to read, to run and to take away.
import { emitModule, withoutTypes } from '../../../../src/codegen/emit.js';
import { makePrograms, type CompileOptions } from '../../../../src/compile.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { asItComes, forReaders } from '../../../../src/codegen/text/printer.js';
import type { Writer } from '../../../../src/codegen/text/definition.js';
import type { Target } from '../../../../src/targets.js';

/** What is laid out afterwards: the binary is packed already. */
const unlaid: Writer = { ...forReaders, format: asItComes.format };

export interface EmitOptions extends Pick<CompileOptions, 'model' | 'set'> {
  readonly target: Target;
}

/** The module in TypeScript, as `nnc compile` writes it; undefined where the source has errors. */
export async function emit(source: Source, options: EmitOptions): Promise<string | undefined> {
  const code = await asItIs(source, options, unlaid);
  return code === undefined ? undefined : forReaders.format(code);
}

/** The same in JavaScript, for readers too. */
export async function emitJavaScript(source: Source, options: EmitOptions): Promise<string | undefined> {
  const code = await asItIs(source, options, unlaid);
  return code === undefined ? undefined : inJavaScript(code);
}

/** Both of them, of one compilation. */
export async function emitBoth(
  source: Source,
  options: EmitOptions,
): Promise<{ readonly typescript: string; readonly javascript: string } | undefined> {
  const code = await asItIs(source, options, unlaid);
  return code === undefined
    ? undefined
    : { typescript: await forReaders.format(code), javascript: await inJavaScript(code) };
}

/** The module in JavaScript, to be run and not to be read. */
export async function emitToRun(source: Source, options: EmitOptions): Promise<string | undefined> {
  const code = await asItIs(source, options, asItComes);
  return code === undefined ? undefined : withoutTypes(code);
}

/** In TypeScript, as it comes: laying it out takes longer than compiling, so that each text is laid out once, when all else has been done to it. */
async function asItIs(source: Source, options: EmitOptions, writer: Writer): Promise<string | undefined> {
  const [made] = makePrograms(source, options).programs;
  if (!made) return undefined;
  const { program, target } = made;
  return (await emitModule(program, { target, writer })).code;
}

/** Types over several lines leave these empty: between the parameters of a function and its body Prettier would take that for the end of a declaration. */
async function inJavaScript(code: string): Promise<string> {
  const untyped = await withoutTypes(code.replace(/^\/\/ @ts-nocheck\n/, ''));
  return forReaders.format(untyped.replace(/\)[ \t]*\n\s*\{$/gm, ') {'));
}
