// Values known while compiling, and run-time sizes as numbers.
import { apply as applied, number as numberFormula, setting, sizeFormula, words } from '../formula/tree.js';
import { printNumber } from '../formula/numbers.js';
import type { Op } from '../graph.js';
import { indexValue, number, apply, type Scalar } from '../scalar.js';
import { constant as whole, printIndex, type Index } from '../index.js';
import { tensor, type TensorType } from '../types.js';

export const constant: Op<{ value: number }> = {
  kind: 'element',
  name: 'constant',
  summary: 'A number.',
  type: () => tensor([]),
  element: (_, __, { attrs }) => number(attrs.value),
  notation: {
    kind: 'form',
    write: (_, { attrs }) => numberFormula(attrs.value),
  },
  samples: [{ inputs: [], attrs: { value: 0.5 } }],
};

export const literal: Op<{ values: readonly number[]; type: TensorType }> = {
  kind: 'leaf',
  name: 'literal',
  summary: 'A constant tensor, row-major; it lives in a buffer of its own.',
  type: (_, { type }) => type,
  notation: {
    kind: 'form',
    write: (_, { attrs }) => words(printLiteral(attrs.values, attrs.type)),
  },
  samples: [{ inputs: [], attrs: { values: [1, 2, 3, 4], type: tensor([{ size: whole(2) }, { size: whole(2) }]) } }],
};

export const size: Op<{ of: Index }> = {
  kind: 'element',
  name: 'size',
  summary: 'A run-time size as a number.',
  type: () => tensor([]),
  element: (_, __, { attrs }): Scalar => apply('f32', indexValue(attrs.of)),
  notation: {
    kind: 'form',
    write: (_, { attrs }) => sizeFormula(attrs.of),
  },
  samples: [{ inputs: [], attrs: { of: whole(3) } }],
};

export const iota: Op<{ size: Index; name?: string }> = {
  kind: 'element',
  name: 'iota',
  summary: 'The integers 0 … n - 1.',
  type: (_, { size: n, name }) => ({
    element: { kind: 'index', size: n },
    shape: [name === undefined ? { size: n } : { size: n, name }],
  }),
  element: ([i]) => indexValue(i),
  notation: {
    kind: 'form',
    write: (_, { attrs }) => applied('range', [], { settings: [setting(printIndex(attrs.size))] }),
  },
  samples: [{ inputs: [], attrs: { size: whole(4) } }],
};

function printLiteral(values: readonly number[], type: TensorType): string {
  if (values.length > 12) return `[… ${values.length} numbers]`;
  const sizes = type.shape.map((d) => Number(printIndex(d.size)));
  const write = (from: number, axis: number, count: number): string => {
    if (axis === sizes.length) return printNumber(values[from]);
    const each = count / sizes[axis];
    return `[${Array.from({ length: sizes[axis] }, (_, i) => write(from + i * each, axis + 1, each)).join(', ')}]`;
  };
  return write(0, 0, values.length);
}
