// Tensor types: an element type and a shape whose dimensions keep the names their author gave them.
import { constantOf, printIndex, product, inOnePiece, type Index } from './index.js';

export type ElementType =
  | { readonly kind: 'f32' }
  /** Integers 0 … size - 1. */
  | { readonly kind: 'index'; readonly size: Index }
  | { readonly kind: 'bool' };

/** One dimension: its size, and the name it bears in the source, if any (`T` of `T=64`; a run-time dimension bears its own). */
export interface Dim {
  readonly size: Index;
  readonly name?: string;
}

export interface TensorType {
  readonly element: ElementType;
  readonly shape: readonly Dim[];
}

export const f32: ElementType = { kind: 'f32' };
export const bool: ElementType = { kind: 'bool' };

export function dim(size: Index, name?: string): Dim {
  const kept = inOnePiece(size);
  return name === undefined ? { size: kept } : { size: kept, name };
}

export function tensor(shape: readonly Dim[], element: ElementType = f32): TensorType {
  return { element, shape };
}

export function sameShape(a: TensorType, b: TensorType): boolean {
  return a.shape.length === b.shape.length && a.shape.every((d, i) => d.size.key === b.shape[i].size.key);
}

export function sameElement(a: ElementType, b: ElementType): boolean {
  return a.kind === b.kind && (a.kind !== 'index' || b.kind !== 'index' || a.size.key === b.size.key);
}

/** Equal for equal types whose dimensions are called alike. */
export function typeKey({ element, shape }: TensorType): string {
  const of = element.kind === 'index' ? element.size.key : '';
  return `${element.kind}${of}[${shape.map(({ name, size }) => `${name ?? ''}:${size.key}`).join()}]`;
}

/** Of shapes, whose nodes are asked again and again. */
const strides = new WeakMap<readonly Dim[], readonly Index[]>();
const counts = new WeakMap<readonly Dim[], Index>();

/** How many elements a tensor of this type has. */
export function elementCount({ shape }: TensorType): Index {
  let known = counts.get(shape);
  if (!known) counts.set(shape, (known = product(shape.map((d) => d.size))));
  return known;
}

/** Row-major strides, in elements. */
export function stridesOf({ shape }: TensorType): readonly Index[] {
  let known = strides.get(shape);
  if (!known) strides.set(shape, (known = shape.map((_, i) => product(shape.slice(i + 1).map((d) => d.size)))));
  return known;
}

/** `[batch, hidden=128]`, `index(10)[batch]`, `f32`. */
export function printType(type: TensorType): string {
  const shape = printShape(type.shape);
  if (type.element.kind === 'f32') return type.shape.length === 0 ? 'f32' : shape;
  const element = type.element.kind === 'bool' ? 'bool' : `index(${printIndex(type.element.size)})`;
  return type.shape.length === 0 ? element : element + shape;
}

export function printShape(shape: readonly Dim[]): string {
  return `[${shape.map(printDim).join(', ')}]`;
}

/** `128`, `T=64`, `batch`. */
export function printDim(d: Dim): string {
  const size = printIndex(d.size);
  if (d.name === undefined || d.name === size) return size;
  return constantOf(d.size) !== undefined ? `${d.name}=${size}` : size;
}

/** `axis = T`, `axis = [0, 2]`: a name that two axes bear tells neither. */
export function axisArgument(axes: readonly number[], shape: readonly Dim[]): string {
  const nameOf = (axis: number): string | undefined => {
    const { name } = shape[axis];
    return shape.filter((d) => d.name === name).length === 1 ? name : undefined;
  };
  const names = axes.map((a) => nameOf(a) ?? String(a));
  return `axis = ${names.length === 1 ? names[0] : `[${names.join(', ')}]`}`;
}
