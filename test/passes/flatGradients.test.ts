// Parameters whose gradient is zero by structure: reported as zeros and decayed, as in PyTorch, where another one learns; stopped ones are left.
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

const textOf = (loss: string, settings = ''): string => `model flat {
  input x: [batch]
  param w: f32 = 1.25
  param v: f32 = 1
  loss = ${loss}
  train {
    optimizer = sgd(lr = 0.1, weight_decay = 0.5)
    ${settings}
  }
}
`;

const x = Float32Array.of(1, 2);

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it.each(['round', 'floor', 'ceil', 'sign'])('what %s alone reads has the gradient 0 and decays', async (name) => {
    for (const settings of ['', 'clip_norm = 10', 'accumulate = 1']) {
      const { createTrainer } = await loadText(textOf(`mean(${name}(x * w)) + mean(x * v)`, settings), { target });
      const trainer = await createTrainer({ seed: 0 });
      const { gradients } = trainer.gradients({ x });
      expect([...gradients.w, ...gradients.v]).toEqual([0, 1.5]);
      trainer.step({ x });
      expect(trainer.parameters.w[0]).toBeCloseTo(1.25 - 0.1 * 0.5 * 1.25, 6);
      expect(trainer.parameters.v[0]).toBeCloseTo(1 - 0.1 * (1.5 + 0.5), 6);
    }
  });

  it('what is stopped has no gradient and stays', async () => {
    const { createTrainer } = await loadText(textOf('mean(stop_gradient(w) * x) + mean(x * v)'), { target });
    const trainer = await createTrainer({ seed: 0 });
    expect(Object.keys(trainer.gradients({ x }).gradients)).toEqual(['v']);
    trainer.step({ x });
    expect(trainer.parameters.w[0]).toBe(1.25);
  });

  it.each(['mean(round(x * w)) + mean(sign(x * v))', '1 - mean(f32(x * w > v))', 'mean(stop_gradient(w * x + v))'])(
    'no gradient anywhere is refused: %s',
    async (loss) => {
      await expect(loadText(textOf(loss, 'clip_norm = 1'), { target })).rejects.toThrow('nothing-to-train');
      await expect(loadText(textOf(loss), { target })).rejects.toThrow('nothing-to-train');
    },
  );
});
