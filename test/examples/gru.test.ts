// The recurrent network learns from the first pages, and its one-step form writes on. How well it ends is in test/full/examples.test.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const folder = join(import.meta.dirname, '../../examples/gru');
const load = async (file: string, set: Record<string, number>) =>
  importCode(await runnableText(readFileSync(join(folder, file), 'utf8'), { target: 'wasm', set }));

describe('gru', () => {
  it('learns from the first 64,000 characters, and writes on, one character after another', async () => {
    const { train, test } = await import(join(folder, '../moby-dick/data.mjs'));
    const { alphabet, encode } = await import(join(folder, '../moby-dick/book.mjs'));
    const { generator } = await import(join(folder, '../moby-dick/write.mjs'));
    const { write } = await import(join(folder, 'write.mjs'));
    const set = { units: 64 };
    const trainer = await (await load('gru.nn', set)).createTrainer({ seed: 1 });
    const unread = { text: test.text.subarray(0, 4096), next: test.next.subarray(0, 4096) };
    expect(trainer.evaluate(unread).loss).toBeCloseTo(Math.log(alphabet.length), 0);
    const first = { text: train.text.subarray(0, 64_000), next: train.next.subarray(0, 64_000) };
    for await (const { epoch } of trainer.fit(first, { epochs: 2, batch: 16 })) expect(epoch).toBeLessThan(3);
    // By the frequencies of characters alone it would be 3.1.
    expect(trainer.evaluate(unread).loss).toBeLessThan(2.6);

    // The writer is the same network: after the same characters it says what the other says at their last position.
    const writer = await (await load('writer.nn', set)).createTrainer();
    writer.load(trainer.save({ optimizer: true }));
    const begun = test.text.subarray(0, 64);
    const { logits } = trainer.predict({ text: begun });
    let before = new Float32Array(64);
    let said = new Float32Array();
    for (const character of begun) {
      const { memory, logits: next } = writer.predict({ text: Int32Array.of(character), before });
      [before, said] = [memory as typeof before, next as typeof said];
    }
    said.forEach((z, i) => expect(z).toBeCloseTo(logits[63 * alphabet.length + i], 4));
    const text: string = write(writer, 'The whale ', generator(1), 120);
    expect(text).toHaveLength(130);
    expect(write(writer, 'The whale ', generator(1), 120)).toBe(text);
    expect(Array.from(encode('é['), (i) => alphabet[i as number])).toEqual([' ', '[']);
  });
});
