// TypeScript without its types: a module in JavaScript, and its declarations.
import type { ts as typescript } from 'ts-morph';
import { format, loadMorph, unchecked } from '../text/document.js';
import { runtimeIn } from './inline.js';

export interface JavaScript {
  readonly js: string;
  readonly dts: string;
}

/** A line that keeps the place of an empty one, which the printer of TypeScript drops. */
const blank = '// <blank>';

/** What runtime declarations are in JavaScript: the same in every module. */
const known = new Map<string, string>();

/** A module in TypeScript without its types, line by line: for engines, which do not mind how it is laid out. */
export async function withoutTypes(code: string): Promise<string> {
  const { transform } = await import('../text/sucrase.js');
  return transform(code, { transforms: ['typescript'], disableESTransforms: true }).code;
}

/** Turns a module in TypeScript into JavaScript with a file of declarations. */
export async function toJavaScript(code: string): Promise<JavaScript> {
  const { ts } = await loadMorph();
  const compilerOptions: typescript.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ES2022,
    strict: true,
    // A part without exports would begin with "use strict"; modules are strict anyway.
    alwaysStrict: false,
  };
  const printed = (text: string): Promise<string> => {
    const marked = text.replace(/\n(?=\n)/g, `\n${blank}`);
    const { outputText } = ts.transpileModule(marked, { compilerOptions });
    return format(outputText.replace(new RegExp(`^[ \\t]*${blank}$`, 'gm'), ''));
  };
  const { own, runtime } = runtimeIn(code.startsWith(unchecked) ? code.slice(unchecked.length) : code);
  // It would go with the types that it stands before.
  const [header] = /^(?:\/\/.*\n)*/.exec(own) ?? [''];
  const parts = [header, await printed(own.slice(header.length))];
  for (const text of runtime) {
    const done = known.get(text) ?? (await printed(text));
    known.set(text, done);
    parts.push(done);
  }
  const js = parts.map((part) => part.trim()).filter((part) => part !== '');
  const declared = ts.transpileDeclaration(own, { compilerOptions: { ...compilerOptions, declaration: true } });
  return { js: `${js.join('\n\n')}\n`, dts: await format(declared.outputText.replace(/^export \{\};\n/m, '')) };
}
