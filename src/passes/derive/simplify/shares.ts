// Derivatives of shares: what e over its sum, as softmax is, turns a cotangent into.
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { div, mul, sub } from '../../../ir/ops/arithmetic.js';
import { filled } from '../../../ir/ops/calls.js';
import { broadcast } from '../../../ir/ops/movement.js';
import { sum } from '../../../ir/ops/reductions.js';
import { exp } from '../../../ir/ops/transcendental.js';
import { given, type SimplifyRule } from './rule.js';

export const shareRules: readonly SimplifyRule[] = [
  // All shares are 1 in all: of the targets that a softmax gives.
  { equation: 'sum(exp(x)) / sum(exp(x)) = 1', given: given.finite, ops: [div], rewrite: wholeOfShares },
  {
    equation: '(d / s - sum(d / s * (e / s))) * e = e / s * (d - sum(d * (e / s)))',
    given: given.finite,
    ops: [mul],
    rewrite: cotangentOfShare,
  },
];

function wholeOfShares({ inputs: [a, b], type }: Node, g: Builder): Node | undefined {
  if (a !== b || !isOp(a, sum) || !isOp(a.inputs[0], exp)) return undefined;
  return filled(g, 1, type);
}

/** The scale s repeats along the summed axes. With it taken out, the shares e / s are all that is needed of the forward pass. */
function cotangentOfShare({ inputs: [a, b] }: Node, g: Builder): Node | undefined {
  return fromShare(a, b, g) ?? fromShare(b, a, g);
}

function fromShare(difference: Node, e: Node, g: Builder): Node | undefined {
  if (!isOp(difference, sub) || difference.kept) return undefined;
  const [scaled, wide] = difference.inputs;
  if (!isOp(scaled, div) || scaled.kept || !isOp(wide, broadcast)) return undefined;
  const [total] = wide.inputs;
  if (!isOp(total, sum) || total.kept || wide.attrs.axes.join() !== total.attrs.axes.join()) return undefined;
  const [d, s] = scaled.inputs;
  const share = shareIn(total.inputs[0], scaled, e, s);
  const repeats = isOp(s, broadcast) && total.attrs.axes.every((axis) => s.attrs.axes.includes(axis));
  if (!share || !repeats) return undefined;
  const mean = g.make(broadcast, [g.make(sum, [g.make(mul, [d, share], {})], total.attrs)], wide.attrs);
  return g.make(mul, [share, g.make(sub, [d, mean], {})], {});
}

/** The factor e / s beside the scaled cotangent. */
function shareIn(product: Node, scaled: Node, e: Node, s: Node): Node | undefined {
  if (!isOp(product, mul) || product.kept || !product.inputs.includes(scaled)) return undefined;
  const share = product.inputs[0] === scaled ? product.inputs[1] : product.inputs[0];
  return isOp(share, div) && share.inputs[0] === e && share.inputs[1] === s ? share : undefined;
}
