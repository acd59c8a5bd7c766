// fit: epochs, order, partial batches, validation, early stop, abort and resumption.
import { beforeAll, describe, expect, it } from 'vitest';
import { emitted, stateOf } from '../support/emitted.js';
import { linear } from '../support/programs.js';
import type { LoadedModule, LoadedTrainer } from '../support/trainer.js';

let module: LoadedModule;
beforeAll(async () => {
  module = await emitted(linear());
});

const count = 10;
const data = {
  x: Float32Array.from({ length: 3 * count }, (_, i) => Math.sin(i)),
  group: Uint8Array.from({ length: count }, (_, i) => i % 2),
  y: Float32Array.from({ length: count }, (_, i) => i),
};

/** What fit reports, and the targets of each step that it made. */
async function record(trainer: LoadedTrainer, options: object, source: object = data) {
  const steps: number[][] = [];
  const { step } = trainer;
  trainer.step = (inputs) => {
    steps.push([...(inputs as typeof data).y]);
    return step.call(trainer, inputs);
  };
  const progress: Record<string, unknown>[] = [];
  for await (const p of trainer.fit(source, options)) progress.push(p);
  return { steps, progress };
}

describe('fit', () => {
  it('takes every row once an epoch, in an order of its own, the last batch as large as is left', async () => {
    const { steps, progress } = await record(module.createTrainer(), { epochs: 2 });
    expect(steps.map((s) => s.length)).toEqual([4, 4, 2, 4, 4, 2]);
    const [first, second] = [steps.slice(0, 3).flat(), steps.slice(3).flat()];
    expect([...first].sort((a, b) => a - b)).toEqual([...data.y]);
    expect([...second].sort((a, b) => a - b)).toEqual([...data.y]);
    expect(first).not.toEqual(second);
    expect(progress.map((p) => [p.epoch, p.epochs, p.step, p.steps, p.rows, p.best])).toEqual([
      [1, 2, 3, 3, 10, true],
      [2, 2, 3, 3, 10, expect.any(Boolean)],
    ]);
  });

  it('repeats itself with the same seed, and keeps the order on request', async () => {
    const [a, b] = [module.createTrainer({ seed: 1 }), module.createTrainer({ seed: 1 })];
    expect(await record(a, { epochs: 2 })).toEqual(await record(b, { epochs: 2 }));
    const { steps } = await record(module.createTrainer(), { epochs: 1, shuffle: false, batch: 5 });
    expect(steps.flat()).toEqual([...data.y]);
  });

  it('holds rows back for validation, or takes other data', async () => {
    const trainer = module.createTrainer();
    const { steps, progress } = await record(trainer, { epochs: 2, validation: 0.3 });
    expect(new Set(steps.flat()).size).toBe(7);
    expect(progress.every((p) => typeof (p.validation as { loss: number }).loss === 'number')).toBe(true);
    const other = await record(trainer, { epochs: 1, validation: data });
    expect(other.steps.flat().length).toBe(10);
    expect((other.progress[0].validation as { loss: number }).loss).toBeCloseTo(trainer.evaluate(data).loss, 4);
  });

  it('tells the rows that it holds back, once', async () => {
    for (const report of ['epoch', 'step']) {
      const { steps, progress } = await record(module.createTrainer({ seed: 7 }), {
        epochs: 2,
        validation: 0.3,
        report,
      });
      const { heldOut } = progress[0] as { heldOut: number[] };
      expect(heldOut.length).toBe(3);
      expect([...new Set([...steps.flat(), ...heldOut])].sort((a, b) => a - b)).toEqual([...data.y]);
      expect(progress.slice(1).some((p) => 'heldOut' in p)).toBe(false);
      const trainer = module.createTrainer({ seed: 7 });
      const rows = (of: Float32Array | Uint8Array, width: number) =>
        heldOut.flatMap((row) => [...of.subarray(width * row, width * (row + 1))]);
      const last = {
        x: Float32Array.from(rows(data.x, 3)),
        group: Uint8Array.from(rows(data.group, 1)),
        y: Float32Array.from(heldOut),
      };
      for await (const p of trainer.fit(data, { epochs: 1, validation: 0.3 }))
        expect((p.validation as { loss: number }).loss).toBeCloseTo(trainer.evaluate(last).loss, 4);
    }
    const unshuffled = await record(module.createTrainer(), { epochs: 1, validation: 0.2, shuffle: false });
    expect(unshuffled.progress[0].heldOut).toEqual([8, 9]);
    const { progress } = await record(module.createTrainer(), { epochs: 1, validation: data });
    expect('heldOut' in progress[0]).toBe(false);
  });

  it('leaves a row to train on, and holds one back', async () => {
    const first = (rows: number): object => ({
      x: data.x.slice(0, 3 * rows),
      group: data.group.slice(0, rows),
      y: data.y.slice(0, rows),
    });
    const counts: number[][] = [];
    for (const [rows, validation] of [
      [3, 0.9],
      [3, 0.999],
      [3, 0.1],
      [2, 0.5],
      [1, 0.5],
      [10, 0.25],
      [10, 0],
    ]) {
      const { progress } = await record(module.createTrainer(), { epochs: 1, validation }, first(rows));
      counts.push([rows, progress[0].rows as number, (progress[0].heldOut as number[] | undefined)?.length ?? 0]);
    }
    expect(counts).toEqual([
      [3, 1, 2],
      [3, 1, 2],
      [3, 2, 1],
      [2, 1, 1],
      [1, 1, 0],
      [10, 7, 3],
      [10, 10, 0],
    ]);
  });

  it('reports means over the rows', async () => {
    const trainer = module.createTrainer();
    const losses: number[] = [];
    const { step } = trainer;
    trainer.step = (inputs) => {
      const result = step.call(trainer, inputs);
      losses.push(result.loss);
      return result;
    };
    const reported: number[] = [];
    for await (const p of trainer.fit(data, { epochs: 1, report: 'step' }))
      reported.push((p.losses as { loss: number }).loss);
    expect(reported.length).toBe(3);
    expect(reported[2]).toBeCloseTo((4 * losses[0] + 4 * losses[1] + 2 * losses[2]) / 10, 6);
  });

  it('stops when nothing gets better, and restores the best epoch', async () => {
    const trainer = module.createTrainer();
    // Validation data that training moves away from.
    const against = { ...data, y: data.y.map((v) => -10 * v) };
    const progress: { epoch: number; validation: { loss: number } }[] = [];
    let best: Float32Array | undefined;
    for await (const p of trainer.fit(data, { epochs: 50, validation: against, patience: 2 })) {
      progress.push(p as (typeof progress)[number]);
      if (p.best) best = trainer.parameters['line.W'].slice();
    }
    expect(progress.length).toBeLessThan(50);
    const lowest = Math.min(...progress.map((p) => p.validation.loss));
    expect(progress.at(-3)?.validation.loss).toBe(lowest);
    expect(trainer.parameters['line.W']).toEqual(best);
    expect(trainer.evaluate(against).loss).toBeCloseTo(lowest, 1);
  });

  it('ends when it is told to', async () => {
    const trainer = module.createTrainer();
    const controller = new AbortController();
    let seen = 0;
    for await (const { step } of trainer.fit(data, { epochs: 1000, report: 'step', signal: controller.signal })) {
      expect(step).toBeGreaterThan(0);
      if (++seen === 5) controller.abort();
    }
    expect(seen).toBe(5);
    expect(trainer.stepCount).toBeLessThan(7);
  });

  it('resumes in the middle of an epoch as if it had not stopped', async () => {
    const whole = module.createTrainer({ seed: 4 });
    await record(whole, { epochs: 3 });
    const first = module.createTrainer({ seed: 4 });
    for await (const { epoch, step } of first.fit(data, { epochs: 3, report: 'step' }))
      if (epoch === 2 && step === 2) break;
    expect(first.stepCount).toBe(5);
    const second = module.createTrainer({ parameters: first.save({ optimizer: true }) });
    await record(second, { epochs: 3, start: 5 });
    expect(stateOf(second)).toBe(stateOf(whole));
  });

  it.each([2, 3, 4])('resumes between two updates of %s calls of step each', async (accumulate) => {
    const { createTrainer } = await emitted(linear({ accumulate }));
    const whole = createTrainer({ seed: 4 });
    await record(whole, { epochs: 3 });
    for (let stop = 1; stop < 9; stop++) {
      const before = createTrainer({ seed: 4 });
      let start = 0;
      for await (const { epoch, step, steps } of before.fit(data, { epochs: 3, report: 'step' })) {
        start = ((epoch as number) - 1) * (steps as number) + (step as number);
        if (start === stop) break;
      }
      const file = before.save({ optimizer: true });
      const header = new TextDecoder().decode(file).slice(8);
      expect(JSON.parse(/"__metadata__":(\{[^}]*\})/.exec(header)?.[1] ?? '').draw).toBe(String(start));
      expect(before.stepCount).toBe(Math.floor(start / accumulate));
      const after = createTrainer({ seed: 9, parameters: file });
      await record(after, { epochs: 3, start });
      expect(stateOf(after)).toBe(stateOf(whole));
    }
  });

  it('says what is wrong with the data and the options', async () => {
    const trainer = module.createTrainer();
    const message = (options: object, source: object = data): Promise<string> =>
      record(trainer, options, source).then(
        () => 'no error',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect([
      await message({}, { ...data, y: new Float32Array(9) }),
      await message({}, { ...data, x: new Float32Array(10) }),
      await message({}, { x: data.x, y: data.y }),
      await message({ batch: 0 }),
      await message({ epochs: 1.5 }),
      await message({ validation: 1 }),
    ]).toMatchInlineSnapshot(`
      [
        "RangeError: y: expected 10 rows, as many as x has, got 9",
        "RangeError: x: expected rows of 3 values, got 10 values",
        "TypeError: group: this input is missing in data, which has x, y",
        "RangeError: batch: expected a whole number of at least 1, got 0",
        "RangeError: epochs: expected a whole number of at least 1, got 1.5",
        "RangeError: validation: expected a share of the rows from 0 to below 1, or data, got 1",
      ]
    `);
  });
});
