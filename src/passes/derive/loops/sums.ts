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

/** Sums over the rounds of a loop, and what is to be carried and stacked for them. */
export class Sums {
  /** What is to be carried. */
  readonly accumulated: { readonly leaf: Bound; readonly start: Node; readonly next: Node }[] = [];
  /** The nodes whose stacks are asked for. */
  readonly stacked: Node[] = [];

  /** `needed`: what each round computes anyway. */
  constructor(
    private readonly recall: Recall,
    private readonly loop: Loop,
    private readonly needed: ReadonlySet<Node>,
    private readonly g: Builder,
  ) {}

  /** The sum of a node of the body over all rounds. */
  over(term: Node): Later {
    const { recall, g } = this;
    const { op, inputs, attrs } = term;
    const [a, b] = inputs;
    if (op === add || op === sub) {
      const [x, y] = [this.over(a), this.over(b)];
      return (made) => g.make(op, [x(made), y(made)], attrs);
    }
    if (op === neg || op === broadcast || op === permute || op === reshape) {
      const of = this.over(a);
      return (made) => g.make(op, [of(made)], attrs);
    }
    if (op === mul || op === div || op === contract) {
      const [left, right] = [a, b].map((factor) => recall.isTimeless(factor));
      if (right && !left) {
        const [of, by] = [this.over(a), recall.outside(b)];
        return (made) => g.make(op, [of(made), by], attrs);
      }
      if (left && !right && op !== div) {
        const [of, by] = [this.over(b), recall.outside(a)];
        return (made) => g.make(op, [by, of(made)], attrs);
      }
    }
    return this.overStacks(term) ?? this.carried(term);
  }

  /** As one operation over the stacks of its operands. */
  private overStacks(term: Node): Later | undefined {
    const { g } = this;
    if (this.recall.isTimeless(term)) return undefined;
    const stacks = (): Later[] => term.inputs.map((input) => this.stack(input));
    if (isOp(term, contract)) {
      const { left, right, out } = term.attrs;
      const t = freshLabel([...left, ...right]);
      const [x, y] = stacks();
      return (made) => g.make(contract, [x(made), y(made)], { left: [t, ...left], right: [t, ...right], out });
    }
    if (isOp(term, scatterAdd)) {
      const [x, ids] = stacks();
      return (made) => g.make(scatterAdd, [x(made), ids(made)], term.attrs);
    }
    if (isOp(term, sum)) {
      const [of] = stacks();
      const axes = [0, ...term.attrs.axes.map((axis) => axis + 1)];
      return (made) => g.make(sum, [of(made)], { axes });
    }
    return undefined;
  }

  private carried(term: Node): Later {
    const { recall, accumulated, g } = this;
    const leaf = recall.leaf('total', term.type);
    const at = accumulated.length;
    accumulated.push({ leaf, start: filled(g, 0, term.type), next: g.make(add, [leaf, term], {}) });
    return ({ totals }) => totals[at];
  }

  /** [T, …] of a node, in the loop's order. */
  private stack(node: Node): Later {
    const { recall, loop, needed, stacked, g } = this;
    const { op, inputs } = node;
    const known =
      recall.isBack(node) || needed.has(node) ? recall.sequence(node) : stackOutside(node, recall, loop.length, g);
    if (known) return () => known;
    if (isOp(node, broadcast, permute, reshape)) {
      const of = this.stack(inputs[0]);
      return (made) => moved(node, of(made), loop.length, g);
    }
    // What only the sum asks for is multiplied outside by the factor that the loop has kept: product and sum become one contraction.
    if (op === mul && !needed.has(node) && inputs.some((i) => !recall.isBack(i))) {
      const parts = inputs.map((input) => this.stack(input));
      return (made) =>
        g.make(
          mul,
          parts.map((part) => part(made)),
          {},
        );
    }
    if (!stacked.includes(node)) stacked.push(node);
    return ({ stackOf }) => flipped(stackOf(node), g);
  }
}
