// The loss of logits that are right with certainty: what is left of it is not lost beside the logits.
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

const logits = [15, -15, 30, -30, 100, -100, 0, 1, -0.5];

/** -t·log σ(x)·weight - (1 - t)·log(1 - σ(x)), of which nothing cancels, and its derivative. */
function exact(x: number, t: number, weight: number): { loss: number; slope: number } {
  const rest = Math.log1p(Math.exp(-Math.abs(x)));
  const [positive, negative] = [Math.max(-x, 0) + rest, Math.max(x, 0) + rest];
  const slope = (1 - t) / (1 + Math.exp(-x)) - (weight * t) / (1 + Math.exp(x));
  return { loss: weight * t * positive + (1 - t) * negative, slope };
}

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it.each([1, 3])('with a weight of %s', async (weight) => {
    const call = `binary_cross_entropy(s * w[0], t${weight === 1 ? '' : `, pos_weight = ${weight}`})`;
    const text = `model m { input s: [batch]\n input t: [batch]\n param w: [1] = 1\n loss = ${call} }`;
    const trainer = await (await loadText(text, { target })).createTrainer();
    for (const x of logits)
      for (const t of [0, 1, Math.fround(0.3)]) {
        const { loss, gradients } = await trainer.gradients({ s: Float32Array.of(x), t: Float32Array.of(t) });
        const { loss: value, slope } = exact(x, t, weight);
        expect(Math.abs(loss - value), `${x}, ${t}: ${loss}, not ${value}`).toBeLessThanOrEqual(4e-7 * value + 3e-45);
        // The sigmoid has 24 bits where it is near 1, as everywhere else.
        expect(Math.abs(gradients.w[0] - x * slope)).toBeLessThanOrEqual(
          Math.abs(x) * (4e-7 * Math.abs(slope) + 1.2e-7 * weight),
        );
      }
  });
});
