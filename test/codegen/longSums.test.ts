// Sums of many terms: as exact as they are promised to be, whatever is added up, with one thread or several.
import { describe, expect, it } from 'vitest';
import { longFold, longSums, promised, terms } from '../support/longSums.js';
import { loadText } from '../support/trainer.js';

const kinds = Object.entries(terms);

describe.each(['ts', 'wasm'] as const)('sums on %s', (target) => {
  it.each(Object.keys(longSums))('of %s', async (what) => {
    const { model, error } = longSums[what];
    const module = await loadText(model, { target });
    for (const [kind, term] of kinds)
      for (const count of [1_000, 20_011, 250_000])
        expect(await error(await module.createTrainer(), count, term), `${count} terms ${kind}`).toBeLessThanOrEqual(
          count === 1_000 ? 20 * promised : promised,
        );
  });

  it('of ten million terms', async () => {
    const { model, error } = longSums['a whole tensor'];
    const trainer = await (await loadText(model, { target })).createTrainer();
    expect(await error(trainer, 10_000_000, terms['of 0.1'])).toBeLessThanOrEqual(promised);
  });

  it('of a million terms in a contraction over the batch', async () => {
    const { model, error } = longSums['a contraction over the batch'];
    const trainer = await (await loadText(model, { target })).createTrainer();
    expect(await error(trainer, 1_000_000, terms['of two thirds'])).toBeLessThanOrEqual(promised);
  });

  it('of folds whose length is known', async () => {
    for (const length of [5_000, 100_003]) {
      const trainer = await (await loadText(longFold(length), { target })).createTrainer();
      for (const [kind, term] of kinds) {
        const x = new Float32Array(2 * length).map((_, i) => term(i));
        const { s, norm, total } = await trainer.predict({ x });
        const row = x.subarray(0, length);
        const [sum, size] = [
          row.reduce((a, v) => a + v * Math.fround(0.1), 0),
          row.reduce((a, v) => a + Math.abs(v), 0),
        ];
        expect(Math.abs(s[1] - sum) / (0.1 * size), `${length} terms ${kind}`).toBeLessThanOrEqual(promised);
        const squares = Math.sqrt(row.reduce((a, v) => a + v * v, 0));
        expect(Math.abs(norm[0] / squares - 1)).toBeLessThanOrEqual(promised);
        const exponentials = Math.log(row.reduce((a, v) => a + Math.exp(v), 0));
        expect(Math.abs(total[0] / exponentials - 1)).toBeLessThanOrEqual(promised);
      }
    }
  });

  it('of infinite terms, which stay infinite', async () => {
    const trainer = await (await loadText(longSums['a whole tensor'].model, { target })).createTrainer();
    const x = new Float32Array(5_000).fill(0.1);
    x[700] = Infinity;
    expect((await trainer.predict({ x })).s[0]).toBe(Infinity);
    x[4_000] = Infinity;
    expect((await trainer.predict({ x })).s[0]).toBe(Infinity);
    x[4_500] = -Infinity;
    expect((await trainer.predict({ x })).s[0]).toBe(NaN);
    x.fill(3e38);
    expect((await trainer.predict({ x })).s[0]).toBe(Infinity);
  });
});

it('sums are the same with any number of threads', async () => {
  const { model } = longSums['a contraction over the batch'];
  const module = await loadText(model, { target: 'wasm' });
  const x = new Float32Array(7 * 30_000).map((_, i) => terms['of either sign'](i));
  const y = new Float32Array(12 * 30_000).map((_, i) => terms['of 0.1'](i));
  const found: string[] = [];
  for (const threads of [1, 2]) {
    const trainer = await module.createTrainer({ threads });
    const { gradients } = await trainer.gradients({ x, y });
    found.push(Buffer.from(gradients.W.slice().buffer).toString('hex'));
    trainer.dispose();
  }
  expect(found[1]).toBe(found[0]);
});
