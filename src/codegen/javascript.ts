// TypeScript without its types: a module in JavaScript, and its declarations.
import { format, loadMorph } from './document.js';

export interface JavaScript {
  readonly js: string;
  readonly dts: string;
}

/** A line that keeps the place of an empty one, which the printer of TypeScript drops. */
const blank = '// <blank>';

/** Turns a module in TypeScript into JavaScript with a file of declarations. */
export async function toJavaScript(code: string): Promise<JavaScript> {
  const { ts } = await loadMorph();
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, strict: true };
  const marked = code.replace(/\n\n/g, `\n${blank}\n`);
  const { outputText } = ts.transpileModule(marked, { compilerOptions });
  const js = outputText.replace(new RegExp(`^[ \\t]*${blank}$`, 'gm'), '');
  const dts = ts.transpileDeclaration(code, { compilerOptions: { ...compilerOptions, declaration: true } }).outputText;
  return { js: await format(js), dts: await format(dts.replace(/^export \{\};\n/m, '')) };
}
