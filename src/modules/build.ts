// A .nn file that a program imports, as the JavaScript module that it stands for: what the plugin of bundlers and Node's hooks have in common.
import { readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { compile } from '../compile.js';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import { lineAt, lineStarts } from '../diagnostics/position.js';
import { render } from '../diagnostics/render.js';
import { optionsIn, type ImportOptions } from './options.js';

/** The module of a file, or what is wrong with it. */
export interface BuiltModule {
  /** JavaScript without a line that names its map; absent where there are errors. */
  readonly code?: string;
  /** The text of its source map. */
  readonly map?: string;
  /** The text of its declarations. */
  readonly declarations?: string;
  /** Files that it was made of, the first being the model's own: where one changes, it is to be made again. */
  readonly files: readonly string[];
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export interface Problem {
  /** As `nnc check` prints it: the lines it speaks of, notes and a hint. */
  readonly text: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
}

/** Compiles the .nn file at a path as an import of it says. What cannot be read is an error of its own, as anything that is wrong with it is. */
export async function buildModule(path: string, query: string, defaults: ImportOptions = {}): Promise<BuiltModule> {
  const texts = new Map<string, string>();
  const missing: string[] = [];
  const read = (file: string): string | undefined => {
    try {
      const text = readFileSync(file, 'utf8');
      texts.set(file, text);
      return text;
    } catch {
      missing.push(file);
      return undefined;
    }
  };
  const folder = dirname(path);
  const fileName = (file: string): string => relative(folder, resolve(file)).split(sep).join('/');
  const text = read(path);
  if (text === undefined) {
    const problem = { text: `there is no file ${path}, or it cannot be read`, file: path, line: 1, column: 0 };
    return { files: [path], errors: [problem], warnings: [] };
  }
  const options = optionsOf(path, query, defaults);
  if (options instanceof Fault) {
    const problem = { text: render(options.diagnostic, texts), file: path, line: 1, column: 0 };
    return { files: [path], errors: [problem], warnings: [] };
  }
  const name = `${basename(path)}.js`;
  const made = await compile({ file: path, text }, { ...options, read, fileName, language: 'js', sourceMap: name });
  const problems = made.diagnostics.map((diagnostic) => ({ diagnostic, problem: problemOf(diagnostic, texts, path) }));
  const of = (severity: Diagnostic['severity']): Problem[] =>
    problems.flatMap(({ diagnostic, problem }) => (diagnostic.severity === severity ? [problem] : []));
  return {
    // The map goes another way than by the name of a file.
    ...(made.code !== undefined && { code: made.code.replace(/^\/\/# sourceMappingURL=.*\n/m, '') }),
    ...(made.map !== undefined && { map: made.map }),
    ...(made.declarations !== undefined && { declarations: made.declarations }),
    files: [...texts.keys(), ...missing],
    errors: of('error'),
    warnings: of('warning'),
  };
}

function optionsOf(path: string, query: string, defaults: ImportOptions): ImportOptions | Fault {
  try {
    return optionsIn(query, defaults, basename(path));
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

function problemOf(diagnostic: Diagnostic, texts: ReadonlyMap<string, string>, path: string): Problem {
  const { file, start } = diagnostic.labels[0]?.span ?? { file: path, start: 0 };
  const starts = lineStarts(texts.get(file) ?? '');
  const line = lineAt(starts, start);
  return { text: render(diagnostic, texts), file, line: line + 1, column: start - starts[line] };
}
