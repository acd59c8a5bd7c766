// What a file can be asked for by another: its own definitions, and what it imports itself.
import { importPath } from '../passes/elaborate/imports.js';
import type { File } from '../parser/tree.js';
import { declared, type Entity } from './entities.js';

/** The definition of a name among the declarations of a file, or of those that it imports it from. */
export function exported(file: File, name: string, files: ReadonlyMap<string, File>, deep = 0): Entity | undefined {
  for (const declaration of file.declarations) {
    if (declaration.kind === 'gradient' || declaration.kind === 'model') continue;
    if (declaration.kind !== 'import') {
      if (declaration.name.name === name) return declared(declaration);
      continue;
    }
    if (!declaration.names.some((each) => each.name === name) || deep > deepest) continue;
    const other = files.get(importPath(file.file, declaration.path.value));
    const found = other && exported(other, name, files, deep + 1);
    if (found) return found;
  }
  return undefined;
}

/** Files that import one another have errors of their own. */
const deepest = 20;
