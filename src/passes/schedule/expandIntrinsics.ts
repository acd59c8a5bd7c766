// exp, log, tanh and the like written with arithmetic and the bits of numbers, for targets that cannot spell them.
import { rangeOfExp } from '../../ir/coefficients.js';
import type { Kernel } from '../../ir/program.js';
import { rewriteScalar } from '../../ir/rewrite.js';
import type { Scalar, ScalarOp } from '../../ir/scalar.js';
import { mapStatement } from '../../ir/statements.js';
import { clamp } from './intrinsics/arithmetic.js';
import { erf, exp, expm1, log, log1p, sine, tanh } from './intrinsics/elementary.js';
import { pow } from './intrinsics/power.js';

/**
 * Measured over the whole range of f32, in units in the last place of the exact value: tanh at most 2.5, expm1 2, exp, erf 1.5,
 * log, log1p, pow 1; sin and cos 1.5.
 * What the library makes of them: sigmoid 3, softplus 2.5.
 */
export type Intrinsic = 'exp' | 'expm1' | 'log' | 'log1p' | 'sin' | 'cos' | 'tanh' | 'erf' | 'pow';

const expansions: Record<Intrinsic, (x: Scalar, y: Scalar) => Scalar> = {
  exp: (x) => exp(clamp(x, rangeOfExp.least, rangeOfExp.most)),
  expm1: (x) => expm1(clamp(x, -30, rangeOfExp.most)),
  log,
  log1p,
  sin: (x) => sine(x, 0),
  cos: (x) => sine(x, 1),
  tanh,
  erf,
  pow,
};

/** The kernel with every intrinsic expanded. Shared parts are equal by key: the emitter computes them once. */
export function expandIntrinsics(kernel: Kernel): Kernel {
  const memo = new Map<string, Scalar>();
  const expand = (value: Scalar): Scalar => expandScalar(value, memo);
  return { ...kernel, body: kernel.body.map((statement) => mapStatement(statement, expand)) };
}

/** The value with every intrinsic expanded. */
function expandScalar(value: Scalar, memo: Map<string, Scalar> = new Map()): Scalar {
  const expand = (part: Scalar): Scalar =>
    rewriteScalar(
      part,
      {
        scalar: (v) => {
          if (v.kind !== 'apply' || !isIntrinsic(v.op)) return undefined;
          const [x, y] = v.args.map(expand);
          return expansions[v.op](x, y);
        },
      },
      memo,
    );
  return expand(value);
}

function isIntrinsic(op: ScalarOp): op is Intrinsic {
  return op in expansions;
}
