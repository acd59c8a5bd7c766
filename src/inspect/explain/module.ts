// A module read back: which lines of the model a line of it comes from, as its own comments say.
import type { SourceLine } from '../../ir/source.js';

export interface ModuleLine {
  /** The lines of the model, the primary one first. */
  readonly sources: readonly SourceLine[];
  /** What the comment there says, without the lines. */
  readonly comment: readonly string[];
}

/** What a module says of itself at its head; undefined where nnc has not written it. */
export function headOf(code: string): { readonly file: string; readonly lines: readonly string[] } | undefined {
  const lines = code.split('\n');
  const start = lines.findIndex((line) => line !== '// @ts-nocheck');
  const [, file] = /^\/\/ Compiled by nnc \S+ for \S+ from (.+):$/.exec(lines[start] ?? '') ?? [];
  if (file === undefined) return undefined;
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('//'));
  return { file, lines: lines.slice(start + 2, end).map((line) => line.replace(/^\/\/(?: {1,3})?/, '')) };
}

/** The comment of the kernel that a line belongs to; undefined where it belongs to none. */
export function commentsAt(code: string, line: number): ModuleLine | undefined {
  const lines = code.split('\n');
  const isComment = (at: number): boolean => /^ *\/\/ /.test(lines[at] ?? '');
  const at = line - 1;
  const head = isComment(at) ? at : functionAround(lines, isAttribute(lines[at]) ? at + 1 : at);
  if (head === undefined) return undefined;
  let first = head;
  let last = isComment(head) ? head : head - 1;
  while (isComment(first - 1) || isAttribute(lines[first - 1])) first--;
  while (isComment(last + 1)) last++;
  const block = lines.slice(first, last + 1).filter((text) => !isAttribute(text));
  return told(kernelIn(block, at - first));
}

/** Shaders have a line between the comment and the function. */
function isAttribute(line: string | undefined): boolean {
  return line !== undefined && /^ *@compute /.test(line);
}

/** The line at which the function around a line begins; a function ends with a brace that is indented as its head is. */
function functionAround(lines: readonly string[], at: number): number | undefined {
  for (let head = at; head >= 0; head--) {
    const [, indent] = /^( *)(?:export )?(?:async )?(?:function|fn) /.exec(lines[head]) ?? [];
    if (indent === undefined) continue;
    const end = lines.indexOf(`${indent}}`, head);
    if (end >= at) return head;
    if (indent === '') return undefined;
  }
  return undefined;
}

/** Of a list of kernels in one comment, which is how WebAssembly has them, those lines that belong to the one of a line. */
function kernelIn(block: readonly string[], at: number): readonly string[] {
  const isName = (line: string): boolean => /^\/\/ \S/.test(line);
  if (!block.some((line) => /^\/\/ {3}\S/.test(line))) return block;
  const starts = block.flatMap((line, i) => (isName(line) ? [i] : []));
  const start = starts.findLast((i) => i <= at);
  const end = starts.find((i) => i > at);
  return start === undefined ? [] : block.slice(start, end);
}

/** Lines of the model stand at the end of a formula, or on a line of their own, behind some blanks. */
function told(block: readonly string[]): ModuleLine | undefined {
  const sources: SourceLine[] = [];
  const comment: string[] = [];
  for (const line of block) {
    const text = line.replace(/^ *\/\/ ?/, '');
    const [, before, list] = /^(.*?)(?:^| ) {3,}(\S.*)$/.exec(text) ?? [undefined, text, ''];
    const found = (list ?? '').split(', ').map(sourceIn);
    if (list !== '' && found.every((source) => source !== undefined)) {
      sources.push(...found);
      if (before?.trim()) comment.push(before.trim());
    } else comment.push(text.trim());
  }
  return sources.length > 0 ? { sources, comment } : undefined;
}

function sourceIn(text: string): SourceLine | undefined {
  const [, file, line, call] = /^(.+):(\d+)(?: (\S+))?$/.exec(text) ?? [];
  if (file === undefined) return undefined;
  return { file, line: Number(line), ...(call !== undefined && { call }) };
}
