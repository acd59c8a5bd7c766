// Writes docs/library.md from the standard library and the builtins' own descriptions.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';
import { setup as embed } from './embed.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await embed();
const { outputFiles } = await build({
  stdin: {
    contents:
      "export { library } from './src/embedded.js'; export { libraryPage } from './src/inspect/libraryPage.js';",
    resolveDir: '.',
  },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
});
const { library, libraryPage } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
);
const page = await format(libraryPage(library), { ...(await resolveConfig('docs/library.md')), parser: 'markdown' });
if (readFileSync('docs/library.md', { encoding: 'utf8', flag: 'a+' }) !== page) writeFileSync('docs/library.md', page);
