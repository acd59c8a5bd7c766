// Messages about types: shapes, element types, dimensions and axes.
import { message, type Label, type Span } from './diagnostic.js';
import { shortened } from './quote.js';

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

export const crossed = message(
  'crossed-dimension',
  (p: Evidence & { name: string; result: string }) => ({
    message: `these shapes broadcast across ${p.name}, to ${p.result}`,
    ...evidence(p),
  }),
  'warning',
);

export const wrongShape = message('wrong-shape', (p: Evidence & { what: string }) => ({
  message: `${p.what} has another shape than it should`,
  ...evidence(p),
}));

export const runtimeSize = message('run-time-size', (p: At & { name: string; type: string }) => ({
  message: `the size of ${p.name} is not known while compiling`,
  labels: [{ span: p.span, text: p.type }],
  notes: ['what lives across steps has the same size at every step'],
}));

export const wrongElement = message(
  'wrong-element-type',
  ({ expected, got, span, help, other }: At & { expected: string; got: string; help?: string; other?: Label }) => ({
    message: `expected ${expected}, got ${got}`,
    labels: [{ span, text: got }, ...(other ? [other] : [])],
    ...(help !== undefined && { help }),
  }),
);

export const classMismatch = message('class-mismatch', (p: Evidence) => ({
  message: 'these count different classes',
  ...evidence(p),
}));

export const notADimension = message('not-a-dimension', ({ got, span, help }: At & { got: string; help?: string }) => ({
  message: /^[-\d]/.test(got)
    ? `a dimension is a whole number from 1 up, and this is ${got}`
    : `a dimension is a whole number or a name, and this is ${got}`,
  labels: [{ span, text: got }],
  ...(help !== undefined && { help }),
}));

export const tooManyAxes = message('too-many-axes', ({ got, most, span }: At & { got: number; most: number }) => ({
  message: `this tensor has ${got} axes, and the limit is ${most}`,
  labels: [{ span, text: `${got} axes` }],
}));

export const tooManyElements = message(
  'too-many-elements',
  ({ type, elements, most, span }: At & { type: string; elements: number; most: number }) => ({
    message: `this tensor has ${elements.toLocaleString('en', { maximumSignificantDigits: 10 })} elements, and the limit is ${most.toLocaleString('en')}`,
    labels: [{ span, text: shortened(type) }],
    notes: ['for one example: run-time sizes are counted as 1'],
  }),
);

export const tooManyClasses = message(
  'too-many-classes',
  ({ got, most, span }: At & { got: string; most: number }) => ({
    message: `an index counts from 1 to ${most} values, and this is ${got}`,
    labels: [{ span, text: got }],
  }),
);

export const axisOutOfRange = message(
  'axis-out-of-range',
  ({ axis, type, rank, span }: At & { axis: number; type: string; rank: number }) => ({
    message: `there is no axis ${axis}`,
    labels: [{ span, text: `the tensor is ${type}` }],
    notes: [
      rank === 0
        ? 'a scalar has no axes'
        : rank === 1
          ? 'its only axis is 0'
          : `its axes are 0 … ${rank - 1}, or -${rank} … -1 from the end`,
    ],
  }),
);

export const unknownAxis = message(
  'unknown-axis',
  ({ name, names, type, span }: At & { name: string; names: readonly string[]; type: string }) => ({
    message: `no axis is called ${name}`,
    labels: [{ span, text: `the tensor is ${type}` }],
    notes: [names.length === 0 ? 'its axes have no names' : `axes with a name: ${[...new Set(names)].join(', ')}`],
    help: 'an axis can also be given by its position: 0, 1, …, or -1 for the last',
  }),
);

export const ambiguousAxis = message('ambiguous-axis', ({ name, type, span }: At & { name: string; type: string }) => ({
  message: `two axes are called ${name}`,
  labels: [{ span, text: `the tensor is ${type}` }],
  help: 'give the axis by its position',
}));

export const axisGivenTwice = message(
  'axis-given-twice',
  ({ axis, type, span }: At & { axis: string; type: string }) => ({
    message: `the axis ${axis} is given twice`,
    labels: [{ span, text: `the tensor is ${type}` }],
  }),
);

export const badReshape = message(
  'bad-reshape',
  ({ from, to, why, span }: At & { from: string; to: string; why: string }) => ({
    message: `${from} cannot be reshaped to ${to}`,
    labels: [{ span, text: why }],
  }),
);

export const badPattern = message('bad-pattern', ({ pattern, why, span }: At & { pattern: string; why: string }) => ({
  message: `"${shortened(pattern)}" does not fit`,
  labels: [{ span, text: why }],
}));

export const indexOutOfRange = message(
  'index-out-of-range',
  ({ index, size, what, span }: At & { index: number | string; size: string; what: 'axis' | 'list' | 'tuple' }) => ({
    message: `there is no element ${index}`,
    labels: [{ span, text: what === 'axis' ? `the axis is ${size} long` : `there are ${size}` }],
  }),
);
