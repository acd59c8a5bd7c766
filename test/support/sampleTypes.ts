// The types of an op's samples, read from the language's notation, and numbers to fill them with.
import type { Sample } from '../../src/ir/graph.js';
import { constant, constantOf, evaluateSizes } from '../../src/ir/index.js';
import { bool, dim, elementCount, f32, tensor, type ElementType, type TensorType } from '../../src/ir/types.js';

/** `f32[2, 3]`, `index(4)[2]`, `bool[3]`, `f32`. */
export function readType(text: string): TensorType {
  const match = /^(f32|bool|index\((\d+)\))(?:\[([\d, ]*)\])?$/.exec(text);
  if (!match) throw new Error(`not a sample's type: ${text}`);
  const [, name, classes, sizes = ''] = match;
  const element: ElementType =
    name === 'f32' ? f32 : name === 'bool' ? bool : { kind: 'index', size: constant(Number(classes)) };
  const shape = sizes
    .split(',')
    .filter((s) => s.trim() !== '')
    .map((s) => dim(constant(Number(s))));
  return tensor(shape, element);
}

/** Numbers in (0, 1) that follow from a seed. */
export function createDraws(seed: number): () => number {
  let state = (seed + 1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

/** Elements of a type: f32 from the interval, indices and bools of every value. */
export function fillType(
  type: TensorType,
  draw: () => number,
  [low, high]: NonNullable<Sample['domain']> = [-2, 2],
  sizes: Readonly<Record<string, number>> = {},
): number[] {
  const count = evaluateSizes(elementCount(type), (name) => sizes[name]);
  return Array.from({ length: count }, () => {
    if (type.element.kind === 'f32') return low + (high - low) * draw();
    const classes = type.element.kind === 'bool' ? 2 : (constantOf(type.element.size) ?? 1);
    return Math.floor(draw() * classes);
  });
}
