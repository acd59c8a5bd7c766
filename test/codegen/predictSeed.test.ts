// predict(inputs, { seed }): draws in prediction are keyed by that seed, and by nothing else.
import { expect, it } from 'vitest';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const sampler = (train = 'train { optimizer = sgd(0.1) }'): string => `model vae {
  input x: [batch, 4]
  mean = x |> dense(2)
  z = mean + normal_like(mean)
  back = z |> dense(4) |> dropout(0.5)
  output z
  output coin = bernoulli(0.5, like = x)
  loss = mse(back, x)
  ${train}
}`;

const x = Float32Array.from({ length: 40 }, (_, i) => Math.cos(i));

async function start(target: 'ts' | 'wasm', text = sampler(), seed = 1): Promise<LoadedTrainer> {
  return (await loadText(text, { target })).createTrainer({ seed });
}

it.each(['ts', 'wasm'] as const)(
  'gives the draws of the seed, however many steps there were, on %s',
  async (target) => {
    const [trainer, other] = [await start(target), await start(target, sampler(), 2)];
    const coins = (of: LoadedTrainer, options?: { seed?: number }): number[] => [
      ...(of.predict({ x }, options)['coin'] as Float32Array),
    ];
    const first = coins(trainer, { seed: 5 });
    expect(new Set(first)).toEqual(new Set([0, 1]));
    expect(coins(trainer, { seed: 6 })).not.toEqual(first);
    expect(coins(other, { seed: 5 })).toEqual(first);
    for (let i = 0; i < 3; i++) trainer.step({ x });
    expect(coins(trainer, { seed: 5 })).toEqual(first);
    expect(coins(trainer, { seed: 2 ** 32 - 1 })).not.toEqual(first);
    // The largest seed fills the word: as 0 and as 1 it is another.
    expect(coins(trainer, { seed: 0 })).not.toEqual(coins(trainer, { seed: 2 ** 32 - 1 }));
    for (const each of [trainer, other]) each.dispose();
  },
);

it.each(['ts', 'wasm'] as const)('changes nothing of the steps that follow, on %s', async (target) => {
  const [one, two] = [await start(target), await start(target)];
  const plain = [...(one.predict({ x })['coin'] as Float32Array)];
  one.predict({ x }, { seed: 77 });
  expect([...(one.predict({ x }, {})['coin'] as Float32Array)]).toEqual(plain);
  for (let i = 0; i < 2; i++) {
    expect(one.step({ x })).toEqual(two.step({ x }));
    one.predict({ x }, { seed: i });
  }
  expect(one.save({ optimizer: true })).toEqual(two.save({ optimizer: true }));
  for (const each of [one, two]) each.dispose();
});

it('works with several train blocks, and of a model without a loss or draws', async () => {
  const players = await start(
    'ts',
    sampler('train { batch = 4 }\n  train all { loss = total, optimizer = sgd(0.1) }').replace(
      'loss =',
      'loss total =',
    ),
  );
  const z = [...(players.predict({ x }, { seed: 3 })['z'] as Float32Array)];
  const before = players.predict({ x })['z'];
  expect([...(players.predict({ x }, { seed: 3 })['z'] as Float32Array)]).toEqual(z);
  players.step({ x });
  expect(players.predict({ x })['z']).not.toEqual(before);
  const lone = await start('ts', 'model m {\n  input x: [batch, 4]\n  output y = uniform_like(x)\n}');
  expect(lone.predict({ x }, { seed: 1 })).toEqual(lone.predict({ x }, { seed: 1 }));
  expect(lone.predict({ x }, { seed: 1 })).not.toEqual(lone.predict({ x }, { seed: 2 }));
  const still = await start('ts', 'model m {\n  input x: [batch, 4]\n  output y = 2 * x\n}');
  expect(still.predict({ x }, { seed: 1 })).toEqual(still.predict({ x }));
});

it('refuses other options, and what is no seed', async () => {
  const trainer = await start('ts');
  const predict = (options: unknown) => () => trainer.predict({ x }, options as object);
  expect(predict({ sed: 1 })).toThrow(new TypeError('predict: there is no option sed: did you mean seed?'));
  expect(predict({ seed: '1' })).toThrow(TypeError);
  expect(predict({ seed: -1 })).toThrow(RangeError);
  expect(predict({ seed: 2 ** 32 })).toThrow(
    new RangeError('seed: expected a whole number from 0 to 4294967295, got 4294967296'),
  );
  expect(predict(null)).toThrow(TypeError);
  const each = trainer.predict as (inputs: object, index: number) => object;
  expect([{ x }, { x }].map(each).length).toBe(2);
});
