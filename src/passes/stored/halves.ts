// Which nodes are stored as halves, where the model asks for that: activations and gradients, but neither sums nor what is reported.
import { isElementwise, isOp, type Node, type Op } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import { constant, size } from '../../ir/ops/constants.js';
import { scatterAdd, sumAlike } from '../../ir/ops/indexing.js';
import { numberOf, spreadFrom } from '../../ir/ops/calls.js';
import { contract } from '../../ir/ops/contract.js';
import { add, div, mul, neg, sub } from '../../ir/ops/arithmetic.js';
import { select } from '../../ir/ops/logic.js';
import { overlapAdd, window } from '../../ir/ops/windows.js';
import { prod, reduceMax, reduceMin, sum } from '../../ir/ops/reductions.js';
import { recurrence } from '../../ir/ops/recurrence.js';
import { scan } from '../../ir/ops/scan.js';
import { broadcast, pad, permute, reshape, slice, spreadOut } from '../../ir/ops/movement.js';
import { elementCount } from '../../ir/types.js';

/** How a node is stored that is no f32: as it is, or times the scale of the loss. */
export type Half = 'plain' | 'scaled';

/** What many terms come to, which may be large, and what equals one of its operands, which is compared with them. */
const totals: ReadonlySet<Op> = new Set<Op>([...[sum, prod, reduceMax, reduceMin, scatterAdd, sumAlike, recurrence]]);

const moving: ReadonlySet<Op> = new Set<Op>([broadcast, reshape, permute, slice]);

/** Ops of one operand that give twice as much of twice as much. */
const linear: ReadonlySet<Op> = new Set<Op>([...moving, pad, spreadOut, window, overlapAdd, neg]);

/**
 * `order`: all nodes, inputs first. `reported`: what users read, or what lives on. Sums stay f32, and what is computed of sums alone, such
 * as a mean, a variance, the maximum of a row. So does what a loop carries, and what the derivative is made of that does not grow with the
 * loss, or may not.
 */
export function halvesOf(order: readonly Node[], reported: ReadonlySet<Node>): (node: Node) => Half | undefined {
  const ofSums = new Set<Node>();
  const growing = new Set<Node>();
  for (const node of order) {
    if (isOfSums(node, ofSums)) ofSums.add(node);
    if (growsWithLoss(node, growing)) growing.add(node);
  }
  return (node) => {
    const { role, type } = node;
    if (type.element.kind !== 'f32' || reported.has(node) || role.kind === 'update') return undefined;
    if (constantOf(elementCount(type)) === 1 || ofSums.has(node)) return undefined;
    if (isOp(node, scan) && (node.attrs.result.kind !== 'emit' || ofSums.has(node.attrs.result.of))) return undefined;
    // What is differentiated within the model is a value of it.
    if (role.kind === 'forward' || role.by) return 'plain';
    return growing.has(node) ? 'scaled' : undefined;
  };
}

function isOfSums(node: Node, ofSums: ReadonlySet<Node>): boolean {
  if (totals.has(node.op)) return true;
  if (!moving.has(node.op) && !isElementwise(node)) return false;
  const rest = node.inputs.filter((input) => !isOp(spreadFrom(input), constant, size));
  return rest.length > 0 && rest.every((input) => ofSums.has(input));
}

/** Is it a whole cotangent of the loss, or made of such as a linear function of them? */
function growsWithLoss({ role, op, inputs }: Node, growing: ReadonlySet<Node>): boolean {
  if (role.kind !== 'cotangent' || role.by) return false;
  if (role.of) return true;
  const [a, b, c] = inputs;
  const grows = (node: Node): boolean => growing.has(node);
  const fits = (node: Node): boolean => grows(node) || numberOf(node) === 0;
  if (linear.has(op)) return grows(a);
  if (op === select) return (grows(b) && fits(c)) || (grows(c) && fits(b));
  if (op === add || op === sub) return grows(a) && grows(b);
  if (op === mul || op === contract) return grows(a) !== grows(b);
  return op === div && grows(a) && !grows(b);
}
