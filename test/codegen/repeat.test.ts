// Loops in the work of an entry, from nests to modules: what one round stores the next one reads, and nests know which round it is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/index.js';
import { add, axis, mul, size, toIndex } from '../../src/ir/index.js';
import type { Nest, TrainerProgram, Work } from '../../src/ir/program.js';
import { apply, indexValue, load, number, type Buffer } from '../../src/ir/scalar.js';
import { passesFrom } from '../../src/passes.js';
import type { EntryNests, Nests } from '../../src/passes/entries.js';
import { isAt, walk, type Form } from '../../src/passes/pipeline.js';
import type { Call } from '../../src/passes/schedule/works.js';
import type { Target } from '../../src/targets.js';
import { contextFor } from '../support/forms.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { nest } from '../support/nests.js';
import { runnable } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const text = `model sums {
  input x: [batch, time]
  output y = x[0:, 0] * 2
  loss = sum(x)
}
`;

const inner = axis('inner', 3);

/** What predict does, and after it y[b] = half[b] + inner with half[b] = (y[b] + x[b, t]) / 2, for each t, and inner below 3. */
function predictInRounds(nests: Nests, entry: EntryNests): readonly Work<Call>[] {
  const x = nests.buffers.all().find(({ name }) => name === 'x');
  const y = entry.results[0]?.buffer;
  if (!x || !y) throw new Error('predict makes y of x');
  const half: Buffer = { ...y, name: 'half' };
  const [b, c, t] = [axis('b', size('batch')), axis('c', size('batch')), axis('t', size('time'))];
  const sum = apply('add', load(y, toIndex(b)), load(x, add(mul(toIndex(b), size('time')), toIndex(t))));
  const moved = apply('add', load(half, toIndex(c)), apply('f32', indexValue(inner)));
  const call = (of: Nest): Work<Call> => ({ kind: 'run', unit: { nest: of, host: false } });
  const round = [
    call(nest('halve', [b], [{ to: half, at: toIndex(b), value: apply('mul', sum, number(0.5)) }])),
    call(nest('move', [c], [{ to: y, at: toIndex(c), value: moved }])),
  ];
  const loop: Work<Call> = { kind: 'repeat', axis: inner, steps: round };
  return [...(entry.calls ?? []), { kind: 'repeat', axis: t, steps: [loop] }];
}

/** The passes from fused nests on, over nests that stand in loops. */
function programOn(target: Target): TrainerProgram {
  const { model, diagnostics } = check({ file: 'sums.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join());
  const context = contextFor(target);
  const start: Form = { stage: 'gradient', is: differentiateModel(model) };
  const fused = walk(start, passesFrom('recompute', 'unite'), context);
  if (!fused || !isAt(fused, 'nests')) throw new Error('no nests');
  const entries = fused.is.entries.map((entry): EntryNests =>
    entry.name === 'predict' ? { ...entry, calls: predictInRounds(fused.is, entry) } : entry,
  );
  const nests: Form = { stage: 'nests', is: { ...fused.is, entries } };
  const program = walk(nests, passesFrom('copies', 'pace'), context);
  if (!program || !isAt(program, 'program')) throw new Error('no program');
  return program.is;
}

function moduleOn(target: Target): Promise<string> {
  return runnable(programOn(target), { target });
}

const sizes = [
  [2, 3],
  [5, 7],
  [1, 1],
] as const;

function drawn(batch: number, time: number): Float32Array {
  return Float32Array.from({ length: batch * time }, (_, i) => Math.sin(i));
}

function wanted(x: Float32Array, batch: number, time: number): number[] {
  return Array.from({ length: batch }, (_, b) => {
    let y = 2 * x[b * time];
    for (let t = 0; t < time; t++) for (let n = 0; n < 3; n++) y = (y + x[b * time + t]) / 2 + n;
    return y;
  });
}

describe.each(['ts', 'wasm'] as const)('%s', (target) => {
  it.each(sizes)('repeats for a batch of %i and %i rounds', async (batch, time) => {
    const { createTrainer } = await importCode(await moduleOn(target));
    const trainer = await createTrainer();
    const x = drawn(batch, time);
    const { y } = trainer.predict({ x: { data: x, shape: [batch, time] } });
    wanted(x, batch, time).forEach((value, b) => expect(y[b]).toBeCloseTo(value, 5));
  });

  it('keeps what rounds hand on apart from what they make', () => {
    const { memory, buffers } = programOn(target);
    const keys = buffers
      .filter(({ name }) => name === 'half' || name === 'y')
      .map((buffer) => memory.offsets.get(buffer)?.key);
    expect(new Set(keys).size).toBe(2);
  });
});

describe('wgsl', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it('repeats dispatches, for any number of rounds', async () => {
    const trainer = await gpu.createTrainer(await moduleOn('wgsl'));
    for (const [batch, time] of sizes) {
      const x = drawn(batch, time);
      const { y } = await trainer.predict({ x: { data: x, shape: [batch, time] } });
      wanted(x, batch, time).forEach((value, b) => expect(y[b]).toBeCloseTo(value, 5));
    }
    expect(await gpu.errors()).toEqual([]);
  });
});
