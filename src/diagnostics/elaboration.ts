// Messages of elaboration: names, calls, definitions, models and how to train them.
import { message, type Span } from './diagnostic.js';

interface At {
  readonly span: Span;
}

export const unknownName = message(
  'unknown-name',
  ({ name, span, nearest }: At & { name: string; nearest?: string }) => ({
    message: `nothing here is called ${name}`,
    labels: [{ span, text: 'not defined' }],
    ...(nearest !== undefined && { help: `did you mean ${nearest}?` }),
  }),
);

export const definedTwice = message('defined-twice', ({ name, span, first }: At & { name: string; first?: Span }) => ({
  message: `${name} is defined twice`,
  labels: [{ span, text: 'defined again' }, ...(first ? [{ span: first, text: 'first defined here' }] : [])],
  help: 'a name stands for one value in its body: give this one another name',
}));

export const notAFunction = message('not-a-function', ({ what, span, help }: At & { what: string; help?: string }) => ({
  message: `${what} cannot be called`,
  labels: [{ span, text: `this is ${what}` }],
  ...(help !== undefined && { help }),
}));

export const unknownArgument = message(
  'unknown-argument',
  ({ callee, name, span, nearest }: At & { callee: string; name: string; nearest?: string }) => ({
    message: `${callee} has no argument ${name}`,
    labels: [{ span, text: 'not one of its arguments' }],
    ...(nearest !== undefined && { help: `did you mean ${nearest}?` }),
  }),
);

export const missingArgument = message(
  'missing-argument',
  ({ callee, name, span }: At & { callee: string; name: string }) => ({
    message: `${callee} needs ${name}`,
    labels: [{ span, text: `${name} is not given` }],
  }),
);

export const tooManyArguments = message(
  'too-many-arguments',
  ({ callee, most, got, span }: At & { callee: string; most: number; got: number }) => ({
    message: `${callee} takes ${most === 1 ? 'one argument' : `${most} arguments`}, and got ${got}`,
    labels: [{ span, text: 'one too many' }],
  }),
);

export const givenTwice = message(
  'argument-given-twice',
  ({ callee, name, span }: At & { callee: string; name: string }) => ({
    message: `${callee} is given ${name} twice`,
    labels: [{ span, text: 'given again' }],
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
  message: `${names === 1 ? 'one name takes' : `${names} names take`} ${got === 1 ? 'one value' : `${got} values`}`,
  labels: [{ span, text: got === 1 ? 'this is one value' : `these are ${got} values` }],
}));

export const notSupported = message('not-supported-yet', ({ what, span }: At & { what: string }) => ({
  message: `${what} is not supported yet`,
  labels: [{ span, text: 'cannot be compiled so far' }],
}));

export const tooDeep = message('too-deep', ({ name, span }: At & { name: string }) => ({
  message: `calls of ${name} nest too deeply`,
  labels: [{ span, text: 'called again and again' }],
  help: 'a function cannot call itself: there is no run-time recursion',
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
  }),
);

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
  help: 'pick one with --model NAME',
}));

export const unknownModel = message(
  'unknown-model',
  ({ name, names, span }: At & { name: string; names: readonly string[] }) => ({
    message: `this file has no model ${name}`,
    labels: [{ span, text: `its models: ${names.join(', ') || 'none'}` }],
  }),
);

export const noLoss = message('no-loss', ({ name, span }: At & { name: string }) => ({
  message: `model ${name} has no loss`,
  labels: [{ span, text: 'there is nothing to minimise' }],
  help: 'add a line such as: loss = mse(prediction, target)',
}));

export const lossNotScalar = message(
  'loss-not-scalar',
  ({ what, type, span }: At & { what: string; type: string }) => ({
    message: `${what} is a single number, and this is ${type}`,
    labels: [{ span, text: type }],
    help: 'reduce it: mean(…) or sum(…)',
  }),
);

export const unknownSetting = message(
  'unknown-setting',
  ({ name, span, nearest }: At & { name: string; nearest?: string }) => ({
    message: `train has no setting ${name}`,
    labels: [{ span, text: 'not known' }],
    ...(nearest !== undefined && { help: `did you mean ${nearest}?` }),
  }),
);

export const badSetting = message(
  'bad-setting',
  ({ name, expected, got, span }: At & { name: string; expected: string; got: string }) => ({
    message: `${name} is ${expected}, and this is ${got}`,
    labels: [{ span, text: got }],
  }),
);

export const noSuchParameter = message(
  'pattern-matches-nothing',
  ({ pattern, names, span }: At & { pattern: string; names: readonly string[] }) => ({
    message: `no parameter is called ${pattern}`,
    labels: [{ span, text: 'matches nothing' }],
    notes: [`the parameters: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`],
  }),
);

export const nothingTrained = message('nothing-trained', ({ span }: At) => ({
  message: 'every parameter is frozen',
  labels: [{ span, text: 'nothing is left to train' }],
}));

export const noOptimizer = message('no-optimizer', ({ span, parameter }: At & { parameter: string }) => ({
  message: `${parameter} has no optimizer`,
  labels: [{ span, text: 'no pattern matches it, and there is no default' }],
  help: 'add a line such as: optimizer = adam(lr = 1e-3)',
}));

export const unknownOverride = message(
  'unknown-override',
  ({ name, span, nearest }: At & { name: string; nearest?: string }) => ({
    message: `the model has no parameter ${name} to set`,
    labels: [{ span, text: 'its parameters stand here' }],
    ...(nearest !== undefined && { help: `did you mean --set ${nearest}=…?` }),
  }),
);

export const importCycle = message('import-cycle', ({ files, span }: At & { files: readonly string[] }) => ({
  message: 'files import one another in a circle',
  labels: [{ span, text: 'this import closes it' }],
  notes: [files.join(' imports ')],
}));

export const missingFile = message('missing-file', ({ path, span }: At & { path: string }) => ({
  message: `there is no file ${path}`,
  labels: [{ span, text: 'imported here' }],
}));

export const notExported = message(
  'not-exported',
  ({ name, path, span, nearest }: At & { name: string; path: string; nearest?: string }) => ({
    message: `${path} does not define ${name}`,
    labels: [{ span, text: 'not found there' }],
    ...(nearest !== undefined && { help: `did you mean ${nearest}?` }),
  }),
);

export const unused = message(
  'unused',
  ({ name, span }: At & { name: string }) => ({
    message: `${name} is never used`,
    labels: [{ span, text: 'no output, loss or metric depends on it' }],
  }),
  'warning',
);

export const parameterNotTrained = message('nothing-to-train', ({ span, name }: At & { name: string }) => ({
  message: `the loss of ${name} does not depend on any parameter`,
  labels: [{ span, text: 'there is nothing to train' }],
}));
