// Random models full of comparisons, extremes, ties and constants that f32 cannot hold, at inputs where much of it ties.
import fc from 'fast-check';
import type { RandomModel } from './randomModel.js';

const width = 4;

const constants = ['0.1', '(1 / 3)', '0.3', '0.7', '0.2', '1.1', '3', '0.5', '-0.1', '0', '1', '-0.4', '0.05', '1e-3'];

/** One step: a new value from earlier ones, u and v, and from constants, c and d. All values are [batch, width]. */
const steps: readonly ((v: string, u: string, c: string, d: string) => string)[] = [
  (v, _, c) => `${v} * ${c}`,
  (v, _, c) => `${v} / ${c === '0' ? '3' : c}`,
  (v, _, c) => `${v} + ${c}`,
  (v, _, c) => `${c} - ${v}`,
  (v, u) => `${v} * a - ${u}`,
  (v, u) => `0.3 * ${v} * ${u}`,
  (v, _, c) => `max(${v}, ${c})`,
  (v, _, c) => `min(${v} * s, ${c})`,
  (v, u) => `max(${v}, ${u})`,
  (v, u, c) => `min(${v}, ${u} * ${c})`,
  (v, _, c, d) => `clamp(${v}, min(${c}, ${d}), max(${c}, ${d}))`,
  (v, u, c) => `(if ${v} > ${c} then ${v} else 0.1 * ${u})`,
  (v, u, c) => `(if ${v} >= ${u} then ${v} else ${c})`,
  (v, u) => `(if ${v} == ${u} then 0.7 * ${v} else ${u})`,
  (v, u, c) => `(if ${v} * 0.1 == ${c} or ${v} < 0.3 * ${u} then ${v} else ${u} / 3)`,
  (v) => `relu(${v} - 0.3)`,
  (v, u) => `abs(${v} - ${u})`,
  (v, u) => `sign(${v} - 0.1) * ${u}`,
  (v, u) => `f32(${v} != 0.3) * ${u}`,
  (v, u, c) => `${u} + round(${v} * ${c})`,
  (v, u) => `${u} * floor(${v} / 0.1) * 0.01`,
  (v, u) => `${u} - ceil(${v} * 0.7)`,
  (v) => `${v} - max(${v}, axis = 1, keep = true)`,
  (v) => `max(0.3 * ${v}, axis = 1, keep = true) - ${v}`,
  (v, u) => `${u} + min(${v} / 3, axis = 0, keep = true)`,
  (v) => `max((0.3 * ${v})[:, ::2], axis = 0)[none, :1] * ${v}`,
  (v, u) => `${u} * f32(${v} == max(${v}, axis = 1, keep = true))`,
  (v, u) => `${u} + 0.1 * f32(argmax(${v} * a / 3))[:, none]`,
  (v, u) => `${u} - 0.1 * f32(argmin(${v} - ${u}, axis = 0))[none, :]`,
  (v, u) => `${u} * 0.1 * f32(sum(${v}[:, :, none] < ${v}[:, none, :], axis = 2))`,
  (v) => `concat([${v}[:, 2:], ${v}[:, :2]], axis = 1)`,
  (v) => `sqrt(max(${v}, 0.7) - 0.7 + 0.01)`,
  (v) => `sqrt(max(${v}, axis = 1, keep = true) - ${v} + 0.01)`,
  (v, u) => `(if ${v} >= ${u} then sqrt(${v} - ${u} + 0.01) else ${u})`,
  (v) => `${v} + max(stop_gradient(${v}), ${v} * 0.7)`,
  (v) => `(${v} |> leaky_relu)`,
  (v) => `hard_sigmoid(${v}) * s`,
];
/** Steps after which rounding may decide in targets what it does not decide elsewhere. */
const smooth: readonly ((v: string, u: string) => string)[] = [
  (v, u) => `tanh(${v}) + ${u}`,
  (v) => `0.3 * (${v} @ W)`,
  (v, u) => `${v} + 0.1 * mean(${u}, axis = 1, keep = true)`,
  (v) => `softmax(${v}, axis = 1)`,
];

const step = fc.record({
  kind: fc.nat(steps.length + smooth.length - 1),
  v: fc.nat(),
  u: fc.nat(),
  c: fc.constantFrom(...constants),
  d: fc.constantFrom(...constants),
});

export const comparingModel: fc.Arbitrary<RandomModel> = fc
  .record({
    steps: fc.array(step, { minLength: 2, maxLength: 7, size: 'max' }),
    memory: fc.constantFrom('fast', 'small'),
    tiny: fc.boolean(),
  })
  .map(({ steps: list, memory, tiny }) => {
    const lines = list.map(({ kind, v, u, c, d }, i) => {
      const [one, other] = [`h${v % (i + 1)}`, `h${u % (i + 1)}`];
      const formula = kind < steps.length ? steps[kind](one, other, c, d) : smooth[kind - steps.length](one, other);
      return `h${i + 1} = ${formula}`;
    });
    const last = `h${list.length}`;
    const text = [
      `model comparing {`,
      `  input x: [batch, ${width}]`,
      `  input y: [batch, ${width}]`,
      `  param a: [${width}] = [1, 0.1, 0.7, 1]`,
      `  param s: [] = 0.3`,
      `  param W: [${width}, ${width}] = [[1, 0, 0, 0.1], [0, 0.3, 0, 0], [0, 0, 1, 0], [0.7, 0, 0, 1]]`,
      ...(tiny ? [] : [`  param more: [100] = 0.1`]),
      `  h0 = x * a`,
      ...lines.map((line) => `  ${line}`),
      `  output all = ${last}`,
      `  loss = mean(${last} * y) + mean(h${list.length - 1} * (${last} > 0.1))${tiny ? '' : ' + mean(more^2)'}`,
      `  train { optimizer = sgd(lr = 0.1), batch = 6, memory = "${memory}" }`,
      `}\n`,
    ].join('\n');
    return { text, inputs };
  });

/** Multiples of 0.1, many of them equal; y weighs the results, so that no error cancels. */
function inputs(rows: number, seed: number): Record<string, Float32Array> {
  let state = seed + 1;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const of = (value: () => number): Float32Array => Float32Array.from({ length: rows * width }, value);
  return { x: of(() => Math.floor(11 * draw() - 5) / 10), y: of(() => 1 + draw()) };
}
