// What can go wrong with the files named on the command line.
import { message } from './diagnostic.js';
import { listed } from './quote.js';

export const fileUnreadable = message<{ file: string; reason: string }>('file-unreadable', ({ file, reason }) => ({
  message: `${file} cannot be read: ${reason}`,
  labels: [],
}));

export const outputUnwritable = message<{ stream: string; reason: string }>(
  'output-unwritable',
  ({ stream, reason }) => ({ message: `${stream} cannot be written: ${reason}`, labels: [] }),
);

export const importsMissing = message<{ path: string }>('imports-missing', ({ path }) => ({
  message: `no program in ${path} imports a .nn file`,
  labels: [],
  help: "name .nn files, or a folder of programs with lines such as import { createTrainer } from './mnist.nn'",
}));

/** `option`: as the import has it, `target=gpu`. */
export const importOption = message<{ file: string; option: string; expected: readonly string[] }>(
  'import-option',
  ({ file, option, expected }) => ({
    message: `an import of ${file} says ?${option}: expected ${listed(expected)}`,
    labels: [],
  }),
);

export const runExists = message<{ folder: string }>('run-exists', ({ folder }) => ({
  message: `${folder} holds a run already`,
  labels: [],
  help: 'name another folder, or overwrite it with --force',
}));

export const fileUnwritable = message<{ file: string; reason: string }>('file-unwritable', ({ file, reason }) => ({
  message: `${file} cannot be written: ${reason}`,
  labels: [],
}));

export const checkpointUnfit = message<{ file: string; model: string; reason: string }>(
  'checkpoint-unfit',
  ({ file, model, reason }) => ({ message: `${file} does not fit the model ${model}: ${reason}`, labels: [] }),
);

/** `missing`: none where the model has no adapters. */
export const adaptersMissing = message<{ file: string; model: string; missing: readonly string[] }>(
  'adapters-missing',
  ({ file, model, missing }) => ({
    message:
      missing.length === 0
        ? `the model ${model} has no adapters to merge`
        : `${file} lacks ${listed(missing)}: without adapters there is nothing to merge`,
    labels: [],
    help:
      missing.length === 0
        ? 'give the model with lora(…), to which the checkpoint belongs'
        : `${file} fits the model without adapters as it is`,
  }),
);

export const adaptersUnmergeable = message<{ model: string; names: readonly string[] }>(
  'adapters-unmergeable',
  ({ model, names }) => ({
    message: `${listed(names)} of the model ${model} cannot be merged`,
    labels: [],
    notes: ['an update is added to the weight W of x @ W, or x @ W + b, which is applied nowhere without the adapter'],
    help: 'put lora around each such layer',
  }),
);
