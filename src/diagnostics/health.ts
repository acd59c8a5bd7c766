// What is said of a run that learns badly: warnings, each with its evidence and what to do.
import { spellsName } from './name.js';
import { message, type Span } from './diagnostic.js';
import { counted } from './quote.js';

/** Four digits that matter, and two for what only tells how large it is. */
const digits = (value: number): string => `${Number(value.toPrecision(4))}`;
const about = (value: number): string => `${Number(value.toPrecision(2))}`;
const percent = (share: number): string => `${Math.round(100 * share)}%`;

export const lossStuck = message<{
  model: string;
  span: Span;
  low: number;
  high: number;
  epochs: number;
  steps: number;
}>(
  'loss-stuck',
  ({ model, span, low, high, epochs, steps }) => ({
    message: `the loss of ${model} does not move: it is between ${digits(low)} and ${digits(high)} in ${epochs} epochs`,
    labels: [{ span, text: `${steps} updates changed it by less than a thousandth` }],
    help: 'try a learning rate ten times as large or as small; and look whether every layer passes something on',
  }),
  'warning',
);

export const overfitting = message<{
  model: string;
  span: Span;
  epoch: number;
  lowest: number;
  last: number;
  learnt: readonly [number, number];
}>(
  'overfitting',
  ({ model, span, epoch, lowest, last, learnt: [before, after] }) => ({
    message: `${model} overfits from epoch ${epoch} on`,
    labels: [{ span, text: `the loss of the validation rose from ${digits(lowest)} to ${digits(last)}` }],
    notes: [`that of what it learns from fell from ${digits(before)} to ${digits(after)} meanwhile`],
    help: 'best.safetensors is of that epoch; `patience = 5` would stop there, and dropout, weight decay or more data help',
  }),
  'warning',
);

export const constantMetric = message<{
  metric: string;
  span: Span;
  value: number;
  epochs: number;
  loss: readonly [number, number];
}>(
  'constant-metric',
  ({ metric, span, value, epochs, loss: [from, to] }) => ({
    message: `the metric ${metric} is ${digits(value)} in each of ${epochs} epochs`,
    labels: [{ span, text: 'whatever the model learns, this says the same' }],
    notes: [`the loss went from ${digits(from)} to ${digits(to)} meanwhile`],
    help: 'look whether it compares what it should: predictions with the labels of the same rows',
  }),
  'warning',
);

export const deadUnits = message<{
  layer: string;
  span: Span;
  dead: number;
  units: number;
  rows: number;
  steps: number;
}>(
  'dead-units',
  ({ layer, span, dead, units, rows, steps }) => ({
    message: `${dead === units ? `all ${units}` : `${dead} of ${units}`} units of ${layer} are dead after ${counted(steps, 'step')}`,
    labels: [{ span, text: `they were 0 for each of the last ${counted(rows, 'row')} looked at` }],
    notes: ['a unit that is 0 for every row has a gradient of 0: it never wakes up again'],
    help: 'try a lower learning rate, features near 1 (`standardize()`), or leaky_relu or gelu in place of relu',
  }),
  'warning',
);

interface Slopes {
  readonly far: string;
  readonly near: string;
  readonly farSlope: number;
  readonly nearSlope: number;
}

export const vanishingGradient = message<Slopes & { span: Span; nearSpan: Span; steps: number }>(
  'vanishing-gradient',
  ({ far, near, farSlope, nearSlope, span, nearSpan, steps }) => ({
    message: `the gradient vanishes on its way to ${far}: it is ${about(nearSlope / farSlope)} times smaller than that of ${near}`,
    labels: [
      { span, text: `${far}: an element of the gradient is about ${about(farSlope)} after ${counted(steps, 'step')}` },
      { span: nearSpan, text: `${near}: about ${about(nearSlope)}` },
    ],
    help: 'between them use relu or gelu in place of sigmoid or tanh, a normalisation such as layer_norm(), or residual connections',
  }),
  'warning',
);

/** From layer to layer on the way back, or from step to step. */
type Explosion =
  | (Slopes & { readonly by: 'layer'; readonly span: Span; readonly nearSpan: Span; readonly steps: number })
  | {
      readonly by: 'step';
      readonly parameter: string;
      readonly span: Span;
      readonly from: number;
      readonly to: number;
      readonly steps: number;
      readonly loss: readonly [number, number];
    };

export const explodingGradient = message<Explosion>(
  'exploding-gradient',
  (found) => {
    if (found.by === 'step') {
      const { parameter, span, from, to, steps, loss } = found;
      return {
        message: `the gradient explodes: that of ${parameter} grew from ${digits(from)} to ${digits(to)} in ${counted(steps, 'step')}`,
        labels: [{ span, text: 'each update makes the next one larger' }],
        notes: [`the loss went from ${digits(loss[0])} to ${digits(loss[1])}`],
        help: 'try a learning rate ten times as small, or `clip_norm = 1` in the train block',
      };
    }
    const { far, near, farSlope, nearSlope, span, nearSpan, steps } = found;
    return {
      message: `the gradient explodes on its way to ${far}: it is ${about(farSlope / nearSlope)} times larger than that of ${near}`,
      labels: [
        {
          span,
          text: `${far}: an element of the gradient is about ${about(farSlope)} after ${counted(steps, 'step')}`,
        },
        { span: nearSpan, text: `${near}: about ${about(nearSlope)}` },
      ],
      help: 'start from smaller weights (the initializers of the library suit their layers), or put a normalisation such as layer_norm() between them',
    };
  },
  'warning',
);

export const learningRate = message<{
  parameter: string;
  span: Span;
  rate?: number;
  update: number;
  weight: number;
  steps: number;
}>(
  'learning-rate',
  ({ parameter, span, rate, update, weight, steps }) => ({
    message: `the learning rate is too large: ${steps === 1 ? 'the first step moves' : `each of the first ${steps} steps moves`} ${parameter} by ${about(update / weight)} times what it started from`,
    labels: [{ span, text: rate === undefined ? 'the learning rate' : `the learning rate is ${digits(rate)}` }],
    notes: [`the norm of ${parameter} was ${digits(weight)}, and that of the last change is ${digits(update)}`],
    help: `try one about ${about(update / weight / 0.01)} times smaller`,
  }),
  'warning',
);

export const sortedData = message<{
  input: string;
  span: Span;
  batches: number;
  found: number;
  expected: number;
  classes: number;
}>(
  'sorted-data',
  ({ input, span, batches, found, expected, classes }) => ({
    message: `the data are sorted by ${input}: a batch holds ${about(found)} of its classes, where shuffled rows would hold ${about(expected)}`,
    labels: [{ span, text: 'rows are fed as they stand' }],
    notes: [
      `that is the mean of the first ${counted(batches, 'batch', 'batches')}, in which there are ${classes} classes in all`,
    ],
    help: 'leave `shuffle = false` out, or shuffle the rows where they are made: each step unlearns what the one before has learnt',
  }),
  'warning',
);

export const unscaledFeatures = message<{
  value: string;
  span: Span;
  worst: { readonly column?: number; readonly size: number };
  other: { readonly column?: number; readonly size: number };
  rows: number;
}>(
  'unscaled-features',
  ({ value, span, worst, other, rows }) => {
    const named = (column: number | undefined): string => (column === undefined ? value : `${value}[:, ${column}]`);
    return {
      message: `${named(worst.column)} is of the size ${about(worst.size)}, where weights are initialized for values about 1`,
      labels: [{ span, text: `this takes ${value} as it is` }],
      notes: [
        `that is the root of the mean square over ${counted(rows, 'row')}`,
        ...(other.column === undefined || other.column === worst.column
          ? []
          : [`${named(other.column)} is of the size ${about(other.size)}`]),
      ],
      help: `\`${spellsName(value) ? value : 'x'} |> standardize() |> …\` brings each feature to mean 0 and variance 1`,
    };
  },
  'warning',
);

export const scheduleLength = message<{
  when: 'early' | 'late';
  span: Span;
  ends: number;
  updates: number;
  peak: number;
  last: number;
  atEnd: number;
}>(
  'schedule-length',
  ({ when, span, ends, updates, peak, last, atEnd }) => ({
    message:
      when === 'early'
        ? `the schedule ends after ${ends} updates, and the run makes ${updates}`
        : `the run makes ${updates} updates, and the schedule ends after ${ends}`,
    labels: [
      {
        span,
        text:
          when === 'early'
            ? `the learning rate is ${digits(last)} for the last ${percent(1 - ends / updates)} of the run, ${digits(peak)} at most`
            : `the learning rate is ${digits(atEnd)} when the run ends, on its way to ${digits(last)}`,
      },
    ],
    help: 'leave `steps` out: a schedule without them takes the whole run',
  }),
  'warning',
);
