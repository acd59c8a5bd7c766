// Messages of declared gradients: what `gradient f(…, d) = …` must say of a function.
import { message, type Span } from './diagnostic.js';
import { counted } from './quote.js';

interface At {
  readonly span: Span;
}

export const gradientTwice = message('gradient-twice', ({ name, span, first }: At & { name: string; first: Span }) => ({
  message: `the gradient of ${name} is declared twice`,
  labels: [
    { span, text: 'declared again' },
    { span: first, text: 'first declared here' },
  ],
}));

/** `other`: what the file has by this name instead; `path`: where the function comes from. */
export const gradientOfNone = message(
  'gradient-of-none',
  ({ name, span, other, path, nearest }: At & { name: string; other?: string; path?: string; nearest?: string }) => ({
    message: `this file has no function ${name} whose gradient could be declared`,
    labels: [
      {
        span,
        text:
          other === undefined
            ? path === undefined
              ? 'not a function of this file'
              : `imported from "${path}"`
            : `${/^[aeiou]/.test(other) ? 'an' : 'a'} ${other}, not a fn`,
      },
    ],
    notes: ['a gradient stands in the file of its function: gradient NAME(…, d) = … beside fn NAME(…) = …'],
    ...(nearest !== undefined && nearest !== name && { help: `did you mean ${nearest}?` }),
  }),
);

export const gradientParameters = message(
  'gradient-parameters',
  ({ name, wanted, got, span }: At & { name: string; wanted: readonly string[]; got: number }) => ({
    message: `the gradient of ${name} takes what ${name} takes, and then the cotangent of its result`,
    labels: [{ span, text: got === wanted.length + 1 ? 'with no default' : counted(got, 'argument') }],
    help: `write gradient ${name}(${[...wanted, wanted.includes('d') ? 'd_result' : 'd'].join(', ')}) = …`,
  }),
);

export const gradientValues = message(
  'gradient-values',
  ({ name, wanted, got, span }: At & { name: string; wanted: readonly string[]; got: number }) => ({
    message: `the gradient of ${name} gives ${counted(got, 'value')}, and ${counted(wanted.length, 'argument')} would have one`,
    labels: [{ span, text: 'a cotangent for each argument in turn, separated by commas' }],
    notes: [`in this call they are of ${wanted.join(', ')}`],
  }),
);

export const gradientResult = message('gradient-result', ({ name, got, span }: At & { name: string; got: string }) => ({
  message: `the declared gradient of ${name} is of one tensor of numbers`,
  labels: [{ span, text: `here ${name} gives ${got}` }],
  help: 'declare the gradients of functions that each give one value',
}));
