// Activations computed again: the same gradients from less memory.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { targets } from '../../src/index.js';
import { memoryUse } from '../../src/inspect/memory.js';
import { segmentsOf } from '../../src/passes/derive/segments.js';
import { casePath, inputsOf, numbersDiffer, readCase, takeRows, tensorsDiffer } from '../reference/reference.js';
import { bodies, deep, small } from '../support/deep.js';
import { programsOf, sameGradients, sameTraining, tensorsIn } from '../support/recomputed.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

describe('memory = "small"', () => {
  it.each(Object.keys(targets) as (keyof typeof targets)[])('takes a third less for eight layers on %s', (target) => {
    const programs = programsOf(deep({ depth: 8, width: 32, batch: 256, body: bodies.gelu }), target);
    const [fast, less] = [programs.fast, programs.small].map((p) => tensorsIn(p, 256));
    expect(less / fast).toBeLessThan(2 / 3);
    const [a, b] = [programs.fast, programs.small].map((p) => memoryUse(p, target, () => 256));
    expect(b.total).toBeLessThan(a.total);
    expect([b.parameters, b.optimizer]).toEqual([a.parameters, a.optimizer]);
  });

  it('computes the forward pass of a step once, and parts of it again behind', () => {
    const { small: program } = programsOf(deep({ depth: 8, width: 32, batch: 256, body: bodies.gelu }), 'ts');
    const names = (program.entries.step?.steps ?? []).flatMap((s) => (s.kind === 'run' ? [s.kernel.name] : []));
    const repeated = names.filter((name) => name.includes('_again'));
    expect(repeated.length).toBeGreaterThan(2);
    expect(names.indexOf(repeated[0])).toBeGreaterThan(names.findIndex((name) => name.includes('loss')));
    // One segment at a time: gradients stand between the first and the last of them.
    const between = names.slice(names.indexOf(repeated[0]), names.lastIndexOf(repeated.at(-1) ?? ''));
    expect(between.some((name) => name.startsWith('d_') || name.startsWith('delta_'))).toBe(true);
  });

  describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
    it.each(['dropout', 'residual'] as const)('gives the same gradients with %s', (name) =>
      sameGradients(bodies[name], target),
    );

    it('finds the largest again, however what is computed again is rounded', () =>
      sameTraining(
        `model largest {
  input word: index(40)[batch, 16]
  input x: [batch, 4]
  input label: index(17)[batch]
  param table: [40, 5] ~ normal(std = 0.5)
  param mix: [16, 16] ~ normal(std = 0.3)
  h = einsum("st,btd->bsd", mix, table[word]) |> rms_norm
  logits = concat([max(h, axis = 1), x], axis = -1) |> dense(17)
  output p = softmax(logits)
  loss = cross_entropy(logits, label)
  train { optimizer = sgd(lr = 0.1), batch = 4 }
}
`,
        target,
        (rows) => ({
          word: Int32Array.from({ length: 16 * rows }, (_, i) => (i * i + 3 * i) % 40),
          x: Float32Array.from({ length: 4 * rows }, (_, i) => Math.sin(1.7 * i)),
          label: Int32Array.from({ length: rows }, (_, i) => (i * i) % 5),
        }),
      ));

    it.each(['mlp_gelu_adamw', 'layer_norm_net', 'losses', 'embedding_mean'])(
      'keeps what %s is held to',
      async (name) => {
        const record = readCase(name);
        const { expected, tolerance } = record;
        const text = small(readFileSync(casePath(record.model), 'utf8'));
        const parameters = Object.fromEntries(
          Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]),
        );
        const module = await importCode(await runnableText(text, { set: record.set, target }));
        const trainer = await module.createTrainer({ seed: 0, parameters });
        const { loss, gradients } = trainer.gradients(inputsOf(record.inputs));
        const found = [
          ...numbersDiffer('gradients()', { loss: expected.loss }, { loss }, tolerance),
          ...tensorsDiffer('gradient', expected.gradients, gradients, tolerance),
        ];
        const trajectory = expected.trajectory.map((_, i) => {
          const rows = record.step_rows;
          return trainer.step(inputsOf(rows ? takeRows(record.inputs, rows[i]) : record.inputs)).loss;
        });
        found.push(
          ...tensorsDiffer(
            'trajectory',
            { loss: { shape: [], data: expected.trajectory } },
            { loss: trajectory },
            tolerance,
          ),
          ...tensorsDiffer('parameter after', expected.parameters_after, trainer.parameters, tolerance),
        );
        expect(found).toEqual([]);
      },
    );
  });
});

describe('segments', () => {
  const chain = (n: number, size = 1) =>
    Array.from({ length: n }, (_, i) => ({ size, lastReader: Math.min(n - 1, i + 1) }));

  it.each([4, 9, 16, 25, 100])('of a chain of %i are about as many as its root', (n) => {
    const count = (segmentsOf(chain(n)).at(-1) ?? 0) + 1;
    expect(count).toBeGreaterThanOrEqual(Math.sqrt(n) / 2);
    expect(count).toBeLessThanOrEqual(2 * Math.sqrt(n));
  });

  it('end where little crosses', () => {
    // Wide tensors inside blocks, narrow ones between them.
    const sizes = Array.from({ length: 24 }, (_, i) => (i % 4 === 3 ? 1 : 10));
    const tensors = sizes.map((size, i) => ({ size, lastReader: Math.min(23, i + 1) }));
    const segments = segmentsOf(tensors);
    segments.forEach((segment, i) => {
      if (i > 0 && segment !== segments[i - 1]) expect(sizes[i - 1]).toBe(1);
    });
    expect(segments.at(-1)).toBeGreaterThan(0);
  });

  it('are runs from the first on', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(5)), { maxLength: 30 }), (list) => {
        const tensors = list.map(([size, ahead], i) => ({ size, lastReader: Math.min(list.length - 1, i + ahead) }));
        const segments = segmentsOf(tensors);
        expect(segments.length).toBe(list.length);
        segments.forEach((s, i) => expect(s - (i === 0 ? 0 : segments[i - 1])).toBeOneOf(i === 0 ? [0] : [0, 1]));
      }),
    );
  });
});
