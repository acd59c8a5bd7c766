// What models are like when their activations are computed again, beside what they are like otherwise.
import { expect } from 'vitest';
import { check, programOf, type targets } from '../../src/index.js';
import { constantOf, evaluateSizes } from '../../src/ir/index.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import { deep, rowsFor, small } from './deep.js';
import { runnable } from './runnable.js';
import { importCode, type LoadedTrainer } from './trainer.js';

/** The program that keeps activations, and the one that computes them again. */
export function programsOf(
  text: string,
  target: keyof typeof targets,
): { fast: TrainerProgram; small: TrainerProgram } {
  const of = (source: string): TrainerProgram => {
    const { model, diagnostics } = check({ file: 'model.nn', text: source });
    if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
    return programOf(model, target);
  };
  return { fast: of(text), small: of(small(text)) };
}

/** Words that are laid out for a batch, without what wasm rounds up to whole pages. */
export function tensorsIn(program: TrainerProgram, batch: number): number {
  const { length, integers } = program.memory;
  const words = [length, integers].reduce((sum, l) => sum + (l ? evaluateSizes(l, () => batch) : 0), 0);
  const fixed = [...program.parameters, ...program.states, ...program.slots];
  const flat = program.memory.offsets.has(program.parameters[0].buffer);
  return words - (flat ? fixed.reduce((sum, { buffer }) => sum + (constantOf(buffer.length) ?? 0), 0) : 0);
}

/** Whatever the batch, losses and gradients are the same but for rounding, and so is what steps lead to. */
export async function sameGradients(body: string, target: 'ts' | 'wasm', depth = 4): Promise<void> {
  const inputsOf = (rows: number): Record<string, Float32Array | Int32Array> => ({
    x: Float32Array.from({ length: 20 * rows }, (_, i) => Math.sin(1.7 * i)),
    label: Int32Array.from({ length: rows }, (_, i) => (i * i) % 5),
  });
  await sameTraining(deep({ depth, width: 20, batch: 40, body }), target, inputsOf, rowsFor(body));
}

/** The same of a model, given inputs for so many examples. */
export async function sameTraining(
  text: string,
  target: 'ts' | 'wasm',
  inputsFor: (rows: number) => Record<string, Float32Array | Int32Array>,
  counts: readonly number[] = [40, 7, 1, 33],
): Promise<void> {
  const programs = programsOf(text, target);
  expect(programs.small.kernels.filter(({ name }) => name.includes('_again')).length).toBeGreaterThan(0);
  const trainerOf = async (program: TrainerProgram): Promise<LoadedTrainer> =>
    (await importCode(await runnable(program, { target }))).createTrainer({ seed: 3 });
  const [a, b] = [await trainerOf(programs.fast), await trainerOf(programs.small)];
  for (const rows of counts) {
    const inputs = inputsFor(rows);
    const [p, q] = [a.gradients(inputs), b.gradients(inputs)];
    expect(Math.abs(q.loss - p.loss)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(p.loss)));
    // Before a normalisation a bias has no gradient but for rounding: all are held to the largest.
    const scale = Object.values(p.gradients).reduce((m, v) => v.reduce((n, x) => Math.max(n, Math.abs(x)), m), 1e-6);
    for (const [name, want] of Object.entries(p.gradients)) {
      const worst = want.reduce((m, x, i) => Math.max(m, Math.abs(q.gradients[name][i] - x)), 0);
      expect(worst / scale, name).toBeLessThan(1e-5);
    }
    const [s, t] = [a.step(inputs), b.step(inputs)];
    expect(Math.abs(t.loss - s.loss)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(s.loss)));
  }
}
