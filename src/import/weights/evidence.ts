// What the names of a layer and of a module of theirs say of whether they are the same.
import { layouts } from './layouts.js';
import type { Fit } from './fit.js';

/** What people call the same. */
const alike: readonly (readonly string[])[] = [
  ['norm', 'ln', 'layernorm', 'bn'],
  ['attend', 'attn', 'attention', 'self'],
  ['q', 'query'],
  ['k', 'key'],
  ['v', 'value'],
  ['out', 'o', 'output'],
  ['embed', 'emb', 'embedding', 'embeddings', 'wte', 'tok', 'token', 'tokens'],
  ['pos', 'position', 'positions', 'wpe'],
  ['mlp', 'ffn', 'feed'],
  ['head', 'logits', 'classifier'],
  ['block', 'blocks', 'layers', 'layer'],
  ['forward'],
  ['backward', 'reverse'],
];

const meanings = new Map(alike.flatMap((words) => words.map((word) => [word, words[0]] as const)));

export interface Clues {
  readonly words: readonly string[];
  readonly numbers: readonly number[];
}

/** `block.0.attend.q.dense` of a dense: the words block, attend, q; the number 0. What a layer is called by itself says nothing. */
export function cluesOf(parts: readonly string[], layer: string | undefined): Clues {
  const called = new Set([layer ?? '', ...((layer !== undefined && layouts.get(layer)?.called) || [])]);
  const own = parts.filter((part, i) => i < parts.length - 1 || !called.has(plain(part)));
  const tokens = own.flatMap((part) => part.match(/\p{Ll}+|\p{Lu}+\p{Ll}*|\p{Lo}+|\d+/gu) ?? []);
  const words = tokens.filter((token) => !/^\d/.test(token)).map((word) => word.toLowerCase());
  return {
    words: words.map((word) => meanings.get(word) ?? word),
    numbers: tokens.filter((token) => /^\d/.test(token)).map(Number),
  };
}

/** `dense_2`, and `dense_Dense2` of tfjs, as `dense`. */
function plain(part: string): string {
  return part
    .replace(/_[A-Z]\w*$/, '')
    .replace(/_\d+$/, '')
    .toLowerCase();
}

export function ourClues({ instance: { path, layer } }: Fit): Clues {
  const parts = path.split('.');
  return cluesOf(parts, layer);
}

export function theirClues({ instance: { layer }, module }: Fit): Clues {
  return cluesOf(module, layer);
}

/** How much two names have in common: more is better. `counted`: numbers mean the same on both sides. */
export function similarity(ours: Clues, theirs: Clues, counted: boolean): number {
  const left = [...theirs.words];
  let shared = 0;
  for (const word of ours.words) {
    const at = left.findIndex((other) => isStem(word, other));
    if (at < 0) continue;
    left.splice(at, 1);
    shared += 1;
  }
  const numbers = String(ours.numbers) === String(theirs.numbers);
  const same = ours.words.length > 0 && ours.words.length === shared && left.length === 0;
  return 4 * shared + (numbers && counted ? 2 : 0) + (numbers && same ? 1 : 0);
}

/** enc and encoder, embed and embedding. */
function isStem(a: string, b: string): boolean {
  if (a === b) return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 3 && long.startsWith(short);
}

/** Numbers that are the same in all names say nothing: linear1 in each of the blocks 0 and 1. */
export function varying(all: readonly Clues[]): readonly Clues[] {
  const [first] = all;
  if (!all.every(({ numbers }) => numbers.length === first.numbers.length)) return all;
  const constant = (at: number): boolean => all.every(({ numbers }) => numbers[at] === first.numbers[at]);
  return all.map(({ words, numbers }) => ({ words, numbers: numbers.filter((_, at) => !constant(at)) }));
}

/** Are these the same lists of numbers? Then what is first on one side is so on the other. */
export function sameNumbers(ours: readonly Clues[], theirs: readonly Clues[]): boolean {
  const [own, other] = [ours, theirs].map((all) => all.map(({ numbers }) => String(numbers)).sort());
  return String(own) === String(other);
}
