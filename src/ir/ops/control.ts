// What concerns how a value is differentiated or kept, and not what it is.
import type { Op } from '../graph.js';
import { elementwise, unary, type Plain } from './elementwise.js';

export const stopGradient: Op<Plain> = elementwise({
  name: 'stopGradient',
  summary: 'x, with no gradient flowing through it.',
  scalar: (x) => x,
  notation: { kind: 'call', name: 'stop_gradient' },
  samples: unary.map((s) => ({ ...s, smooth: false })),
});

/**
 * Equal nodes are one; what is computed from this one is computed anew. No rule may see through it. It is put in after
 * differentiation, by the pass that saves memory.
 */
export const again: Op<Plain> = elementwise({
  name: 'again',
  summary: 'x, from which values are computed a second time rather than kept.',
  rule: 'du = du',
  scalar: (x) => x,
  vjp: (d) => [d],
  notation: { kind: 'same' },
  samples: unary,
});
