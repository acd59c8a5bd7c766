// No NaN through a branch that was not taken: gradients of formulas full of choices, at the points where what was not chosen is singular.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formula, inputs, modelOf, width } from '../support/choices.js';
import { meaningOf } from '../support/randomModel.js';

const runs = process.env.FULL === '1' ? { numRuns: 5000 } : { numRuns: 300, seed: 1 };

/** Too large for what 32 bits and overflow say of it. */
const moderate = 1e9;

describe('a gradient', () => {
  it('is that of the branches taken alone', () => {
    let compared = 0;
    fc.assert(
      fc.property(formula, fc.array(inputs, { minLength: 1, maxLength: 3 }), (chosen, points) => {
        const text = modelOf(chosen);
        const meaning = meaningOf(text);
        for (const { x, y } of points) {
          const duals = Array.from({ length: width }, (_, i) => chosen.at({ x, y }, i));
          const value = duals.reduce((s, d) => s + d.value, 0);
          const expected = duals[0].by.map((_, k) => duals.reduce((total, d) => total + (d.by[k] ?? 0), 0));
          const fits = [value, ...expected].every((v) => Math.abs(v) < moderate);
          if (!fits) continue;
          compared++;
          const { loss, gradients } = meaning({ one: [1, 1, 1] }, { x, y }, 1, {});
          const found = [...(gradients.get('x') ?? [0, 0, 0]), ...(gradients.get('y') ?? [0, 0, 0])];
          const scale = Math.max(1, ...expected.map(Math.abs));
          const faults = found.flatMap((d, k) =>
            Math.abs(d - expected[k]) <= 1e-6 * scale ? [] : [`${k}: ${d}, right ${expected[k]}`],
          );
          expect(faults, `${text}\nx = [${x}] y = [${y}], loss ${loss}, right ${value}`).toEqual([]);
        }
      }),
      runs,
    );
    expect(compared).toBeGreaterThan(runs.numRuns / 4);
  });
});
