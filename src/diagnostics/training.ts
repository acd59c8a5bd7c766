// Messages of train blocks: settings, and what they train.
import { instead, message, type Span } from './diagnostic.js';
import { listed } from './quote.js';

interface At {
  readonly span: Span;
}

export const patternOfSetting = message('pattern-of-setting', ({ name, span }: At & { name: string }) => ({
  message: `${name} is for all parameters`,
  labels: [{ span, text: 'a pattern of names' }],
  help: 'an optimizer alone has patterns, as in optimizer "*.b" = sgd(lr = 0.1)',
}));

export const settingElsewhere = message(
  'setting-elsewhere',
  ({ name, span, role, help }: At & { name: string; role: 'whole' | 'common' | 'player'; help?: string }) => ({
    message:
      role === 'player'
        ? `${name} is the whole run's, not one block's`
        : `${name} belongs to a train block that has a name`,
    labels: [{ span, text: role === 'player' ? 'for all blocks' : 'for one of several blocks' }],
    help:
      help ??
      (role === 'player'
        ? `what is common stands in a block without a name: train { ${name} = … }`
        : `a block of its own has it: train NAME { ${name} = … }`),
  }),
);

export const unknownSource = message(
  'unknown-source',
  ({ name, sources, span, nearest }: At & { name: string; sources: readonly string[]; nearest?: string }) => ({
    message: `there is no data source called ${name}`,
    labels: [{ span, text: 'not defined' }],
    notes: [`rows come of ${listed(sources)}`],
    help:
      nearest === undefined
        ? 'what other programs draw or bring is written to a file first: data = csv("rows.csv", x = 0..2)'
        : `did you mean ${nearest}?`,
    ...(nearest !== undefined && { fix: instead(span, nearest) }),
  }),
);

export const noSuchLoss = message(
  'no-such-loss',
  ({ name, losses, span, nearest }: At & { name?: string; losses: readonly string[]; nearest?: string }) => ({
    message: name === undefined ? 'a loss is meant by its name' : `the model has no loss ${name}`,
    labels: [{ span, text: name === undefined ? 'not a name' : 'not a loss with a name' }],
    notes: [losses.length === 0 ? 'no loss of the model has a name' : `the losses: ${listed(losses)}`],
    help: nearest === undefined ? 'a loss has its name where it is written: loss NAME = …' : `did you mean ${nearest}?`,
  }),
);

export const noSuchMonitor = message(
  'no-such-monitor',
  ({ name, names, span, nearest }: At & { name: string; names: readonly string[]; nearest?: string }) => ({
    message: name === '' ? 'the name of what a run monitors is empty' : `the model has no loss or metric ${name}`,
    labels: [{ span, text: name === '' ? 'no name' : 'not computed' }],
    notes: [`what a run can monitor: ${listed(names)}`],
    help:
      nearest === undefined ? 'a metric has its name where it is written: metric NAME = …' : `did you mean ${nearest}?`,
  }),
);

export const plateausDiffer = message('plateaus-differ', ({ span, first }: At & { first: Span }) => ({
  message: 'a run has one on_plateau: all its learning rates fall together',
  labels: [
    { span, text: 'another factor or patience' },
    { span: first, text: 'than here' },
  ],
  help: 'give both the same factor and patience; their learning rates may differ',
}));

export const lossNotTrained = message(
  'loss-not-trained',
  ({ name, span, blocks }: At & { name?: string; blocks: readonly string[] }) => ({
    message: name === undefined ? 'no train block can name this loss' : `no train block minimises ${name}`,
    labels: [{ span, text: 'a loss of no block' }],
    notes: [`the blocks: ${listed(blocks)}`],
    help:
      name === undefined
        ? 'give it a name, and a block that says loss = NAME; a metric is reported only'
        : `let a block say loss = ${name}, or make it a metric, which is reported only`,
  }),
);

export const blockTrainsNothing = message('block-trains-nothing', ({ name, span }: At & { name: string }) => ({
  message: `train ${name} has no parameter to train`,
  labels: [{ span, text: 'nothing to train' }],
  help: 'only = ["NAME.*"] says what it trains, of what is not frozen',
}));

export const noBlockTrains = message('in-no-block', ({ names, span }: At & { names: readonly string[] }) => ({
  message: names.length === 1 ? `${names[0]} is in no train block` : `${names.length} parameters are in no train block`,
  labels: [{ span, text: names.length === 1 ? 'nothing would train it' : 'nothing would train them' }],
  ...(names.length > 1 && { notes: [listed(names)] }),
  help: `let a block match ${names.length === 1 ? 'it' : 'them'} with only = […], or freeze = ${JSON.stringify([...names].slice(0, 1))}`,
}));

export const unknownSetting = message(
  'unknown-setting',
  ({ name, span, names, help }: At & { name: string; names: readonly string[]; help?: string }) => ({
    message: `train has no setting ${name}`,
    labels: [{ span, text: 'not known' }],
    notes: [`the settings: ${names.join(', ')}`],
    ...(help !== undefined && { help }),
  }),
);

export const badSetting = message(
  'bad-setting',
  ({ name, expected, got, span }: At & { name: string; expected: string; got: string }) => ({
    message: `${name} should be ${expected}`,
    labels: [{ span, text: `this is ${got}` }],
  }),
);

export const notMixed = message('not-mixed', ({ target, span }: At & { target: string }) => ({
  message: `the target ${target} cannot store halves`,
  labels: [{ span, text: 'activations and gradients as f16' }],
  notes: ['precision = "mixed" is for wasm, and for wgsl on devices that have shader-f16'],
  help: 'compile with --target wasm or wgsl, or leave the line out: values are then stored in f32',
}));

export const noSuchParameter = message(
  'pattern-matches-nothing',
  ({ pattern, names, span }: At & { pattern: string; names: readonly string[] }) => ({
    message: `no parameter is called ${pattern}`,
    labels: [{ span, text: 'matches nothing' }],
    notes: [names.length === 0 ? 'the model has no parameters' : `the parameters: ${listed(names)}`],
  }),
);

/** `by`: the pattern before it that has chosen what it matches; without one, nothing that it matches is trained. */
export const patternIdle = message(
  'pattern-without-effect',
  ({
    pattern,
    by,
    block,
    span,
  }: At & { pattern: string; by?: { readonly value: string; readonly span: Span }; block?: string }) => ({
    message: by
      ? `the optimizer of ${pattern} never acts: patterns before it match all that it matches`
      : `the optimizer of ${pattern} never acts: ${block === undefined ? 'what it matches is frozen' : `train ${block} trains nothing that it matches`}`,
    labels: [{ span, text: 'without effect' }, ...(by ? [{ span: by.span, text: `${by.value} comes first` }] : [])],
    help: by ? 'the first pattern that matches wins: put the narrower one first' : 'leave it out',
  }),
  'warning',
);

export const nothingTrained = message('nothing-trained', ({ span }: At) => ({
  message: 'every parameter is frozen',
  labels: [{ span, text: 'nothing is left to train' }],
}));

export const noOptimizer = message('no-optimizer', ({ span, parameter }: At & { parameter?: string }) => ({
  message: parameter === undefined ? 'no optimizer is given' : `${parameter} has no optimizer`,
  labels: [
    {
      span,
      text: parameter === undefined ? 'how should it be trained?' : 'no pattern matches it, and there is no default',
    },
  ],
  help: 'add a line such as: optimizer = adam(lr = 1e-3)',
}));

export const notReached = message(
  'not-reached',
  ({ names, of, span }: At & { names: readonly string[]; of: string }) => ({
    message:
      names.length === 1
        ? `${names[0]} is not trained: ${of} does not depend on it`
        : `${names.length} parameters are not trained: ${of} does not depend on them`,
    labels: [{ span, text: names.length === 1 ? 'this leaves it as it is' : 'this leaves them as they are' }],
    ...(names.length > 1 && { notes: [listed(names)] }),
  }),
  'warning',
);

export const parameterNotTrained = message(
  'nothing-to-train',
  ({ span, of, flat, others }: At & { of: string; flat: boolean; others: boolean }) => ({
    message: flat
      ? `no gradient of ${of} reaches a parameter that is trained`
      : `${of} does not depend on any parameter${others ? ' that is to be trained for it' : ''}`,
    labels: [{ span, text: 'there is nothing to train' }],
    ...(flat && {
      notes: [
        'the derivative of round, floor, ceil, sign, comparisons, argmax and argmin is 0, and stop_gradient stops it',
      ],
      help: 'let the loss depend on a parameter without them',
    }),
  }),
);

export const observesTrained = message(
  'observes-trained',
  ({ name, parameter, span }: At & { name: string; parameter: string }) => ({
    message: `${name} is observed before the first step, and depends on ${parameter}, which is trained`,
    labels: [{ span, text: `depends on ${parameter}` }],
    help: 'observe what follows from inputs, states and frozen parameters; a state that follows training is replaced by :=',
  }),
);

export const observesDraw = message('observes-draw', ({ name, span }: At & { name: string }) => ({
  message: `${name} is observed, and depends on random draws`,
  labels: [{ span, text: 'would be another one at each look' }],
  help: 'observe what follows from inputs, states and frozen parameters',
}));
