// One function's instructions, as they are written: each with what it takes besides its own bytes.
import { appendSigned, appendUnsigned, floatBytes, unsigned } from './bytes.js';
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

export const valueTypes: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** What follows an instruction's own bytes: nothing, a local that it reads or sets, bytes to an address, a number of either kind. */
export type Operand = 'none' | 'get' | 'set' | 'offset' | 'unsigned' | 'signed';

/** An instruction, or a part of one, but for its operand. */
export interface Head {
  readonly bytes: readonly number[];
  readonly operand: Operand;
}

/** Instructions one after another. */
export interface Instructions {
  readonly heads: readonly Head[];
  /** The operand of each; 0 where it takes none. */
  readonly values: readonly number[];
}

/** Writes one function's instructions. Locals are numbers; parameters come first. */
export interface Code extends Instructions {
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
  /** How many of the locals are parameters. */
  readonly params: number;
  /** Of the other locals. */
  readonly types: readonly ValueType[];
}

/** A writer of one function's code. */
export function createCode(params: number): Code {
  return codeOver(params, []);
}

const none = (bytes: readonly number[]): Head => ({ bytes, operand: 'none' });

/** Made once, so that packing knows most instructions by their identity. */
const plainHeads = new Map(Object.entries(plain).map(([name, bytes]) => [name, none(bytes)]));
const memoryHeads = new Map(
  Object.entries({ ...memory, ...laneMemory }).map(([name, { bytes, align }]): [string, Head] => [
    name,
    { bytes: [...bytes, align], operand: 'offset' },
  ]),
);
const [getHead, setHead, teeHead, globalGetHead, globalSetHead, callHead, i32Head]: readonly Head[] = [
  { bytes: [0x20], operand: 'get' },
  { bytes: [0x21], operand: 'set' },
  { bytes: [0x22], operand: 'set' },
  { bytes: [0x23], operand: 'unsigned' },
  { bytes: [0x24], operand: 'unsigned' },
  { bytes: [0x10], operand: 'unsigned' },
  { bytes: [0x41], operand: 'signed' },
];
const single = Array.from({ length: 256 }, (_, byte) => none([byte]));

function codeOver(params: number, types: ValueType[]): Code {
  const heads: Head[] = [];
  const values: number[] = [];
  let before: Code | undefined;
  let depth = 0;
  const add = (head: Head, value = 0): void => {
    heads.push(head);
    values.push(value);
  };
  const code: Code = {
    local(type) {
      types.push(type);
      return params + types.length - 1;
    },
    get: (local) => add(getHead, local),
    set: (local) => add(setHead, local),
    tee: (local) => add(teeHead, local),
    op(...names) {
      for (const name of names) {
        add(find(plainHeads, name));
        if (name === 'end') depth--;
      }
    },
    i32: (value) => add(i32Head, value | 0),
    f32: (value) => add(none([0x43, ...floatBytes(value)])),
    v128: (value) => add(none([0xfd, 0x0c, ...value])),
    memory: (name, offset) => add(find(memoryHeads, name), offset),
    laneMemory(name, offset, at) {
      add(find(memoryHeads, name), offset);
      add(single[at]);
    },
    lane: (name, at) => add(kept(`${name} ${at}`, () => [...lanes[name], at])),
    shuffle: (picks) => add(none([0xfd, 0x0d, ...picks])),
    open(kind, result) {
      depth++;
      add(kept(`${kind} ${result}`, () => [blocks[kind], result ? valueTypes[result] : 0x40]));
    },
    branch: (kind, depth) => add(kept(`${kind} ${depth}`, () => [branches[kind], ...unsigned(depth)])),
    get depth() {
      return depth;
    },
    call: (index) => add(callHead, index),
    global: (kind, index) => add(kind === 'get' ? globalGetHead : globalSetHead, index),
    get prologue() {
      return (before ??= codeOver(params, types));
    },
    heads,
    values,
    params,
    types,
  };
  return code;
}

/** Made when first written. There are few: of lanes, blocks and branches. */
const keptHeads = new Map<string, Head>();

function kept(name: string, bytes: () => readonly number[]): Head {
  const known = keptHeads.get(name) ?? none(bytes());
  keptHeads.set(name, known);
  return known;
}

const blocks = { block: 0x02, loop: 0x03, if: 0x04 };
const branches = { br: 0x0c, br_if: 0x0d };

function find<T>(table: ReadonlyMap<string, T>, name: string): T {
  const found = table.get(name);
  if (found === undefined) throw new Error(`no instruction is called ${name}`);
  return found;
}

const count: Head = { bytes: [], operand: 'unsigned' };
const [end] = plain.end;

/** A function's body: its locals, numbered in the order in which they are first used, then its instructions, the prologue first. */
export function bodyOf({ prologue, heads, values, params, types }: Code): Instructions {
  // 0 where a local has no number yet.
  const numbers = new Int32Array(params + types.length);
  const runs: { readonly type: ValueType; length: number }[] = [];
  let next = params;
  const numberOf = (local: number): number => {
    if (local < params) return local;
    if (numbers[local] > 0) return numbers[local] - 1;
    const type = types[local - params];
    const last = runs.at(-1);
    if (last?.type === type) last.length++;
    else runs.push({ type, length: 1 });
    numbers[local] = next + 1;
    return next++;
  };
  // A function for one instruction is soon fast, a loop over all of them is not: few functions are long.
  const numbered = (of: Instructions): number[] =>
    of.heads.map(({ operand }, i) => {
      const value = of.values[i];
      return operand === 'get' || operand === 'set' ? numberOf(value) : value;
    });
  const operands = numbered(prologue).concat(numbered({ heads, values }));
  const locals = runs.flatMap(({ type }) => [count, single[valueTypes[type]]]);
  const lengths = runs.flatMap(({ length }) => [length, 0]);
  return {
    heads: [count].concat(locals, prologue.heads, heads, single[end]),
    values: [runs.length].concat(lengths, operands, 0),
  };
}

/** Appends what an instruction takes. */
export function appendOperand(to: number[], operand: Operand, value: number): void {
  if (operand === 'signed') appendSigned(to, value);
  else if (operand !== 'none') appendUnsigned(to, value);
}
