// Sums over the rounds of a reverse loop. What is linear is done once, outside: a product of each round, summed up, is one contraction
// over rounds as well. The rest is carried.
import { freshLabel, moved, stackOutside } from './outside.js';
import type { Recall } from './recall.js';
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { add, div, mul, neg, sub } from '../../../ir/ops/arithmetic.js';
import { filled } from '../../../ir/ops/calls.js';
import { contract } from '../../../ir/ops/contract.js';
import { scatterAdd } from '../../../ir/ops/indexing.js';
import { broadcast, permute, reshape } from '../../../ir/ops/movement.js';
import { flipped } from '../../../ir/ops/rows.js';
import { sum } from '../../../ir/ops/reductions.js';
import type { Bound, Loop } from '../../../ir/ops/scan.js';

/** What the reverse loop gives once it is made. */
export interface Made {
  /** What a node is at each round, from the last to the first. */
  readonly stackOf: (node: Node) => Node;
  /** The sums that it carries. */
  readonly totals: readonly Node[];
}

type Later = (made: Made) => Node;

export interface Sums {
  /** The sum of a node of the body over all rounds. */
  over(term: Node): Later;
  /** What is to be carried for it. */
  readonly accumulated: readonly { readonly leaf: Bound; readonly start: Node; readonly next: Node }[];
  /** The nodes whose stacks are asked for. */
  readonly stacked: readonly Node[];
}

/** `needed`: what each round computes anyway. */
export function createSums(recall: Recall, loop: Loop, needed: ReadonlySet<Node>, g: Builder): Sums {
  const accumulated: { leaf: Bound; start: Node; next: Node }[] = [];
  const stacked: Node[] = [];

  const accumulate = (term: Node): Later => {
    const leaf = recall.leaf('total', term.type);
    const at = accumulated.length;
    accumulated.push({ leaf, start: filled(g, 0, term.type), next: g.make(add, [leaf, term], {}) });
    return ({ totals }) => totals[at];
  };

  /** [T, …] of a node, in the loop's order. */
  const stack = (node: Node): Later => {
    const { op, inputs } = node;
    const known =
      recall.isBack(node) || needed.has(node) ? recall.sequence(node) : stackOutside(node, recall, loop.length, g);
    if (known) return () => known;
    if (isOp(node, broadcast, permute, reshape)) {
      const of = stack(inputs[0]);
      return (made) => moved(node, of(made), loop.length, g);
    }
    // What only the sum asks for is multiplied outside by the factor that the loop has kept: product and sum become one contraction.
    if (op === mul && !needed.has(node) && inputs.some((i) => !recall.isBack(i))) {
      const parts = inputs.map(stack);
      return (made) =>
        g.make(
          mul,
          parts.map((part) => part(made)),
          {},
        );
    }
    if (!stacked.includes(node)) stacked.push(node);
    return ({ stackOf }) => flipped(stackOf(node), g);
  };

  const over = (term: Node): Later => {
    const { op, inputs, attrs } = term;
    const [a, b] = inputs;
    const times = (part: Node, factor: Node, first: boolean): Later => {
      const [of, by] = [over(part), recall.outside(factor)];
      return (made) => g.make(op, first ? [of(made), by] : [by, of(made)], attrs);
    };
    if (op === add || op === sub) {
      const [x, y] = [over(a), over(b)];
      return (made) => g.make(op, [x(made), y(made)], attrs);
    }
    if (op === neg || op === broadcast || op === permute || op === reshape) {
      const of = over(a);
      return (made) => g.make(op, [of(made)], attrs);
    }
    if ((op === mul || op === div || op === contract) && recall.isTimeless(b) && !recall.isTimeless(a))
      return times(a, b, true);
    if ((op === mul || op === contract) && recall.isTimeless(a) && !recall.isTimeless(b)) return times(b, a, false);
    if (isOp(term, contract) && !recall.isTimeless(term)) {
      const { left, right, out } = term.attrs;
      const t = freshLabel([...left, ...right]);
      const [x, y] = [stack(a), stack(b)];
      return (made) => g.make(contract, [x(made), y(made)], { left: [t, ...left], right: [t, ...right], out });
    }
    if (isOp(term, scatterAdd) && !recall.isTimeless(term)) {
      const [x, ids] = [stack(a), stack(b)];
      return (made) => g.make(scatterAdd, [x(made), ids(made)], term.attrs);
    }
    if (isOp(term, sum) && !recall.isTimeless(term)) {
      const of = stack(a);
      return (made) => g.make(sum, [of(made)], { axes: [0, ...term.attrs.axes.map((axis) => axis + 1)] });
    }
    return accumulate(term);
  };
  return { over, accumulated, stacked };
}
