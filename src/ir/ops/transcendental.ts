// Elementwise functions beyond arithmetic. sigmoid, softplus and what is taken from softplus are here for their numerics.
import type { Op } from '../graph.js';
import { apply as call, infix } from '../formula/tree.js';
import { apply, number, type Scalar } from '../scalar.js';
import { add, div, mul, neg, sub } from './arithmetic.js';
import { filled } from './calls.js';
import { binary, elementwise, unary, within, type Plain } from './elementwise.js';

export const exp: Op<Plain> = elementwise({
  name: 'exp',
  summary: 'e to the power x.',
  rule: 'd exp(u) = exp(u) ⊙ du',
  scalar: (x) => apply('exp', x),
  vjp: (d, _, y, g) => [g.make(mul, [d, y], {})],
  samples: unary,
});

export const expm1: Op<Plain> = elementwise({
  name: 'expm1',
  summary: 'exp(x) - 1, accurate near 0.',
  rule: 'd expm1(u) = exp(u) ⊙ du',
  scalar: (x) => apply('expm1', x),
  vjp: (d, [x], _, g) => [g.make(mul, [d, g.make(exp, [x], {})], {})],
  samples: unary,
});

export const log: Op<Plain> = elementwise({
  name: 'log',
  summary: 'The natural logarithm.',
  rule: 'd log(u) = du / u',
  scalar: (x) => apply('log', x),
  vjp: (d, [x], _, g) => [g.make(div, [d, x], {})],
  samples: within(unary, 0.25, 4),
});

export const log1p: Op<Plain> = elementwise({
  name: 'log1p',
  summary: 'log(1 + x), accurate near 0.',
  rule: 'd log1p(u) = du / (1 + u)',
  scalar: (x) => apply('log1p', x),
  vjp: (d, [x], _, g) => [g.make(div, [d, g.make(add, [filled(g, 1, x.type), x], {})], {})],
  samples: within(unary, -0.5, 3),
});

export const sin: Op<Plain> = elementwise({
  name: 'sin',
  summary: 'The sine of x radians. Accurate up to |x| = 12,000 where it is made of arithmetic.',
  rule: 'd sin(u) = cos(u) ⊙ du',
  scalar: (x) => apply('sin', x),
  vjp: (d, [x], _, g) => [g.make(mul, [d, g.make(cos, [x], {})], {})],
  samples: unary,
});

export const cos: Op<Plain> = elementwise({
  name: 'cos',
  summary: 'The cosine of x radians. Accurate up to |x| = 12,000 where it is made of arithmetic.',
  rule: 'd cos(u) = -sin(u) ⊙ du',
  scalar: (x) => apply('cos', x),
  vjp: (d, [x], _, g) => [g.make(neg, [g.make(mul, [d, g.make(sin, [x], {})], {})], {})],
  samples: unary,
});

export const tanh: Op<Plain> = elementwise({
  name: 'tanh',
  summary: 'The hyperbolic tangent.',
  rule: 'd tanh(u) = (1 - tanh(u)²) ⊙ du',
  scalar: (x) => apply('tanh', x),
  // tanh′ = 1 - tanh²
  vjp: (d, _, y, g) => [g.make(mul, [d, g.make(sub, [filled(g, 1, y.type), g.make(mul, [y, y], {})], {})], {})],
  samples: unary,
});

export const erf: Op<Plain> = elementwise({
  name: 'erf',
  summary: 'The error function.',
  rule: 'd erf(u) = (2 / sqrt(π)) · exp(-u²) ⊙ du',
  scalar: (x) => apply('erf', x),
  // erf′ = 2/√π · exp(-x²)
  vjp: (d, [x], _, g) => {
    const bell = g.make(exp, [g.make(neg, [g.make(mul, [x, x], {})], {})], {});
    return [g.make(mul, [d, g.make(mul, [filled(g, 2 / Math.sqrt(Math.PI), x.type), bell], {})], {})];
  },
  samples: unary,
});

export const sigmoid: Op<Plain> = elementwise({
  name: 'sigmoid',
  summary: '1 / (1 + exp(-x)), which is 0 from about -88.7 down.',
  rule: 'd σ(u) = σ(u) ⊙ (1 - σ(u)) ⊙ du',
  scalar: (x) => apply('div', number(1), apply('add', number(1), apply('exp', apply('neg', x)))),
  // σ′ = σ (1 - σ)
  vjp: (d, _, y, g) => [g.make(mul, [g.make(mul, [d, y], {}), g.make(sub, [filled(g, 1, y.type), y], {})], {})],
  notation: { kind: 'call', name: 'sigmoid', math: 'σ' },
  samples: unary,
});

export const softplus: Op<Plain> = elementwise({
  name: 'softplus',
  summary: 'log(1 + exp(x)), computed as max(x, 0) + log1p(exp(-|x|)).',
  rule: 'd softplus(u) = σ(u) ⊙ du',
  scalar: (x) => apply('add', apply('max', x, number(0)), smallPart(x)),
  vjp: (d, [x], _, g) => [g.make(mul, [d, g.make(sigmoid, [x], {})], {})],
  samples: unary,
});

/** What softplus has beyond max(x, 0). */
function smallPart(x: Scalar): Scalar {
  return apply('log1p', apply('exp', apply('neg', apply('abs', x))));
}

/** The loss of a logit: beside it, what is left of softplus(z) - t z where z is right with certainty would be lost. */
export const softplusMinus: Op<Plain> = elementwise({
  name: 'softplusMinus',
  summary: 'softplus(a) - b, computed as (max(a, 0) - b) + log1p(exp(-|a|)): what is small is added last.',
  rule: 'd(softplus(u) - v) = σ(u) ⊙ du - dv',
  scalar: (a, b) => apply('add', apply('sub', apply('max', a, number(0)), b), smallPart(a)),
  vjp: (d, [a], _, g) => [g.make(mul, [d, g.make(sigmoid, [a], {})], {}), g.make(neg, [d], {})],
  notation: { kind: 'form', write: ([a, b]) => infix('sub', call('softplus', [a]), b) },
  samples: binary,
});
