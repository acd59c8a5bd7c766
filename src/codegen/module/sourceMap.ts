// The source map of a module: which line of the model each line of its kernels comes from, in the format of ECMA-426.
import type { Kernel } from '../../ir/program.js';
import { sourceOf, type SourceLine } from '../../ir/source.js';
import { identifier } from '../text/names.js';

/** Lines of a module, from 1, with the line of the model that each comes from. */
export type LineOrigins = ReadonlyMap<number, SourceLine>;

/** A kernel's text in a module: lines from 1, both ends included. */
export interface KernelText {
  readonly kernel: Kernel;
  readonly from: number;
  readonly to: number;
}

/** Where the functions of kernels stand in a module's text, by the names that they have there. */
export function kernelTexts(code: string, kernels: ReadonlyMap<string, Kernel>): KernelText[] {
  const lines = code.split('\n');
  return lines.flatMap((line, at): KernelText[] => {
    const [, indent, name] = /^( *)(?:function|fn) ([^\s(]+)\(/.exec(line) ?? [];
    const kernel = name === undefined ? undefined : kernels.get(name);
    if (!kernel) return [];
    const end = lines.indexOf(`${indent}}`, at);
    return [{ kernel, from: at + 1, to: end + 1 }];
  });
}

/** What lines of a module come from: those of kernels, and the calls of kernels by entries. */
export function lineOrigins(code: string, kernels: ReadonlyMap<string, Kernel>): LineOrigins {
  const lines = code.split('\n');
  const origins = new Map<number, SourceLine>();
  for (const text of kernelTexts(code, kernels)) originsIn(text, lines, origins);
  let runs = false;
  lines.forEach((line, at) => {
    if (/^ *function /.test(line)) runs = /^ *function (?:run[A-Z]|differentiate|forward)/.test(line);
    const [, name] = runs ? (/^ +(?:dispatch\(run, ")?([^\s("]+)["(]/.exec(line) ?? []) : [];
    const source = name === undefined ? undefined : kernels.get(name)?.provenance.sources[0];
    if (source) origins.set(at + 1, source);
  });
  return origins;
}

/** A line that sets what a result is called is that result's, as are those before it from the last such line on. */
function originsIn({ kernel, from, to }: KernelText, lines: readonly string[], into: Map<number, SourceLine>): void {
  const [primary] = kernel.provenance.sources;
  if (!primary) return;
  const owner = ownersIn(kernel, lines.slice(from - 1, to));
  let waiting = from;
  let last = primary;
  const settle = (until: number, source: SourceLine): void => {
    for (; waiting <= until; waiting++) into.set(waiting, source);
  };
  for (let at = from; at <= to; at++) {
    const source = owner(lines[at - 1]);
    if (!source) continue;
    while (at < to && !/[;{}]$/.test(lines[at - 1])) at++;
    settle(at, (last = source));
  }
  settle(to, last);
}

/** Which result's line a line is: the one whose element it stores, or whose let it is where the kernel stores none of them. */
function ownersIn({ provenance }: Kernel, lines: readonly string[]): (line: string) => SourceLine | undefined {
  const stored = new Map<string, SourceLine>();
  const made = new Map<string, SourceLine>();
  for (const result of provenance.results) {
    const source = sourceOf(result.node);
    const name = identifier(result.to.name);
    if (source) (lines.some((line) => storedIn(line) === name) ? stored : made).set(name, source);
  }
  return (line) => {
    const name = storedIn(line);
    if (name !== undefined) return stored.get(name);
    const [, local] = /^\s*(?:const|let|var) ([^\s:=]+)/.exec(line) ?? [];
    // The lets of one result are told apart by numbers.
    const of = [...made.keys()].find((each) => local?.startsWith(each) && /^\d*$/.test(local.slice(each.length)));
    return of === undefined ? undefined : made.get(of);
  };
}

/** The buffer that a line stores to: `z[12 * b + j] = …`, and in WGSL `floats[z + 12 * b + j] = …`. */
function storedIn(line: string): string | undefined {
  const [, outer, inner] = /^\s*([^\s[\]()=]+)\[([^\s[\]]*).*?\](?:$| \+?=)/.exec(line) ?? [];
  return outer === 'floats' || outer === 'integers' || outer === 'vectors' ? inner : outer;
}

/** The source map of a module. `sources` holds the texts of the files that its lines come from. */
export function sourceMap(
  code: string,
  origins: LineOrigins,
  file: string,
  sources: ReadonlyMap<string, string>,
): string {
  const names = [...sources.keys()];
  const indents = [...sources.values()].map((text) => text.split(/\r\n|[\n\r]/).map((line) => indentOf(line)));
  const numbers = { source: 0, line: 0, column: 0 };
  const step = (of: keyof typeof numbers, to: number): string => {
    const text = vlq(to - numbers[of]);
    numbers[of] = to;
    return text;
  };
  const mapped = (line: string, origin: SourceLine): string => {
    const source = names.indexOf(origin.file);
    const column = indents[source]?.[origin.line - 1] ?? 0;
    return vlq(indentOf(line)) + step('source', source) + step('line', origin.line - 1) + step('column', column);
  };
  const mappings = code.split('\n').map((line, at) => {
    const origin = origins.get(at + 1);
    if (origin && names.includes(origin.file)) return mapped(line, origin);
    // What follows lines of the model is nobody's: a segment without a source ends theirs.
    return origins.has(at) ? vlq(0) : '';
  });
  return JSON.stringify({
    version: 3,
    file,
    sources: names.map(encodeURI),
    sourcesContent: [...sources.values()],
    names: [],
    mappings: mappings.join(';'),
  });
}

/** The line at the end of a module that names its map. */
export function sourceMapLine(file: string): string {
  // In two parts: tools that look for maps would take a whole one for the line of this file.
  return `//# ${['source', 'MappingURL'].join('')}=${encodeURIComponent(file)}\n`;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A number in base 64, five bits a digit, least significant first; the lowest bit of the first is the sign. */
function vlq(value: number): string {
  let rest = value < 0 ? 2 * -value + 1 : 2 * value;
  let text = '';
  do {
    const low = rest % 32;
    rest = Math.floor(rest / 32);
    text += digits[rest > 0 ? low + 32 : low];
  } while (rest > 0);
  return text;
}
