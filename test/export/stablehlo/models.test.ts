// Exported modules are those that were run under JAX, and a trainer reports what they reported there: see record.py.
import { describe, expect, it } from 'vitest';
import { trainPy } from '../../../src/embedded.js';
import { predictGraph } from '../../../src/export/graphs.js';
import { chosen } from '../../support/full.js';
import { batch, digestOf, models, open, recorded, steps } from './models.js';

const record = recorded();

/** Small ones with each kind of layer, a checkpoint that went there and back, a table, several train blocks, and what is observed. */
const some = ['xor/xor', 'convnet', 'rnn', 'recommender', 'cart-pole', 'layer_norm_net'];
const paths = chosen([...models.keys()], (path) => some.some((name) => path.endsWith(`${name}.nn`)));

type Values = Readonly<Record<string, number>>;

/** What differs by more than a hundred-thousandth of the largest of them: a loss may be the difference of others. */
function differences(what: string, wanted: Values, found: Values): string[] {
  const largest = Math.max(...Object.values(wanted).map(Math.abs), 1e-3);
  return Object.entries(wanted).flatMap(([name, value]) =>
    Math.abs(value - found[name]) <= 1e-5 * largest ? [] : [`${what} ${name}: ${value} here, ${found[name]} under JAX`],
  );
}

it('every model was recorded, by the script of today', () => {
  expect(Object.keys(record.models).sort()).toEqual([...models.keys()].sort());
  expect(digestOf(trainPy)).toBe(record.script);
});

describe.each(paths)('%s', (path) => {
  const { modules, losses, outputs, evaluated, checkpoint } = record.models[path];
  const opened = open(path);

  it('is written as it was', () => {
    const written = [...opened.exported.modules].map(([name, text]) => [name, digestOf(text)] as const);
    expect(Object.fromEntries(written)).toEqual(modules);
  });

  it('gives the same numbers', async () => {
    const trainer = await opened.trainer();
    const first = opened.fed(0);
    const { predict, evaluate, observe, blocks } = opened.exported.manifest;
    const sums = ([...values]: Iterable<number>): [number, number] => [
      values.reduce((sum, v) => sum + v, 0),
      values.reduce((sum, v) => sum + v * v, 0),
    ];
    const needed = new Set(predictGraph(opened.model).inputs.map(({ name }) => name));
    const given = Object.fromEntries(Object.entries(first).filter(([name]) => needed.has(name)));
    const found = [];
    for (const [name, values] of Object.entries(predict ? trainer.predict(given) : {})) {
      const [mine, theirs] = [sums(Array.from(values)), outputs[name]];
      const scale = Math.sqrt(mine[1] * values.length);
      if (!(Math.abs(mine[0] - theirs[0]) <= 1e-5 * scale)) found.push(`the sum of ${name}: ${mine[0]}, ${theirs[0]}`);
      if (!(Math.abs(mine[1] - theirs[1]) <= 2e-5 * mine[1]))
        found.push(`squares of ${name}: ${mine[1]}, ${theirs[1]}`);
    }
    if (evaluate) found.push(...differences('evaluation', trainer.evaluate(first), evaluated));
    if (observe) trainer.observe(first);
    for (let step = 0; blocks.length > 0 && step < steps; step++) {
      const here = trainer.step(opened.fed(step));
      for (const devices of ['1', '8'] as const)
        found.push(...differences(`step ${step} on ${devices}`, here, losses[devices][step]));
    }
    expect(found).toEqual([]);
    if (checkpoint) await goesOn(checkpoint);
  });

  async function goesOn({ file, losses: after }: NonNullable<typeof checkpoint>): Promise<void> {
    const trainer = await opened.trainer();
    trainer.load(Buffer.from(file, 'base64'));
    expect(trainer.stepCount).toBe(steps);
    const found = after.flatMap((values, i) =>
      differences(`step ${steps + i}`, trainer.step(opened.fed(steps + i)), values),
    );
    expect(found).toEqual([]);
  }
});

it('train.py said which rows it left out, and on a line what was wrong', () => {
  const failed = (errors: string): [number, string, string] => [1, '', `error: ${errors}`];
  expect(record.messages).toEqual({
    'data.npz --epochs 1': [
      0,
      'flowers: 36 rows, 4 steps an epoch, 1 devices; 4 rows, which make no whole batch, are left out of each epoch; 4 of 12 rows to validate with, which make no whole batch, are left out; 4 of 12 rows to test with, which make no whole batch, are left out',
      '',
    ],
    'gone.npz': failed('the data file FOLDER/gone.npz cannot be read: No such file or directory'),
    'cut.npz': failed('the data file FOLDER/cut.npz is no whole .npz archive'),
    'lacking.npz': failed('the data have no kind: nnc data writes what flowers is fed'),
    'narrow.npz': failed('size of the data is float32[60, 1], expected float32[rows, 2]'),
    'uneven.npz': failed('the data have 60 rows of size, 9 rows of kind'),
    'data.npz --from gone.safetensors': failed('there is no file gone.safetensors'),
    'data.npz --from cut.safetensors': failed('cut.safetensors is no whole safetensors file of F32, I32 and BOOL'),
    'data.npz --from other.safetensors': failed('the checkpoint does not fit flowers: logits.dense.V, logits.dense.W'),
  });
});

it('two processes make an epoch of mnist as one trainer does', async () => {
  const opened = open('examples/mnist/mnist.nn');
  const trainer = await opened.trainer();
  const { image, label } = opened.fed(0, 6 * batch);
  for await (const { losses } of trainer.fit({ image: image.data, label: label.data }, { epochs: 1, batch }))
    expect(differences('epoch', losses as Values, record.hosts)).toEqual([]);
  expect(trainer.stepCount).toBe(6);
});
