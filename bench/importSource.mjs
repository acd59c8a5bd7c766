// Sources of the compiler for benchmarks, which know more of it than its public API.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A module of TypeScript by its path from here. */
export async function importSource(path) {
  const entryPoints = [fileURLToPath(new URL(path, import.meta.url))];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: 'esm', platform: 'node', write: false });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}
