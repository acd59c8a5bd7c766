// The profiling variant: kernels one by one do what the entry does, and other modules know nothing of it.
import { describe, expect, it } from 'vitest';
import { separateSteps } from '../../src/codegen/module/profile.js';
import { compile } from '../../src/index.js';
import { axis } from '../../src/ir/index.js';
import type { Step } from '../../src/ir/program.js';
import { importCode, type LoadedTrainer } from '../support/trainer.js';
import { kernelOf } from './runKernels.js';
import { runnableText } from '../support/runnable.js';

const text = `model small {
  input x: [batch, 3]
  input label: index(2)[batch]
  logits = x |> dense(4) |> relu |> dense(2)
  output logits
  loss = cross_entropy(logits, label)
  train { optimizer = sgd(lr = 0.1) }
}
`;

type Profiled = LoadedTrainer & { readonly kernels: readonly (() => void)[] };

describe.each(['ts', 'wasm'] as const)('a profile for %s', (target) => {
  it('runs the kernels of a step one by one', async () => {
    const { code, program } = await compile({ file: 'small.nn', text }, { target, profile: 'step', language: 'js' });
    const { createTrainer } = await importCode(code ?? '');
    // A trainer for wasm comes as a promise.
    const [whole, parts] = [
      (await createTrainer({ seed: 1 })) as Profiled,
      (await createTrainer({ seed: 1 })) as Profiled,
    ];
    expect(parts.kernels.length).toBe(program?.entries.step?.steps.length);
    const inputs = { x: Float32Array.of(1, 2, 3, 4, 5, 6), label: Uint8Array.of(0, 1) };
    for (const trainer of [whole, parts, whole]) trainer.step(inputs);
    expect(parts.parameters).not.toEqual(whole.parameters);
    for (const kernel of parts.kernels) kernel();
    expect(parts.parameters).toEqual(whole.parameters);
    parts.dispose();
    expect(() => parts.kernels[0]()).toThrow('small: this trainer has been disposed of');
  });

  it('stays out of other modules', async () => {
    const plain = await runnableText(text, { target });
    expect(plain).not.toContain('kernels:');
    expect(plain).not.toMatch(/[kK]ernel0/);
  });
});

describe('separateSteps', () => {
  it('keeps the loops around each kernel', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name): Step => ({ kind: 'run', kernel: kernelOf(name) }));
    const t = axis('t', 3);
    expect(separateSteps([a, { kind: 'repeat', axis: t, steps: [b, c] }])).toEqual([
      a,
      { kind: 'repeat', axis: t, steps: [b] },
      { kind: 'repeat', axis: t, steps: [c] },
    ]);
  });
});
