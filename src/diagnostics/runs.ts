// What can go wrong with a run's folder and its checkpoints.
import { message, type Span } from './diagnostic.js';

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

/** `converted`: a type of its numbers that `nnc weights` makes F32 of. */
export const checkpointMisfit = message<{
  file: string;
  model: string;
  reason: string;
  converted?: string | undefined;
}>('checkpoint-misfit', ({ file, model, reason, converted }) => ({
  message: `the checkpoint ${file} does not fit the model ${model}`,
  labels: [],
  notes: [reason],
  ...(converted !== undefined && {
    help: `\`nnc weights MODEL.nn --from ${file} -o converted.safetensors\` makes F32 of its ${converted}`,
  }),
}));

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

/** The first value of a step that is not finite. */
interface FirstValue {
  readonly name?: string;
  readonly formula: string;
  readonly value: number;
  readonly at: readonly number[];
  readonly of: readonly { readonly formula: string; readonly value: number }[];
  readonly backward: boolean;
  readonly leaf: boolean;
}

export const notFinite = message<{
  model: string;
  loss: number;
  step: number;
  epoch: number;
  saved: string;
  first?: FirstValue;
  span?: Span;
  rows?: readonly number[];
  row?: number;
}>('not-finite', ({ model, loss, step, epoch, saved, first, span, rows, row }) => {
  const what = Number.isFinite(loss) ? 'a parameter is no finite number' : `the loss is ${loss}`;
  const shown = rows && `${rows.slice(0, 16).join(', ')}${rows.length > 16 ? ', …' : ''}`;
  return {
    message: `${model}: ${what} after step ${step}, in epoch ${epoch}`,
    labels: first && span ? [{ span, text: valueText(first) }] : [],
    notes: [
      first === undefined || span === undefined
        ? valueNote(first)
        : `that is the first value ${first.backward ? 'in the gradients ' : ''}that is not finite`,
      ...(row === undefined ? [] : [`it comes of row ${row} of the data, counted from 0`]),
      ...(shown === undefined ? [] : [`the step was fed the rows ${shown}`]),
      `the state before that step is saved in ${saved}`,
    ],
    help: first
      ? '--allow-nonfinite goes on all the same'
      : 'the update went beyond, or a sum in another order: try a lower learning rate',
  };
});

function valueNote(first: FirstValue | undefined): string {
  if (!first) return 'with every value computed in f32, all values of that step are finite';
  return `the first value that is not finite ${first.backward ? 'in the gradients ' : ''}is ${valueText(first)}`;
}

function valueText({ name, formula, value, at, of, leaf }: FirstValue): string {
  const place = at.length > 0 ? ` at [${at.join(', ')}]` : '';
  const given = of.map((input) => `${input.formula} is ${input.value}`).join(' and ');
  const made = leaf || name === formula ? (name ?? formula) : name === undefined ? formula : `${name} = ${formula}`;
  return `${made}: ${value}${place}${given && !leaf ? `, where ${given}` : ''}`;
}
