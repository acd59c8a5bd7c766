// What the threads of a workgroup add up together: by a tree and by subgroups, for every type, the same at every run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { neededFunctions } from '../../src/codegen/wgsl/functions.js';
import { neededTotals, totalName } from '../../src/codegen/wgsl/totals.js';
import type { FoldOp } from '../../src/ir/scalar.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';

const ops: readonly FoldOp[] = ['add', 'mul', 'max', 'min'];
const cases = [
  ...ops.flatMap((op) => (['f32', 'i32', 'u32'] as const).map((type) => ({ op, type, threads: 64 }))),
  { op: 'add' as const, type: 'f32' as const, threads: 256 },
  { op: 'add' as const, type: 'f32' as const, threads: 2 },
];

/** Kernels that store what all threads have of each case, twice over, so that the second total follows the first. */
const kernels = cases.map(({ op, type, threads }, n) => {
  const name = totalName({ op, type });
  return `@compute @workgroup_size(${threads})
fn total${n}(@builtin(local_invocation_index) local: u32) {
  let value = ${type}(integers[local]);
  let once = ${name}(value, local, ${threads}u);
  let again = ${name}(value + ${type}(local & 1u), local, ${threads}u);
  floats[${512 * n}u + local] = f32(once);
  floats[${512 * n + 256}u + local] = f32(again);
}`;
});
const bindings = `@group(0) @binding(0) var<storage, read_write> floats: array<f32>;
@group(0) @binding(1) var<storage, read_write> integers: array<i32>;
`;

const given = Int32Array.from(
  { length: 256 },
  (_, i) => 1 + ((i * 37) % 3 === 0 && i < 60 ? 1 : 0) + (i === 41 ? 5 : 0),
);
const by: Record<FoldOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

const model = `model sums {
  input x: [batch, 200]
  param w: [200] ~ normal(std = 0.5)
  h = x * w |> layer_norm
  output y = softmax(h)
  loss = mean(softmax(h)^2)
  train { optimizer = sgd(lr = 0.1), batch = 8 }
}
`;

describe.each([
  ['a tree', false],
  ['subgroups', true],
])('by %s', (_, subgroups) => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader', { subgroups });
  });
  afterAll(() => gpu?.end());

  it('all threads have what their numbers come to', async () => {
    const totals = neededTotals(kernels.join('\n'));
    expect(totals).toBeDefined();
    const text = [bindings, ...neededFunctions(totals?.subgroups ?? ''), ...kernels].join('\n');
    const { floats } = await gpu.shaders({
      code: subgroups ? `enable subgroups;\n${text}\n${totals?.subgroups}` : `${text}\n${totals?.tree}`,
      dispatches: cases.map((_case, n) => ({ name: `total${n}`, groups: [1] })),
      floats: new Float32Array(512 * cases.length),
      integers: given,
      call: new Int32Array(4),
    });
    cases.forEach(({ op, type, threads }, n) => {
      const values = [...given.subarray(0, threads)];
      const wrap = (x: number): number => (type === 'i32' ? x | 0 : type === 'u32' ? x >>> 0 : x);
      [values, values.map((x, i) => x + (i & 1))].forEach((all, turn) => {
        const want = all.reduce((a, b) => (op === 'mul' && type !== 'f32' ? wrap(Math.imul(a, b)) : by[op](a, b)));
        const got = [...floats.subarray(512 * n + 256 * turn, 512 * n + 256 * turn + threads)];
        expect({ op, type, threads, got: [...new Set(got)] }).toEqual({ op, type, threads, got: [Math.fround(want)] });
      });
    });
  });

  it('steps give the same bits at every run', async () => {
    const code = await runnableText(model, { target: 'wgsl' });
    const x = Float32Array.from({ length: 8 * 200 }, (_value, i) => Math.sin(i * i));
    const runs: Record<string, Float32Array>[] = [];
    for (let run = 0; run < 2; run++) {
      const trainer = await gpu.createTrainer(code, { seed: 3 });
      for (let step = 0; step < 2; step++) await trainer.step({ x });
      runs.push(await trainer.read());
      await trainer.dispose();
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(Number.isFinite(Object.values(runs[0])[0][0])).toBe(true);
    expect(await gpu.errors()).toEqual([]);
  });
});
