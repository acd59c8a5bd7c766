// Moving averages of weights against PyTorch's numbers, in double precision there: twenty steps.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Tensors = Readonly<Record<string, Tensor>>;

interface Recorded {
  readonly parameters: Tensors;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly losses: readonly number[];
  /** The loss by the averages, of the same rows after each step. */
  readonly evaluations: readonly number[];
  readonly after: Tensors;
  readonly averages: Tensors;
  /** Of the first step's rows, at the end. */
  readonly prediction: readonly number[];
}

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const recorded = JSON.parse(read('averages.json')) as Recorded;
const text = read('averages.nn');

function inputsAt(step: number): { x: Float32Array; y: Float32Array } {
  return {
    x: Float32Array.from(recorded.x.slice(18 * step, 18 * (step + 1))),
    y: Float32Array.from(recorded.y.slice(12 * step, 12 * (step + 1))),
  };
}

function tensorsOf(file: Uint8Array): Record<string, Float32Array> {
  const { tensors } = readHeader(file, (why) => new Error(why));
  return Object.fromEntries([...tensors].map(([name, { from, to }]) => [name, new Float32Array(file.slice(from, to).buffer)]));
}

function expectClose(found: Readonly<Record<string, ArrayLike<number>>>, wanted: Tensors): void {
  for (const [name, { data }] of Object.entries(wanted)) {
    const largest = Math.max(...data.map(Math.abs));
    const worst = Math.max(...data.map((value, i) => Math.abs(value - found[name][i])));
    expect(worst, name).toBeLessThanOrEqual(1e-5 * largest);
  }
}

const parameters = Object.fromEntries(
  Object.entries(recorded.parameters).map(([name, { data }]) => [name, Float32Array.from(data)]),
);

async function start(target: 'ts' | 'wasm', options: object = { parameters }): Promise<LoadedTrainer> {
  return (await loadText(text, { target })).createTrainer(options);
}

describe.each(['ts', 'wasm'] as const)('averages on %s', (target) => {
  it('follow each update of what is trained, and are what evaluate and predict use', async () => {
    const trainer = await start(target);
    // First they are the weights.
    expect(trainer.evaluate(inputsAt(0)).loss).toBeCloseTo(recorded.losses[0], 5);
    for (let i = 0; i < 20; i++) {
      expect(trainer.step(inputsAt(i)).loss).toBeCloseTo(recorded.losses[i], 4);
      expect(trainer.evaluate(inputsAt(i)).loss).toBeCloseTo(recorded.evaluations[i], 4);
    }
    expectClose(trainer.parameters, recorded.after);
    const saved = tensorsOf(trainer.save());
    expect(Object.keys(saved).sort()).toEqual(
      [...Object.keys(recorded.after), ...Object.keys(recorded.averages)].sort(),
    );
    expectClose(saved, recorded.averages);
    const { prediction } = trainer.predict({ x: inputsAt(0).x });
    recorded.prediction.forEach((value, i) => expect(prediction[i]).toBeCloseTo(value, 4));
    trainer.dispose();
  });

  it('go on from a checkpoint, and start at the weights where there are none', async () => {
    const first = await start(target);
    for (let i = 0; i < 5; i++) first.step(inputsAt(i));
    const second = await start(target, { parameters: first.save({ optimizer: true }) });
    expect(second.evaluate(inputsAt(9))).toEqual(first.evaluate(inputsAt(9)));
    for (const trainer of [first, second]) trainer.step(inputsAt(6));
    expect(second.save()).toEqual(first.save());
    // The same model without averages: weights alone.
    const plain = await (await loadText(text.replace('ema = 0.9, ', ''), { target })).createTrainer({ parameters });
    for (let i = 0; i < 5; i++) plain.step(inputsAt(i));
    second.load(plain.save());
    expect(second.evaluate(inputsAt(9)).loss).toBeCloseTo(plain.evaluate(inputsAt(9)).loss, 6);
    const third = await start(target, { parameters: plain.parameters });
    expect(third.evaluate(inputsAt(9)).loss).toBeCloseTo(plain.evaluate(inputsAt(9)).loss, 6);
    for (const trainer of [first, second, third, plain]) trainer.dispose();
  });
});

it('of a parameter that two train blocks update follows each of their updates', async () => {
  const shared = read('players.nn').replace('batch = 8', 'batch = 8, ema = 0.9');
  const trainer = (await loadText(shared, { target: 'ts' })).createTrainer();
  const inputs = {
    real: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
    z: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
  };
  const weights = (): number[] => [...trainer.parameters['gen.dense.W']];
  let average = weights();
  // The generator updates at each second pass.
  for (const block of ['pull', 'generator', 'critic', 'generator', 'pull']) {
    const before = weights();
    trainer.step(inputs, block);
    const now = weights();
    if (now.some((value, i) => value !== before[i])) average = average.map((value, i) => 0.9 * value + 0.1 * now[i]);
    else expect(['critic', 'generator']).toContain(block);
  }
  const found = tensorsOf(trainer.save())['gen.dense.W.ema'];
  average.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6));
});
