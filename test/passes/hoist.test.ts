// Weights that rounds of a loop would each stage anew are staged before it, and results are the same.
import { describe, expect, it } from 'vitest';
import { makePrograms } from '../../src/compile.js';
import type { Step } from '../../src/ir/program.js';
import { runsOf } from '../../src/ir/runs.js';
import { agree } from '../support/agree.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const text = (units: number, body: string): string => `
layer cell(units)(x: [batch, T, n]) -> [batch, T, units] {
  param U: [units, units] ~ orthogonal()
  param W: [n, units] ~ glorot_uniform()
  inputs = x @ W
  return scan xt in inputs along T, h = zeros([batch, units]) {
    h := tanh(xt + h @ U)
    emit h
  }
}
model m(T = 5) {
  input x: [batch, T, 3]
  input y: [batch, 2]
  h = x |> ${body.replaceAll('UNITS', String(units))}
  output p = h[:, -1, :] |> dense(2)
  loss = mean((p - y)^2)
  train { optimizer = sgd(lr = 0.1), batch = 32 }
}
`;

const wave = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(1.7 * i + seed)));
const inputs = (rows: number, seed: number) => ({ x: wave(15 * rows, seed), y: wave(2 * rows, seed + 1) });

function stepsOf(units: number, body = 'cell(UNITS)'): readonly Step[] {
  const [{ program }] = makePrograms({ file: 'm.nn', text: text(units, body) }, { target: 'wasm' }).programs;
  return program.entries.step?.steps ?? [];
}

const isPanels = (step: Step): boolean => step.kind === 'run' && step.kernel.name.includes('panels_of');

describe('panels', () => {
  it('are made before the loop, once forwards and once backwards', () => {
    const steps = stepsOf(64);
    expect(steps.filter(isPanels).length).toBe(2);
    const inLoops = steps.flatMap((step) => (step.kind === 'repeat' ? runsOf(step.steps) : []));
    expect(inLoops.some(({ kernel }) => kernel.name.includes('panels_of'))).toBe(false);
    expect(inLoops.some(({ kernel }) => kernel.plan.includes('staged'))).toBe(false);
  });

  it('are not made of weights that are few, or that no panel fits', () => {
    expect(stepsOf(16).some(isPanels)).toBe(false);
    expect(stepsOf(67).some(isPanels)).toBe(false);
  });

  it('give what the evaluator says', { timeout: 170_000 }, async () => {
    await agree({ text: text(64, 'cell(UNITS)'), inputs }, 3);
  });

  it('give the same bits as without, for copies of a layer as well', async () => {
    const losses = async (without: readonly string[]): Promise<number[]> => {
      const code = await runnableText(text(64, 'repeat(4, cell(UNITS))'), { target: 'wasm', without });
      const trainer = await (await importCode(code)).createTrainer();
      return [1, 2, 3].map((seed) => trainer.step(inputs(33, seed)).loss);
    };
    expect(await losses([])).toEqual(await losses(['hoist']));
  });
});
