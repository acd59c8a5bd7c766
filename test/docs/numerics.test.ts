// docs/numerics.md: the errors of functions are those that are tested, and special values, kinks and ties are as it says.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';
import { claims } from '../support/intrinsics.js';

const page = readFileSync(new URL('../../docs/numerics.md', import.meta.url), 'utf8');

describe('docs/numerics.md', () => {
  it('tells the errors of functions as they are tested', () => {
    const rows = [...page.matchAll(/^\| ((?:`\w+`,? ?)+) +\| ([\d.]+) +\|$/gm)];
    const said = new Map(
      rows.flatMap(([, names, ulp]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name, Number(ulp)] as const)),
    );
    // The test of pow has its bound in itself.
    said.delete('pow');
    expect(Object.fromEntries(said)).toEqual(
      Object.fromEntries(Object.entries(claims).map(([name, { ulp }]) => [name, ulp])),
    );
  });

  /** The gradient of the sum of an expression by a parameter x, at some values. */
  async function gradientOf(expression: string, x: readonly number[], target: 'ts' | 'wasm'): Promise<number[]> {
    const text = `model kinks {\n  input one: [batch]\n  param x: [${x.length}] = [${x.map((v) => (Number.isNaN(v) ? 0 : v)).join(', ')}]\n  loss = sum(${expression}) * mean(one)\n}\n`;
    const trainer = await (await loadText(text, { target })).createTrainer();
    trainer.parameters.x.set(x);
    return [...trainer.gradients({ one: Float32Array.of(1) }).gradients.x];
  }

  it.each([
    ['relu(x)', [0, 1], [0, 1]],
    ['max(x, 2)', [2, 3], [0, 1]],
    ['min(x, 2)', [2, 1], [0, 1]],
    ['max(x, x[::-1])', [1, 1], [1, 1]],
    ['max(x, axis = 0)', [3, 1, 3], [0.5, 0, 0.5]],
    ['abs(x)', [0, -1], [0, -1]],
    ['round(x) + floor(x) + ceil(x) + sign(x) + x', [0.5], [1]],
    ['sqrt(x)', [0], [Infinity]],
    ['0^x', [2], [0]],
    ['if x > 0 then 3 * x else x', [1, -1], [3, 1]],
    ['clamp(x, 0, 1)', [0, 1, 2], [1, 1, 0]],
    ['hard_tanh(x) + hard_sigmoid(6 * x)', [1, -1], [0, 0]],
    ['x |> elu', [0], [1]],
    ['x |> leaky_relu(0.25)', [0], [0.25]],
    ['x^0', [0], [0]],
    ['x + grad(x^0, x) * x', [0, 2], [1, 1]],
    ['if x > 0 then log(x) else 0', [0, 2], [0, 0.5]],
    ['max(sqrt(x), 0.5)', [0], [0]],
    ['if x >= 0.7 then sqrt(x - 0.7) else 0', [0.6], [0]],
    ['x / max(sqrt(sum(x^2)), 1)', [0, 0], [1, 1]],
    ['sqrt(x) * 0', [0], [NaN]],
    ['std(x)', [3, 3], [0, 0]],
    ['logsumexp(if x > 5 then x else -inf)', [1, 2], [0, 0]],
    ['grad(if x > 0 then log(x) else 0, x)', [0, 2], [0, -0.25]],
    ['relu(x)', [NaN, 1, -1], [1, 1, 0]],
    ['relu(x)^2', [NaN, 1, -1], [NaN, 2, 0]],
    ['hard_tanh(x)^2', [NaN, 0.5], [NaN, 1]],
    ['min(0.5, x)^2', [NaN, 0.25], [NaN, 0.5]],
    ['max(x, axis = 0)', [1, NaN], [NaN, NaN]],
    ['min(reshape(x, [2, 2]), axis = 1)', [1, NaN, 3, 2], [NaN, NaN, 0, 1]],
    ['if isfinite(max(x, axis = 0)) then max(x, axis = 0) else x[0]', [1, NaN], [1, 0]],
    ['sqrt(take_along(x, argmax(x[::-1])))', [0, 4], [Infinity, 0]],
    ['sqrt(x[argmax(x[::-1], keep = true)])', [0, 4, 1], [0, 0.25, 0]],
    ['sqrt(x[argmin(x, keep = true)])', [1, 4, 0], [0, 0, Infinity]],
    ['max(x, 0.1) - 0.1', [-1, 0.1], [0, 0]],
  ] as const)('%s has the gradient that it says', async (expression, x, wanted) => {
    // The sign of a zero is not said.
    const plain = (list: readonly number[]): number[] => list.map((value) => value + 0);
    for (const target of ['ts', 'wasm'] as const)
      expect(plain(await gradientOf(expression, x, target))).toEqual(plain(wanted));
  });

  it.each(['ts', 'wasm'] as const)('special values follow IEEE 754 on %s', async (target) => {
    const text = `model special {
  input x: [batch]
  output quotient = x / x
  output inverse = 1 / x
  output larger = max(x, 1)
  output same = f32(x == x)
  output other = f32(x != x)
  output finite = f32(isfinite(x))
  output place = f32(argmax(x, axis = 0)) + 0 * x
  param k: f32 = 1
  loss = k * mean(x)
}
`;
    const { predict } = await (await loadText(text, { target })).createTrainer();
    const got = predict({ x: Float32Array.of(1, 0, NaN, Infinity) });
    expect(Array.from(got.quotient)).toEqual([1, NaN, NaN, NaN]);
    expect(Array.from(got.inverse)).toEqual([1, Infinity, NaN, 0]);
    expect(Array.from(got.larger)).toEqual([1, 1, NaN, Infinity]);
    expect(Array.from(got.same)).toEqual([1, 1, 0, 1]);
    expect(Array.from(got.other)).toEqual([0, 0, 1, 0]);
    expect(Array.from(got.finite)).toEqual([1, 1, 0, 0]);
    expect(Array.from(got.place).slice(0, 2)).toEqual([2, 2]);
  });

  it.each(['ts', 'wasm'] as const)('functions are at their edges as it says on %s', async (target) => {
    const text = `model edges {
  input x: [batch, 3]
  output deviation = std(x, axis = 1)
  output total = logsumexp(x, axis = 1)
  output apart = cosine_distance(x[0:1], 0 * x[0:1])
  output normal = x |> layer_norm
  param k: f32 = 1
  loss = k * mean(x)
}
`;
    const { predict } = await (await loadText(text, { target })).createTrainer();
    const large = 1000.1;
    const rows = [large, large, large, -Infinity, -Infinity, -Infinity, 1, Infinity, 2];
    const got = predict({ x: Float32Array.from(rows) });
    expect(Array.from(got.deviation).slice(0, 1)).toEqual([0]);
    expect(Array.from(got.total).slice(1)).toEqual([-Infinity, Infinity]);
    expect(Array.from(got.apart)).toEqual([1]);
    expect(Math.abs(got.normal[0])).toBeLessThan(target === 'ts' ? 0.02 : 0.03);
  });

  it('draws are the same to the bit on ts and wasm', async () => {
    const text = `model drawn {
  input x: [batch]
  param W: [4] ~ normal()
  metric u = mean(uniform_like(x))
  metric b = mean(bernoulli(0.3, like = x))
  loss = mean(W)^2
}
`;
    const [a, b] = await Promise.all(
      (['ts', 'wasm'] as const).map(async (target) => {
        const trainer = await (await loadText(text, { target })).createTrainer({ seed: 7 });
        const { u, b: drawn } = trainer.evaluate({ x: new Float32Array(1) });
        return [u, drawn, ...trainer.parameters.W];
      }),
    );
    expect(a).toEqual(b);
  });
});
