// Builds dist/: declarations by the compiler, code by the bundler, which takes in the parser's hundreds of small files.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { setup as embed } from './embed.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await embed();
rmSync('dist', { recursive: true, force: true });

const types = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
// ts-morph, taken in because one file of it loads faster than Node finds the exports of several, is CommonJS.
const commonJs = `import { createRequire as __requireFrom } from 'node:module';
import { fileURLToPath as __pathOf } from 'node:url';
const require = __requireFrom(import.meta.url);
const __filename = __pathOf(import.meta.url);
const __dirname = __pathOf(new URL('.', import.meta.url));`;
await build({
  entryPoints: ['src/index.ts', 'src/cli/main.ts'],
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  external: ['commander', 'picocolors', 'prettier'],
  banner: { js: commonJs },
  legalComments: 'linked',
  logLevel: 'warning',
});
process.exitCode = types.status ?? 1;
