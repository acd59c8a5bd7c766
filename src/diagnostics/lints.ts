// What is worth a second look in a model that compiles: each with its evidence, and with a fix where what is meant is plain.
import { message, type Fix, type Label, type Span } from './diagnostic.js';

export const doubleSoftmax = message<{ loss: Span; inner?: Span | undefined; binary: boolean; fix?: Fix | undefined }>(
  'double-softmax',
  ({ loss, inner, binary, fix }) => ({
    message: binary
      ? 'the loss applies sigmoid to what went through sigmoid already'
      : 'the loss applies softmax to what went through softmax already',
    labels: [
      { span: loss, text: `${binary ? 'binary_cross_entropy' : 'cross_entropy'} takes logits` },
      ...(inner ? [{ span: inner, text: `these are ${binary ? 'probabilities' : 'shares'}` }] : []),
    ],
    notes: [
      `${binary ? 'probabilities' : 'shares'} lie between 0 and 1: taken as logits they say little, the loss cannot reach 0, and its gradient is small`,
    ],
    help: `give the loss what ${binary ? 'sigmoid' : 'softmax'} is applied to`,
    ...(fix && { fix }),
  }),
  'warning',
);

export const untrainedLoss = message<{ name: string; span: Span; on: string }>(
  'untrained-loss',
  ({ name, span, on }) => ({
    message: `the loss ${name} trains nothing`,
    labels: [{ span, text: `it depends on ${on}` }],
    help: `what is only to be watched is a metric: metric ${name} = …`,
  }),
  'warning',
);

export const misspeltDimension = message<{ name: string; near: string; span: Span; other?: Span | undefined }>(
  'misspelt-dimension',
  ({ name, near, span, other }) => ({
    message: `${name} is a run-time dimension of its own, and looks like ${near}`,
    labels: [
      { span, text: 'nothing binds this name: any size of it is taken' },
      ...(other ? [{ span: other, text: `${near} stands here` }] : []),
    ],
    help: `did you mean ${near}?`,
    fix: { title: `write ${near}`, edits: [{ span, text: near }] },
  }),
  'warning',
);

/** `power-of-negative`: by an exponent that is no whole number. `steep-power`: by one between 0 and 1. */
export type Unguarded = 'log' | 'sqrt' | 'division' | 'power' | 'power-of-negative' | 'steep-power';

export const unguarded = message<{
  what: Unguarded;
  operand: Label;
  from: string;
  guarded: string;
  fix?: Fix | undefined;
}>(
  'unguarded',
  ({ what, operand, from, guarded, fix }) => ({
    message: {
      log: 'this logarithm can be of 0',
      sqrt: 'this root can be of 0, where its derivative is infinite',
      division: 'this divides by what can be 0',
      power: 'this power can be of 0, where it is infinite',
      'power-of-negative': 'this power can be of a negative number, where it is none',
      'steep-power': 'this power can be of 0, where its derivative is infinite',
    }[what],
    labels: [operand],
    notes: [`as far as the model tells, it is ${from}`],
    help: `a bound keeps it ${what === 'power-of-negative' ? 'above' : 'away from'} 0: ${guarded}`,
    ...(fix && { fix }),
  }),
  'warning',
);

export const shadowed = message<{ kind: string; name: string; span: Span; library?: Span | undefined }>(
  'shadowed',
  ({ kind, name, span, library }) => ({
    message: `the ${kind} ${name} hides the library's ${name}`,
    labels: [
      { span, text: 'in this file the name means this' },
      ...(library ? [{ span: library, text: 'elsewhere it means this' }] : []),
    ],
    help: "another name tells readers that it is not the library's",
  }),
  'warning',
);

export const lastDropout = message<{ span: Span; loss: Span }>(
  'last-dropout',
  ({ span, loss }) => ({
    message: 'nothing that is learnt comes after this dropout',
    labels: [
      { span, text: 'what it drops is missing in the result itself' },
      { span: loss, text: 'and the loss is taken of that' },
    ],
    help: 'it belongs before the last layer',
  }),
  'warning',
);

export const softmaxAxis = message<{ span: Span; axis: string; type: string; of: Span | undefined }>(
  'softmax-axis',
  ({ span, axis, type, of }) => ({
    message: `this softmax is over ${axis}: it compares examples of a batch with one another`,
    labels: [{ span, text: `adds up to 1 along ${axis}` }, ...(of ? [{ span: of, text: type }] : [])],
    notes: ['what it gives for one example then depends on which others are in the batch'],
    help: 'classes stand on the last axis: softmax(x, axis = -1)',
  }),
  'warning',
);
