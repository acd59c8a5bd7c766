// Messages of what bodies require of the values that they are given.
import { message, type Diagnostic, type Label, type Span } from './diagnostic.js';

interface At {
  readonly span: Span;
}

export const unmet = message(
  'requirement-not-met',
  ({
    callee,
    text,
    labels,
    trace,
  }: {
    callee?: string;
    text: string;
    labels: readonly Label[];
    trace: NonNullable<Diagnostic['trace']>;
  }) => ({
    message: callee === undefined ? text : `${callee}: ${text}`,
    labels,
    trace,
  }),
);

export const notACondition = message('not-a-condition', ({ got, span }: At & { got: string }) => ({
  message: `expected a condition, got ${got}`,
  labels: [{ span, text: got }],
  help: 'compare it, as in require rate < 1, "the rate is below 1"',
}));

export const dependsOnData = message('requirement-of-data', ({ got, span }: At & { got: string }) => ({
  message: 'what is required here depends on the data',
  labels: [{ span, text: got }],
  notes: ['require speaks of values known while compiling, and of run-time sizes'],
}));
