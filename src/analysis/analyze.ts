// One analysis for all that helps to write .nn: of a file with any number of errors its tree, its names, its types, and what is wrong.
import type { Diagnostic, Source, Span } from '../diagnostics/diagnostic.js';
import { loadImports } from '../passes/elaborate/imports.js';
import { lex } from '../parser/lex.js';
import type { File } from '../parser/tree.js';
import { meaningOf, type Meaning, type MeaningOptions, type ModelMeaning, type Values } from './meaning.js';
import { resolve, type Resolved } from './resolve.js';

export interface AnalyzeOptions extends MeaningOptions {
  /** Reads an imported file by its path; undefined where there is none. */
  readonly read?: (path: string) => string | undefined;
}

/** What is known of a file without types: milliseconds, whatever the file says. */
export interface Reading {
  readonly source: Source;
  /** All that could be read; faulty statements are left out. */
  readonly file: File;
  readonly comments: readonly Span[];
  /** All that it imports, by paths. */
  readonly files: ReadonlyMap<string, File>;
  readonly names: Resolved;
  /** Of syntax, and of files that are not there. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Analysis extends Reading {
  /** What each expression is, and each name where it is defined. */
  readonly values: Values;
  readonly models: readonly ModelMeaning[];
}

/** Reads a file and all that it imports, and resolves its names. */
export function read(source: Source, options: AnalyzeOptions = {}): Reading {
  const { entry, files, diagnostics } = loadImports(source, options.read ?? (() => undefined));
  const { file } = source;
  const comments = lex(source).comments.map(({ startOffset: start, image }) => ({
    file,
    start,
    end: start + image.length,
  }));
  return { source, file: entry, comments, files, names: resolve(entry, files), diagnostics };
}

/** The meaning of what was read. Where syntax is at fault, what the rest seems to lack may stand there: only the former is told. */
export function understand(reading: Reading, options: AnalyzeOptions = {}): Analysis {
  const meaning: Meaning = meaningOf(reading.file, reading.files, options);
  const faulty = reading.diagnostics.some(({ severity }) => severity === 'error');
  const { values, models } = meaning;
  const diagnostics = faulty ? reading.diagnostics : [...reading.diagnostics, ...meaning.diagnostics];
  return { ...reading, values, models, diagnostics };
}

/** Everything about a file. */
export function analyze(source: Source, options: AnalyzeOptions = {}): Analysis {
  return understand(read(source, options), options);
}
