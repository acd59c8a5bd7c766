// Elementwise arithmetic.
import { infix, power, seen, type Formula } from '../formula/tree.js';
import type { Builder, Node, Op } from '../graph.js';
import { apply, number } from '../scalar.js';
import { filled, numberOf, spreadFrom } from './calls.js';
import { binary, elementwise, unary, within, type Plain } from './elementwise.js';
import { and, equalTo, less, lessEqual, select } from './logic.js';
import { log } from './transcendental.js';

export const add: Op<Plain> = elementwise({
  name: 'add',
  summary: 'a + b.',
  rule: 'd(u + v) = du + dv',
  scalar: (a, b) => apply('add', a, b),
  vjp: (d) => [d, d],
  notation: { kind: 'infix', operator: 'add' },
  samples: binary,
});

export const sub: Op<Plain> = elementwise({
  name: 'sub',
  summary: 'a - b.',
  rule: 'd(u - v) = du - dv',
  scalar: (a, b) => apply('sub', a, b),
  vjp: (d, _, __, g) => [d, g.make(neg, [d], {})],
  notation: { kind: 'infix', operator: 'sub' },
  samples: binary,
});

export const mul: Op<Plain> = elementwise({
  name: 'mul',
  summary: 'a * b, element by element.',
  rule: 'd(u ⊙ v) = v ⊙ du + u ⊙ dv',
  scalar: (a, b) => apply('mul', a, b),
  // d(a·b) = b·da + a·db
  vjp: (d, [a, b], _, g) => [g.make(mul, [d, b], {}), g.make(mul, [d, a], {})],
  notation: {
    kind: 'form',
    write: ([x, y], { inputs: [a, b] }) => {
      if (a === b) return power(x, 2);
      if (isSquareOf(x, b)) return power(y, 3);
      const scalar = [a, b].some((i) => i.type.shape.length === 0 || isUniform(i));
      return infix(scalar ? 'times' : 'elementwise', x, y);
    },
  },
  samples: binary,
});

/** Is it written as the square of a node? */
function isSquareOf(formula: Formula, x: Node): boolean {
  return formula.kind === 'power' && formula.base.node === x && seen(formula.exponent) === formula.exponent;
}

/** Is it the same number everywhere? */
function isUniform(node: Node): boolean {
  return spreadFrom(node).type.shape.length === 0;
}

export const div: Op<Plain> = elementwise({
  name: 'div',
  summary: 'a / b, element by element.',
  rule: 'd(u / v) = du / v - (u / v²) ⊙ dv',
  scalar: (a, b) => apply('div', a, b),
  // d(a/b) = da/b - (a/b)·db/b
  vjp: (d, [, b], y, g) => {
    const over = g.make(div, [d, b], {});
    return [over, g.make(neg, [g.make(mul, [over, y], {})], {})];
  },
  notation: { kind: 'infix', operator: 'div' },
  samples: [{ inputs: ['f32[2, 3]', 'f32[2, 3]'], domain: [0.5, 2] }],
});

export const neg: Op<Plain> = elementwise({
  name: 'neg',
  summary: '-x.',
  rule: 'd(-u) = -du',
  scalar: (x) => apply('neg', x),
  vjp: (d, _, __, g) => [g.make(neg, [d], {})],
  notation: { kind: 'prefix', operator: 'neg' },
  samples: unary,
});

export const pow: Op<Plain> = elementwise({
  name: 'pow',
  summary:
    'a to the power b. Where b is 0, the derivative by a is 0; where a is 0 and b is not negative, that by b is.',
  rule: 'd(u^v) = v ⊙ u^(v - 1) ⊙ du + u^v ⊙ log(u) ⊙ dv',
  scalar: (a, b) => apply('pow', a, b),
  vjp: (d, [a, b], y, g) => {
    const lowered = g.make(pow, [a, g.make(sub, [b, filled(g, 1, b.type)], {})], {});
    const byBase = g.make(mul, [d, g.make(mul, [b, lowered], {})], {});
    // 0 * x^-1 would be NaN at 0.
    if (numberOf(b) === 0) return [undefined, undefined];
    if (numberOf(b) !== undefined) return [byBase, undefined];
    const zero = filled(g, 0, a.type);
    const byExponent = g.make(mul, [d, g.make(mul, [y, g.make(log, [a], {})], {})], {});
    // 0^b is 0 for every b above 0, and counts so for b = 0.
    const flat = g.make(and, [g.make(equalTo, [a, zero], {}), g.make(lessEqual, [zero, b], {})], {});
    return [
      g.make(select, [g.make(equalTo, [b, zero], {}), zero, byBase], {}),
      g.make(select, [flat, zero, byExponent], {}),
    ];
  },
  notation: { kind: 'form', write: ([a, b]) => power(a, b) },
  samples: within(binary, 0.5, 2),
});

export const maximum: Op<Plain> = elementwise({
  name: 'maximum',
  summary:
    'The larger of a and b; NaN if either is. At ties each gets half of the cotangent, but a constant gets none: relu′(0) = 0.',
  rule: 'd max(u, v) = 1[u > v] ⊙ du + 1[v > u] ⊙ dv',
  scalar: (a, b) => apply('max', a, b),
  vjp: (d, [a, b], y, g) => extreme(d, a, b, y, g, (one, other) => [one, other]),
  notation: { kind: 'call', name: 'max' },
  samples: binary,
});

export const minimum: Op<Plain> = elementwise({
  name: 'minimum',
  summary:
    'The smaller of a and b; NaN if either is. At ties each gets half of the cotangent, but a constant gets none.',
  rule: 'd min(u, v) = 1[u < v] ⊙ du + 1[v < u] ⊙ dv',
  scalar: (a, b) => apply('min', a, b),
  vjp: (d, [a, b], y, g) => extreme(d, a, b, y, g, (one, other) => [other, one]),
  notation: { kind: 'call', name: 'min' },
  samples: binary,
});

/**
 * max(x, c): the result itself tells where c won, so that the input need not be kept. It is asked who lost, so that NaN, which does not
 * compare, hands the cotangent on.
 */
function extreme(
  d: Node,
  a: Node,
  b: Node,
  y: Node,
  g: Builder,
  rising: (loser: Node, winner: Node) => readonly [Node, Node],
): (Node | undefined)[] {
  const zero = filled(g, 0, d.type);
  const won = (x: Node, lost: Op<Plain>, by: Node, part: Node): Node =>
    g.make(select, [g.make(lost, rising(x, by), {}), zero, part], {});
  if (numberOf(b) !== undefined) return [won(y, lessEqual, b, d), undefined];
  if (numberOf(a) !== undefined) return [undefined, won(y, lessEqual, a, d)];
  const half = g.make(mul, [d, filled(g, 0.5, d.type)], {});
  const share = g.make(select, [g.make(equalTo, [a, b], {}), half, d], {});
  return [won(a, less, b, share), won(b, less, a, share)];
}

export const abs: Op<Plain> = elementwise({
  name: 'abs',
  summary: '|x|. The derivative at 0 is 0.',
  rule: 'd abs(u) = sign(u) ⊙ du',
  scalar: (x) => apply('abs', x),
  vjp: (d, [x], _, g) => [g.make(mul, [d, g.make(sign, [x], {})], {})],
  samples: unary,
});

export const sign: Op<Plain> = elementwise({
  name: 'sign',
  summary: '-1, 0 or 1.',
  scalar: (x) => apply('sub', apply('f32', apply('lt', number(0), x)), apply('f32', apply('lt', x, number(0)))),
  samples: unary,
});

export const floor: Op<Plain> = elementwise({
  name: 'floor',
  summary: 'The largest integer not above x. Its derivative is 0.',
  scalar: (x) => apply('floor', x),
  samples: unary,
});
export const ceil: Op<Plain> = elementwise({
  name: 'ceil',
  summary: 'The smallest integer not below x. Its derivative is 0.',
  scalar: (x) => apply('ceil', x),
  samples: unary,
});
export const round: Op<Plain> = elementwise({
  name: 'round',
  summary: 'The nearest integer, halves to the even one. Its derivative is 0.',
  scalar: (x) => apply('round', x),
  samples: unary,
});

export const sqrt: Op<Plain> = elementwise({
  name: 'sqrt',
  summary: 'The square root.',
  rule: 'd sqrt(u) = du / (2 · sqrt(u))',
  scalar: (x) => apply('sqrt', x),
  // d√x = dx / (2√x)
  vjp: (d, _, y, g) => [g.make(div, [d, g.make(mul, [filled(g, 2, y.type), y], {})], {})],
  samples: within(unary, 0.25, 4),
});
