// Numbers as StableHLO writes them.
import { count, type Type } from './types.js';

/** So many numbers are written out; more are their bytes. */
const few = 64;

/** `dense<0.5>`, `dense<[[1.0, 2.0], [3.0, 4.0]]>`, `dense<"0x0000803F…">`: row-major; one number fills the shape. */
export function dense(values: readonly number[], of: Type): string {
  if (values.length === 1) return `dense<${element(values[0], of)}>`;
  if (values.length > few && of.dtype !== 'i1') return `dense<"0x${bytesOf(values, of)}">`;
  const written = (from: number, dims: readonly number[]): string => {
    const [first, ...rest] = dims;
    if (first === undefined) return element(values[from], of);
    return `[${Array.from({ length: first }, (_, i) => written(from + i * count(rest), rest)).join(', ')}]`;
  };
  return `dense<${written(0, of.dims)}>`;
}

function element(value: number, { dtype }: Type): string {
  switch (dtype) {
    case 'f32':
      return single(value);
    case 'f64':
      return decimal(value) ?? `0x${bytesOfDouble(value)}`;
    case 'i32':
    case 'ui32':
      return `${value}`;
    case 'i1':
      return value === 0 ? 'false' : 'true';
    default:
      return dtype satisfies never;
  }
}

/** The fewest digits that are read as the same f32; what is no decimal number by its bits. */
function single(value: number): string {
  const rounded = Math.fround(value);
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(rounded.toPrecision(digits));
    if (Math.fround(short) === rounded) return decimal(short) ?? bits(rounded);
  }
  return decimal(rounded) ?? bits(rounded);
}

function bits(value: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return `0x${hex(view)}`;
}

/** With a point, as floats have one: `1.0`, `1.0e-8`; undefined where no digits say it. */
function decimal(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = Object.is(value, -0) ? '-0' : `${value}`;
  const [mantissa, exponent] = text.split('e');
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? pointed : `${pointed}e${exponent.replace('+', '')}`;
}

function bytesOfDouble(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return hex(view);
}

/** Little-endian, as the format has it. */
function bytesOf(values: readonly number[], { dtype }: Type): string {
  const width = dtype === 'f64' ? 8 : 4;
  const view = new DataView(new ArrayBuffer(width * values.length));
  values.forEach((value, i) => {
    if (dtype === 'f64') view.setFloat64(8 * i, value, true);
    else if (dtype === 'f32') view.setFloat32(4 * i, value, true);
    else view.setUint32(4 * i, value >>> 0, true);
  });
  return hex(view);
}

function hex({ buffer }: DataView<ArrayBuffer>): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
}
