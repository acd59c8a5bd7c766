// A small WebAssembly assembler: instructions to bytes, functions to a module.
import {
  laneMemory,
  lanes,
  memory,
  plain,
  type LaneInstruction,
  type LaneMemoryInstruction,
  type MemoryInstruction,
  type Plain,
} from './opcodes.js';

export type ValueType = 'i32' | 'f32' | 'v128';

const valueTypes: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Writes one function's instructions. Locals are numbers; parameters come first. */
export interface Code {
  /** A new local. */
  local(type: ValueType): number;
  get(local: number): void;
  set(local: number): void;
  tee(local: number): void;
  /** Of the module, by its index. */
  global(kind: 'get' | 'set', index: number): void;
  op(...names: readonly Plain[]): void;
  i32(value: number): void;
  f32(value: number): void;
  /** Sixteen bytes. */
  v128(bytes: Uint8Array): void;
  /** A load or store; its address lies on the stack, `offset` bytes are added. */
  memory(name: MemoryInstruction, offset: number): void;
  laneMemory(name: LaneMemoryInstruction, offset: number, at: number): void;
  lane(name: LaneInstruction, at: number): void;
  /** Picks sixteen bytes of the two vectors on the stack. */
  shuffle(picks: readonly number[]): void;
  /** Opens a block that `end` closes. */
  open(kind: 'block' | 'loop' | 'if', result?: ValueType): void;
  /** Jumps to the end of the block, or the start of the loop, `depth` levels out. */
  branch(kind: 'br' | 'br_if', depth: number): void;
  /** How many blocks are open: a branch so far out leaves the function. */
  readonly depth: number;
  call(index: number): void;
  /** Code that runs before all other; it may set locals. */
  readonly prologue: Code;
  readonly types: readonly ValueType[];
  readonly bytes: readonly number[];
}

/** A writer of one function's code. */
export function createCode(params: number): Code {
  return codeOver(params, []);
}

function withAddress(
  to: number[],
  { bytes, align }: { readonly bytes: readonly number[]; readonly align: number },
  offset: number,
): void {
  to.push(...bytes);
  unsigned(to, align);
  unsigned(to, offset);
}

/** Instructions for locals and for numbers of the module. */
function accessors(withIndex: (opcode: number, index: number) => void): Pick<Code, 'get' | 'set' | 'tee' | 'global'> {
  return {
    get: (local) => withIndex(0x20, local),
    set: (local) => withIndex(0x21, local),
    tee: (local) => withIndex(0x22, local),
    global: (kind, index) => withIndex(kind === 'get' ? 0x23 : 0x24, index),
  };
}

function codeOver(params: number, types: ValueType[]): Code {
  const bytes: number[] = [];
  let before: Code | undefined;
  let depth = 0;
  const withIndex = (opcode: number, index: number): void => {
    bytes.push(opcode);
    unsigned(bytes, index);
  };
  const code: Code = {
    local(type) {
      types.push(type);
      return params + types.length - 1;
    },
    ...accessors(withIndex),
    op(...names) {
      for (const name of names) {
        bytes.push(...plain[name]);
        if (name === 'end') depth--;
      }
    },
    i32(value) {
      bytes.push(0x41);
      signed(bytes, value | 0);
    },
    f32(value) {
      bytes.push(0x43, ...floatBytes(value));
    },
    v128(value) {
      bytes.push(0xfd, 0x0c, ...value);
    },
    memory: (name, offset) => withAddress(bytes, memory[name], offset),
    laneMemory(name, offset, at) {
      withAddress(bytes, laneMemory[name], offset);
      bytes.push(at);
    },
    lane(name, at) {
      bytes.push(...lanes[name], at);
    },
    shuffle(picks) {
      bytes.push(0xfd, 0x0d, ...picks);
    },
    open(kind, result) {
      depth++;
      bytes.push({ block: 0x02, loop: 0x03, if: 0x04 }[kind], result ? valueTypes[result] : 0x40);
    },
    branch: (kind, depth) => withIndex(kind === 'br' ? 0x0c : 0x0d, depth),
    get depth() {
      return depth;
    },
    call: (index) => withIndex(0x10, index),
    get prologue() {
      return (before ??= codeOver(params, types));
    },
    types,
    bytes,
  };
  return code;
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
  let sharedAt: number | undefined;
  const typeAt = (type: FunctionType): number => {
    const at = types.findIndex((t) => sameTypes(t.params, type.params) && sameTypes(t.results, type.results));
    return at < 0 ? types.push(type) - 1 : at;
  };
  return {
    get sharedAt() {
      return sharedAt;
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
      const out: Pieces = [[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]];
      writeTypes(out, parts);
      writeImports(out, parts, memory);
      if (memory.kind !== 'unlimited') sharedAt = lengthOf(out) - 5;
      writeFunctions(out, parts);
      if (parts.names.size > 0) writeNames(out, parts.names);
      return joined(out);
    },
  };
}

/** Bytes one after another. Engines copy whole arrays at once, and single bytes slowly while the code of a compiler is new to them. */
type Pieces = (readonly number[])[];

function lengthOf(pieces: Pieces): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function joined(pieces: Pieces): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function writeTypes(out: Pieces, { types }: Parts): void {
  section(out, 1, types, (to, type) => {
    to.push(0x60);
    list(to, type.params, (inner, t) => inner.push(valueTypes[t]));
    list(to, type.results, (inner, t) => inner.push(valueTypes[t]));
  });
}

/** The memory is the last of them; the largest size of one that can be shared is at the end. */
function writeImports(out: Pieces, { imports }: Parts, memory: MemoryImport): void {
  section(out, 2, [...imports, memory], (to, from) => {
    text(to, memory.module);
    text(to, from.name);
    if ('type' in from) {
      to.push(0x00);
      unsigned(to, from.type);
      return;
    }
    to.push(0x02, { unlimited: 0x00, sharable: 0x01, shared: 0x03 }[from.kind], 0x00);
    if (from.kind !== 'unlimited') unsigned(to, 65536);
  });
}

/** Their types, globals, what is exported, their code, and data. */
function writeFunctions(out: Pieces, { functions, globals, exports, segments }: Parts): void {
  section(out, 3, functions, (to, f) => unsigned(to, f.type));
  if (globals > 0) {
    const zeros = Array.from({ length: globals }, () => 0);
    section(out, 6, zeros, (to, zero) => to.push(valueTypes.i32, 0x01, 0x41, zero, 0x0b));
  }
  section(out, 7, exports, (to, e) => {
    text(to, e.name);
    to.push(0x00);
    unsigned(to, e.index);
  });
  const bodies = functions.flatMap(({ code }): Pieces => {
    if (!code) throw new Error('a declared function has no code');
    const body = bodyOf(code);
    return [numbered(lengthOf(body)), ...body];
  });
  bodies.unshift(numbered(functions.length));
  out.push([10, ...numbered(lengthOf(bodies))], ...bodies);
  if (segments.length === 0) return;
  section(out, 11, segments, (to, segment) => {
    to.push(0x00, 0x41);
    signed(to, segment.offset);
    to.push(0x0b);
    unsigned(to, segment.bytes.length);
    append(to, segment.bytes);
  });
}

/** The custom section of names, with those of functions in the order of their indices. */
function writeNames(out: Pieces, names: ReadonlyMap<number, string>): void {
  const functions: Pieces = [];
  const inOrder = [...names].sort(([a], [b]) => a - b);
  section(functions, 1, inOrder, (to, [index, name]) => {
    unsigned(to, index);
    text(to, name);
  });
  const title: number[] = [];
  text(title, 'name');
  out.push([0, ...numbered(title.length + lengthOf(functions)), ...title], ...functions);
}

function bodyOf(code: Code): Pieces {
  const locals: number[] = [];
  const runs: { readonly type: ValueType; count: number }[] = [];
  for (const type of code.types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  list(locals, runs, (to, run) => {
    unsigned(to, run.count);
    to.push(valueTypes[run.type]);
  });
  return [locals, code.prologue.bytes, code.bytes, [0x0b]];
}

function section<T>(out: Pieces, id: number, items: readonly T[], write: (to: number[], item: T) => void): void {
  const content: number[] = [];
  list(content, items, write);
  out.push([id, ...numbered(content.length)], content);
}

function numbered(value: number): number[] {
  const bytes: number[] = [];
  unsigned(bytes, value);
  return bytes;
}

function list<T>(to: number[], items: readonly T[], write: (to: number[], item: T) => void): void {
  unsigned(to, items.length);
  for (const item of items) write(to, item);
}

function text(to: number[], value: string): void {
  const bytes = new TextEncoder().encode(value);
  unsigned(to, bytes.length);
  append(to, bytes);
}

/** In blocks: so many arguments as a table has bytes exhaust the stack. */
function append(to: number[], bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 4096) to.push(...bytes.subarray(i, i + 4096));
}

/** LEB128: seven bits a byte, least significant first. */
function unsigned(to: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    to.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  to.push(rest);
}

function signed(to: number[], value: number): void {
  let rest = value;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    if ((rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0)) {
      to.push(low);
      return;
    }
    to.push(low | 128);
  }
}

/** The four bytes of a number in single precision. */
export function floatBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

function sameTypes(a: readonly ValueType[], b: readonly ValueType[]): boolean {
  return a.length === b.length && a.every((t, i) => t === b[i]);
}
