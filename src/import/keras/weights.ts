// The weights of TensorFlow.js: shards of bytes beside model.json, which its weightsManifest describes.
import * as elements from '../../data/elements.js';
import { Fault } from '../../diagnostics/diagnostic.js';
import { importMalformed } from '../../diagnostics/imports.js';
import { bytesOf, partsOf, type Foreign } from '../weights/stored.js';
import type { Tensors } from '../written.js';
import { isRecord, type Json } from './json.js';

const kinds: Readonly<Record<string, elements.Element>> = {
  float32: elements.f32,
  float16: elements.f16,
  int32: elements.i32,
  uint8: elements.u8,
  uint16: elements.u16,
  bool: elements.bool,
};

/** The tensors of a manifest; undefined where there is none. `read`: a file beside the model's. */
export function manifestIn(file: string, json: unknown, read: (name: string) => Uint8Array): Tensors | undefined {
  if (!isRecord(json) || !Array.isArray(json.weightsManifest)) return undefined;
  const malformed = (reason: string): Fault => new Fault(importMalformed({ file, reason }));
  const parts: Uint8Array[] = [];
  const tensors: Foreign[] = [];
  let end = 0;
  for (const group of json.weightsManifest as readonly unknown[]) {
    if (!isRecord(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
      throw malformed('a group of its weightsManifest lacks paths or weights');
    const shards = group.paths.map((path: unknown) => read(String(path)));
    const whole = joined(shards);
    let at = 0;
    for (const entry of group.weights as readonly unknown[]) {
      const { name, shape, element, numbers, width } = described(entry, malformed);
      if (at + width > whole.length) throw malformed(`its shards end within ${name}`);
      const view = new DataView(whole.buffer, at, width);
      const data = bytesOf(
        Float32Array.from({ length: width / element.width }, (_, i) =>
          numbers(element.read(view, i * element.width, true)),
        ),
        'F32',
      );
      tensors.push({ name, dtype: 'F32', shape, from: end, to: (end += data.length), parts: partsOf(name) });
      parts.push(data);
      at += width;
    }
    if (at !== whole.length) throw malformed(`its shards have ${whole.length} bytes, and its manifest describes ${at}`);
  }
  return { bytes: joined(parts), tensors };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

interface Described {
  readonly name: string;
  readonly shape: readonly number[];
  readonly element: elements.Element;
  /** In bytes. */
  readonly width: number;
  /** What a stored number stands for. */
  readonly numbers: (stored: number) => number;
}

function described(entry: unknown, malformed: (reason: string) => Fault): Described {
  const empty: Json = {};
  const { name, shape, dtype, quantization } = isRecord(entry) ? entry : empty;
  if (typeof name !== 'string' || !Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw malformed('a tensor of its weightsManifest lacks a name or a shape');
  const packed = isRecord(quantization) ? quantization : undefined;
  const kind = String(packed?.dtype ?? dtype);
  const element = kinds[kind];
  if (!element) throw malformed(`${name} is stored as ${kind}`);
  const [scale, min] = [packed?.scale, packed?.min];
  const width = element.width * shape.reduce<number>((n, size: number) => n * size, 1);
  const numbers =
    typeof scale === 'number'
      ? (value: number) => value * scale + (typeof min === 'number' ? min : 0)
      : (value: number) => value;
  return { name, shape, element, width, numbers };
}
