// What a graph starts from: values that live in buffers.
import { constant as whole } from '../index.js';
import { name } from '../formula/tree.js';
import type { Notation, Op } from '../graph.js';
import type { OpName } from './registry.js';
import type { TensorType } from '../types.js';

type Named = { name: string; type: TensorType };

/** Written as what it is called. */
const byName: Notation<{ name: string }> = {
  kind: 'form',
  write: (_, { attrs }) => name(attrs.name),
};

function leaf(name: OpName, summary: string): Op<Named> {
  return { kind: 'leaf', name, summary, type: (_, { type }) => type, notation: byName, samples: [] };
}

export const input: Op<Named> = leaf('input', 'Fed at each call.');
export const parameter: Op<Named> = leaf('parameter', 'What is trained (or frozen).');
export const state: Op<Named> = leaf('state', 'A buffer that lives across steps and is not trained.');

/** `player`: whose, where several may train the parameter. */
export const slot: Op<{ parameter: string; name: string; player?: string; type: TensorType }> = {
  kind: 'leaf',
  name: 'slot',
  summary: 'Optimizer state of one parameter.',
  type: (_, { type }) => type,
  notation: byName,
  samples: [],
};

export const gradient: Op<{ parameter: string; type: TensorType }> = {
  kind: 'leaf',
  name: 'gradient',
  summary: 'Stands for the gradient of a parameter until differentiation supplies it.',
  type: (_, { type }) => type,
  samples: [],
};

/**
 * What the trainer counts and knows before a step: `update` and `draw` are numbers of steps, `run` is how many updates the run makes,
 * `learning_rate_scale` is a number from 0 up that a program may set.
 */
export type CounterName = 'update' | 'run' | 'draw' | 'seed' | 'learning_rate_scale';

export const counter: Op<{ name: CounterName }> = {
  kind: 'leaf',
  name: 'counter',
  summary:
    'A number that the trainer sets before each step: the number of the update, how many the run makes, the number of the draw, the seed (integers), or the scale of learning rates.',
  type: (_, { name }) => ({
    element: name === 'learning_rate_scale' ? { kind: 'f32' } : { kind: 'index', size: whole(2 ** 31) },
    shape: [],
  }),
  notation: byName,
  samples: [],
};
