// Picks from the runtime's source files the declarations that a module needs, so that nothing unused is printed.
import { runtime } from '../../embedded.js';
import type { TargetTraits, TrainerProgram } from '../../ir/program.js';
import { isPlayed } from './trainer/players.js';
import { hasLoss } from './trainer/types.js';

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

/**
 * The public types of a program's trainer on a target, as they are printed: `Awaitable<X>` is the value, or a promise of it. What a
 * trainer does without a loss has no use for the types of fitting.
 */
export function publicRuntimeTypes(program: TrainerProgram, target: TargetTraits['name']): string {
  const all = declarations()
    .filter((d) => d.file === types || (target === 'wgsl' && d.file === gpuTypes))
    .map((d): Declaration => {
      const text = printType(d, program, target);
      return { ...d, text, words: wordsOf(text) };
    });
  return neededOf(all, publicRoots)
    .map((d) => d.text)
    .join('\n\n');
}

/** What users name, and what types of the model's own are made of. */
const publicRoots = ['Trainer', 'TrainerOptions', 'ModelInfo', 'IntegerArray', 'Shaped'];

/** One of them, for a part of a module that has it for itself. */
export function publicRuntimeType(name: string, program: TrainerProgram, target: TargetTraits['name']): string {
  const found = declarations().find((d) => d.file === types && d.names.includes(name));
  if (!found) throw new Error(`there is no type ${name}`);
  return printType(found, program, target).replace(/^export /, '');
}

function printType({ text }: Declaration, program: TrainerProgram, target: TargetTraits['name']): string {
  const awaitable = target === 'wgsl' ? 'Promise<$1>' : '$1';
  const follows = program.counters.some(({ name }) => name === 'run');
  const learns = hasLoss(program) ? ['loss', isPlayed(program) ? 'players' : 'alone'] : [];
  const traits = [
    target,
    ...learns,
    ...(follows ? ['run'] : []),
    ...(program.entries.observe ? ['observe'] : []),
    ...(program.lossScale ? ['mixed'] : []),
  ];
  return wordsFor(traits, membersFor(traits, text)).replace(/Awaitable<((?:[^<>]|<[^<>]*>)*)>/g, awaitable);
}

/** Without the members whose comments begin in brackets with names of other targets, or of what the model has not. */
function membersFor(traits: readonly string[], text: string): string {
  return text.replace(/^( *\/\*\* )\[([^\]]*)\] ([^]*?;\n)/gm, (_, start: string, of: string, rest: string) =>
    of.split(', ').some((trait) => traits.includes(trait)) ? start + rest : '',
  );
}

/** Of `{alone: updates | players: calls}` the words for the model. */
function wordsFor(traits: readonly string[], text: string): string {
  return text.replace(/\{(\w+): ([^{}|]*) \| \w+: ([^{}|]*)\}/g, (_, trait: string, words: string, others: string) =>
    traits.includes(trait) ? words : others,
  );
}

/** Whatever the code mentions, and whatever that mentions, in the order of the files. */
export function neededRuntime(code: string): string {
  // Shaders are in a language of their own.
  const words = wordsOf(code.replace(/\/\* wgsl \*\/ `(?:[^`\\]|\\[^])*`/g, ''));
  return neededOf(
    declarations().filter((d) => !isPublic(d)),
    words,
  )
    .map((d) => d.text)
    .join('\n\n');
}

/** The declarations of these words, and of what those mention, in their order. */
function neededOf(all: readonly Declaration[], roots: Iterable<string>): Declaration[] {
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
  need(roots);
  return all.filter((d) => needed.has(d));
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
    return { file, names, words: wordsOf(part), text: part };
  });
}

/** Names that the code uses: not those of properties, behind a point or before a colon, nor what begins a text. */
function wordsOf(code: string): Set<string> {
  const text = code.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  const found = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    if (!isOfWord(text.charCodeAt(at))) continue;
    const start = at;
    while (at < text.length && isOfWord(text.charCodeAt(at))) at++;
    if (!isProperty(text, start, at) && !isDigit(text.charCodeAt(start))) found.add(text.slice(start, at));
  }
  return found;
}

/** Is the word from `start` to `end` no name of a value or a type? What is spread stands behind three points. */
function isProperty(text: string, start: number, end: number): boolean {
  const before = text[start - 1];
  if (before === '.') return !text.startsWith('...', start - 3);
  return before === "'" || before === '"' || text[end] === ':' || (text[end] === '?' && text[end + 1] === ':');
}

const [zero, nine, dollar, underscore] = ['0', '9', '$', '_'].map((each) => each.charCodeAt(0));

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

/** Letters beyond ASCII are of words, and so is whatever else lies there, which stands in texts alone. */
function isOfWord(code: number): boolean {
  const letter = code | 32;
  return (letter >= 97 && letter <= 122) || isDigit(code) || code === dollar || code === underscore || code > 127;
}
