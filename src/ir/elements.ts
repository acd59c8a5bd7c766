// How tensor elements stand in buffers: bool tensors are i32 0 and 1 there, and bool scalars in expressions.
import { apply, load, number, type Buffer, type Scalar } from './scalar.js';
import { add, mul, type Index } from './index.js';
import { stridesOf, type TensorType } from './types.js';

/** One element read from a buffer, as a scalar of the tensor's element type. */
export function loadElement(from: Buffer, at: Index, type: TensorType): Scalar {
  const value = load(from, at);
  return type.element.kind === 'bool' ? apply('not', apply('eq', value, number(0, 'i32'))) : value;
}

/** A scalar as it is stored. */
export function storeValue(value: Scalar): Scalar {
  return value.type === 'bool' ? apply('i32', value) : value;
}

/** Where the element at a coordinate lies: row-major. */
export function addressOf(type: TensorType, at: readonly Index[]): Index {
  const strides = stridesOf(type);
  return add(...at.map((coordinate, i) => mul(coordinate, strides[i])));
}
