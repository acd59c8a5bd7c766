// What a run keeps of its model: its file and all that it imports, such that the folder alone compiles.
import { readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { reasonOf } from '../../data/files.js';
import { Fault, type Source } from '../../diagnostics/diagnostic.js';
import { runDamaged } from '../../diagnostics/runs.js';
import { parse } from '../../parser/parse.js';
import { escape } from '../../parser/strings.js';
import { importPath } from '../../passes/elaborate/imports.js';
import type { KeptFile, RunRecord } from './record.js';

/** A file that a run keeps: where, where it was read from, and its text. */
export interface Kept extends KeptFile {
  readonly text: string;
}

/** The model's file is the first. */
const entry = 'model.nn';

/**
 * What to keep of a source and of what it imports, by path. What lies within the folder of the model lies where it lay, and as it was; an
 * import that leads elsewhere leads to imports/ instead.
 */
export function keptOf(source: Source, imports: ReadonlyMap<string, string>): readonly Kept[] {
  const places = placesOf(source.file, [...imports.keys()]);
  const kept = (from: string, path: string, text: string): Kept => {
    const leadsTo = (value: string): string => places.get(importPath(from, value)) ?? entry;
    return { path, from, text: withImports({ file: from, text }, path, leadsTo) };
  };
  const others = [...imports].map(([from, text]) => kept(from, places.get(from) ?? from, text));
  return [kept(source.file, entry, source.text), ...others];
}

/** Where imported files lie in the folder of a run. */
function placesOf(file: string, imports: readonly string[]): ReadonlyMap<string, string> {
  const folder = dirname(importPath(file, basename(file)));
  const taken = new Set([entry]);
  const places = new Map<string, string>();
  for (const from of imports) {
    const within = folder === '.' ? from : from.startsWith(`${folder}/`) ? from.slice(folder.length + 1) : '';
    const own = within !== '' && !/^(\.\.?|imports)(\/|$)|^\//.test(within) && within.endsWith('.nn');
    const path = own && !taken.has(within) ? within : `imports/${places.size + 1}/${basename(from)}`;
    taken.add(path);
    places.set(from, path);
  }
  return places;
}

/** A text that will stand at `path`, with imports that lead to where their files will stand. */
function withImports(source: Source, path: string, leadsTo: (value: string) => string): string {
  const { declarations } = parse(source).file;
  let text = source.text;
  for (const declaration of [...declarations].reverse()) {
    if (declaration.kind !== 'import') continue;
    const { value, span } = declaration.path;
    const place = leadsTo(value);
    if (importPath(path, value) === place) continue;
    const relative = posix.relative(posix.dirname(path), place);
    text = text.slice(0, span.start) + escape(relative) + text.slice(span.end);
  }
  return text;
}

/** What a run has kept of its model, the model's file first. */
export function keptIn(folder: string, { files }: RunRecord): readonly Kept[] {
  return files.map(({ path, from }): Kept => {
    const file = join(folder, path);
    try {
      return { path, from, text: readFileSync(file, 'utf8') };
    } catch (error) {
      throw new Fault(runDamaged({ file, reason: reasonOf(error) }));
    }
  });
}
