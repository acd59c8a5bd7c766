// The examples of the drawer: models of the repository, each with the data that it is trained on here.
import type { DataChoice } from '../data/choice.js';

export interface Example {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly data: DataChoice;
  readonly load: () => Promise<{ readonly default: string }>;
}

export const examples: readonly [Example, ...Example[]] = [
  {
    id: 'xor',
    title: 'Exclusive or',
    about: 'Why a hidden layer is needed.',
    data: { kind: 'xor' },
    load: () => import('../../../examples/xor/xor.nn?raw'),
  },
  {
    id: 'textbook',
    title: 'The textbook network',
    about: '2 inputs, 3 hidden units, 1 output: every number of the delta rule, worked.',
    data: { kind: 'csv', name: 'sample.csv', text: 'x1,x2,y\n0.5,0.8,1\n' },
    load: () => import('../../../examples/textbook/textbook.nn?raw'),
  },
  {
    id: 'spirals',
    title: 'Two spirals',
    about: 'A boundary that winds around itself.',
    data: { kind: 'spirals' },
    load: () => import('../../../examples/spirals/spirals.nn?raw'),
  },
  {
    id: 'iris',
    title: 'Irises',
    about: 'Three species from four measurements.',
    data: { kind: 'iris' },
    load: () => import('../../../examples/iris/iris.nn?raw'),
  },
  {
    id: 'digits',
    title: 'Handwritten digits',
    about: '28×28 pixels, a hidden layer of 128, ten classes.',
    data: { kind: 'digits' },
    load: () => import('../../../examples/mnist/mnist.nn?raw'),
  },
  {
    id: 'moby-dick',
    title: 'A character transformer',
    about: 'What comes next in a text? Causal attention, two blocks.',
    data: { kind: 'text' },
    load: () => import('../../../examples/moby-dick/moby-dick.nn?raw'),
  },
];

export function exampleNamed(id: string | null): Example | undefined {
  return examples.find((example) => example.id === id);
}
