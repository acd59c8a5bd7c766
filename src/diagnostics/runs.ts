// What can go wrong with a run's folder and its checkpoints, and what is said of a run that learns badly.
import { message } from './diagnostic.js';

export const runAbsent = message<{ folder: string }>('run-absent', ({ folder }) => ({
  message: `${folder} holds no run: it has no run.json`,
  labels: [],
  help: '`nnc runs` lists the runs of this folder',
}));

export const runDamaged = message<{ file: string; reason: string }>('run-damaged', ({ file, reason }) => ({
  message: `${file} cannot be used: ${reason}`,
  labels: [],
}));

export const runChanged = message<{ folder: string; what: string; was: string; is: string }>(
  'run-changed',
  ({ folder, what, was, is }) => ({
    message: `the run ${folder} cannot go on: ${what}`,
    labels: [],
    notes: [`it was ${was}, and is ${is} now`],
    help: 'start a new run from its weights, with --from',
  }),
);

export const checkpointUnreadable = message<{ file: string; reason: string }>(
  'checkpoint-unreadable',
  ({ file, reason }) => ({ message: `the checkpoint ${file} cannot be read: ${reason}`, labels: [] }),
);

export const checkpointMisfit = message<{ file: string; model: string; reason: string }>(
  'checkpoint-misfit',
  ({ file, model, reason }) => ({
    message: `the checkpoint ${file} does not fit the model ${model}`,
    labels: [],
    notes: [reason],
  }),
);

/** `instead`: where what was learnt is kept now. */
export const runUnwritable = message<{ file: string; reason: string; instead?: string }>(
  'run-unwritable',
  ({ file, reason, instead }) => ({
    message: `${file} cannot be written: ${reason}`,
    labels: [],
    notes: [
      instead === undefined
        ? 'the checkpoint before is still there, and what was learnt since is lost'
        : `what was learnt is saved in ${instead} instead, and the checkpoint before is still there`,
    ],
  }),
);

export const checkpointAbsent = message<{ folder: string }>('checkpoint-absent', ({ folder }) => ({
  message: `the run ${folder} has no checkpoint yet`,
  labels: [],
}));

export const outputsAbsent = message<{ model: string }>('outputs-absent', ({ model }) => ({
  message: `the model ${model} has no outputs, so there is nothing to predict`,
  labels: [],
  help: 'declare them, as in `output probability = softmax(logits)`',
}));

export const outputRows = message<{ output: string; type: string }>('output-rows', ({ output, type }) => ({
  message: `the output ${output}: ${type} has no row for each row of the data, and fits no table`,
  labels: [],
  help: 'write arrays instead, with -o FILE.npz',
}));
