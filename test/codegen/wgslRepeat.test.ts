// Loops around dispatches: what one round stores the next one reads, and kernels know which round it is.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { emitModule, toJavaScript } from '../../src/codegen/emit.js';
import { check, programOf } from '../../src/index.js';
import { add, axis, mul, size, toIndex } from '../../src/ir/index.js';
import type { Nest, Step, TrainerProgram } from '../../src/ir/program.js';
import { apply, indexValue, load, number } from '../../src/ir/scalar.js';
import { lowerWorkgroups } from '../support/lowered.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { nest } from '../support/nests.js';
import { wgsl } from '../support/targets.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

const text = `model sums {
  input x: [batch, time]
  output y = x[0:, 0] * 2
  loss = sum(x)
}
`;

/** The program with y[b] = (y[b] + x[b, t]) / 2 + inner for each t, and inner below 3, after what predict does. */
function repeated(): TrainerProgram {
  const { model, diagnostics } = check({ file: 'sums.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join());
  const program = programOf(model, 'wgsl');
  const { predict } = program.entries;
  const x = program.inputs[0].buffer;
  const y = predict?.results[0].buffer;
  if (!predict || !y) throw new Error('predict gives y');
  const [b, t, inner] = [axis('b', size('batch')), axis('t', size('time')), axis('inner', 3)];
  const sum = apply('add', load(y, toIndex(b)), load(x, add(mul(toIndex(b), size('time')), toIndex(t))));
  const value = apply('add', apply('mul', sum, number(0.5)), apply('f32', indexValue(inner)));
  const round: Nest = nest('round', [b], [{ to: y, at: toIndex(b), value }]);
  const kernel = lowerWorkgroups(round, wgsl, () => 4);
  const loop: Step = { kind: 'repeat', axis: inner, steps: [{ kind: 'run', kernel }] };
  const steps: Step[] = [...predict.steps, { kind: 'repeat', axis: t, steps: [loop] }];
  return {
    ...program,
    kernels: [...program.kernels, kernel],
    entries: { ...program.entries, predict: { ...predict, steps } },
  };
}

it('repeats dispatches, for any number of rounds', async () => {
  const { js } = await toJavaScript((await emitModule(repeated(), { target: 'wgsl' })).code);
  const trainer = await gpu.createTrainer(js);
  for (const [batch, time] of [
    [2, 3],
    [5, 7],
    [1, 1],
  ]) {
    const x = Float32Array.from({ length: batch * time }, (_, i) => Math.sin(i));
    const want = Array.from({ length: batch }, (_, b) => {
      let y = 2 * x[b * time];
      for (let t = 0; t < time; t++) for (let inner = 0; inner < 3; inner++) y = (y + x[b * time + t]) / 2 + inner;
      return y;
    });
    const { y } = await trainer.predict({ x: { data: x, shape: [batch, time] } });
    want.forEach((value, b) => expect(y[b]).toBeCloseTo(value, 5));
  }
  expect(await gpu.errors()).toEqual([]);
});
