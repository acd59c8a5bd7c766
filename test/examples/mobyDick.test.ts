// The character transformer learns from the first pages, and writes on. How well it ends is in test/full/examples.test.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const folder = join(import.meta.dirname, '../../examples/moby-dick');

describe('moby-dick', () => {
  it('learns from the first 64,000 characters, and writes on', async () => {
    const { train, test } = await import(join(folder, 'data.mjs'));
    const { alphabet, encode } = await import(join(folder, 'book.mjs'));
    const { write, generator } = await import(join(folder, 'write.mjs'));
    const { createTrainer } = await importCode(
      await runnableText(readFileSync(join(folder, 'moby-dick.nn'), 'utf8'), { target: 'wasm' }),
    );
    const trainer = await createTrainer({ seed: 1 });
    const unread = { text: test.text.subarray(0, 4096), next: test.next.subarray(0, 4096) };
    expect(trainer.evaluate(unread).loss).toBeCloseTo(Math.log(alphabet.length), 0);
    const first = { text: train.text.subarray(0, 64_000), next: train.next.subarray(0, 64_000) };
    for await (const { epoch } of trainer.fit(first, { epochs: 1, batch: 16 })) expect(epoch).toBe(1);
    // By the frequencies of characters alone it would be 3.1.
    expect(trainer.evaluate(unread).loss).toBeLessThan(2.9);

    const text: string = write(trainer, 'The whale ', generator(1), 120);
    expect(text).toHaveLength(130);
    expect(text.startsWith('The whale ')).toBe(true);
    expect(write(trainer, 'The whale ', generator(1), 120)).toBe(text);
    expect(Array.from(encode('é[') as Int32Array, (i) => alphabet[i])).toEqual([' ', '[']);
  });
});
