// Numbers as files store them: how each type is read, and what of it an input takes.
import type { ModelInput } from '../ir/model.js';
import { constantOf } from '../ir/index.js';

/** A type of numbers. */
export interface Element {
  /** In bytes. */
  readonly width: number;
  readonly integer: boolean;
  read(view: DataView, at: number, little: boolean): number;
}

const whole = (width: number, read: Element['read']): Element => ({ width, integer: true, read });
const broken = (width: number, read: Element['read']): Element => ({ width, integer: false, read });

export const bool = whole(1, (view, at) => view.getUint8(at));
export const u8 = whole(1, (view, at) => view.getUint8(at));
export const i8 = whole(1, (view, at) => view.getInt8(at));
export const u16 = whole(2, (view, at, little) => view.getUint16(at, little));
export const i16 = whole(2, (view, at, little) => view.getInt16(at, little));
export const u32 = whole(4, (view, at, little) => view.getUint32(at, little));
export const i32 = whole(4, (view, at, little) => view.getInt32(at, little));
export const u64 = whole(8, (view, at, little) => Number(view.getBigUint64(at, little)));
export const i64 = whole(8, (view, at, little) => Number(view.getBigInt64(at, little)));
export const f16 = broken(2, (view, at, little) => halfOf(view.getUint16(at, little)));
export const f32 = broken(4, (view, at, little) => view.getFloat32(at, little));
export const f64 = broken(8, (view, at, little) => view.getFloat64(at, little));

/** The upper half of a 32-bit float. */
export const bf16 = broken(2, (view, at, little) => {
  scratch.setUint32(0, view.getUint16(at, little) << 16);
  return scratch.getFloat32(0);
});

/** By their names in a safetensors file. */
export const safetensorsTypes: ReadonlyMap<string, Element> = new Map([
  ['BOOL', bool],
  ['U8', u8],
  ['I8', i8],
  ['U16', u16],
  ['I16', i16],
  ['U32', u32],
  ['I32', i32],
  ['U64', u64],
  ['I64', i64],
  ['F16', f16],
  ['BF16', bf16],
  ['F32', f32],
  ['F64', f64],
]);

const scratch = new DataView(new ArrayBuffer(4));

/** A 16-bit float: sign, five bits of exponent, ten of fraction. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** What an input takes of numbers. */
export interface Taking {
  accepts(value: number): boolean;
  /** The words for what it accepts. */
  readonly expected: string;
}

const exact = 2 ** 24;

/** What an input takes: f32 rounds floats, and holds integers up to 2²⁴; an index and a truth value are exact. */
export function takingOf(input: ModelInput, integer: boolean): Taking {
  const { element } = input.type;
  switch (element.kind) {
    case 'f32':
      return integer
        ? {
            accepts: (value) => value >= -exact && value <= exact,
            expected: `a whole number from -${exact} to ${exact}, which f32 holds exactly`,
          }
        : {
            // An infinity is a number that someone wrote; NaN is what is left where there is none.
            accepts: (value) => Number.isFinite(Math.fround(value)) || Math.abs(value) === Infinity,
            expected: 'a number that f32 can hold, of at most 3.4e38',
          };
    case 'bool':
      return { accepts: (value) => value === 0 || value === 1, expected: 'true or false' };
    case 'index': {
      const classes = constantOf(element.size) ?? Infinity;
      return {
        accepts: (value) => value >= 0 && value < classes && Number.isInteger(value),
        expected: `a whole number from 0 to ${classes - 1}`,
      };
    }
    default:
      return element satisfies never;
  }
}
