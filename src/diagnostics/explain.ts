// What can be asked in vain of a compiled model: names that it has not, and lines of which nothing is made.
import { message } from './diagnostic.js';
import { counted } from './quote.js';

export const valueUnknown = message<{ model: string; name: string; near?: string }>(
  'value-unknown',
  ({ model, name, near }) => ({
    message: `the model ${model} has no value or parameter ${name}`,
    labels: [],
    help:
      near === undefined
        ? 'parameters have their whole name, as in h.dense.W; values are called as in the model, or as nnc grad prints them'
        : `did you mean ${near}?`,
  }),
);

export const lineBeyond = message<{ file: string; line: number; count: number }>(
  'line-beyond',
  ({ file, line, count }) => ({
    message: `${file} has no line ${line}: it has ${counted(count, 'line')}`,
    labels: [],
  }),
);

/** `near`: lines that have what is missing. */
export const lineWithoutKernels = message<{ file: string; line: number; near: readonly number[] }>(
  'line-without-kernels',
  ({ file, line, near }) => ({
    message: `no kernel comes of line ${line} of ${file}`,
    labels: [],
    ...(near.length > 0 && { help: `kernels come of ${near.length === 1 ? 'line' : 'lines'} ${near.join(', ')}` }),
  }),
);

export const lineOfNoModel = message<{ file: string; line: number }>('line-of-no-model', ({ file, line }) => ({
  message: `line ${line} of ${file} comes of no line of a model`,
  labels: [],
  help: 'lines of kernels do, and the comments above them; the rest is what every trainer has',
}));

export const moduleForeign = message<{ file: string }>('module-foreign', ({ file }) => ({
  message: `${file} is not a module that nnc has written: its first lines do not say so`,
  labels: [],
  help: 'give the .nn file, or what nnc compile has written',
}));
