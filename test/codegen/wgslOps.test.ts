// Every op by its samples, as shaders: the same elements as by definition.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node, Op } from '../../src/ir/graph.js';
import { input } from '../../src/ir/ops/leaves.js';
import * as leaves from '../../src/ir/ops/leaves.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { ops } from '../../src/ir/ops/registry.js';
import { programFrom } from '../../src/compile.js';
import { run } from '../support/centralDifferences.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnable } from '../support/runnable.js';
import { createDraws, fillType, readType } from '../support/sampleTypes.js';
import { wgsl } from '../support/targets.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

const inner = ops.filter((op) => !Object.values(leaves).some((leaf) => leaf.name === op.name));
const samples = inner.flatMap((op) => op.samples.map((sample, n) => ({ op: op as Op, sample, n })));

/** All samples as the outputs of one model. */
function modelOfSamples() {
  const g = createBuilder();
  const values = new Map<Node, readonly number[]>();
  const made = samples.map(({ op, sample, n }, at) => {
    const draw = createDraws(n);
    const given = sample.inputs.map((text, i) => {
      const leaf = g.make(input, [], { name: `x${at}_${i}`, type: readType(text) });
      values.set(leaf, fillType(leaf.type, draw, sample.domain));
      return leaf;
    });
    return { title: `${op.name} ${n}`, name: `y${at}`, node: g.make(op, given, sample.attrs) };
  });
  const anything = g.make(input, [], { name: 'anything', type: readType('f32[1]') });
  values.set(anything, [1]);
  const loss = g.make(sum, [anything], { axes: [0] });
  const mode = {
    outputs: made.map(({ name, node }) => ({ name, node })),
    loss,
    losses: [],
    totals: [],
    metrics: [],
    states: [],
    requirements: [],
  };
  const program = programFrom(
    {
      model: {
        builder: g,
        name: 'samples',
        file: 'samples.nn',
        text: '',
        sources: new Map(),
        place: { start: 0, end: 0 },
        inputs: [...values.keys()].map((leaf) => ({ name: String(leaf.attrs.name), type: leaf.type })),
        parameters: [],
        adapters: [],
        states: [],
        training: { ...mode, outputs: [] },
        evaluation: mode,
        observed: [],
        players: [],
        train: { batch: 1, epochs: 1, seed: 0, validation: 0, test: 0 },
      },
      gradients: new Map(),
      players: [],
    },
    wgsl,
  );
  return { made, values, program };
}

describe('the samples of every op', () => {
  it('have the elements that definitions give', async () => {
    const { made, values, program } = modelOfSamples();
    const trainer = await gpu.createTrainer(await runnable(program, { target: 'wgsl' }));
    const inputs = [...values].map(([leaf, data]) => {
      const array = leaf.type.element.kind === 'f32' ? Float32Array : Int32Array;
      return [String(leaf.attrs.name), array.from(data)] as const;
    });
    const results = await trainer.predict(Object.fromEntries(inputs.filter(([name]) => name !== 'anything')));
    const rounded = new Map(
      [...values].map(([leaf, data]) => [leaf, leaf.type.element.kind === 'f32' ? data.map(Math.fround) : data]),
    );
    const exact = run(
      made.map((m) => m.node),
      { of: rounded },
    );
    const wrong = made.flatMap(({ title, name }, n) =>
      [...exact[n]].flatMap((want, i) => {
        const got = results[name][i];
        return Math.abs(got - want) <= 2e-6 * Math.max(1, Math.abs(want))
          ? []
          : [`${title}[${i}]: ${got}, not ${want}`];
      }),
    );
    expect(wrong).toEqual([]);
    expect(await gpu.errors()).toEqual([]);
    await trainer.dispose();
  });
});
