// What can be wrong with a data file: each message names the file, the place in it, what came and what was expected.
import { message } from './diagnostic.js';
import { counted } from './quote.js';

/** Where in the data: `digits.csv, line 17, column "label"`. */
type Place = string;

export const dataUnreadable = message<{ file: string; reason: string }>('data-unreadable', ({ file, reason }) => ({
  message: `the data file ${file} cannot be read: ${reason}`,
  labels: [],
  ...(!/^([/\\]|\w:)/.test(file) && { help: 'paths in a data source start from the folder of the .nn file' }),
}));

export const dataMalformed = message<{ place: Place; reason: string }>('data-malformed', ({ place, reason }) => ({
  message: `${place}: ${reason}`,
  labels: [],
}));

export const dataEmpty = message<{ place: Place }>('data-empty', ({ place }) => ({
  message: `${place} holds no rows`,
  labels: [],
}));

export const dataInputMissing = message<{ input: string; type: string; source: string; form: string }>(
  'data-input-missing',
  ({ input, type, source, form }) => ({
    message: `${source} gives nothing for the input ${input}: ${type}`,
    labels: [],
    help: `name it in the data source, as in ${form}`,
  }),
);

export const dataInputUnknown = message<{
  name: string;
  source: string;
  inputs: readonly string[];
  settings?: readonly string[];
}>('data-input-unknown', ({ name, source, inputs, settings = [] }) => ({
  message: `${source} names ${name}, which is not an input of the model`,
  labels: [],
  notes: [
    `the inputs are ${inputs.join(', ')}`,
    ...(settings.length === 0 ? [] : [`the source itself takes ${settings.join(', ')}`]),
  ],
}));

export const dataFieldForm = message<{ name: string; source: string; expected: string }>(
  'data-field',
  ({ name, source, expected }) => ({ message: `${source}: ${name} should be ${expected}`, labels: [] }),
);

/** `columns`: the first of so many as there are. */
export const dataColumnMissing = message<{
  file: string;
  column: string;
  count: number;
  columns: readonly string[];
  near?: string;
}>('data-column-missing', ({ file, column, count, columns, near }) => ({
  message: `${file} has no column ${column}`,
  labels: [],
  notes: [
    `its ${count === 1 ? 'only column is' : `${count} columns are`} ${columns.join(', ')}${count > columns.length ? ', …' : ''}`,
  ],
  ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
}));

export const dataLimit = message<{ place: Place; what: string; most: string }>(
  'data-limit',
  ({ place, what, most }) => ({
    message: `${place}: ${what} would take more than ${most}, the most that is read`,
    labels: [],
    help: 'a module("./data.mjs") that exports `train` can read anything',
  }),
);

export const dataRowLength = message<{ place: Place; found: number; expected: number }>(
  'data-row-length',
  ({ place, found, expected }) => ({
    message: `${place}: found ${counted(found, 'column')}, expected ${expected} as in the rows above`,
    labels: [],
  }),
);

export const dataValue = message<{ place: Place; found: string; input: string; expected: string }>(
  'data-value',
  ({ place, found, input, expected }) => ({
    message: `${place}: found ${found}, expected ${expected}`,
    labels: [],
    notes: [`it is read for the input ${input}`],
  }),
);

export const dataMissing = message<{ place: Place; found: string; input: string }>(
  'data-missing',
  ({ place, found, input }) => ({
    message: `${place}: found ${found}: the value is missing`,
    labels: [],
    notes: [`it is read for the input ${input}`],
    help: 'write `missing = drop` in the data source to leave such rows out, or `missing = 0` to put a number there',
  }),
);

export const dataClassesMany = message<{
  place: Place;
  found: string;
  input: string;
  expected: number;
  words: readonly string[];
}>('data-classes', ({ place, found, input, expected, words }) => ({
  message: `${place}: found ${found}, one word more than the ${counted(expected, 'class', 'classes')} of ${input}`,
  labels: [],
  notes: words.length === 0 ? [] : [`before it stand ${words.join(', ')}`],
  help: 'give the input as many classes as there are words, index(N)',
}));

export const dataClassesFew = message<{
  place: Place;
  input: string;
  expected: number;
  found: number;
  words: readonly string[];
}>('data-classes', ({ place, input, expected, found, words }) => ({
  message: `${place}: found ${counted(found, 'word')}, expected ${expected}, as many as the classes of ${input}`,
  labels: [],
  notes: words.length === 0 ? [] : [`${found === 1 ? 'it is' : 'they are'} ${words.join(', ')}`],
  help: 'name classes that no row has: classes = ["…", "…"]',
}));

export const dataVocabulary = message<{ place: Place; found: number; expected: number; input: string }>(
  'data-vocabulary',
  ({ place, found, expected, input }) => ({
    message: `${place}: found ${counted(found, 'different character')}, expected ${expected}, as many as ${input} takes`,
    labels: [],
    help: `write index(${found})`,
  }),
);

export const dataShape = message<{ place: Place; input: string; found: string; expected: string }>(
  'data-shape',
  ({ place, input, found, expected }) => ({
    message: `${place}: ${found} does not fit the input ${input}: ${expected}`,
    labels: [],
  }),
);

export const dataRowsDisagree = message<{ source: string; input: string; rows: number; other: string; others: number }>(
  'data-rows',
  ({ source, input, rows, other, others }) => ({
    message: `${source}: the inputs have different numbers of rows`,
    labels: [],
    notes: [`${input} has ${rows}, and ${other} has ${others}`],
  }),
);

export const dataInputShape = message<{ input: string; type: string }>('data-input-shape', ({ input, type }) => ({
  message: `the input ${input}: ${type} cannot be fed from a data source`,
  labels: [],
  notes: ['a data source gives rows: the first dimension is free (the batch), and the others have known sizes'],
}));

export const dataModule = message<{ file: string; reason: string }>('data-module', ({ file, reason }) => ({
  message: `the data module ${file} ${reason}`,
  labels: [],
  notes: [
    'a data module exports `train`, and `validation` and `test` if it has them: objects of typed arrays by input name, or functions ({ epoch, seed, batch }) => batches',
  ],
}));

export const rowsSplit = message<{ model: string; rows: number; validation: number; test: number }>(
  'rows-split',
  ({ model, rows, validation, test }) => ({
    message: `of ${counted(rows, 'row')} the model ${model} holds back ${validation} to validate with and ${test} to test with, which leaves none to train on`,
    labels: [],
    help: 'hold back smaller shares',
  }),
);

export const batchesSplit = message<{ model: string }>('batches-split', ({ model }) => ({
  message: `the model ${model} holds back a share of its data, which come in batches: nobody knows how many rows there are`,
  labels: [],
  help: 'let the module export `validation` and `test`, and leave the shares out',
}));

export const batchesLooked = message<{ source: string }>('batches-looked', ({ source }) => ({
  message: `${source} gives batches, and rows are wanted here`,
  labels: [],
  help: 'name a file of rows with --data',
}));

export const dataAbsent = message<{ model: string }>('data-absent', ({ model }) => ({
  message: `the model ${model} does not say what data to train on`,
  labels: [],
  help: 'write `data = csv("rows.csv", x = 0..3, y = 4)` in its train block',
}));

export const lossAbsent = message<{ model: string; what: string }>('loss-absent', ({ model, what }) => ({
  message: `the model ${model} has no loss, so there is nothing to ${what}`,
  labels: [],
  help: 'give it a loss, as in `loss = mse(prediction, target)`',
}));

export const trainAbsent = message<{ model: string }>('train-absent', ({ model }) => ({
  message: `the model ${model} does not say how to train it`,
  labels: [],
  help: 'give it a train block: `train { optimizer = sgd(lr = 0.1) }`',
}));

export const trainRefused = message<{ model: string; reason: string }>('train-refused', ({ model, reason }) => ({
  message: `the model ${model} cannot be trained so: ${reason}`,
  labels: [],
}));

export const noUpdate = message<{ model: string; steps: number; accumulate: number }>(
  'no-update',
  ({ model, steps, accumulate }) => ({
    message: `the run of ${model} ends before its first update: it makes ${steps} ${steps === 1 ? 'step' : 'steps'}, and accumulate is ${accumulate}`,
    labels: [],
    help: 'train for more epochs, with smaller batches, or with a smaller accumulate',
  }),
  'warning',
);
