// What a verification compares: each kind of failure is found, and named.
import { describe, expect, it } from 'vitest';
import { agreementOf, memoryOf, repetitionOf, withoutPass, type Truth } from '../../src/cli/verification/agreement.js';
import { build, type Build, type Engine } from '../../src/cli/verification/compiled.js';
import type { Start } from '../../src/cli/targets.js';
import type { Trainer } from '../../src/cli/trainer.js';
import { syntheticInputs } from '../../src/data/synthetic.js';
import { check, differentiateModel } from '../../src/index.js';
import { gradientsAt } from '../../src/inspect/check/gradients.js';
import { groundOf } from '../../src/inspect/check/ground.js';
import { pointOf } from '../../src/inspect/check/point.js';
import { lossOf } from '../support/loss.js';

const source = {
  file: 'model.nn',
  text: `model m {
  input x: [batch, 3]
  h = x |> dense(4) |> tanh |> dropout(0.5)
  loss = mean((h |> dense(2))^2)
  train { optimizer = adam(), batch = 4 }
}
`,
};
const ts: Engine = { target: 'ts', threads: 1 };
const { model } = check(source);
if (!model) throw new Error('it has errors');
const inputs = syntheticInputs(model.inputs, () => 4, 1);
const arrays = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
const point = pointOf(model, { inputs: arrays, sizeOf: () => 4 }, 0);
const start: Start = { rows: { count: 4, sizeOf: () => 4, inputs, said: '4 made-up rows' }, point };
const loss = lossOf(model.training);
const truth: Truth = {
  loss: groundOf([loss], point).of(loss)[0],
  gradients: gradientsAt(differentiateModel(model).gradients, point),
};
const made = await build('ts', source, {});

/** The build with trainers that do something else. */
function changed(change: (trainer: Trainer, created: number) => Partial<Trainer>): Build {
  let created = 0;
  return {
    ...made,
    module: {
      async createTrainer(options) {
        const trainer = await made.module.createTrainer(options);
        const bound = <K extends 'step' | 'gradients' | 'save' | 'dispose'>(name: K): Trainer[K] =>
          trainer[name].bind(trainer) as Trainer[K];
        const own = {
          step: bound('step'),
          gradients: bound('gradients'),
          save: bound('save'),
          dispose: bound('dispose'),
        };
        return { ...trainer, ...own, ...change(trainer, created++) };
      },
    },
  };
}

describe('targets', () => {
  it('agree', async () => {
    const found = await agreementOf(made, ts, start, truth, 'ts');
    expect(found.failures).toEqual([]);
    expect(found.gradients).toBeLessThan(1e-6);
  });

  it('differ in a loss', async () => {
    const { failures } = await agreementOf(made, ts, start, { ...truth, loss: truth.loss * 1.0001 }, 'ts');
    expect(failures).toEqual([{ check: 'ts', reason: expect.stringMatching(/^the loss is /) }]);
  });

  it.each(['off', 'absent', 'NaN'])('differ in an element: %s', async (how) => {
    const other = changed((trainer) => ({
      async gradients(given) {
        const found = await trainer.gradients(given);
        const gradients = Object.fromEntries(Object.entries(found.gradients).map(([n, d]) => [n, d.slice()]));
        const [name] = Object.keys(gradients);
        const largest = gradients[name].reduce((most, d) => Math.max(most, Math.abs(d)), 0);
        if (how === 'off') gradients[name][5] += 2e-4 * largest;
        else if (how === 'NaN') gradients[name][5] = NaN;
        else delete gradients[name];
        return { ...found, gradients };
      },
    }));
    const { failures } = await agreementOf(other, ts, start, truth, 'ts');
    expect(failures).toEqual([
      { check: 'ts', reason: expect.stringMatching(/^the gradient of h\.dense\.W is off by /) },
    ]);
  });
});

it('a pass that is left out changes nothing', async () => {
  const given = { source, options: {}, start, truth };
  expect(await withoutPass('join', made, ts, given)).toMatchObject({ without: 'join', same: false, failures: [] });
  const other = changed((trainer) => ({ step: async (x) => ({ ...(await trainer.step(x)), loss: 1 }) }));
  const { failures } = await withoutPass('join', { ...other, code: '' }, ts, given);
  expect(failures).toEqual([{ check: 'ts without join', reason: expect.stringMatching(/^the loss of step 1 is /) }]);
});

it('steps are the same each time', async () => {
  expect(await repetitionOf(made, ts, start)).toMatchObject({ same: true, failures: [] });
  let calls = 0;
  const late = changed((trainer) => ({
    step: async (x) => ({ ...(await trainer.step(x)), loss: ++calls === 180 ? 1 : 2 }),
  }));
  expect((await repetitionOf(late, ts, start)).failures).toEqual([
    { check: 'repeatability on ts', reason: 'the losses of step 90 differ' },
  ]);
  const kept = changed((_, created) => ({ save: () => Uint8Array.of(created) }));
  expect((await repetitionOf(kept, ts, start)).failures).toEqual([
    { check: 'repeatability on ts', reason: 'what is kept after 100 steps differs' },
  ]);
});

it('memory is what was planned', async () => {
  expect((await memoryOf(made, ts, start)).failures).toEqual([]);
  const more = { ...made, code: `${made.code}\ncounted.push(new Float32Array(3));` };
  expect((await memoryOf(more, ts, start)).failures).toEqual([
    { check: 'memory on ts', reason: expect.stringMatching(/^\d+ bytes are planned, and \d+ allocated$/) },
  ]);
});
