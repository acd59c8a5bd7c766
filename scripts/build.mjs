// Builds dist/: declarations by the compiler, code by the bundler, which takes in the parser's hundreds of small files.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { setup as embed } from './embed.mjs';

const require = createRequire(import.meta.url);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
await embed();
rmSync('dist', { recursive: true, force: true });

const types = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  legalComments: 'linked',
  logLevel: 'warning',
};

/** Bundles of their own in dist/parts: what is loaded when it is first used, and what must not come from the cache. */
const parts = {
  morph: 'src/codegen/text/morph.ts',
  prettier: 'src/codegen/text/prettier.ts',
  sucrase: 'src/codegen/text/sucrase.ts',
  importNamed: 'src/data/importNamed.ts',
  languageServer: 'src/cli/languageServer.ts',
  imageDecoders: 'src/data/imageDecoders.ts',
  parquetLibrary: 'src/data/parquetLibrary.ts',
  protobuf: 'src/export/onnx/protobuf.ts',
};

/** What a part exports, once it is built. */
const namesIn = (part) => Object.keys(require(`../dist/parts/${part}.cjs`)).join(', ');

/** Imports of parts as the bundles that they are, from the folder of a bundle. */
const asParts = (folder) => ({
  name: 'parts',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`/(?:${Object.keys(parts).join('|')})\\.js$`);
    onResolve({ filter }, ({ path, importer }) =>
      /^\.+\//.test(path) && !importer.includes('node_modules')
        ? { path: basename(path, '.js'), namespace: 'part' }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({
      contents: `export const { ${namesIn(path)} } = require('${folder}/${path}.cjs');`,
    }));
    onResolve({ filter: /\.cjs$/, namespace: 'part' }, ({ path }) => ({ path, external: true }));
  },
});

/** ts-morph carries the declarations of JavaScript's library, 3 MB of text, for projects that ask for types. Ours does not. */
const withoutLibrary = {
  name: 'without-library',
  setup({ onLoad }) {
    onLoad({ filter: /ts-morph-common\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(/^const libFiles = \[\{\n[^]*?\n {4}\}\];$/m, 'const libFiles = [];');
      if (contents.length > text.length / 2) throw new Error(`${path}: where are the declarations of the library?`);
      return { contents };
    });
  },
};

/**
 * hyparquet takes counts at their word, which in a damaged file are billions: no run is longer than what is left to read, and no page has
 * more values than any writer puts into one.
 */
const withinReason = {
  name: 'within-reason',
  setup({ onLoad }) {
    const most = 2 ** 25;
    const page = `num_values: ((n) => { if (n >= 0 && n <= ${most}) return n; throw new Error('a page of ' + n + ' values'); })($1)`;
    const changes = {
      'encoding.js': [
        [
          'while (seen < output.length) {\n    const header',
          "while (seen < output.length) {\n    if (!(reader.offset <= reader.view.byteLength)) throw new Error('a run outside of its page')\n    const header",
        ],
        [/const count = header >>> 1$/m, 'const count = Math.min(header >>> 1, output.length - seen)'],
        [
          /let count = header >> 1 << 3/,
          'let count = Math.min((header >>> 1) * 8, (output.length - seen + 7) >> 3 << 3)',
        ],
      ],
      'column.js': [[/num_values: (header\.field_\d\.field_1)/g, page]],
    };
    onLoad({ filter: /hyparquet\/src\/(encoding|column)\.js$/ }, ({ path }) => {
      const contents = changes[basename(path)].reduce(
        (text, [from, to]) => {
          const changed = text.replace(from, to);
          if (changed === text) throw new Error(`${path}: where is ${from}?`);
          return changed;
        },
        readFileSync(path, 'utf8'),
      );
      return { contents };
    });
  },
};

await build({
  ...common,
  entryPoints: parts,
  outdir: 'dist/parts',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  minify: true,
  plugins: [withoutLibrary, withinReason],
});
// The library, the plugins and the hooks of Node: ES modules.
await build({
  ...common,
  entryPoints: [
    'src/index.ts',
    'src/node.ts',
    'src/format/plugin.ts',
    'src/modules/vite.ts',
    'src/modules/register.ts',
    'src/modules/hooks.ts',
    'src/cli/start.ts',
  ],
  outdir: 'dist',
  outbase: 'src',
  splitting: true,
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
  plugins: [asParts('../parts')],
  banner: {
    js: `import { createRequire as __requireFrom } from 'node:module';\nconst require = __requireFrom(import.meta.url);`,
  },
});
// What a page takes while Vite serves it.
await build({
  ...common,
  platform: 'browser',
  entryPoints: ['src/modules/hot.ts'],
  outdir: 'dist/modules',
  format: 'esm',
});
// The language server of pages: the script of a worker.
await build({
  ...common,
  platform: 'browser',
  entryPoints: ['src/server/worker.ts'],
  outdir: 'dist/server',
  format: 'esm',
  minify: true,
});
// The command line: CommonJS, because such a script can be compiled from what V8 has kept of it (src/cli/start.ts).
await build({
  ...common,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist/parts',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [asParts('.')],
});
// ASCII, which is read fastest: the bundler leaves what regular expressions and comments hold.
for (const name of ['main', ...Object.keys(parts)]) {
  const file = `dist/parts/${name}.cjs`;
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, escaped));
}
process.exitCode = types.status ?? 1;
