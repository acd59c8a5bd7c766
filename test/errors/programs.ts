// The faulty programs of this folder, and what the compiler says of each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, type CheckOptions } from '../../src/compile.js';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.js';
import { render } from '../../src/diagnostics/render.js';
import { library } from '../../src/embedded.js';

const root = fileURLToPath(new URL('.', import.meta.url));

/** A folder for each phase; `lib` inside holds what its programs import. */
export const phases: readonly string[] = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

export function programsOf(phase: string): string[] {
  return readdirSync(join(root, phase))
    .filter((name) => name.endsWith('.nn'))
    .map((name) => join(root, phase, name));
}

export interface Answer {
  readonly diagnostics: readonly Diagnostic[];
  /** All of them, as a user reads them. */
  readonly text: string;
}

/** Checks a program; its imports are read from its own folder. */
export function answerTo(path: string): Answer {
  const text = readFileSync(path, 'utf8');
  const file = basename(path);
  const read = (name: string): string | undefined => {
    const place = join(dirname(path), name);
    return existsSync(place) ? readFileSync(place, 'utf8') : undefined;
  };
  const texts = new Map([...library.map((l) => [l.file, l.text] as const), [file, text]]);
  const { diagnostics } = check({ file, text }, { read, ...optionsIn(text) });
  const sources = (name: string): string | undefined => texts.get(name) ?? read(name);
  return { diagnostics, text: diagnostics.map((d) => `${render(d, sources)}\n`).join('\n') };
}

/** A first line such as `// nnc check --set hidden=3 --model small` says how the program is compiled. */
export function optionsIn(text: string): Pick<CheckOptions, 'model' | 'set'> {
  const command = /^\/\/ nnc check (.*)/.exec(text)?.[1] ?? '';
  const set = Object.fromEntries(
    [...command.matchAll(/--set (\w+)=(\S+)/g)].map(([, name, value]): [string, number | boolean | string] => [
      name,
      value === 'true' || value === 'false' ? value === 'true' : Number.isNaN(Number(value)) ? value : Number(value),
    ]),
  );
  return { set, model: /--model (\w+)/.exec(command)?.[1] };
}
