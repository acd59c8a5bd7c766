// Which inputs the entries of a trainer need.
import { describe, expect, it } from 'vitest';
import { inputsToLearn } from '../../src/passes/entries.js';
import { check } from '../../src/compile.js';

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
