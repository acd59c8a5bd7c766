// Writes docs/library.md from the standard library and the builtins' own descriptions, docs/simplify.md from the simplifier's rules,
// docs/passes.md from the list of passes, docs/ops.md from the records of the primitive operations, and docs/diagnostics.md from the catalog.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';
import { cases, lintExamples } from './diagnostics.mjs';
import { setup as embed } from './embed.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await embed();
const { outputFiles } = await build({
  stdin: {
    contents:
      "export { library } from './src/embedded.js'; export { libraryPage } from './src/inspect/libraryPage.js'; " +
      "export { simplifyPage } from './src/inspect/simplifyPage.js'; " +
      "export { passesPage } from './src/inspect/passesPage.js'; " +
      "export { diagnosticsPage } from './src/inspect/diagnosticsPage.js'; " +
      "export { opsPage } from './src/inspect/opsPage.js';",
    resolveDir: '.',
  },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
});
const { diagnosticsPage, library, libraryPage, opsPage, passesPage, simplifyPage } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
);
for (const [path, made] of [
  ['docs/diagnostics.md', diagnosticsPage(lintExamples(), cases())],
  ['docs/library.md', libraryPage(library)],
  ['docs/ops.md', opsPage()],
  ['docs/passes.md', passesPage()],
  ['docs/simplify.md', simplifyPage()],
]) {
  const page = await format(made, { ...(await resolveConfig(path)), parser: 'markdown' });
  if (readFileSync(path, { encoding: 'utf8', flag: 'a+' }) !== page) writeFileSync(path, page);
}
