// A student that hears a teacher does better than one that does not, on the same digits from the same seed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { trainExample } from './train.js';

const folder = join(import.meta.dirname, '../../examples/distillation');
const student = readFileSync(join(folder, 'student.nn'), 'utf8');

describe('distillation', () => {
  it('makes more of 500 digits than their labels do', async () => {
    const { accuracyOn, firstDigits, opinionOf, study } = await import(join(folder, 'compare.mjs'));
    const digits = await import(join(folder, '../mnist/data.mjs'));
    const settings = { target: 'wasm', epochs: 1, rows: 20_000, set: { hidden: 128, drop: 0.1 } } as const;
    const { trainer: teacher } = await trainExample('distillation/teacher.nn', settings);
    const tested = firstDigits(digits.test, 2000);
    expect(accuracyOn(teacher, tested)).toBeGreaterThan(0.88);

    const found: number[] = [];
    for (const share of [0, 0.9]) {
      const code = await runnableText(student, { target: 'wasm', set: { teaching: 128, share } });
      const { createTrainer } = await importCode(code);
      const before = Float32Array.from(teacher.parameters['teacher.dense.W']);
      const options = { epochs: 20, batch: 32 };
      found.push(await study(createTrainer, 1, opinionOf(teacher), firstDigits(digits.train, 500), tested, options));
      expect(teacher.parameters['teacher.dense.W']).toEqual(before);
    }
    const [alone, taught] = found;
    expect(alone).toBeGreaterThan(0.75);
    expect(taught).toBeGreaterThan(alone + 0.02);
  });
});
