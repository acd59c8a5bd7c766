// What is claimed of functions that targets write with arithmetic, and the means to hold them to it.
import { axis, constant, toIndex } from '../../src/ir/index.js';
import { erf } from '../../src/ir/evaluateScalar.js';
import { sigmoid, softplus } from '../../src/ir/ops/transcendental.js';
import { createBuilder } from '../../src/ir/builder.js';
import type { Op } from '../../src/ir/graph.js';
import type { Plain } from '../../src/ir/ops/elementwise.js';
import { input } from '../../src/ir/ops/leaves.js';
import { apply, load, type Scalar } from '../../src/ir/scalar.js';
import { tensor } from '../../src/ir/types.js';
import { expandIntrinsics, type Intrinsic } from '../../src/passes/schedule/expandIntrinsics.js';
import { buffer, kernelOf, runKernels } from '../codegen/runKernels.js';

/** Values of one run. */
export const length = 1 << 16;

/** Runs a function of x (and y) over all of them, in lanes or one by one. */
export function createRunner(
  value: (x: Scalar, y: Scalar) => Scalar,
  lanes: boolean,
): (x: Float32Array, y?: Float32Array) => Float32Array {
  const [from, and, to] = [buffer('x', length), buffer('y', length), buffer('z', length)];
  const i = axis('i', length);
  const [x, y] = [from, and].map((b): Scalar => load(b, toIndex(i), lanes ? 4 : undefined));
  const kernel = kernelOf('map', {
    kind: 'loop',
    axis: i,
    to: constant(length),
    step: lanes ? 4 : 1,
    as: 'serial',
    body: [{ kind: 'store', to, at: toIndex(i), value: value(x, y) }],
  });
  const running = runKernels([expandIntrinsics(kernel)], [from, and, to]);
  return (given, second) => {
    running.of(from).set(given);
    if (second) running.of(and).set(second);
    running.run();
    return running.of(to).slice(0, given.length);
  };
}

/** The distance to the exact value, in units of its last place in f32. */
export function distance(got: number, exact: number): number {
  if (Object.is(got, Math.fround(exact)) || (Number.isNaN(got) && Number.isNaN(exact))) return 0;
  if (got === exact) return 0;
  const size = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23));
  if (Math.fround(exact) === Math.sign(exact) * Infinity) return got === Math.fround(exact) ? 0 : Infinity;
  const difference = Math.abs(got - exact) / size;
  return Number.isNaN(difference) ? Infinity : difference;
}

export interface Claim {
  readonly value: (x: Scalar) => Scalar;
  readonly exact: (x: number) => number;
  readonly ulp: number;
  /** Where it is interesting. */
  readonly range: readonly [number, number];
  /** Beyond it only the ends are claimed. */
  readonly limit?: number;
}

const intrinsic =
  (op: Intrinsic) =>
  (x: Scalar): Scalar =>
    apply(op, x);

/** The element rule of an op of one input. */
function ruleOf(op: Op<Plain>): (x: Scalar) => Scalar {
  if (op.kind !== 'element') throw new Error(`${op.name} has no rule`);
  const g = createBuilder();
  const node = g.make(op, [g.make(input, [], { name: 'x', type: tensor([]) })], {});
  return (x) => op.element([], [() => x], { ...node, op, attrs: {} });
}

export const claims: Record<Exclude<Intrinsic, 'pow'> | 'sigmoid' | 'softplus', Claim> = {
  exp: { value: intrinsic('exp'), exact: Math.exp, ulp: 1.5, range: [-105, 90] },
  expm1: { value: intrinsic('expm1'), exact: Math.expm1, ulp: 2, range: [-20, 20] },
  log: { value: intrinsic('log'), exact: Math.log, ulp: 1, range: [0, 4] },
  log1p: { value: intrinsic('log1p'), exact: Math.log1p, ulp: 1.5, range: [-1, 3] },
  tanh: { value: intrinsic('tanh'), exact: Math.tanh, ulp: 2.5, range: [-10, 10] },
  erf: { value: intrinsic('erf'), exact: erf, ulp: 1.5, range: [-5, 5] },
  sin: { value: intrinsic('sin'), exact: Math.sin, ulp: 1.5, range: [-20, 20] },
  cos: { value: intrinsic('cos'), exact: Math.cos, ulp: 1.5, range: [-20, 20] },
  sigmoid: {
    value: ruleOf(sigmoid),
    // 0 where exp(-x) is beyond f32.
    exact: (x) => (Math.fround(Math.exp(-x)) === Infinity ? 0 : 1 / (1 + Math.exp(-x))),
    ulp: 3,
    range: [-90, 90],
  },
  softplus: {
    value: ruleOf(softplus),
    exact: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    ulp: 2.5,
    range: [-105, 90],
  },
};
