// What a graph starts from: values that live in buffers. Leaves have no element rule.
import { constant as whole } from '../index.js';
import type { Op } from '../graph.js';
import type { TensorType } from '../types.js';

function leaf(name: string, summary: string): Op<{ name: string; type: TensorType }> {
  return { name, summary, type: (_, { type }) => type, samples: [] };
}

export const input = leaf('input', 'Fed at each call.');
export const parameter = leaf('parameter', 'What is trained (or frozen).');
export const state = leaf('state', 'A buffer that lives across steps and is not trained.');

export const slot: Op<{ parameter: string; name: string; type: TensorType }> = {
  name: 'slot',
  summary: 'Optimizer state of one parameter.',
  type: (_, { type }) => type,
  samples: [],
};

export const gradient: Op<{ parameter: string; type: TensorType }> = {
  name: 'gradient',
  summary: 'Stands for the gradient of a parameter until differentiation supplies it.',
  type: (_, { type }) => type,
  samples: [],
};

export const counter: Op<{ name: 'update' | 'draw' | 'seed' }> = {
  name: 'counter',
  summary: 'An integer that the trainer sets before each step: the number of the update, of the draw, or the seed.',
  type: () => ({ element: { kind: 'index', size: whole(2 ** 31) }, shape: [] }),
  samples: [],
};
