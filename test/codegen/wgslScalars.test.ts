// Scalar instructions as WGSL, where the language promises less than we do: large arguments, negative bases, NaN and infinity. Each
// of numbers, and of vectors of four.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { erf, roundEven } from '../../src/codegen/runtime/scalar.js';
import type { Call } from '../../src/codegen/wgsl/call.js';
import { printShaders } from '../../src/codegen/wgsl/shaders.js';
import { axis, constant, toIndex, type Index } from '../../src/ir/index.js';
import type { Kernel } from '../../src/ir/program.js';
import { apply, indexValue, load, number, type Buffer, type Scalar } from '../../src/ir/scalar.js';
import { lowerWork } from '../../src/passes/schedule/lower/workgroups.js';
import { planWorkgroups } from '../../src/passes/schedule/plan/workgroups.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { buffer, nest } from '../support/nests.js';
import { claims, distance } from '../support/intrinsics.js';
import { wgsl } from '../support/targets.js';

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

const call: Call = { fields: [], has: () => false, host: new Set(), turns: new Map(), given: [], slots: new Map() };

type Value = (x: Scalar, i: Scalar) => Scalar;

/** value(x) for every x, which comes to the same four by four. */
async function map(given: readonly number[], value: Value): Promise<number[]> {
  const single = await mapBy(1, given, value);
  const padded = [...given, ...Array.from({ length: -given.length & 3 }, () => 1)];
  const byFour = await mapBy(4, padded, value);
  expect(byFour.slice(0, given.length)).toEqual(single);
  return single;
}

async function mapBy(width: 1 | 4, values: readonly number[], value: Value): Promise<number[]> {
  const [x, out] = [buffer('x', values.length), buffer('out', values.length)];
  const i = axis('i', values.length);
  const made = value(load(x, toIndex(i)), indexValue(i));
  const mapped = nest('map', [i], [{ to: out, at: toIndex(i), value: made }]);
  const plan = planWorkgroups(mapped, wgsl, () => 1);
  if (plan.kind !== 'threads') throw new Error(`an elementwise nest is planned as ${plan.kind}`);
  const kernel: Kernel = lowerWork(mapped, width === 4 ? { ...plan, quads: i } : plan, wgsl);
  const start = 4 * Math.ceil(values.length / 4);
  const offsets = new Map<Buffer, Index>([
    [x, constant(0)],
    [out, constant(start)],
  ]);
  const { text, names } = printShaders(
    {
      entries: { predict: { name: 'predict', steps: [{ kind: 'run', kernel }], inputs: [], results: [] } },
      kernels: [kernel],
      buffers: [x, out],
      memory: { offsets, length: constant(2 * start) },
    },
    call,
  );
  const { floats } = await gpu.shaders({
    code: text,
    dispatches: [{ name: names.get(kernel) ?? '', groups: [Math.ceil(values.length / 64)] }],
    floats: Float32Array.from({ length: 2 * start }, (_, at) => values[at] ?? NaN),
    integers: new Int32Array(4),
    call: new Int32Array(4),
  });
  expect(text.includes('vectors[')).toBe(width === 4);
  return [...floats.slice(start, start + values.length)];
}

const plain = Array.from({ length: 400 }, (_, i) => Math.fround((i - 200) / 17));
const tiny = [0, 1e-6, -1e-6, 1e-3, -1e-3];
const large = [88, -88, 120, -120, 1e4, -1e4, 1e30, -1e30];

const functions: readonly (readonly [string, (x: Scalar) => Scalar, (x: number) => number, readonly number[]])[] = [
  ['tanh', (x) => apply('tanh', x), Math.tanh, [...plain, ...tiny, ...large]],
  ['erf', (x) => apply('erf', x), erf, [...plain, ...tiny, ...large]],
  ['exp', (x) => apply('exp', x), Math.exp, [...plain, ...tiny, 88, 100, 1e4, -1e4, Infinity, -Infinity, NaN]],
  ['log', (x) => apply('log', x), Math.log, [...plain, 1e-20, 1e30, 0, -1, Infinity, -Infinity, NaN]],
  ['a root', (x) => apply('sqrt', x), Math.sqrt, [0, 1e-20, 2, 1e30, -1, Infinity]],
  ['log1p', (x) => apply('log1p', x), Math.log1p, [...plain.filter((x) => x > -0.99), ...tiny, 1e4]],
  ['expm1', (x) => apply('expm1', x), Math.expm1, [...plain, ...tiny, -88, -1e4]],
  ['sine', (x) => apply('sin', x), Math.sin, [...plain, ...tiny, 1000, -1000]],
  ['cosine', (x) => apply('cos', x), Math.cos, [...plain, ...tiny, 1000, -1000]],
  ['rounding', (x) => apply('round', x), roundEven, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]],
  ['a cube', (x) => apply('pow', x, number(3)), (x) => x ** 3, plain],
  ['a power', (x) => apply('pow', x, number(-1.5)), (x) => x ** -1.5, [...plain.filter((x) => x > 0), 0, -1, -2.5]],
  ['an odd power', (x) => apply('pow', number(-2), x), (x) => (-2) ** x, [-3, -2, 0, 1, 2, 7, 0.5]],
];

it.each(functions)('%s', async (_, value, exact, values) => {
  const found = await map(values, (x) => value(x));
  values.forEach((x, i) => {
    const want = Math.fround(exact(Math.fround(x)));
    const same = Object.is(found[i], want) || Math.abs(found[i] - want) <= 3e-6 * Math.max(Math.abs(want), 1e-3);
    if (!same) expect.fail(`of ${x}: ${found[i]}, not ${want}`);
  });
});

/** In units of the last place, wherever results are not below what every device keeps. */
const within: Partial<Record<keyof typeof claims, number>> = {
  exp: 3,
  expm1: 5,
  log: 3,
  log1p: 5,
  sin: 2.5,
  cos: 2.5,
  tanh: 5,
  erf: 3,
  sigmoid: 5,
  softplus: 6,
};

it.each(Object.entries(within))('%s of numbers of every size is within %s units in the last place', async (op, ulp) => {
  const { value, exact, range } = claims[op as keyof typeof claims];
  const bits = new Uint32Array(8_000);
  const x = new Float32Array(bits.buffer);
  for (let i = 0; i < bits.length; i += 2) {
    bits[i] = Math.imul(i, 0x9e3779b1) >>> 0;
    x[i + 1] = range[0] + (range[1] - range[0]) * ((i * 0.6180339887) % 1);
  }
  x.set([0, 1, -1, Infinity, -Infinity, NaN, 3.4028234663852886e38, 16367173 * 2 ** 72, 1e20, 2 ** 100, 12_001]);
  const got = await map([...x], value);
  x.forEach((v, i) => {
    const want = exact(v);
    if (Math.abs(v) < 2e-37 || Math.abs(want) < 2e-37 || Math.abs(want) > 3.4e38 !== Math.abs(got[i]) > 3.4e38) return;
    expect(distance(got[i], want), `of ${v}: ${got[i]}, not ${want}`).toBeLessThanOrEqual(ulp);
  });
});

it('NaN and infinity', async () => {
  const isNumber = await map([1, NaN, Infinity, -Infinity], (x) => apply('f32', apply('eq', x, x)));
  expect(isNumber).toEqual([1, 0, 1, 1]);
  const below = await map([1, -Infinity, Infinity], (x) => apply('f32', apply('lt', x, number(Infinity))));
  expect(below).toEqual([1, 1, 0]);
  expect(await map([1, -3], (x) => apply('min', x, number(-Infinity)))).toEqual([-Infinity, -Infinity]);
});

it('truths', async () => {
  const between = (x: Scalar, low: number, high: number): Scalar =>
    apply('and', apply('lt', number(low), x), apply('not', apply('le', number(high), x)));
  const values = [-3, -1, -0.5, 0, 0.5, 1, 2, 3];
  const chosen = await map(values, (x) =>
    apply('select', apply('or', between(x, -2, 0), between(x, 0.7, 2.5)), apply('neg', x), number(7)),
  );
  expect(chosen).toEqual(values.map((x) => ((x > -2 && x < 0) || (x > 0.7 && x < 2.5) ? -x : 7)));
  const odd = await map(values, (x) =>
    apply('f32', apply('xor', apply('lt', x, number(1)), apply('lt', x, number(-0.7)))),
  );
  expect(odd).toEqual(values.map((x) => Number(x < 1 !== x < -0.7)));
  const sooner = await map(values, (x, i) => apply('f32', apply('min', apply('i32', x), i)));
  expect(sooner).toEqual(values.map((x, i) => Math.min(Math.trunc(x), i) + 0));
});

it('integers and their bits', async () => {
  const hash = await map([0, 0, 0, 0, 0], (_, i) => {
    const word = apply('mul', apply('add', apply('u32', i), number(0x9e3779b9, 'u32')), number(0x85ebca6b, 'u32'));
    const turned = apply('xor', apply('shl', word, number(13, 'u32')), apply('shr', word, number(19, 'u32')));
    return apply('mul', apply('f32', apply('shr', turned, number(8, 'u32'))), number(2 ** -24));
  });
  expect(hash).toEqual(
    [0, 1, 2, 3, 4].map((i) => {
      const word = Math.imul(i + 0x9e3779b9, 0x85ebca6b);
      return (((word << 13) ^ (word >>> 19)) >>> 8) * 2 ** -24;
    }),
  );
  const bits = await map([1.5, -2], (x) =>
    apply('bitsFloat', apply('xor', apply('floatBits', x), number(0x80000000, 'u32'))),
  );
  expect(bits).toEqual([-1.5, 2]);
});
