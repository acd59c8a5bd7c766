// Activations computed again, in every kind of layer: on ts and wasm, on WebGPU in software, and among threads.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, programOf, targets } from '../../src/compile.js';
import { share } from '../../src/passes/schedule/share.js';
import { bodies, deep, rowsFor, small } from '../support/deep.js';
import { stateOf } from '../support/emitted.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { programsOf, sameGradients, tensorsIn } from '../support/recomputed.js';
import { runnable, runnableText } from '../support/runnable.js';
import { compileText, importCode } from '../support/trainer.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

function inputsOf(rows: number): { x: Float32Array; label: Int32Array } {
  return {
    x: Float32Array.from({ length: 20 * rows }, (_, i) => Math.sin(1.7 * i)),
    label: Int32Array.from({ length: rows }, (_, i) => (i * i) % 5),
  };
}

describe.each(Object.entries(bodies))('memory = "small" with %s', (_, body) => {
  const text = deep({ depth: 6, width: 20, batch: 40, body });

  // Of so many layers something is computed again, whatever they are.
  it.each(['ts', 'wasm'] as const)('gives the same gradients on %s', (target) => sameGradients(body, target, 6));

  it('gives the gradients of ts on wgsl', async () => {
    const code = await compileText(small(text), { target: 'wgsl' });
    expect(code.includes('_again')).toBe(true);
    const there = await gpu.createTrainer(code, { seed: 3 });
    const here = await (await importCode(await runnableText(text))).createTrainer({ seed: 3 });
    for (const rows of rowsFor(body)) {
      const inputs = inputsOf(rows);
      const [want, got] = [here.gradients(inputs), await there.gradients(inputs)];
      expect(Math.abs(got.loss - want.loss)).toBeLessThanOrEqual(1e-5 * Math.max(1, want.loss));
      // Before a normalisation a bias has no gradient but for rounding: all are held to the largest.
      const scale = Object.values(want.gradients).reduce(
        (m, v) => v.reduce((n, x) => Math.max(n, Math.abs(x)), m),
        1e-4,
      );
      for (const [name, values] of Object.entries(want.gradients)) {
        const worst = values.reduce((m, x, i) => Math.max(m, Math.abs(got.gradients[name][i] - x)), 0);
        expect(worst / scale, name).toBeLessThan(2e-4);
      }
      const [s, t] = [here.step(inputs), await there.step(inputs)];
      expect(Math.abs(t.loss - s.loss)).toBeLessThanOrEqual(1e-4 * Math.max(1, s.loss));
    }
    await there.dispose();
  });

  it('gives the same bits for any number of threads', async () => {
    const { model } = check({ file: 'model.nn', text: small(text) });
    if (!model) throw new Error('it does not compile');
    const shared = await importCode(
      await runnable(share(programOf(model, 'wasm'), targets.wasm, 0), { target: 'wasm' }),
    );
    const plain = await importCode(await runnableText(small(text), { target: 'wasm' }));
    const run = async (module: typeof shared, threads: number): Promise<string> => {
      const trainer = await module.createTrainer({ seed: 3, threads });
      for (const rows of [...rowsFor(body), 40]) trainer.step(inputsOf(rows));
      const state = stateOf(trainer);
      trainer.dispose();
      return state;
    };
    const want = await run(plain, 1);
    for (const threads of [1, 2, 3]) expect((await run(shared, threads)) === want, `${threads} threads`).toBe(true);
  });
});

describe('memory = "small"', () => {
  it('takes far less where there are many layers', () => {
    const programs = programsOf(deep({ depth: 30, width: 20, batch: 256, body: bodies.tanh }), 'wasm');
    expect(tensorsIn(programs.small, 256) / tensorsIn(programs.fast, 256)).toBeLessThan(0.5);
  });

  it('never takes more', () => {
    for (const body of Object.values(bodies))
      for (const [depth, width, batch] of [
        [2, 4, 8],
        [3, 16, 16],
        [5, 8, 64],
      ])
        for (const target of ['ts', 'wasm'] as const) {
          const programs = programsOf(deep({ depth, width, batch, body }), target);
          expect(tensorsIn(programs.small, batch)).toBeLessThanOrEqual(tensorsIn(programs.fast, batch));
        }
  });
});
