// How tensor elements stand in buffers: bool tensors are i32 0 and 1 there, and bool scalars in expressions.
import { apply, load, number, type Buffer, type Scalar } from './scalar.js';
import { add, mul, type Index } from './index.js';
import { stridesOf, type TensorType } from './types.js';

/** One element read from a buffer, as a scalar of the tensor's element type. */
export function loadElement(from: Buffer, at: Index, type: TensorType): Scalar {
  const value = load(from, at);
  return type.element.kind === 'bool' ? apply('not', apply('eq', value, number(0, 'i32'))) : value;
}

/** Where the element at a coordinate lies in the buffer of a tensor. */
export function placeIn({ order }: Buffer, type: TensorType, at: readonly Index[]): Index {
  if (!order) return addressOf(type, at);
  return rowMajor({ ...type, shape: order.map((i) => type.shape[i]) }, asLying(order, at));
}

/** The axes of a tensor as they lie in a buffer. */
export function asLying<T>(order: Buffer['order'], axes: readonly T[]): readonly T[] {
  return order ? order.map((i) => axes[i]) : axes;
}

/** A scalar as it is stored. */
export function storeValue(value: Scalar): Scalar {
  return value.type === 'bool' ? apply('i32', value) : value;
}

/** Where the element at a coordinate lies: row-major. */
export function addressOf(type: TensorType, at: readonly Index[]): Index {
  return known.get(at)?.of(type) ?? rowMajor(type, at);
}

function rowMajor(type: TensorType, at: readonly Index[]): Index {
  const strides = stridesOf(type);
  return add(...at.map((coordinate, i) => mul(coordinate, strides[i])));
}

/** Addresses at the same coordinates. */
class Addresses {
  private readonly byShape = new Map<TensorType['shape'], Index>();
  private readonly byStrides = new Map<string, Index>();

  constructor(private readonly at: readonly Index[]) {}

  of(type: TensorType): Index {
    let found = this.byShape.get(type.shape);
    if (!found) {
      const key = stridesOf(type)
        .map((stride) => stride.key)
        .join();
      found = this.byStrides.get(key) ?? rowMajor(type, this.at);
      this.byStrides.set(key, found);
      this.byShape.set(type.shape, found);
    }
    return found;
  }
}

const known = new WeakMap<readonly Index[], Addresses>();

/** Coordinates at which many tensors are read: where their elements lie is computed once for each form, and is one object then. */
export function keepAddresses(at: readonly Index[]): readonly Index[] {
  known.set(at, new Addresses(at));
  return at;
}
