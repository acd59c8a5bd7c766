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
  external: ['commander', 'picocolors', 'prettier', 'ts-morph'],
  legalComments: 'linked',
  logLevel: 'warning',
});
process.exitCode = types.status ?? 1;
