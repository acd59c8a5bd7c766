// What an optimizer remembers of many parameters, told by their list: the tensors that would be written out one by one.
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { loadText } from '../support/trainer.js';

const deep = `model deep {
  input x: [batch, 2]
  h = x |> frozen(dense(3)) |> dense(3) |> dense(4) |> dense(2) |> dense(3) |> dense(5) |> dense(1)
  loss = mean((h - 1)^2)
  train { optimizer = adam(lr = 0.1)  batch = 2 }
}`;

const inputs = { x: Float32Array.of(0.5, -1, 2, 0.25) };

describe.each(['ts', 'wasm'] as const)('on %s a checkpoint of many parameters', (target) => {
  it('has the moments of those that are trained, and goes on exactly', async () => {
    const module = await loadText(deep, { target });
    const trainer = await module.createTrainer({ seed: 3 });
    for (let i = 0; i < 3; i++) trainer.step(inputs);
    const file = trainer.save({ optimizer: true });
    const { tensors } = readHeader(file, (reason) => new RangeError(reason));
    const trained = module.model.parameters.filter((p) => p.trained);
    expect(trained).toHaveLength(12);
    const moments = trained.flatMap(({ name, shape }) =>
      ['m', 'v'].map((slot) => [`optimizer/${name}/${slot}`, shape] as const),
    );
    const found = [...tensors].flatMap(([name, { shape }]) => (name.startsWith('optimizer/') ? [[name, shape]] : []));
    expect(found).toEqual(moments);
    expect(Object.keys(trainer.parameters)).toEqual(module.model.parameters.map(({ name }) => name));
    const other = await module.createTrainer({ parameters: file });
    expect(other.step(inputs)).toEqual(trainer.step(inputs));
    expect(other.save({ optimizer: true })).toEqual(trainer.save({ optimizer: true }));
  });
});
