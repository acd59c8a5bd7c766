// Numbers as the bytes of a tensor: little-endian, row-major.
import type { ElementName, StoredTensor } from './model.js';

const widths: Record<ElementName, number> = { float: 4, int32: 4, int64: 8, bool: 1, double: 8 };

/** A tensor of these numbers. */
export function stored(
  name: string,
  values: ArrayLike<number>,
  element: ElementName,
  dims: readonly number[],
): StoredTensor {
  const bytes = new Uint8Array(values.length * widths[element]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const at = i * widths[element];
    switch (element) {
      case 'float':
        view.setFloat32(at, values[i], true);
        break;
      case 'double':
        view.setFloat64(at, values[i], true);
        break;
      case 'int32':
        view.setInt32(at, values[i], true);
        break;
      case 'int64':
        view.setBigInt64(at, BigInt(values[i]), true);
        break;
      case 'bool':
        view.setUint8(at, values[i] === 0 ? 0 : 1);
        break;
      default:
        element satisfies never;
    }
  }
  return { name, type: element, dims, bytes };
}
