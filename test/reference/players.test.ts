// Several train blocks against PyTorch's numbers, in double precision there: twenty calls of step, with parameters, states and slots.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { loadText } from '../support/trainer.js';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Tensors = Readonly<Record<string, Tensor>>;

interface Recorded {
  readonly parameters: Tensors;
  readonly real: Tensor;
  readonly z: Tensor;
  /** At the start: of the sum of all losses, and of each block's. */
  readonly gradients: Readonly<Record<string, Tensors>>;
  /** What each call reports: that of a block that is left out is absent. */
  readonly steps: readonly Readonly<Record<string, number>>[];
  readonly after: Tensors;
  readonly states: Tensors;
}

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const recorded = JSON.parse(read('players.json')) as Recorded;
const text = read('players.nn');

function floats({ data }: Tensor): Float32Array {
  return Float32Array.from(data);
}

/** The rows of a step. */
function inputsAt(step: number): { real: Float32Array; z: Float32Array } {
  const rows = (all: Tensor): Float32Array => floats(all).slice((step * all.data.length) / 20, ((step + 1) * all.data.length) / 20);
  return { real: rows(recorded.real), z: rows(recorded.z) };
}

/** Each tensor's elements are within 1e-5 of its largest, or 1e-7 where they are 0 but for rounding. */
function expectClose(found: Readonly<Record<string, ArrayLike<number>>>, wanted: Tensors): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, { data }] of Object.entries(wanted)) {
    const largest = Math.max(...data.map(Math.abs));
    const worst = Math.max(...data.map((value, i) => Math.abs(value - found[name][i])));
    expect(worst, name).toBeLessThanOrEqual(1e-5 * largest + 1e-7);
  }
}

/** The tensors and the metadata of a checkpoint. */
function opened(file: Uint8Array) {
  const { metadata, tensors } = readHeader(file, (why) => new Error(why));
  const numbers = [...tensors].map(([name, { from, to }]) => [name, new Float32Array(file.slice(from, to).buffer)] as const);
  return { metadata, tensors: Object.fromEntries(numbers) };
}

async function start(target: 'ts' | 'wasm') {
  const parameters = Object.fromEntries(Object.entries(recorded.parameters).map(([name, of]) => [name, floats(of)]));
  return (await loadText(text, { target })).createTrainer({ parameters });
}

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it('has the gradients of all losses, and of each block', async () => {
    const trainer = await start(target);
    const { all, ...blocks } = recorded.gradients;
    expectClose(trainer.gradients(inputsAt(0)).gradients, all);
    for (const [block, wanted] of Object.entries(blocks))
      expectClose(trainer.gradients(inputsAt(0), block).gradients, wanted);
    trainer.dispose();
  });

  it('makes the passes of each block in turn, with slots apart', async () => {
    const trainer = await start(target);
    for (const [i, wanted] of recorded.steps.entries()) {
      const losses = trainer.step(inputsAt(i));
      expect(Object.keys(losses).sort()).toEqual(Object.keys(wanted).sort());
      for (const [name, value] of Object.entries(wanted)) expect(losses[name]).toBeCloseTo(value, 4);
    }
    expect(trainer.stepCount).toBe(20);
    expectClose(trainer.parameters, recorded.after);
    const saved = opened(trainer.save({ optimizer: true }));
    const states = Object.keys(recorded.states).map((name) => [name, saved.tensors[name]] as const);
    expectClose(Object.fromEntries(states), recorded.states);
    expect(saved.metadata).toMatchObject({ 'passes/critic': '20', 'passes/generator': '10', 'passes/pull': '20' });
    expect(Object.keys(saved.tensors)).toEqual(
      expect.arrayContaining(['optimizer/critic/critic.dense.W/m', 'optimizer/generator/gen.dense.W/m', 'optimizer/pull/gen.dense.W/velocity']),
    );
    trainer.dispose();
  });

  it('goes on from a checkpoint as if it had not stopped, in the middle of an update', async () => {
    const [whole, first] = [await start(target), await start(target)];
    for (let i = 0; i < 3; i++) for (const trainer of [whole, first]) trainer.step(inputsAt(i));
    const second = await (await loadText(text, { target })).createTrainer({ parameters: first.save({ optimizer: true }) });
    for (let i = 3; i < 9; i++) expect(second.step(inputsAt(i))).toEqual(whole.step(inputsAt(i)));
    expect(second.stepCount).toBe(9);
    for (const trainer of [whole, first, second]) trainer.dispose();
  });

  it('makes the pass of the block that is named, and refuses a name that is none', async () => {
    const trainer = await start(target);
    const before = trainer.parameters['critic.dense.W'].slice();
    const losses = trainer.step(inputsAt(0), 'pull');
    expect(Object.keys(losses)).toEqual(['loss', 'near', 'size']);
    expect(trainer.parameters['critic.dense.W']).toEqual(before);
    expect(() => trainer.step(inputsAt(0), 'constructor')).toThrow(
      'step: expected the name of a train block (critic, generator, pull), got "constructor"',
    );
    expect(() => trainer.gradients(inputsAt(0), 'all')).toThrow(/^gradients: expected the name of a train block/);
    expect(trainer.stepCount).toBe(1);
    trainer.dispose();
  });
});
