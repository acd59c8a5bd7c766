// Loops over rows bind every axis that their parts read.
import { expect, it } from 'vitest';
import { usesOf } from '../../src/codegen/uses.js';
import { check, programOf } from '../../src/compile.js';

it('leaves the row whole where a part reads it under a quotient', () => {
  const text = `model heads {
  input x: [batch, 16, 4]
  h = x |> dense(96)
  s = rearrange(h, "b t (k h e) -> k b h t e", k = 3, h = 4)
  output h
  loss = mean(s[0]^2 * s[1] + exp(s[2]))
  train { optimizer = adam(lr = 0.1) }
}`;
  const { model } = check({ file: 'heads.nn', text });
  if (!model) throw new Error('the model has errors');
  const { kernels } = programOf(model, 'ts');
  const bias = kernels.find((k) => k.name === 'update_h.dense.b');
  expect(bias?.plan).toContain('rows i:96');
  for (const kernel of kernels)
    expect(
      [...usesOf(kernel).axes].map((a) => a.name),
      kernel.name,
    ).toEqual([]);
});
