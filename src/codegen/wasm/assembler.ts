// A small WebAssembly assembler: instructions to bytes, functions to a module.
import {
  append,
  appendSigned,
  appendUnsigned,
  joined,
  lengthOf,
  signedLength,
  unsigned,
  unsignedLength,
  type Pieces,
} from './bytes.js';
import { appendOperand, bodyOf, valueTypes, type Code, type Instructions, type ValueType } from './code.js';
import { packBinary, type Apart, type Body } from './pack.js';

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  /**
   * unlimited: a memory of one thread's. Else it can be had in two ways, which one byte tells apart: `sharable` or `shared`; both
   * name its largest size, all that 32 bits address.
   */
  readonly kind: 'unlimited' | 'sharable' | 'shared';
}

export interface Module {
  /** A function that the memory's module gives, before any other is declared; its index. */
  import(name: string, type: FunctionType): number;
  /** A new integer that lives as long as the module, 0 at first; its index. */
  global(): number;
  /** Declares a function before its code is known; returns its index. */
  declare(type: FunctionType): number;
  define(index: number, code: Code): void;
  /** What profilers and stacks call a function of this module. */
  name(index: number, text: string): void;
  export(name: string, index: number): void;
  /** Bytes written to memory when the module starts. */
  data(offset: number, bytes: Uint8Array): void;
  toBytes(): Uint8Array;
  /** The same packed, for its text. */
  toPacked(): Uint8Array;
  /** The offset of the byte that is 1 where memory is sharable, and 3 where it is shared. */
  readonly sharedAt: number | undefined;
}

interface Parts {
  readonly types: FunctionType[];
  readonly imports: { readonly name: string; readonly type: number }[];
  globals: number;
  readonly functions: { readonly type: number; code?: Code }[];
  readonly exports: { readonly name: string; readonly index: number }[];
  readonly names: Map<number, string>;
  readonly segments: { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** A module under construction. Its memory is imported, so that who starts it decides on its size; it is the last import. */
export function createModule(memory: MemoryImport): Module {
  const parts: Parts = {
    types: [],
    imports: [],
    globals: 0,
    functions: [],
    exports: [],
    names: new Map(),
    segments: [],
  };
  const { types, imports, functions } = parts;
  const written = (): Apart => {
    const bodies = functions.map(({ code }) => {
      if (!code) throw new Error('a declared function has no code');
      const body = bodyOf(code);
      return { ...body, params: code.params, length: lengthOfBody(body) };
    });
    return { before: joined(piecesBefore(parts, memory, bodies)), bodies, after: joined(piecesAfter(parts)) };
  };
  const typeAt = (type: FunctionType): number => {
    const at = types.findIndex((t) => sameTypes(t.params, type.params) && sameTypes(t.results, type.results));
    return at < 0 ? types.push(type) - 1 : at;
  };
  return {
    get sharedAt() {
      return memory.kind === 'unlimited' ? undefined : lengthOf(typesAndImports(parts, memory)) - 5;
    },
    import(name, type) {
      if (functions.length > 0) throw new Error('imported functions have the first indices');
      return imports.push({ name, type: typeAt(type) }) - 1;
    },
    global: () => parts.globals++,
    declare(type) {
      return imports.length + functions.push({ type: typeAt(type) }) - 1;
    },
    define(index, code) {
      functions[index - imports.length].code = code;
    },
    name(index, of) {
      parts.names.set(index, of);
    },
    export(name, index) {
      parts.exports.push({ name, index });
    },
    data(offset, bytes) {
      parts.segments.push({ offset, bytes });
    },
    toBytes() {
      const { before, bodies, after } = written();
      return joined([before, ...bodies.flatMap((body) => [unsigned(body.length), bytesOf(body)]), after]);
    },
    toPacked: () => packBinary(written()),
  };
}

/** The beginning of every module, the functions' types and what is imported. */
function typesAndImports({ types, imports }: Parts, memory: MemoryImport): Pieces {
  const out: Pieces = [[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]];
  section(out, 1, types, (to, type) => {
    to.push(0x60);
    list(to, type.params, (inner, t) => inner.push(valueTypes[t]));
    list(to, type.results, (inner, t) => inner.push(valueTypes[t]));
  });
  // The memory is the last of them; the largest size of one that can be shared is at the end.
  section(out, 2, [...imports, memory], (to, from) => {
    text(to, memory.module);
    text(to, from.name);
    if ('type' in from) {
      to.push(0x00);
      appendUnsigned(to, from.type);
      return;
    }
    to.push(0x02, { unlimited: 0x00, sharable: 0x01, shared: 0x03 }[from.kind], 0x00);
    if (from.kind !== 'unlimited') appendUnsigned(to, 65536);
  });
  return out;
}

/** All before the first body. */
function piecesBefore(parts: Parts, memory: MemoryImport, bodies: readonly Body[]): Pieces {
  const out = typesAndImports(parts, memory);
  section(out, 3, parts.functions, (to, f) => appendUnsigned(to, f.type));
  if (parts.globals > 0) {
    const zeros = Array.from({ length: parts.globals }, () => 0);
    section(out, 6, zeros, (to, zero) => to.push(valueTypes.i32, 0x01, 0x41, zero, 0x0b));
  }
  section(out, 7, parts.exports, (to, e) => {
    text(to, e.name);
    to.push(0x00);
    appendUnsigned(to, e.index);
  });
  const count = unsigned(bodies.length);
  const length = bodies.reduce((sum, body) => sum + unsignedLength(body.length) + body.length, count.length);
  out.push([10, ...unsigned(length), ...count]);
  return out;
}

function bytesOf({ heads, values }: Instructions): number[] {
  const bytes: number[] = [];
  heads.forEach((head, i) => {
    for (const byte of head.bytes) bytes.push(byte);
    appendOperand(bytes, head.operand, values[i]);
  });
  return bytes;
}

function lengthOfBody({ heads, values }: Instructions): number {
  let length = 0;
  heads.forEach(({ bytes, operand }, i) => {
    length += bytes.length;
    if (operand === 'signed') length += signedLength(values[i]);
    else if (operand !== 'none') length += unsignedLength(values[i]);
  });
  return length;
}

/** Data and names. */
function piecesAfter({ segments, names }: Parts): Pieces {
  const out: Pieces = [];
  if (segments.length > 0)
    section(out, 11, segments, (to, segment) => {
      to.push(0x00, 0x41);
      appendSigned(to, segment.offset);
      to.push(0x0b);
      appendUnsigned(to, segment.bytes.length);
      append(to, segment.bytes);
    });
  if (names.size > 0) writeNames(out, names);
  return out;
}

/** The custom section of names, with those of functions in the order of their indices. */
function writeNames(out: Pieces, names: ReadonlyMap<number, string>): void {
  const functions: Pieces = [];
  const inOrder = [...names].sort(([a], [b]) => a - b);
  section(functions, 1, inOrder, (to, [index, name]) => {
    appendUnsigned(to, index);
    text(to, name);
  });
  const title: number[] = [];
  text(title, 'name');
  out.push([0, ...unsigned(title.length + lengthOf(functions)), ...title], ...functions);
}

function section<T>(out: Pieces, id: number, items: readonly T[], write: (to: number[], item: T) => void): void {
  const content: number[] = [];
  list(content, items, write);
  out.push([id, ...unsigned(content.length)], content);
}

function list<T>(to: number[], items: readonly T[], write: (to: number[], item: T) => void): void {
  appendUnsigned(to, items.length);
  for (const item of items) write(to, item);
}

function text(to: number[], value: string): void {
  const bytes = new TextEncoder().encode(value);
  appendUnsigned(to, bytes.length);
  append(to, bytes);
}

function sameTypes(a: readonly ValueType[], b: readonly ValueType[]): boolean {
  return a.length === b.length && a.every((t, i) => t === b[i]);
}
