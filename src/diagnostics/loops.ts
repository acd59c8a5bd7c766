// Messages of scans: what they go along, carry and emit.
import { message, type Label, type Span } from './diagnostic.js';

interface At {
  readonly span: Span;
}

export const lengthsDiffer = message('lengths-differ', ({ labels }: { labels: readonly Label[] }) => ({
  message: 'these sequences are not equally long',
  labels,
  notes: ['a scan takes one slice of each at every round'],
}));

export const noAxisToScan = message('no-axis-to-scan', ({ type, span }: At & { type: string }) => ({
  message: `a scan goes along an axis, and this has none: ${type}`,
  labels: [{ span, text: type }],
  help: 'for n rounds write scan i in range(n)',
}));

export const axisLeftOut = message('axis-left-out', ({ type, span, axis }: At & { type: string; axis: string }) => ({
  message: `a scan goes along one axis, and this has several: ${type}`,
  labels: [{ span, text: type }],
  help: `say which, as in along ${axis}`,
}));

export const carriedChanges = message(
  'carried-changes',
  ({ name, start, next }: { name: string; start: Label & { type: string }; next: Label & { type: string } }) => ({
    message: `${name} starts as ${start.type} and becomes ${next.type}`,
    labels: [
      { span: next.span, text: next.text },
      { span: start.span, text: start.text },
    ],
    notes: ['what a scan carries has one type at every round'],
  }),
);

export const emitsNothing = message('emits-nothing', ({ span }: At) => ({
  message: 'this scan emits nothing, so it has no value',
  labels: [{ span, text: 'a value is expected here' }],
  help: 'end its body in emit …, or let it stand for itself: its carried names then hold their last values',
}));

export const scanWithoutResult = message('scan-without-result', ({ span }: At) => ({
  message: 'nothing comes of this scan',
  labels: [{ span, text: 'it neither emits nor replaces anything' }],
  help: 'carry a value, as in scan xt in x, total = 0 { total := total + xt }, or end its body in emit …',
}));

export const emittedForNothing = message(
  'emitted-for-nothing',
  ({ span }: At) => ({
    message: 'nothing takes what this scan emits',
    labels: [{ span, text: 'emitted here' }],
    help: 'give it a name, as in path = scan …, or leave out emit',
  }),
  'warning',
);
