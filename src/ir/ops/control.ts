// What concerns differentiation alone.
import type { Op } from '../graph.js';
import { elementwise, unary, type Plain } from './elementwise.js';

export const stopGradient: Op<Plain> = elementwise({
  name: 'stopGradient',
  summary: 'x, with no gradient flowing through it.',
  scalar: (x) => x,
  notation: { kind: 'call', name: 'stop_gradient' },
  samples: unary.map((s) => ({ ...s, smooth: false })),
});
