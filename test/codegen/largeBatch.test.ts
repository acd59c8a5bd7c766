// A batch for which there is no memory: a RangeError that says so, and a trainer that goes on as if it had not been asked.
import { describe, expect, it } from 'vitest';
import { stateOf } from '../support/emitted.js';
import { loadText } from '../support/trainer.js';

const text = `model tagger {
  input word: index(20)[batch]
  input tag: index(3)[batch]
  vectors = word |> embedding(8)
  logits = vectors |> dense(4096) |> relu |> dense(3)
  output p = softmax(logits)
  loss = cross_entropy(logits, tag)
  train { optimizer = adam(), batch = 8 }
}
`;

/** A billion bytes of zeros cost nothing until they are read, and they are not. */
function examples(rows: number): { word: Uint8Array; tag: Uint8Array } {
  const word = new Uint8Array(rows);
  return { word, tag: word };
}

describe.each(['ts', 'wasm'] as const)('a billion rows on %s', (target) => {
  it('are a RangeError that changes nothing', async () => {
    const { createTrainer } = await loadText(text, { target });
    const [trainer, untouched] = [await createTrainer({ seed: 1 }), await createTrainer({ seed: 1 })];
    const few = examples(8);
    trainer.step(few);
    untouched.step(few);
    const before = stateOf(trainer);
    const many = examples(1e9);
    const calls = {
      step: () => trainer.step(many),
      evaluate: () => trainer.evaluate(many),
      gradients: () => trainer.gradients(many),
      predict: () => trainer.predict({ word: many.word }),
    };
    for (const [name, call] of Object.entries(calls)) {
      let thrown: unknown;
      try {
        call();
      } catch (error) {
        thrown = error;
      }
      expect(thrown, name).toBeInstanceOf(RangeError);
      expect(String(thrown)).toMatch(/^RangeError: memory: \d+ MiB are needed and cannot be had; use smaller batches$/);
    }
    expect(stateOf(trainer)).toBe(before);
    for (const rows of [8, 3, 50]) expect(trainer.step(examples(rows))).toEqual(untouched.step(examples(rows)));
    expect(stateOf(trainer)).toBe(stateOf(untouched));
  });

  it('asked for at the start are one too', async () => {
    const { createTrainer } = await loadText(text, { target });
    const start = async (): Promise<object> => createTrainer({ batch: 1e9 });
    await expect(start()).rejects.toThrow(/^memory: \d+ MiB are needed and cannot be had; use smaller batches$/);
    await expect(start()).rejects.toBeInstanceOf(RangeError);
  });
});
