// Messages about types: shapes, element types, dimensions and axes.
import { message, type Label, type Span } from './diagnostic.js';

interface At {
  readonly span: Span;
}

interface Evidence {
  readonly labels: readonly Label[];
  readonly note?: string;
  readonly help?: string;
}

function evidence({ labels, note, help }: Evidence) {
  return { labels, ...(note !== undefined && { notes: [note] }), ...(help !== undefined && { help }) };
}

export const cannotMultiply = message('shape-mismatch', (p: Evidence) => ({
  message: 'these shapes cannot be multiplied',
  ...evidence(p),
}));

export const cannotCombine = message('cannot-broadcast', (p: Evidence) => ({
  message: 'these shapes do not fit together',
  ...evidence(p),
}));

export const wrongShape = message('wrong-shape', (p: Evidence & { what: string }) => ({
  message: `${p.what} has another shape than it should`,
  ...evidence(p),
}));

export const wrongElement = message(
  'wrong-element-type',
  ({ expected, got, span, help }: At & { expected: string; got: string; help?: string }) => ({
    message: `expected ${expected}, got ${got}`,
    labels: [{ span, text: got }],
    ...(help !== undefined && { help }),
  }),
);

export const classMismatch = message('class-mismatch', (p: Evidence) => ({
  message: 'these count different classes',
  ...evidence(p),
}));

export const notADimension = message('not-a-dimension', ({ got, span }: At & { got: string }) => ({
  message: `a dimension is a whole number or a name, and this is ${got}`,
  labels: [{ span, text: got }],
}));

export const axisOutOfRange = message(
  'axis-out-of-range',
  ({ axis, type, rank, span }: At & { axis: number; type: string; rank: number }) => ({
    message: `there is no axis ${axis}`,
    labels: [{ span, text: `the tensor is ${type}` }],
    notes: [rank === 0 ? 'a scalar has no axes' : `its axes are 0 … ${rank - 1}, or -${rank} … -1 from the end`],
  }),
);

export const unknownAxis = message('unknown-axis', ({ name, type, span }: At & { name: string; type: string }) => ({
  message: `no axis is called ${name}`,
  labels: [{ span, text: `the tensor is ${type}` }],
}));

export const ambiguousAxis = message('ambiguous-axis', ({ name, type, span }: At & { name: string; type: string }) => ({
  message: `two axes are called ${name}`,
  labels: [{ span, text: `the tensor is ${type}` }],
  help: 'give the axis by its position',
}));

export const badReshape = message('bad-reshape', ({ from, to, span }: At & { from: string; to: string }) => ({
  message: `${from} cannot be reshaped to ${to}`,
  labels: [{ span, text: 'the numbers of elements differ' }],
}));

export const badPattern = message('bad-pattern', ({ pattern, why, span }: At & { pattern: string; why: string }) => ({
  message: `"${pattern}" does not fit`,
  labels: [{ span, text: why }],
}));

export const indexOutOfRange = message(
  'index-out-of-range',
  ({ index, size, span }: At & { index: number; size: string; span: Span }) => ({
    message: `there is no element ${index}`,
    labels: [{ span, text: `the axis has ${size}` }],
  }),
);
