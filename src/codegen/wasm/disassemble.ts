// A binary of ours as WebAssembly text: what the assembler has written, read back instruction by instruction.
import { laneMemory, lanes, memory, plain } from './opcodes.js';

const valueTypes: Readonly<Record<number, string>> = { 0x7f: 'i32', 0x7d: 'f32', 0x7b: 'v128' };

/** The immediates that follow an instruction's bytes. */
type Immediates = 'none' | 'index' | 'block' | 'i32' | 'f32' | 'v128' | 'memory' | 'lane' | 'laneMemory' | 'shuffle';

const instructions = new Map<string, { readonly name: string; readonly immediates: Immediates }>();

function know(name: string, bytes: readonly number[], immediates: Immediates): void {
  instructions.set(bytes.join(' '), { name, immediates });
}

for (const [name, bytes] of Object.entries(plain)) know(name, bytes, 'none');
for (const [name, { bytes }] of Object.entries(memory)) know(name, bytes, 'memory');
for (const [name, { bytes }] of Object.entries(laneMemory)) know(name, bytes, 'laneMemory');
for (const [name, bytes] of Object.entries(lanes)) know(name, bytes, 'lane');
know('block', [0x02], 'block');
know('loop', [0x03], 'block');
know('if', [0x04], 'block');
know('br', [0x0c], 'index');
know('br_if', [0x0d], 'index');
know('call', [0x10], 'index');
know('local.get', [0x20], 'index');
know('local.set', [0x21], 'index');
know('local.tee', [0x22], 'index');
know('global.get', [0x23], 'index');
know('global.set', [0x24], 'index');
know('i32.const', [0x41], 'i32');
know('f32.const', [0x43], 'f32');
know('v128.const', [0xfd, 0x0c], 'v128');
know('i8x16.shuffle', [0xfd, 0x0d], 'shuffle');

/** Opcodes that a second number follows. */
const prefixes: ReadonlySet<number> = new Set([0xfc, 0xfd, 0xfe]);

/** The text of a module, a line an instruction. Functions and locals are numbers, as in the binary; names stand as comments. */
export function disassemble(binary: Uint8Array): string {
  const reader = new Reader(binary);
  const out: string[] = [];
  const types: string[] = [];
  const declared: number[] = [];
  const heads = new Map<number, number>();
  let imported = 0;
  reader.skip(8);
  while (!reader.atEnd) {
    const id = reader.byte();
    const end = reader.unsigned() + reader.at;
    const list = (each: (i: number) => void): void => {
      const count = reader.unsigned();
      for (let i = 0; i < count; i++) each(i);
    };
    if (id === 1) list(() => types.push(typeOf(reader)));
    else if (id === 2)
      list(() => {
        const from = `"${reader.text()}" "${reader.text()}"`;
        if (reader.byte() === 0) out.push(`  (import ${from} (func ${imported++}${types[reader.unsigned()]}))`);
        else out.push(`  (import ${from} (memory ${limitsOf(reader)}))`);
      });
    else if (id === 3) list(() => declared.push(reader.unsigned()));
    else if (id === 6) list(() => out.push(`  (global ${globalOf(reader)})`));
    else if (id === 7)
      list(() => {
        const name = reader.text();
        reader.skip(1);
        out.push(`  (export "${name}" (func ${reader.unsigned()}))`);
      });
    else if (id === 10)
      list((i) => {
        const last = reader.unsigned() + reader.at;
        heads.set(imported + i, out.length);
        out.push(`  (func ${imported + i}${types[declared[i]]}`, ...bodyOf(reader, last), '  )');
      });
    else if (id === 11)
      list(() => {
        reader.skip(2);
        const at = reader.signed();
        reader.skip(1);
        const bytes = reader.bytes(reader.unsigned());
        const text = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
        out.push(`  (data (i32.const ${at}) "${text}")`);
      });
    else if (id === 0) {
      const section = reader.text();
      if (section !== 'name' || reader.byte() !== 1)
        throw new Error(`the section ${section} is not of names of functions`);
      reader.unsigned();
      list(() => {
        const head = heads.get(reader.unsigned());
        const name = reader.text();
        if (head !== undefined) out[head] += `  ;; ${name}`;
      });
    }
    if (reader.at !== end) throw new Error(`section ${id} ends at ${reader.at}, not at ${end}`);
  }
  return ['(module', ...out, ')'].join('\n');
}

function typeOf(reader: Reader): string {
  reader.skip(1);
  const list = (name: string): string => {
    const found = Array.from({ length: reader.unsigned() }, () => valueTypes[reader.byte()]);
    return found.length > 0 ? ` (${name} ${found.join(' ')})` : '';
  };
  return `${list('param')}${list('result')}`;
}

/** A counter: mutable, and an i32 to begin with. */
function globalOf(reader: Reader): string {
  const type = valueTypes[reader.byte()];
  reader.skip(2);
  const first = reader.signed();
  reader.skip(1);
  return `(mut ${type}) (i32.const ${first})`;
}

function limitsOf(reader: Reader): string {
  const flags = reader.byte();
  const least = reader.unsigned();
  const most = flags & 1 ? ` ${reader.unsigned()}` : '';
  return `${least}${most}${flags & 2 ? ' shared' : ''}`;
}

function bodyOf(reader: Reader, last: number): string[] {
  const locals = Array.from({ length: reader.unsigned() }, () => {
    const count = reader.unsigned();
    return Array.from(
      { length: count },
      (
        (type) => () =>
          type
      )(valueTypes[reader.byte()]),
    ).join(' ');
  });
  const lines = locals.length > 0 ? [`    (local ${locals.join(' ')})`] : [];
  let depth = 2;
  while (reader.at < last - 1) {
    const opcode = reader.byte();
    const key = prefixes.has(opcode) ? [opcode, ...leb(reader.unsigned())].join(' ') : `${opcode}`;
    const found = instructions.get(key);
    if (!found) throw new Error(`no instruction has the bytes ${key}`);
    const { name, immediates } = found;
    const outer = name === 'end' || name === 'else';
    if (outer) depth--;
    lines.push(`${'  '.repeat(depth)}${name}${immediatesOf(reader, immediates)}`);
    if (name === 'else' || immediates === 'block') depth++;
  }
  reader.skip(1);
  return lines;
}

function immediatesOf(reader: Reader, immediates: Immediates): string {
  switch (immediates) {
    case 'none':
      return '';
    case 'index':
      return ` ${reader.unsigned()}`;
    case 'block': {
      const type = reader.byte();
      return type === 0x40 ? '' : ` (result ${valueTypes[type]})`;
    }
    case 'i32':
      return ` ${reader.signed()}`;
    case 'f32':
      return ` ${floatText(reader.bytes(4))}`;
    case 'v128':
      return ` i32x4 ${[0, 1, 2, 3].map(() => `0x${word(reader.bytes(4)).toString(16).padStart(8, '0')}`).join(' ')}`;
    case 'memory': {
      const align = 2 ** reader.unsigned();
      return ` offset=${reader.unsigned()} align=${align}`;
    }
    case 'laneMemory':
      return `${immediatesOf(reader, 'memory')} ${reader.byte()}`;
    case 'lane':
      return ` ${reader.byte()}`;
    case 'shuffle':
      return ` ${[...reader.bytes(16)].join(' ')}`;
    default:
      return immediates satisfies never;
  }
}

function floatText(bytes: Uint8Array): string {
  const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
  if (Number.isNaN(value)) return `nan:0x${(word(bytes) & 0x7fffff).toString(16)}`;
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function word(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

/** A number as the assembler's tables have it: LEB128. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...leb(Math.floor(value / 128))];
}

/** Reads a binary from its start. */
class Reader {
  at = 0;

  constructor(private readonly binary: Uint8Array) {}

  get atEnd(): boolean {
    return this.at >= this.binary.length;
  }

  skip(count: number): void {
    this.at += count;
  }

  byte(): number {
    return this.binary[this.at++];
  }

  bytes(count: number): Uint8Array {
    this.at += count;
    return this.binary.subarray(this.at - count, this.at);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes(this.unsigned()));
  }

  unsigned(): number {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  signed(): number {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      shift += 7;
      if (byte < 128) return shift < 32 && byte & 64 ? value | (-1 << shift) : value;
    }
  }
}
