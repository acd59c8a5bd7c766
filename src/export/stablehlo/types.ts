// What a StableHLO value is: an element type and a static shape.
import type { Index } from '../../ir/index.js';
import type { ElementType } from '../../ir/types.js';

/** f64 is for numbers of schedules and optimizers alone. */
export type Dtype = 'f32' | 'f64' | 'i32' | 'ui32' | 'i1';

export interface Type {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
}

/** The number that an index is once the batch has one. */
export type SizeOf = (index: Index) => number;

/** `tensor<64x784xf32>` */
export function spell({ dtype, dims }: Type): string {
  return `tensor<${[...dims, dtype].join('x')}>`;
}

export function type(dtype: Dtype, dims: readonly number[] = []): Type {
  return { dtype, dims };
}

/** How elements are held: an index is an i32. */
export function dtypeOf({ kind }: ElementType): Dtype {
  switch (kind) {
    case 'f32':
      return 'f32';
    case 'index':
      return 'i32';
    case 'bool':
      return 'i1';
    default:
      return kind satisfies never;
  }
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

export function count(dims: readonly number[]): number {
  return dims.reduce((product, n) => product * n, 1);
}
