// Loops of the graph on every target: what the reference evaluator says.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateSizes } from '../../src/ir/index.js';
import { verifyProgram } from '../../src/ir/verifyProgram.js';
import { targets, type Target } from '../../src/targets.js';
import { run } from '../support/centralDifferences.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { loopCases, modelOfLoops } from '../support/loops.js';
import { valuesFor, type OutputsModel } from '../support/outputsModel.js';
import { runnable } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const sizes = [
  { batch: 5, time: 4 },
  { batch: 1, time: 1 },
  { batch: 2, time: 9 },
];

type Predict = (inputs: object) => Promise<Record<string, ArrayLike<number>>>;

async function codeOf(model: OutputsModel, target: Target): Promise<string> {
  const program = model.program(targets[target]);
  expect(verifyProgram(program)).toEqual([]);
  return runnable(program, { target });
}

async function agrees(model: OutputsModel, predict: Predict): Promise<void> {
  for (const size of sizes) {
    const values = valuesFor(model, size, size.batch);
    const given = model.inputs.map((node) => {
      const data = values.get(node) ?? [];
      const array = node.type.element.kind === 'f32' ? Float32Array.from(data) : Int32Array.from(data);
      const shape = node.type.shape.map((d) => evaluateSizes(d.size, (name) => size[name as 'batch' | 'time']));
      return [String(node.attrs.name), { data: array, shape }] as const;
    });
    const rounded = new Map([...values].map(([node, data]) => [node, data.map(Math.fround)]));
    const wanted = run(
      model.outputs.map(({ node }) => node),
      { of: rounded, sizes: size },
    );
    const found = await predict(Object.fromEntries(given));
    model.outputs.forEach(({ name }, i) => {
      expect(found[name].length, name).toBe(wanted[i].length);
      wanted[i].forEach((value, at) => expect(found[name][at], `${name}[${at}]`).toBeCloseTo(value, 4));
    });
  }
}

describe.each(['ts', 'wasm'] as const)('%s', (target) => {
  it.each(loopCases)('$name', async (made) => {
    const model = modelOfLoops(made);
    const { createTrainer } = await importCode(await codeOf(model, target));
    const trainer = await createTrainer();
    await agrees(model, async (inputs) => trainer.predict(inputs));
  });
});

describe('wgsl', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it.each(loopCases)('$name', async (made) => {
    const model = modelOfLoops(made);
    const trainer = await gpu.createTrainer(await codeOf(model, 'wgsl'));
    await agrees(model, (inputs) => trainer.predict(inputs));
    expect(await gpu.errors()).toEqual([]);
  });
});
