// What a train block says of a run: what decides the best epoch, when to stop, and whether rows are shuffled.
import { describe, expect, it } from 'vitest';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const rows = 6;
const data = {
  x: Float32Array.from({ length: 2 * rows }, (_, i) => Math.sin(3 * i)),
  y: Float32Array.from({ length: rows }, (_, i) => i),
};

/** The loss falls while `size` grows with the prediction. */
function textOf(settings: string): string {
  return `model monitored {
  input x: [batch, 2]
  input y: [batch]
  prediction = (x |> dense(1))[:, 0]
  loss fitting = mse(prediction, y)
  metric size = mean(prediction)
  train { optimizer = sgd(lr = 0.05), batch = 3, epochs = 8, seed = 1, ${settings} }
}`;
}

interface Report {
  readonly losses: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
  readonly best: boolean;
}

async function fitted(trainer: LoadedTrainer, options: object = {}): Promise<Report[]> {
  const reports: Report[] = [];
  for await (const report of trainer.fit(data, options)) reports.push(report as unknown as Report);
  return reports;
}

/** Which values are better than all before. */
function records(values: readonly number[], sign: number): boolean[] {
  return values.map((value, i) => values.slice(0, i).every((before) => sign * value < sign * before));
}

describe('monitor', () => {
  it.each([
    ['seed = 1', 'loss', 1],
    ['monitor = "loss"', 'loss', 1],
    ['monitor = "fitting"', 'fitting', 1],
    ['monitor = "size"', 'size', -1],
    ['monitor = "-size"', 'size', 1],
    ['monitor = "-fitting"', 'fitting', 1],
  ])('decides which epoch is the best: %s', async (setting, name, sign) => {
    const { createTrainer } = await loadText(textOf(setting.replace('seed = 1', 'validation = 0')), { target: 'ts' });
    const reports = await fitted(createTrainer());
    expect(reports.map(({ best }) => best)).toEqual(
      records(
        reports.map(({ losses }) => losses[name]),
        sign,
      ),
    );
    const checked = await fitted(createTrainer(), { validation: { x: data.x, y: data.y.map((v) => 1 - 2 * v) } });
    const values = checked.map(({ validation = {} }) => validation[name]);
    expect(checked.map(({ best }) => best)).toEqual(records(values, sign));
  });

  it('as an option goes before what the model says, and names what there is', async () => {
    const { createTrainer } = await loadText(textOf('monitor = "-size"'), { target: 'ts' });
    const reports = await fitted(createTrainer(), { monitor: 'size' });
    expect(reports.map(({ best }) => best)).toEqual(
      records(
        reports.map(({ losses }) => losses.size),
        -1,
      ),
    );
    expect(() => createTrainer().fit(data, { monitor: 'accuracy' })).toThrow(
      'monitor: expected loss, fitting, size, or "-NAME" where lower is better, got "accuracy"',
    );
    expect(() => createTrainer().fit(data, { monitor: 1 })).toThrow(TypeError);
  });
});

describe('patience', () => {
  it('of the train block ends a run, and restores the best epoch', async () => {
    // The mean prediction grows from epoch to epoch.
    const { createTrainer } = await loadText(textOf('monitor = "-size", patience = 2'), { target: 'ts' });
    const trainer = createTrainer();
    let best: Float32Array | undefined;
    const reports: Report[] = [];
    for await (const report of trainer.fit(data)) {
      reports.push(report as unknown as Report);
      if (report.best) best = trainer.parameters['prediction.dense.W'].slice();
    }
    expect(reports.map((r) => r.best)).toEqual([true, false, false]);
    expect(trainer.parameters['prediction.dense.W']).toEqual(best);
    expect(trainer.stepCount).toBe(2);
    // More epochs than the run has: never.
    expect((await fitted(createTrainer(), { patience: 100 })).length).toBe(8);
  });
});

describe('shuffle', () => {
  it('= false takes rows as they come, and holds the last ones back', async () => {
    const { createTrainer } = await loadText(textOf('shuffle = false, validation = 0.5'), { target: 'ts' });
    const trainer = createTrainer();
    const { step } = trainer;
    const seen: number[] = [];
    trainer.step = (inputs) => {
      seen.push(...(inputs as typeof data).y);
      return step.call(trainer, inputs);
    };
    const [first] = await fitted(trainer, { epochs: 1 });
    expect(seen).toEqual([0, 1, 2]);
    expect((first as unknown as { heldOut: number[] }).heldOut).toEqual([3, 4, 5]);
    seen.length = 0;
    await fitted(trainer, { epochs: 1, shuffle: true, validation: 0 });
    expect(seen).not.toEqual([...data.y]);
  });
});
