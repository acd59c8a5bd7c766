// Starts the command line from code that V8 has kept of an earlier run.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { codeCache } from './codeCache.js';
import type * as commands from './main.js';

/** A bundle of dist/parts that has been loaded: scripts/build.mjs makes them. */
interface Part {
  readonly exports: unknown;
  /** Keeps its code, the functions that were compiled while it ran among it, for runs that use it in the same way. */
  keep(use: string): void;
}

const folder = fileURLToPath(new URL('../parts/', import.meta.url));
const ordinaryRequire = createRequire(join(folder, 'main.cjs'));
/** Code that comes from a cache cannot import modules, so this part is loaded as Node does. */
const importing = './importNamed.cjs';
const cache = codeCache(folder);
const parts = new Map<string, Part>();

// Code that V8 has thrown away because it ran only at the start could not be kept.
setFlagsFromString('--no-flush-bytecode');
// Most commands are short: three times as much of a function must have run before an optimizing compiler is worth its time. Later engines
// have one between, and no such flag.
const runsSteps = ['train', 'bench', 'graph', 'gradcheck', 'verify', 'lsp'].includes(process.argv[2]);
if (process.versions.node.startsWith('20.') && !runsSteps) setFlagsFromString('--interrupt-budget=400000');

const { main } = partOf('./main.cjs').exports as typeof commands;
const used = await main();
process.on('exit', () => {
  if (used !== undefined && !process.exitCode) for (const part of parts.values()) part.keep(used);
});

/** A part is loaded once; bundles ask each other for parts by `require`. */
function partOf(name: string): Part {
  const loaded = parts.get(name) ?? load(join(folder, name));
  parts.set(name, loaded);
  return loaded;
}

function load(file: string): Part {
  const source = readFileSync(file);
  const kept = cache.read(file, source);
  const script = new Script(
    // The bundler writes nothing but ASCII, of which this is the fastest reading.
    `(function (exports, require, module, __filename, __dirname) {${source.toString('latin1')}\n})`,
    { filename: file, cachedData: kept?.code },
  );
  const uses = kept && !script.cachedDataRejected ? kept.uses : [];
  const module = { exports: {} };
  const require = (id: string): unknown =>
    id.startsWith('./') && id !== importing ? partOf(id).exports : ordinaryRequire(id);
  script.runInThisContext()(module.exports, require, module, file, dirname(file));
  return {
    exports: module.exports,
    keep(use) {
      if (!uses.includes(use))
        cache.write(file, source, { uses: [...uses, use], make: () => script.createCachedData() });
    },
  };
}
