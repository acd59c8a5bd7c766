// What can be wrong where checkpoints of other frameworks become ours, and the other way round.
import { message } from './diagnostic.js';
import { listed } from './quote.js';

export const checkpointUnread = message<{ file: string; name: string; dtype: string }>(
  'checkpoint-unread',
  ({ file, name, dtype }) => ({
    message: `${name} of ${file} is ${dtype}: weights are read from F32, F64, F16, BF16, I32 and I64`,
    labels: [],
  }),
);

/** `dtype`: the type that cannot hold the value. */
export const checkpointOverflow = message<{ file: string; name: string; value: number; dtype: string }>(
  'checkpoint-overflow',
  ({ file, name, value, dtype }) => ({
    message: `${name} of ${file} holds ${value}, which is too large for ${dtype}`,
    labels: [],
    notes: ['it would become infinite'],
  }),
);

/** `ours`: `one` is a layer of the model, and `others` are modules of the file; else the other way round. */
export const weightsAmbiguous = message<{
  file: string;
  one: string;
  others: readonly string[];
  ours: boolean;
  example: string;
}>('weights-ambiguous', ({ file, one, others, ours, example }) => ({
  message: ours
    ? `${one} can be made of ${listed(others)} in ${file}: nothing decides which`
    : `${one} of ${file} fits ${listed(others)}: nothing decides which`,
  labels: [],
  notes: ['their shapes are the same, and their names say as much for one as for the other'],
  help: `say it in a file for --map: ${example}`,
}));

export const weightsMissing = message<{
  file: string;
  model: string;
  names: readonly string[];
  left: readonly string[];
}>('weights-missing', ({ file, model, names, left }) => ({
  message: `${file} has nothing for ${listed(names)} of the model ${model}`,
  labels: [],
  notes: left.length === 0 ? ['everything in it goes somewhere'] : [`what goes nowhere: ${listed(left)}`],
  help: 'say where they come from in a file for --map, or let them start anew with --allow-missing',
}));

export const weightsMapped = message<{ key: string; to: string; reason: string }>(
  'weights-map',
  ({ key, to, reason }) => ({
    message: `the map sends ${key} to ${to}, which cannot be: ${reason}`,
    labels: [],
  }),
);

export const weightsMapMalformed = message<{ file: string; reason: string }>(
  'weights-map-malformed',
  ({ file, reason }) => ({
    message: `${file} is not a map of weights: ${reason}`,
    labels: [],
    help: 'it is an object of JSON: { "THEIR TENSOR": { "to": "OUR TENSOR", "transpose": true } }, transpose being optional',
  }),
);
