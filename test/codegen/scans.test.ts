// Scans in trainers: losses and gradients of TypeScript and WebAssembly are what the reference evaluator says, at several batch sizes.
import { describe, it } from 'vitest';
import { agree } from '../support/agree.js';
import type { RandomModel } from '../support/randomModel.js';
import { createDraws } from '../support/sampleTypes.js';
import { scans } from '../support/scans.js';

const inputs: RandomModel['inputs'] = (rows, seed) => {
  const draw = createDraws(seed);
  return { x: Float32Array.from({ length: rows * 6 }, () => 2 * draw() - 1) };
};

function modelOf(scan: string): RandomModel {
  const text = `model m {
  input x: [batch, 3, 2]
  param start: [2] ~ normal(std = 0.5)
  param w: [2, 2] ~ normal(std = 0.7)
  param s: f32 = 0.6
  param p: [3, 2] ~ normal(std = 0.8)
  z = broadcast(start, [batch, 2]) + 0.1 * x[:, 1]
  ${scan}
  loss = mean((y + 0.1 * sum(w) + 0.1 * sum(p) + s + 0.1 * sum(z, axis = 0)[0])^2)
  train { optimizer = sgd(lr = 0.1) }
}`;
  return { text, inputs };
}

describe('a trainer with a scan', () => {
  it.each(Object.entries(scans))('%s', (_, scan) => agree(modelOf(scan), 5));
});
