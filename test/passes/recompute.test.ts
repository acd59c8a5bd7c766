// Activations computed again: the same gradients from less memory.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, programOf, targets } from '../../src/index.js';
import { memoryUse } from '../../src/inspect/memory.js';
import { constantOf, evaluateSizes } from '../../src/ir/index.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import { segmentsOf } from '../../src/passes/segments.js';
import { casePath, inputsOf, numbersDiffer, readCase, takeRows, tensorsDiffer } from '../reference/reference.js';
import { bodies, deep, small } from '../support/deep.js';
import { compileText, importCode, type LoadedTrainer } from '../support/trainer.js';

function programsOf(text: string, target: keyof typeof targets): { fast: TrainerProgram; small: TrainerProgram } {
  const of = (source: string): TrainerProgram => {
    const { model, diagnostics } = check({ file: 'model.nn', text: source });
    if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
    return programOf(model, target);
  };
  return { fast: of(text), small: of(small(text)) };
}

/** Words that are laid out for a batch, without what wasm rounds up to whole pages. */
function tensorsIn(program: TrainerProgram, batch: number): number {
  const { length, integers } = program.memory;
  const words = [length, integers].reduce((sum, l) => sum + (l ? evaluateSizes(l, () => batch) : 0), 0);
  const fixed = [...program.parameters, ...program.states, ...program.slots];
  const flat = program.memory.offsets.has(program.parameters[0].buffer);
  return words - (flat ? fixed.reduce((sum, { buffer }) => sum + (constantOf(buffer.length) ?? 0), 0) : 0);
}

describe('memory = "small"', () => {
  it.each(Object.keys(targets) as (keyof typeof targets)[])('takes a third less for eight layers on %s', (target) => {
    const programs = programsOf(deep({ depth: 8, width: 32, batch: 256, body: bodies.gelu }), target);
    const [fast, less] = [programs.fast, programs.small].map((p) => tensorsIn(p, 256));
    expect(less / fast).toBeLessThan(2 / 3);
    const [a, b] = [programs.fast, programs.small].map((p) => memoryUse(p, target, () => 256));
    expect(b.total).toBeLessThan(a.total);
    expect([b.parameters, b.optimizer]).toEqual([a.parameters, a.optimizer]);
  });

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
    it.each(Object.entries(bodies))('gives the same gradients with %s', async (_, body) => {
      const text = deep({ depth: 6, width: 20, batch: 40, body });
      const code = await compileText(small(text), { target });
      expect(code.includes('_again')).toBe(true);
      const [a, b]: LoadedTrainer[] = [
        await (await importCode(await compileText(text, { target }))).createTrainer({ seed: 3 }),
        await (await importCode(code)).createTrainer({ seed: 3 }),
      ];
      for (const rows of [40, 7, 1, 33]) {
        const inputs = {
          x: Float32Array.from({ length: 20 * rows }, (_, i) => Math.sin(1.7 * i)),
          label: Int32Array.from({ length: rows }, (_, i) => (i * i) % 5),
        };
        const [p, q] = [a.gradients(inputs), b.gradients(inputs)];
        expect(Math.abs(q.loss - p.loss)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(p.loss)));
        for (const [name, want] of Object.entries(p.gradients)) {
          const scale = want.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-6);
          const worst = want.reduce((m, x, i) => Math.max(m, Math.abs(q.gradients[name][i] - x)), 0);
          expect(worst / scale, name).toBeLessThan(2e-5);
        }
        const [s, t] = [a.step(inputs), b.step(inputs)];
        expect(Math.abs(t.loss - s.loss)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(s.loss)));
      }
    });

    it.each(['mlp_gelu_adamw', 'mlp_relu_adam', 'layer_norm_net', 'activations', 'losses', 'embedding_mean'])(
      'keeps what %s is held to',
      async (name) => {
        const record = readCase(name);
        const { expected, tolerance } = record;
        const text = small(readFileSync(casePath(record.model), 'utf8'));
        const parameters = Object.fromEntries(
          Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]),
        );
        const module = await importCode(await compileText(text, { set: record.set, target }));
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
