// How the playground is served and built: a static site whose paths are relative, so that it can lie in any folder.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { broughtData } from './brought.js';
import { offline } from './offline.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: './',
  resolve: {
    // Its own printer writes declarations (compiler/printer.ts): ts-morph, 7 MB with the TypeScript compiler in it, stays out of the site.
    alias: [{ find: /^\.\.?\/(?:text\/)?morph\.js$/, replacement: here('src/compiler/noMorph.ts') }],
  },
  plugins: [broughtData(), offline(here('sw.js'))],
  worker: { format: 'es', plugins: () => [broughtData()] },
  // light-dark() stays in the style sheet: what would take its place follows the system alone, and not the colours that are chosen.
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    outDir: here('dist'),
    emptyOutDir: true,
  },
  server: { fs: { allow: [here('..')] } },
});
