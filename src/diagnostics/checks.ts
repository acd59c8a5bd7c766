// What the checks of a model find: a gradient that differences do not confirm, a target that computes something else.
import { message, type Span } from './diagnostic.js';
import { counted } from './quote.js';

interface WrongGradient {
  readonly parameter: string;
  readonly span?: Span;
  /** Of second order: a product of the Hessian. */
  readonly what: string;
  /** `[1, 2]`, or absent along a direction through all elements. */
  readonly place?: string;
  readonly gradient: string;
  readonly differences: string;
  readonly error: string;
  readonly limit: string;
  /** How many parameters fail. */
  readonly failing: number;
  /** Functions whose declared gradients stand on the way. */
  readonly declared: readonly string[];
}

export const gradientWrong = message<WrongGradient>('gradient-wrong', (wrong) => {
  const { parameter, span, what, place, gradient, differences, error, limit, failing, declared } = wrong;
  const where = place === undefined ? 'along a random direction' : `at ${place}`;
  return {
    message: `${what} of ${parameter} is not what differences give: ${where} it is ${gradient}, and differences give ${differences}`,
    labels: span ? [{ span, text: parameter }] : [],
    notes: [
      `that is off by ${error} of its largest element, and the limit is ${limit}`,
      ...(failing > 1 ? [`${counted(failing, 'parameter')} fail, and this one is off most`] : []),
      ...(declared.length > 0
        ? [`on its way from the loss it goes through the declared gradient of ${declared.join(', ')}`]
        : []),
    ],
  };
});

export const lossNotFinite = message<{ model: string; loss: string; rows: string }>(
  'loss-not-finite',
  ({ model, loss, rows }) => ({
    message: `the loss of ${model} is ${loss} at ${rows}, so that nothing can be compared`,
    labels: [],
  }),
);

export const gradientUnproven = message<{ parameters: readonly string[] }>(
  'gradient-unproven',
  ({ parameters }) => ({
    message: `no element of ${parameters.join(', ')} could be compared: each lies nearer to a kink than the smallest step`,
    labels: [],
  }),
  'warning',
);

export const gradientZero = message<{ parameters: readonly string[]; rows: string }>(
  'gradient-zero',
  ({ parameters, rows }) => ({
    message: `every element of the gradient of ${parameters.join(', ')} is 0 at ${rows}, as differences are: that it agrees shows little`,
    labels: [],
    help: 'another --seed or other rows, where the loss depends on it, show more; a layer that is dead at its start learns nothing',
  }),
  'warning',
);

export const verificationFailed = message<{ model: string; check: string; reason: string }>(
  'verification-failed',
  ({ model, check, reason }) => ({ message: `${model}: ${check}: ${reason}`, labels: [] }),
);
