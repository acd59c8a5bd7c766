// Modules for tests that run them and read no text of theirs: laying a text out for readers takes longer than compiling the model.
import { transform } from 'esbuild';
import { emitFallback, emitModule, type EmitOptions, type Writer } from '../../src/codegen/emit.js';
import type { Definition } from '../../src/codegen/text/definition.js';
import { makePrograms, type CompileOptions, type TargetProgram } from '../../src/compile.js';
import type { Diagnostic, Source } from '../../src/diagnostics/diagnostic.js';

/** Text as it comes, without the types of definitions. */
export const plain: Writer = {
  packs: false,
  print: (definitions) => Promise.resolve(definitions.map(textOf).join('\n\n')),
  format: (code) => Promise.resolve(code),
};

function textOf(d: Definition): string {
  switch (d.kind) {
    case 'function': {
      const parameters = d.parameters.map((p) => (p.default === undefined ? p.name : `${p.name} = ${p.default}`));
      const head = `${d.exported ? 'export ' : ''}${d.async ? 'async ' : ''}function ${d.name}`;
      return `${head}(${parameters.join(', ')}) {\n${d.body}\n}`;
    }
    case 'interface':
      return '';
    case 'text':
      return d.text;
    default:
      return d satisfies never;
  }
}

/** The module of a program in JavaScript. */
export async function runnable(program: Parameters<typeof emitModule>[0], options: EmitOptions): Promise<string> {
  return withoutTypes((await emitModule(program, { ...options, writer: plain })).code);
}

/** The same function, but that each of the last hundred texts is compiled once, however many tests ask for it. */
export function compiledOnce(
  compile: (text: string, options: CompileOptions, file: string) => Promise<string>,
): (text: string, options?: CompileOptions, file?: string) => Promise<string> {
  const compiled = new Map<string, Promise<string>>();
  return (text, options = {}, file = 'model.nn') => {
    if (options.read || options.watch) return compile(text, options, file);
    const key = JSON.stringify([text, options, file]);
    const made = compiled.get(key) ?? compile(text, options, file);
    compiled.delete(key);
    compiled.set(key, made);
    for (const old of compiled.keys()) if (compiled.size > 100) compiled.delete(old);
    return made;
  };
}

/** The module of source text in TypeScript, as it comes; throws with the diagnostics where there are errors. */
export async function plainText(text: string, options: CompileOptions = {}, file = 'model.nn'): Promise<string> {
  const { diagnostics, code } = await plainly({ file, text }, options);
  if (code === undefined) throw new Error(problemsIn(diagnostics));
  return code;
}

/** The same with what is said of it; no code where there are errors. */
export async function plainly(source: Source, options: CompileOptions = {}, writer: Writer = plain) {
  const { diagnostics, programs } = makePrograms(source, options);
  return programs.length ? { diagnostics, code: await printed(programs, writer, options.profile) } : { diagnostics };
}

/** The module in TypeScript of a program, or of two for one module. */
export async function printed(
  [{ program, ...own }, other]: readonly TargetProgram[],
  writer?: Writer,
  profile?: CompileOptions['profile'],
): Promise<string> {
  const { code } = other
    ? await emitFallback(program, other, writer)
    : await emitModule(program, { ...own, profile, writer });
  return code;
}

/** The same in JavaScript, to be run. */
export const runnableText = compiledOnce(async (text, options, file) =>
  withoutTypes(await plainText(text, options, file)),
);

/** Diagnostics as the message of an error. */
export function problemsIn(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((d) => `${d.code}: ${d.message}${d.labels.map((l) => ` [${l.text}]`).join('')}`).join('\n');
}

/** TypeScript as JavaScript, without comments. */
export async function withoutTypes(code: string): Promise<string> {
  return (await transform(code, { loader: 'ts' })).code;
}
