// Which derivatives can be other than finite where what they are made of is finite: what a cotangent of 0 must not be multiplied by.
import { through, type Node, type Op } from '../../../ir/graph.js';
import { div, mul, pow, sqrt } from '../../../ir/ops/arithmetic.js';
import { contract } from '../../../ir/ops/contract.js';
import type { Range } from './ranges.js';
import { input } from '../../../ir/ops/leaves.js';
import { broadcast, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { prod, reduceMax, reduceMin } from '../../../ir/ops/reductions.js';
import {
  cos,
  erf,
  exp,
  expm1,
  log,
  log1p,
  sigmoid,
  sin,
  softplus,
  softplusMinus,
  tanh,
} from '../../../ir/ops/transcendental.js';

/**
 * May the derivative of a node by an input be infinite or NaN? The derivatives of relu, of sums, of products with inputs and weights may
 * not, so that their zeros are left as they are; those of quotients, roots, logarithms, powers and exponentials may, unless ranges tell
 * otherwise. Behind an author's own `if` any value may be: NaN of an input is kept out by it.
 */
export function isSingular(node: Node, i: number, written: boolean, ranges: ReadonlyMap<Node, Range>): boolean {
  const of = (n: Node): Range | undefined => ranges.get(n);
  const open = (n: Node): boolean => !of(n)?.finite || (written && !of(n)?.fixed);
  const above = (n: Node, limit: number): boolean => (of(n)?.low ?? -Infinity) > limit && !written;
  const [x, y] = node.inputs;
  switch (node.op) {
    case mul:
      return open(node.inputs[1 - i]);
    case div:
      return !apartFromZero(of(y)) || (written && !of(y)?.fixed) || (i === 1 && open(node));
    case contract:
      return !of(node.inputs[1 - i])?.finite || (written && isInput(node.inputs[1 - i]));
    case exp:
    case expm1:
      return open(node);
    case log:
    case sqrt:
      return !above(x, 0);
    case log1p:
      return !above(x, -1);
    case sin:
    case cos:
      return open(x);
    case tanh:
    case sigmoid:
    case softplus:
    case erf:
      return written || !of(x)?.number;
    case softplusMinus:
      return i === 0 && (written || !of(x)?.number);
    case reduceMax:
    case reduceMin:
      return written || !of(x)?.number;
    case pow:
    case prod:
      return true;
    default:
      return false;
  }
}

function apartFromZero(range: Range | undefined): boolean {
  return range !== undefined && range.number && (range.low > 0 || range.high < 0);
}

const moving: readonly Op[] = [reshape, permute, slice, broadcast];

/** Is it an input, as it came? */
function isInput(node: Node): boolean {
  return through(node, moving).op === input;
}
