// Messages of elaboration: names, calls, definitions, models and how to train them.
import { instead, message, type Fix, type Span } from './diagnostic.js';
import { argumentHere, nameHere, usageOf } from './foreign.js';
import { inGiB, raised } from './memory.js';

interface At {
  readonly span: Span;
}

export const unknownName = message(
  'unknown-name',
  ({ name, span, nearest }: At & { name: string; nearest?: string }) => ({
    message: `nothing here is called ${name}`,
    labels: [{ span, text: 'not defined' }],
    help: nameHere(name, nearest),
    ...(nearest !== undefined && { fix: instead(span, nearest) }),
  }),
);

export const definedLater = message('defined-later', ({ name, span, later }: At & { name: string; later: Span }) => ({
  message: `${name} is used before it is defined`,
  labels: [
    { span, text: 'used here' },
    { span: later, text: 'defined here' },
  ],
  help: 'a body is read from its top: move the definition up',
}));

export const sizeUntold = message(
  'size-untold',
  ({ size, input, type, span }: At & { size: string; input: string; type: string }) => ({
    message: `no input tells the run-time size ${size}`,
    labels: [{ span, text: `${input}: ${type}` }],
    notes: [
      'a call finds each size from the shapes of its inputs: from a dimension that is a multiple of it, or that and a number',
    ],
    help: `write ${size} by itself in the type of an input`,
  }),
);

export const definedTwice = message('defined-twice', ({ name, span, first }: At & { name: string; first?: Span }) => ({
  message: `${name} is defined twice`,
  labels: [{ span, text: 'defined again' }, ...(first ? [{ span: first, text: 'first defined here' }] : [])],
  help: 'a name stands for one value in its body: give this one another name',
}));

export const setTwice = message('set-twice', ({ name, span, first }: At & { name: string; first: Span }) => ({
  message: `${name} is given twice`,
  labels: [
    { span, text: 'given again' },
    { span: first, text: 'first given here' },
  ],
}));

export const notAFunction = message(
  'not-a-function',
  ({ what, label, span, help }: At & { what: string; label?: string; help?: string }) => ({
    message: `${what} cannot be called`,
    labels: [{ span, text: label ?? `this is ${what}` }],
    ...(help !== undefined && { help }),
  }),
);

export const noParameters = message(
  'no-parameters',
  ({ manner, what, span }: At & { manner: string; what: string }) => ({
    message: `${manner} is given a layer without ${what}`,
    labels: [{ span, text: 'nothing that it applies has any' }],
    help: `leave ${manner}(…) out here`,
  }),
);

export const unknownArgument = message(
  'unknown-argument',
  ({
    callee,
    name,
    span,
    known,
    nearest,
  }: At & { callee: string; name: string; known: readonly string[]; nearest?: string }) => ({
    message: `${callee} has no argument ${name}`,
    labels: [{ span, text: 'not one of its arguments' }],
    ...(known.length > 0 && { notes: [`it takes ${known.join(', ')}`] }),
    help: nearest === undefined ? argumentHere(name, known) : `did you mean ${nearest}?`,
    ...(nearest !== undefined && { fix: instead(span, nearest) }),
  }),
);

export const missingArgument = message(
  'missing-argument',
  ({ callee, name, span, help }: At & { callee: string; name: string; help?: string }) => ({
    message: `${callee} needs ${name}`,
    labels: [{ span, text: `${name} is not given` }],
    help: help ?? usageOf(callee),
  }),
);

export const tooManyArguments = message(
  'too-many-arguments',
  ({ callee, most, got, span }: At & { callee: string; most: number; got: number }) => ({
    message: `${callee} takes ${['no arguments', 'one argument'][most] ?? `${most} arguments`}, and got ${got}`,
    labels: [{ span, text: got === most + 1 ? 'one too many' : 'too many from here on' }],
    help: usageOf(callee),
  }),
);

export const givenTwice = message(
  'argument-given-twice',
  ({ callee, name, span }: At & { callee: string; name: string }) => ({
    message: `${callee} is given ${name} twice`,
    labels: [{ span, text: 'given again' }],
  }),
);

export const appliedAsConfiguration = message(
  'applied-as-configuration',
  ({ name, given, configured, span }: At & { name: string; given: string; configured: string }) => ({
    message: `${name} takes its configuration first, and ${given} stands in its place`,
    labels: [{ span, text: `this is ${name} with a configuration, not applied to anything` }],
    help: `write ${configured === name ? `${name}()` : configured}(${given}) or ${given} |> ${configured}`,
  }),
);

export const wrongKind = message(
  'wrong-kind',
  ({ expected, got, span, help }: At & { expected: string; got: string; help?: string }) => ({
    message: `expected ${expected}, got ${got}`,
    labels: [{ span, text: got }],
    ...(help !== undefined && { help }),
  }),
);

export const wrongCount = message('wrong-count', ({ names, got, span }: At & { names: number; got: number }) => ({
  message: `there ${got === 1 ? 'is one value' : `are ${got} values`} for ${names} names`,
  labels: [{ span, text: got === 1 ? 'this is one value' : `these are ${got} values` }],
}));

export const tooDeep = message('too-deep', ({ name, span }: At & { name?: string }) => ({
  message: name === undefined ? 'what this stands for nests too deeply' : `calls of ${name} nest too deeply`,
  labels: [{ span, text: name === undefined ? 'too many definitions inside one another' : 'called again and again' }],
  ...(name !== undefined && {
    help: 'a function that calls itself has to end while compiling, by an if over static values',
  }),
}));

export const longList = message('long-list', ({ count, most, span }: At & { count: number; most: number }) => ({
  message: `this list holds ${count.toLocaleString('en')} values, and the limit is ${most.toLocaleString('en')}`,
  labels: [{ span, text: 'with what is in the lists within it' }],
  help: 'numbers of this count are data: give them to the trainer as an input or a parameter',
}));

export const tooMuch = message('too-much', ({ span }: At) => ({
  message: 'this model takes too many steps to compile',
  labels: [{ span, text: 'given up here' }],
  help: 'copies inside copies multiply, and so do functions that call others twice',
}));

export const circular = message('circular-definition', ({ name, span }: At & { name: string }) => ({
  message: `${name} is defined by itself`,
  labels: [{ span, text: 'its value needs its own value' }],
}));

export const misplaced = message(
  'misplaced-statement',
  ({ what, where, span }: At & { what: string; where: string }) => ({
    message: `${what} does not belong in ${where}`,
    labels: [{ span, text: 'not here' }],
    ...(what === 'return' && where === 'a model' && { help: 'a model gives its values by output NAME = e' }),
    ...(what === 'emit' && { help: 'emit stands in the body of a scan, on its own level' }),
    ...(what === 'run_length()' && { help: 'it is for learning rates: steps = 0.5 * run_length() in a schedule' }),
  }),
);

export const notAState = message('not-a-state', ({ name, span }: At & { name: string }) => ({
  message: `${name} cannot be replaced`,
  labels: [{ span, text: 'not a state of this body' }],
  help: 'a name stands for one value; := is for a state, what a scan carries, and the weight and the slots of an optimizer',
}));

export const noReturn = message('no-return', ({ name, span }: At & { name: string }) => ({
  message: `${name} gives no value`,
  labels: [{ span, text: 'this body does not end in return' }],
}));

export const noModel = message('no-model', ({ span }: At) => ({
  message: 'this file has no model',
  labels: [{ span, text: 'nothing to compile' }],
  help: 'a model is written: model name { … }',
}));

export const severalModels = message('several-models', ({ names, span }: At & { names: readonly string[] }) => ({
  message: `this file has several models: ${names.join(', ')}`,
  labels: [{ span, text: 'one of them' }],
  help: 'pick one with --model NAME, or in an import with ?model=NAME',
}));

export const unknownModel = message(
  'unknown-model',
  ({ name, names, span, nearest }: At & { name: string; names: readonly string[]; nearest?: string }) => ({
    message: `this file has no model ${name}`,
    labels: [{ span, text: names.length === 1 ? 'its only model' : 'the first of its models' }],
    ...(names.length > 1 && { notes: [`its models: ${names.join(', ')}`] }),
    ...(nearest !== undefined && { help: `did you mean --model ${nearest}?` }),
  }),
);

/** `train`: its train block. Without one a model may do without a loss, if it has outputs. */
export const noLoss = message('no-loss', ({ name, span, train }: At & { name: string; train?: Span }) => ({
  message: train ? `model ${name} has a train block and no loss` : `model ${name} has neither a loss nor an output`,
  labels: [
    { span, text: train ? 'there is nothing to minimise' : 'there is nothing to compute' },
    ...(train ? [{ span: train, text: 'this says how to train it' }] : []),
  ],
  help: train
    ? 'add a line such as: loss = mse(prediction, target), or leave out the train block: the model then predicts only'
    : 'add a line such as: loss = mse(prediction, target), or: output prediction',
}));

export const metricWithoutLoss = message(
  'metric-without-loss',
  ({ name, span }: At & { name: string }) => ({
    message: `nothing reports the metric ${name}`,
    labels: [{ span, text: 'metrics are reported beside the loss, and the model has none' }],
    help: `predict returns it where it is an output: output ${name} = …`,
  }),
  'warning',
);

export const lossNotScalar = message(
  'loss-not-scalar',
  ({ what, type, span }: At & { what: string; type: string }) => ({
    message: `${what} is a single number, and this is ${type}`,
    labels: [{ span, text: type }],
    help: 'reduce it: mean(…) or sum(…)',
  }),
);

export const weightNotReplaced = message('weight-not-replaced', ({ name, span }: At & { name: string }) => ({
  message: `the optimizer ${name} never replaces w`,
  labels: [{ span, text: 'it would train nothing' }],
  help: 'a step is written w := …, as in w := w - lr * g',
}));

export const gradientNotRead = message(
  'gradient-not-read',
  ({ name, span }: At & { name: string }) => ({
    message: `the optimizer ${name} does not use the gradient`,
    labels: [{ span, text: 'whatever the loss is, w changes in the same way' }],
    help: 'g is the gradient of the loss by w, as in w := w - lr * g',
  }),
  'warning',
);

export const reservedReport = message(
  'reserved-report',
  ({ what, span, blocks = [] }: At & { what: 'a metric' | 'a loss' | 'an output'; blocks?: readonly string[] }) => ({
    message: `${what} cannot be called loss`,
    labels: [{ span, text: 'the sum of all losses is reported by this name' }],
    help:
      what !== 'a loss'
        ? 'give it another name'
        : blocks.length === 0
          ? 'write loss = …, without a name'
          : `give it another name, NAME, by which a block minimises it: train ${blocks[0]} { loss = NAME, … }`,
  }),
);

export const reservedName = message('reserved-name', ({ name, what, span }: At & { name: string; what: string }) => ({
  message: `${what} cannot be called ${name}`,
  labels: [{ span, text: 'checkpoints keep something else by this name' }],
  help: 'give it another name',
}));

export const tooLarge = message(
  'too-large',
  ({ name, type, bytes, limit, span }: At & { name: string; type: string; bytes: number; limit: number }) => ({
    message: `${name} takes ${inGiB(bytes)} GiB of memory, and the limit is ${inGiB(limit)} GiB`,
    labels: [{ span, text: type }],
    help: raised,
  }),
);

export const unknownOverride = message(
  'unknown-override',
  ({ name, span, none, nearest }: At & { name: string; none: boolean; nearest?: string }) => ({
    message: `the model has no parameter ${name} to set`,
    labels: [{ span, text: none ? 'it takes none' : 'its parameters stand here' }],
    ...(nearest !== undefined && { help: `did you mean --set ${nearest}=…?` }),
  }),
);

export const badOverride = message(
  'bad-override',
  ({ name, got, expected, span }: At & { name: string; got: string; expected: string }) => ({
    message: `${name} cannot be set to ${got}`,
    labels: [{ span, text: `it is ${expected}` }],
  }),
);

export const importCycle = message('import-cycle', ({ files, span }: At & { files: readonly string[] }) => ({
  message: files.length === 2 ? 'this file imports itself' : 'files import one another in a circle',
  labels: [{ span, text: files.length === 2 ? 'imported here' : 'this import closes it' }],
  ...(files.length > 2 && { notes: [files.join(' imports ')] }),
}));

export const missingFile = message('missing-file', ({ path, span }: At & { path: string }) => ({
  message: `there is no file ${path}`,
  labels: [{ span, text: 'imported here' }],
}));

export const notExported = message(
  'not-exported',
  ({ name, path, span, help }: At & { name: string; path: string; help?: string }) => ({
    message: `${path} does not define ${name}`,
    labels: [{ span, text: 'not found there' }],
    ...(help !== undefined && { help }),
  }),
);

export const unused = message(
  'unused',
  ({ name, what, span, fix }: At & { name: string; what?: string; fix?: Fix | undefined }) => ({
    message: `${what === undefined ? '' : `the ${what} `}${name} is never used`,
    labels: [{ span, text: what === undefined ? 'no output, loss or metric depends on it' : 'nothing reads it' }],
    ...(fix && { fix }),
  }),
  'warning',
);
