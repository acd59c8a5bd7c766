// The list of passes: stages fit together, optional ones can be left out, and what they make is the same without them.
import { describe, expect, it } from 'vitest';
import { passes } from '../../src/passes.js';
import { chosen } from '../support/full.js';
import { loadText } from '../support/trainer.js';

const optional = passes.flatMap(({ name, optional }) => (optional ? [name] : []));

/** Those that need not be left out on a target too: they do not run there, or change graphs, which are the other's as well. */
const ofOthers = {
  ts: ['hoist', 'shares', 'gather', 'threads', 'pace'],
  wasm: [
    ...passes.flatMap(({ name, from }) => (from === 'graph' || from === 'gradient' ? [name] : [])),
    ...['shares', 'gather'],
  ],
};

/** Layers in a repeat, activations kept for the backward pass, a schedule, sums over the batch, and moments. */
const text = `
model deep {
  input x: [batch, 6]
  input y: [batch, 3]
  h = x |> dense(8) |> repeat(5, dense(8) >> tanh)
  p = h |> dense(3) |> softmax
  output p
  loss = mean((p - y)^2)
  train {
    optimizer = adam(lr = 0.01)
    batch = 4
    memory = "small"
  }
}
`;

const inputs = {
  x: Float32Array.from({ length: 24 }, (_, i) => Math.sin(3 * i + 1)),
  y: Float32Array.from({ length: 12 }, (_, i) => Math.cos(5 * i)),
};

async function lossesOf(target: 'ts' | 'wasm', without: readonly string[]): Promise<number[]> {
  const { createTrainer } = await loadText(text, { target, without, verify: true });
  const trainer = await createTrainer({ seed: 3 });
  return Array.from({ length: 12 }, () => trainer.step(inputs).loss);
}

it('have names of their own, and each takes what there is when it runs', () => {
  expect(new Set(passes.map(({ name }) => name)).size).toBe(passes.length);
  passes.slice(1).forEach(({ name, from }, i) => expect(passes[i].to, name).toBe(from));
});

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  const left = chosen(optional, (name) => !ofOthers[target].includes(name));
  it.each([...left.map((name) => [name]), optional])('losses are the same without %s', async (...without) => {
    const [whole, less] = await Promise.all([lossesOf(target, []), lossesOf(target, without)]);
    expect(new Set(whole).size).toBe(12);
    less.forEach((loss, i) => expect(loss).toBeCloseTo(whole[i], 5));
  });
});
