// Which inputs the entries of a trainer need, and what they share.
import { describe, expect, it } from 'vitest';
import { inputsToLearn } from '../../src/passes/entries.js';
import { check, programOf } from '../../src/compile.js';
import { runsOf } from '../../src/ir/runs.js';

function namesFor(body: string): string[] {
  const text = `model m {\n  input x: [batch, 3]\n  input z: [count, 2]\n${body}\n}`;
  const { model } = check({ file: 'model.nn', text });
  if (!model) throw new Error('the model has errors');
  return inputsToLearn(model).map(({ name }) => name);
}

describe('inputs to learn from', () => {
  it('are those of losses and metrics, not those that only outputs read', () => {
    const decoder = 'decode = dense(3)\nloss = mse(x |> dense(2) |> decode, x)\noutput sample = decode(z)';
    expect(namesFor(decoder)).toEqual(['x']);
    expect(namesFor(`${decoder}\nmetric spread = mean(z^2)`)).toEqual(['x', 'z']);
  });

  it('are also those of states', () => {
    const decode = 'decode = dense(3) >> batch_norm\nloss = mse(x |> dense(2) |> decode, x)\noutput sample = decode(z)';
    expect(namesFor(decode)).toEqual(['x', 'z']);
  });

  it('tell the sizes that are read', () => {
    const sized = 'loss = mean((x |> dense(1))^2) / count\noutput z2 = z |> dense(1)';
    expect(namesFor(sized)).toEqual(['x', 'z']);
  });
});

describe('step and gradients', () => {
  const shareProduct = (optimizer: string): boolean => {
    const text = `model m {\n  input x: [batch, 40]\n  loss = mean((x |> dense(10))^2)\n  train { optimizer = ${optimizer} }\n}`;
    const { model } = check({ file: 'model.nn', text });
    if (!model) throw new Error('the model has errors');
    const { step, gradients } = programOf(model, 'wasm').entries;
    if (!step || !gradients) throw new Error('there are no such entries');
    const inStep = new Set([...runsOf(step.steps)].map((run) => run.kernel));
    return [...runsOf(gradients.steps)].some(({ kernel }) => kernel.name === 'd_loss.dense.W' && inStep.has(kernel));
  };

  it('share the product that is a gradient where the update reads slots', () => {
    expect(shareProduct('sgd(lr = 0.1, momentum = 0.9)')).toBe(true);
    expect(shareProduct('sgd(lr = 0.1)')).toBe(false);
  });
});
