// Picks from the runtime's source files the declarations that a module needs, so that nothing unused is printed.
import { runtime } from '../../embedded.js';
import type { TargetTraits } from '../../ir/program.js';

interface Declaration {
  readonly file: string;
  readonly names: readonly string[];
  /** Every word in it. */
  readonly words: ReadonlySet<string>;
  readonly text: string;
}

/** Types that a module declares for itself. */
const standIns = 'model.ts';
/** Types that stand among the module's own; those of WebGPU where it is used. */
const [types, gpuTypes] = ['types.ts', 'gpuTypes.ts'];

let parsed: readonly Declaration[] | undefined;

/** The public types of a target, as they are printed: `Awaitable<X>` is the value, or a promise of it. */
export function publicRuntimeTypes(target: TargetTraits['name']): string {
  return declarations()
    .filter((d) => d.file === types || (target === 'wgsl' && d.file === gpuTypes))
    .map((d) => printType(d, target))
    .join('\n\n');
}

/** One of them, for a part of a module that has it for itself. */
export function publicRuntimeType(name: string, target: TargetTraits['name']): string {
  const found = declarations().find((d) => d.file === types && d.names.includes(name));
  if (!found) throw new Error(`there is no type ${name}`);
  return printType(found, target).replace(/^export /, '');
}

function printType({ text }: Declaration, target: TargetTraits['name']): string {
  const awaitable = target === 'wgsl' ? 'Promise<$1>' : '$1';
  return membersFor(target, text).replace(/Awaitable<((?:[^<>]|<[^<>]*>)*)>/g, awaitable);
}

/** Without the members whose comments begin with the names of other targets in brackets. */
function membersFor(target: string, text: string): string {
  return text.replace(/^( *\/\*\* )\[([^\]]*)\] ([^]*?;\n)/gm, (_, start: string, of: string, rest: string) =>
    of.split(', ').includes(target) ? start + rest : '',
  );
}

/** Whatever the code mentions, and whatever that mentions, in the order of the files. */
export function neededRuntime(code: string): string {
  const all = declarations().filter((d) => !isPublic(d));
  const byName = new Map(all.flatMap((d) => d.names.map((name) => [name, d] as const)));
  const needed = new Set<Declaration>();
  const need = (words: Iterable<string>): void => {
    for (const word of words) {
      const found = byName.get(word);
      if (!found || needed.has(found)) continue;
      needed.add(found);
      need(found.words);
    }
  };
  // Shaders are in a language of their own.
  need(wordsOf(code.replace(/\/\* wgsl \*\/ `(?:[^`\\]|\\[^])*`/g, '')));
  return all
    .filter((d) => needed.has(d))
    .map((d) => d.text)
    .join('\n\n');
}

/** Takes a module apart: its own text, and the declarations of the runtime at its end. */
export function runtimeIn(code: string): { readonly own: string; readonly runtime: readonly string[] } {
  const found = declarations()
    .filter((d) => !isPublic(d))
    .map(({ text }) => ({ text, at: code.lastIndexOf(`\n\n${text}\n`) }))
    .filter(({ at }) => at >= 0);
  const start = Math.min(code.length, ...found.map(({ at }) => at));
  return { own: `${code.slice(0, start).trimEnd()}\n`, runtime: found.map(({ text }) => text) };
}

/** Names of values and types that the module's own must not take. */
export function runtimeNames(): string[] {
  return declarations().flatMap((d) => d.names);
}

function isPublic({ file }: Declaration): boolean {
  return file === types || file === gpuTypes;
}

function declarations(): readonly Declaration[] {
  parsed ??= Object.entries(runtime)
    .filter(([file]) => file !== standIns)
    .flatMap(([file, text]) => split(file, text));
  return parsed;
}

/** Top-level declarations are apart by blank lines, and begin at the left edge. */
function split(file: string, text: string): Declaration[] {
  const body = text
    .replace(/^\/\/.*\n/, '')
    .replace(/^import [^;]*;\n/gm, '')
    .trim();
  return body.split(/\n\n(?=\S)/).map((part) => {
    // What stands in a text declares nothing here.
    const code = part.replace(/`(?:[^`\\]|\\[^])*`/g, '``');
    const names = [...code.matchAll(/^(?:export )?(?:async )?(?:function\*?|const|let|interface|type) (\w+)/gm)].map(
      (m) => m[1],
    );
    return { file, names, words: new Set(wordsOf(part)), text: part };
  });
}

/** Names that the code uses: not those of properties, behind a point or before a colon, nor what begins a text. */
function wordsOf(code: string): string[] {
  return code.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').match(used) ?? [];
}

const used =
  /(?<!(?<!\.\.)\.)(?<![\p{ID_Continue}$'"])[\p{ID_Start}_$][\p{ID_Continue}$]*(?![\p{ID_Continue}$]|\??:)/gu;
