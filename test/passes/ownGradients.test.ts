// Derivatives that authors declare: what they are by value, to any order, in the cotangents of others, and in code.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { meaningOf } from '../support/randomModel.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { check } from '../../src/compile.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printText } from '../../src/inspect/print/text.js';

const functions = `
fn straight(x) = round(x)
gradient straight(x, d) = d

fn reversed(strength = 1)(x) = x
gradient reversed(x, d) = -strength * d

fn limited(low, high)(x) = x
gradient limited(x, d) = clamp(d, low, high)

fn product(a, b) = a * b
gradient product(a, b, d) = d * b, 2 * d * a

fn own_exp(x) = exp(x)
gradient own_exp(x, d) = d * own_exp(x)

fn scaled(x, by) = x * by
gradient scaled(x, by, d) = by * d, 7 * sum(d * x)

fn rows(table, ids) = table[ids]
gradient rows(table, ids, d) = sum(d)

fn half(x: [..., n]) = x^2
gradient half(x: [..., n], d) {
  each = d / n
  return each * x
}

fn summed(f)(x) = sum(f(x))
gradient summed(x, d) = d * grad(sum(f(x)), x)

fn twice(x, k) = k * straight(x)
gradient twice(x, k, d) = product(d, x)
`;

/** A model of the parameters w and v with a loss of them. */
const model = (loss: string): string => `${functions}
model m {
  input x: [batch, 2]
  input ids: index(4)[batch]
  param w: [2] = [0.3, 1.7]
  param v: [2] = [2, 3]
  param table: [4, 2] = 0.5
  frozen param limit: f32 = 0.25
  used = sum(x) * 0 + 0 * (sum(w) + sum(v) + sum(table)) + 0 * sum(f32(ids))
  loss = used + ${loss}
}
`;

const e = Math.exp;
const [w, v] = [
  [0.3, 1.7],
  [2, 3],
];

/** Losses with the gradients of w and v. */
const cases: readonly (readonly [loss: string, w: readonly number[], v: readonly number[]])[] = [
  ['sum(v * straight(w))', v, [0, 2]],
  ['sum(reversed()(w) * v) + sum(reversed(3)(v) * w)', [0, 0], [w[0] - 3 * w[0], w[1] - 3 * w[1]]],
  ['sum(limited(-0.2, 2.5)(w) * v)', [2, 2.5], w],
  ['sum(limited(-limit, limit)(w) * v)', [0.25, 0.25], w],
  ['sum(product(w, v))', v, [2 * w[0], 2 * w[1]]],
  ['sum(product(w, w))', [3 * w[0], 3 * w[1]], [0, 0]],
  ['sum(own_exp(w))', w.map(e), [0, 0]],
  ['sum(scaled(w, 3)) + sum(scaled(v, sum(w)))', [3 + 7 * 5, 3 + 7 * 5], [2, 2]],
  ['sum(half(w)) + sum(rows(table, ids))', [w[0] / 2, w[1] / 2], [0, 0]],
  ['summed(own_exp)(w) + summed(half)(v)', w.map(e), [1, 1.5]],
  ['sum(twice(w, 5))', w, [0, 0]],
  // The derivative of what is declared, by the chain rule: of d b by b and d, of 2 d a by a and d.
  ['sum(grad(product(w, v), w) * w)', v, [w[0], w[1]]],
  ['sum(grad(product(w, v), v) * v)', [2 * v[0], 2 * v[1]], [2 * w[0], 2 * w[1]]],
  ['sum(grad(sum(grad(own_exp(w), w) * v), w))', [e(w[0]) * v[0], e(w[1]) * v[1]], w.map(e)],
  ['sum(grad(sum(own_exp(w) * straight(v)), v) * v)', [e(w[0]) * v[0], e(w[1]) * v[1]], w.map(e)],
  ['sum(if v > 2.5 then limited(-1, 1)(v) * 9 else 0 * v)', [0, 0], [0, 1]],
];

const inputs = { x: Float32Array.of(1, 2, 3, 4), ids: Uint8Array.of(3, 1) };

const close = (found: ArrayLike<number>, wanted: readonly number[], digits: number): void =>
  wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, digits));

/** What each case gives, added up: of w and of v. */
const totals = [1, 2].map((of) =>
  cases.reduce<number[]>((sum, each) => sum.map((s, i) => s + Number(each[of][i])), [0, 0]),
);

let gpu: GpuProcess;
beforeAll(async () => void (gpu = await startGpu('swiftshader')));
afterAll(() => gpu?.end());

describe('a gradient of one’s own', () => {
  it.each(cases)('%s', (loss, ofW, ofV) => {
    const parameters = { w, v, table: Array<number>(8).fill(0.5), limit: [0.25] };
    const { gradients } = meaningOf(model(loss))(inputs, parameters, 2, { seed: 0, draw: 0, update: 1 });
    close(gradients.get('w') ?? [], ofW, 9);
    close(gradients.get('v') ?? [], ofV, 9);
  });

  it.each(['ts', 'wasm', 'wgsl'] as const)('is the same on every target: %s', async (target) => {
    const code = await runnableText(model(cases.map(([loss]) => loss).join(' + ')), { target });
    const trainer = await (target === 'wgsl' ? gpu.createTrainer(code) : (await importCode(code)).createTrainer());
    const { gradients } = await trainer.gradients(inputs);
    close(gradients.w, totals[0], 3);
    close(gradients.v, totals[1], 3);
  });

  it('costs what stopping the gradient by hand does', async () => {
    const network = (rounded: string): string => `fn straight(x) = round(x)
gradient straight(x, d) = d
fn stopped(x) = x + stop_gradient(round(x) - x)
model m {
  input x: [batch, 8]
  input y: [batch, 4]
  loss = mse(x |> dense(16) |> tanh |> ${rounded} |> dense(4), y)
  train { optimizer = sgd(lr = 0.1) }
}`;
    const kernels = async (rounded: string): Promise<number> =>
      (await runnableText(network(rounded))).match(/^function \w+\((?!m\b)/gm)?.length ?? 0;
    expect(await kernels('straight')).toBeLessThanOrEqual(await kernels('stopped'));
    expect(await kernels('straight')).toBeGreaterThan(0);
  });

  it('is written as a call', () => {
    const { model: checked } = check({ file: 'm.nn', text: model('sum(v * straight(w))') });
    if (!checked) throw new Error('it has errors');
    const text = printText(derivationOf(checked));
    expect(text).toMatch(/straight\(w\)/);
  });
});
