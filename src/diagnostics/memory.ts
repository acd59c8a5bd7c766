// What takes more memory than it may.
import { message, type Span } from './diagnostic.js';

export const modelTooLarge = message(
  'model-too-large',
  ({ name, bytes, limit, span }: { name: string; bytes: number; limit: number; span: Span }) => ({
    message: `${name} takes ${inGiB(bytes)} GiB of memory for one example, and the limit is ${inGiB(limit)} GiB`,
    labels: [{ span, text: 'its tensors are too large together' }],
    help: raised,
  }),
);

/** How a limit is raised. */
export const raised = 'the limit is raised with --memory-limit GIB, or memoryLimit in the options of compile';

/** `3,725`, `0.5` */
export function inGiB(bytes: number): string {
  const amount = bytes / 2 ** 30;
  return amount.toLocaleString('en', amount < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 });
}
