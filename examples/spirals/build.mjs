// Puts the page together: compiles the model beside the files that a browser loads as they are.
//
//   node examples/spirals/build.mjs [OUT]        default: examples/spirals/site
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../../dist/index.js';

const here = dirname(fileURLToPath(import.meta.url));
const files = ['index.html', 'page.css', 'main.js', 'worker.js', 'store.js', 'data.mjs'];

/** Writes the static site. */
export async function buildPage(out) {
  const text = readFileSync(join(here, 'spirals.nn'), 'utf8');
  const { code, diagnostics } = await compile({ file: 'spirals.nn', text }, { target: 'wasm', language: 'js' });
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'spirals.js'), code);
  for (const file of files) copyFileSync(join(here, file), join(out, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = resolve(process.argv[2] ?? join(here, 'site'));
  await buildPage(out);
  console.log(`the page is in ${out}`);
}
