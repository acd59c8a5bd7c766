// What stands in the way of importing a model of another framework.
import { message } from './diagnostic.js';
import { listed } from './quote.js';

/** `place`: where it stands in the file, such as config.layers[3]. */
export const importUnsupported = message<{
  file: string;
  what: string;
  place: string;
  reason: string;
  help?: string | undefined;
}>('import-unsupported', ({ file, what, place, reason, help }) => ({
  message: `${what} cannot be imported: ${reason}`,
  labels: [],
  notes: [`${file}, at ${place}`],
  ...(help !== undefined && { help }),
}));

/** `place`: of what is wrong in a file that is a model otherwise. */
export const importMalformed = message<{ file: string; reason: string; place?: string }>(
  'import-malformed',
  ({ file, reason, place }) => ({
    message: `${file} is no model that can be imported: ${reason}`,
    labels: [],
    ...(place === undefined
      ? {
          help: 'models are imported from model.json of TensorFlow.js, the JSON that to_json() of Keras gives, .keras and .onnx',
        }
      : { notes: [`${file}, at ${place}`] }),
  }),
);

export const importWeights = message<{ file: string; path: string; layer: string; found: readonly string[] }>(
  'import-weights',
  ({ file, path, layer, found }) => ({
    message: `the weights of ${file} do not fit its layer ${layer}`,
    labels: [],
    notes: [`${path} would be made of ${found.length === 0 ? 'nothing' : listed(found)}`],
  }),
);
