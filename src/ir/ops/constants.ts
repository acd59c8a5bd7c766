// Values known while compiling, and run-time sizes as numbers.
import { binding, type Binding, type Op } from '../graph.js';
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
    write: (_, { attrs }) => ({
      text: printNumber(attrs.value),
      level: attrs.value < 0 ? binding.negation : binding.atom,
    }),
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
    write: (_, { attrs }) => ({ text: printLiteral(attrs.values, attrs.type), level: binding.atom }),
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
    write: (_, { attrs }, style) => ({
      text: printIndex(attrs.of).replaceAll('*', style === 'math' ? ' · ' : ' * '),
      level: levelOf(attrs.of),
    }),
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
    write: (_, { attrs }) => ({ text: `range(${printIndex(attrs.size)})`, level: binding.atom }),
  },
  samples: [{ inputs: [], attrs: { size: whole(4) } }],
};

function levelOf({ terms }: Index): Binding {
  if (terms.length > 1) return binding.sum;
  const [term] = terms;
  return term && term.atoms.length + (term.factor === 1 ? 0 : 1) > 1 ? binding.product : binding.atom;
}

/** A number as the language writes it. */
/** With as many digits as tell it from its neighbours among f32: 1 - 0.9 is 0.1. */
function printNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === rounded && Number.isFinite(rounded) && String(short).length < String(value).length)
      return String(short);
  }
  return String(value);
}

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
