// Imports: every file that a source reaches, parsed once each.
import type { Diagnostic, Source } from '../../diagnostics/diagnostic.js';
import { importCycle, missingFile } from '../../diagnostics/elaboration.js';
import { moreErrors } from '../../diagnostics/syntax.js';
import { parse } from '../../parser/parse.js';
import { mostErrors } from '../../parser/reader.js';
import type { File } from '../../parser/tree.js';

export interface Loaded {
  readonly entry: File;
  /** Every imported file by its path, as `importPath` gives it. */
  readonly files: ReadonlyMap<string, File>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a source and all that it imports. `read` gives the text of a path; undefined where there is no such file. */
export function loadImports(source: Source, read: (path: string) => string | undefined): Loaded {
  const files = new Map<string, File>();
  const diagnostics: Diagnostic[] = [];
  const entry = parse(source);
  diagnostics.push(...entry.diagnostics);

  /** `under` holds the files whose imports are being followed, outermost first. */
  const follow = (file: File, under: readonly string[]): void => {
    for (const declaration of file.declarations) {
      if (declaration.kind !== 'import') continue;
      if (diagnostics.length >= mostErrors) {
        if (diagnostics.length === mostErrors) diagnostics.push(moreErrors({ span: declaration.path.span }));
        return;
      }
      const { value, span } = declaration.path;
      const path = importPath(file.file, value);
      const first = under.indexOf(path);
      if (first >= 0) {
        diagnostics.push(importCycle({ files: [...under.slice(first), path], span }));
        continue;
      }
      if (files.has(path)) continue;
      const text = read(path);
      if (text === undefined) {
        // A path that does not end on its line has been reported.
        const faulty = diagnostics.some(
          ({ labels: [label] }) => label.span.file === span.file && label.span.start === span.start,
        );
        if (!faulty) diagnostics.push(missingFile({ path, span }));
        continue;
      }
      const parsed = parse({ file: path, text });
      files.set(path, parsed.file);
      diagnostics.push(...parsed.diagnostics);
      follow(parsed.file, [...under, path]);
    }
  };
  follow(entry.file, [normalised(source.file)]);
  return { entry: entry.file, files, diagnostics };
}

/** The path of an import: relative to the file that it stands in. */
export function importPath(from: string, path: string): string {
  if (path.startsWith('/')) return normalised(path);
  const at = from.lastIndexOf('/');
  return normalised(at < 0 ? path : `${from.slice(0, at + 1)}${path}`);
}

/** Without `.` and needless `..`. */
function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..' && parts[parts.length - 1] !== '')
      parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
