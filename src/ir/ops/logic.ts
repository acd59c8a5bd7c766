// Comparison, logic and choice.
import { cases, infix, type Formula, type Operator } from '../formula/tree.js';
import { isOp, type Node, type Op } from '../graph.js';
import { apply } from '../scalar.js';
import { bool, f32 } from '../types.js';
import { constant as literalNumber } from './constants.js';
import { filled } from './calls.js';
import { binary, elementwise, type Plain } from './elementwise.js';
import { broadcast } from './movement.js';

/** 0 < x reads x > 0. */
function compared(a: Formula, b: Formula, { inputs: [x, y] }: Node, operator: Operator, turned: Operator): Formula {
  const constant = (node: Node): boolean => isOp(isOp(node, broadcast) ? node.inputs[0] : node, literalNumber);
  return constant(x) && !constant(y) ? infix(turned, b, a) : infix(operator, a, b);
}

export const less: Op<Plain> = elementwise({
  name: 'less',
  summary: 'a < b; also of index tensors.',
  scalar: (a, b) => apply('lt', a, b),
  result: bool,
  notation: { kind: 'form', write: ([a, b], node) => compared(a, b, node, 'less', 'greater') },
  samples: binary,
});

export const lessEqual: Op<Plain> = elementwise({
  name: 'lessEqual',
  summary: 'a <= b; also of index tensors.',
  scalar: (a, b) => apply('le', a, b),
  result: bool,
  notation: {
    kind: 'form',
    write: ([a, b], node) => compared(a, b, node, 'lessEqual', 'greaterEqual'),
  },
  samples: binary,
});

export const equalTo: Op<Plain> = elementwise({
  name: 'equalTo',
  summary: 'a == b; also of index and bool tensors.',
  scalar: (a, b) => (a.type === 'bool' ? apply('eq', apply('i32', a), apply('i32', b)) : apply('eq', a, b)),
  result: bool,
  notation: { kind: 'infix', operator: 'equal' },
  samples: [...binary, { inputs: ['index(3)[4]', 'index(3)[4]'] }, { inputs: ['bool[4]', 'bool[4]'] }],
});

export const and: Op<Plain> = elementwise({
  name: 'and',
  summary: 'Both.',
  scalar: (a, b) => apply('and', a, b),
  notation: { kind: 'infix', operator: 'and' },
  samples: [{ inputs: ['bool[4]', 'bool[4]'] }],
});

export const or: Op<Plain> = elementwise({
  name: 'or',
  summary: 'At least one.',
  scalar: (a, b) => apply('or', a, b),
  notation: { kind: 'infix', operator: 'or' },
  samples: [{ inputs: ['bool[4]', 'bool[4]'] }],
});

export const not: Op<Plain> = elementwise({
  name: 'not',
  summary: 'The opposite.',
  scalar: (a) => apply('not', a),
  notation: { kind: 'prefix', operator: 'not' },
  samples: [{ inputs: ['bool[4]'] }],
});

export const select: Op<Plain> = elementwise({
  name: 'select',
  summary: 'a where the condition holds, else b.',
  rule: 'd {u if c, else v} = {du if c, else dv}',
  scalar: (c, a, b) => apply('select', c, a, b),
  vjp: (d, [c], y, g) => {
    const zero = filled(g, 0, y.type);
    return [undefined, g.make(select, [c, d, zero], {}), g.make(select, [c, zero, d], {})];
  },
  notation: {
    kind: 'form',
    write: ([c, a, b]) => cases(c, a, b),
  },
  samples: [{ inputs: ['bool[2, 3]', 'f32[2, 3]', 'f32[2, 3]'] }],
});

export const toF32: Op<Plain> = elementwise({
  name: 'toF32',
  summary: 'A bool (0 or 1) or an index as a number.',
  scalar: (x) => apply('f32', x),
  result: f32,
  notation: { kind: 'call', name: 'f32' },
  samples: [{ inputs: ['bool[4]'] }, { inputs: ['index(5)[4]'] }],
});
