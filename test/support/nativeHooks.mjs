// What Node asks of where a module comes from: of a file of src it gets the code without its types, whose lines stay where they were.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'sucrase';

const source = new URL('../../src/', import.meta.url).href;

/** Imports say `.js` of what is written as `.ts`. */
export function resolve(specifier, context, next) {
  const written = specifier.startsWith('.') && context.parentURL?.startsWith(source);
  return next(written ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith(source) || !url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const { code } = transform(await readFile(path, 'utf8'), {
    transforms: ['typescript'],
    disableESTransforms: true,
    keepUnusedImports: true,
    filePath: path,
  });
  return { format: 'module', shortCircuit: true, source: code };
}
