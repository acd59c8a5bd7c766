// What can go wrong where a model is written for other engines.
import { message, type Span } from './diagnostic.js';

/** `what`: of the model, as the sentence goes on: `two values called x`. */
export const exportUnsaid = message<{
  format: string;
  what: string;
  span: Span;
  notes?: readonly string[];
  help?: string;
}>('export-unsaid', ({ format, what, span, notes = [], help }) => ({
  message: `${format} cannot say ${what}`,
  labels: [{ span, text: '' }],
  notes: [...notes, 'nothing was written'],
  ...(help !== undefined && { help }),
}));

/** A step is asked for of a model that has none. */
export const exportWithoutStep = message<{ model: string; span: Span }>('export-without-step', ({ model, span }) => ({
  message: `the model ${model} has no train block, so there is no step to export`,
  labels: [{ span, text: '' }],
  help: 'leave --step out: what is exported then is what predict computes',
}));

/** The number of rows that is asked for is not one that the model can have. `owner`: the layer or function that says so. */
export const exportUnfit = message<{ batch: number; required: string; owner: string; span: Span }>(
  'export-unfit',
  ({ batch, required, owner, span }) => ({
    message: `${owner}: ${required}`,
    labels: [{ span, text: '' }],
    notes: [`that does not hold for batches of ${batch} ${batch === 1 ? 'row' : 'rows'}`, 'nothing was written'],
    help: 'give another --batch',
  }),
);

/** A schedule follows the length of the run. */
export const exportWithoutRun = message<{ model: string; span: Span }>('export-without-run', ({ model, span }) => ({
  message: `a learning rate of ${model} follows the length of the run`,
  labels: [{ span, text: '' }],
  notes: ['nothing was written'],
  help: 'say with --updates how many updates the run makes, or give the schedule its steps',
}));
