// Growths by one element or two: functions, arithmetic, comparisons and choices.
import { constant as whole, size as sizeNamed } from '../../../src/ir/index.js';
import * as arithmetic from '../../../src/ir/ops/arithmetic.js';
import { filled, spread } from '../../../src/ir/ops/calls.js';
import { iota, size } from '../../../src/ir/ops/constants.js';
import { stopGradient } from '../../../src/ir/ops/control.js';
import { counter } from '../../../src/ir/ops/leaves.js';
import { isOp, type Node } from '../../../src/ir/graph.js';
import { and, equalTo, less, lessEqual, not, or, select, toF32 } from '../../../src/ir/ops/logic.js';
import { broadcast } from '../../../src/ir/ops/movement.js';
import * as transcendental from '../../../src/ir/ops/transcendental.js';
import { dim, sameShape, type ElementType } from '../../../src/ir/types.js';
import { keepOrder, make, numbers, pick, pickLike, pickOf, positive, uniform, type Growing } from './growing.js';

const { add, sub: minus, mul, div, pow, minimum, maximum, neg, abs, sign, floor, ceil, round, sqrt } = arithmetic;
const { exp, log, log1p, expm1, sin, cos, tanh, erf, sigmoid, softplus } = transcendental;

export function elementwise(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [neg, abs, sin, cos, tanh, erf, sigmoid, softplus, stopGradient];
  return make(g, ops[choose(ops.length)], x);
}

export function bounded(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [exp, expm1, exp];
  return make(g, ops[choose(ops.length)], make(g, choose(2) === 0 ? tanh : neg, make(g, softplus, x)));
}

export function ofPositive(of: Growing): Node {
  const { g, choose } = of;
  const x = positive(g, pick(of));
  const ops = [log, log1p, sqrt];
  return make(g, ops[choose(ops.length)], x);
}

export function power(of: Growing): Node {
  const { g, choose } = of;
  const exponents = [0, 0.5, 1, 2, 3, -1, 1.7];
  const x = pick(of);
  const exponent = exponents[choose(exponents.length)];
  return make(g, pow, Number.isInteger(exponent) && exponent > 0 ? x : positive(g, x), filled(g, exponent, x.type));
}

export function binary(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [add, minus, mul, mul, minimum, maximum];
  const y = pickLike(of, x);
  return choose(2) === 0 ? make(g, ops[choose(ops.length)], x, y) : make(g, ops[choose(ops.length)], y, x);
}

export function quotient(of: Growing): Node {
  const { g } = of;
  const x = pick(of);
  return make(g, div, pickLike(of, x), positive(g, x));
}

export function scaled(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const y = uniform(of, x);
  switch (choose(6)) {
    case 0:
      return make(g, mul, y, x);
    case 1:
      return make(g, mul, x, y);
    case 2:
      return make(g, div, x, make(g, add, make(g, abs, y), filled(g, 1, y.type)));
    case 3:
      return make(g, div, x, filled(g, [2, 3, 4, 0.5][choose(4)], x.type));
    case 4:
      return make(g, div, x, spread(g, g.make(size, [], { of: sizeNamed('batch') }), x.type));
    default:
      return make(g, [add, minus][choose(2)], ...(choose(2) === 0 ? [x, y] : [y, x]));
  }
}

/** a / n - b / n and the like. */
export function commonFactor(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const y = pickLike(of, x);
  const factor = uniform(of, x);
  const op = [mul, div][choose(2)];
  const nonzero = op === div ? make(g, add, make(g, abs, factor), filled(g, 1, x.type)) : factor;
  return make(g, [add, minus][choose(2)], make(g, op, x, nonzero), make(g, op, y, nonzero));
}

/** A leaf of a kind; not the seed, which is a number of its own. */
function leafOf({ leaves, choose }: Growing, kind: ElementType['kind']): Node | undefined {
  const fitting = leaves.filter((node) => node.type.element.kind === kind && !isOp(node, counter));
  return fitting[choose(fitting.length)];
}

/** What is true of leaves, which rounding does not decide. */
export function condition(of: Growing): Node | undefined {
  const { g, choose } = of;
  switch (choose(5)) {
    case 0: {
      const x = leafOf(of, 'f32');
      const op = [less, lessEqual][choose(2)];
      return x && make(g, op, x, filled(g, numbers[choose(numbers.length)], x.type));
    }
    case 1:
    case 2: {
      const [a, b] = [pickOf(of, 'bool'), pickOf(of, 'bool')];
      if (!a || !b) return undefined;
      return sameShape(a.type, b.type) ? make(g, [and, or, equalTo][choose(3)], a, b) : make(g, not, a);
    }
    default: {
      const ids = leafOf(of, 'index');
      if (!ids) return undefined;
      const shape = [...ids.type.shape, dim(whole(3))];
      const classes = g.make(broadcast, [g.make(iota, [], { size: whole(3) })], { shape, axes: keepOrder(ids) });
      return make(g, equalTo, g.make(broadcast, [ids], { shape, axes: [ids.type.shape.length] }), classes);
    }
  }
}

/** What is true of computed values: of such as are not equal, nor nearly so, by the way they are made. */
export function compared(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const other = make(g, mul, filled(g, 0.731, x.type), pickLike(of, x));
  const shifted = make(g, add, choose(2) === 0 ? filled(g, 0, x.type) : other, filled(g, 0.417, x.type));
  const ops = [less, lessEqual];
  return choose(2) === 0 ? make(g, ops[choose(2)], x, shifted) : make(g, ops[choose(2)], shifted, x);
}

export function chosen(of: Growing): Node | undefined {
  const { g, pool, choose } = of;
  const x = pick(of);
  const conditions = pool.filter(({ type }) => type.element.kind === 'bool' && sameShape(type, x.type));
  if (conditions.length === 0) return undefined;
  return make(g, select, conditions[choose(conditions.length)], x, choose(2) === 0 ? pickLike(of, x) : uniform(of, x));
}

export function number(of: Growing): Node | undefined {
  const { g, choose } = of;
  if (choose(2) === 0) {
    const x = pickOf(of, choose(2) === 0 ? 'bool' : 'index');
    return x && make(g, toF32, x);
  }
  const x = leafOf(of, 'f32');
  return x && make(g, [floor, ceil, round, sign][choose(4)], x);
}
