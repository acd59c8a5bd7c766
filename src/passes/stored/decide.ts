// Which nodes are stored: one sweep from outputs to inputs, so that every consumer is decided before its producer.
import { isOp, type Node } from '../../ir/graph.js';
import { putRows, scatterAdd, sumAlike } from '../../ir/ops/indexing.js';
import { NodeTable, readersAmong } from '../../ir/nodeTable.js';
import { leavesOfLoop, runsAmong, scan } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import { elementCount, type TensorType } from '../../ir/types.js';
import { constant } from '../../ir/ops/constants.js';
import { countsUpdates, scalesRates } from '../../ir/recognise.js';
import { tooFar } from './addresses.js';
import { costOf, type RuleCost } from './cost.js';
import { inputsNeeded, needsOf, type Needs } from './needs.js';
import { estimated, type Estimate } from '../../ir/nest/sizes.js';

export interface Decision {
  /** Every node that the roots reach, inputs first. */
  readonly order: readonly Node[];
  /** Those that get a buffer and a nest (leaves have buffers anyway). */
  readonly stored: ReadonlySet<Node>;
  /** Scalars of counters alone, such as a learning rate by schedule: computed by the host in double precision. */
  readonly host: ReadonlySet<Node>;
  /** How often elements of each leaf are read. */
  readonly reads: ReadonlyMap<Node, number>;
  /** The runs of loops among the nodes, by their keys (`runKey`). */
  readonly runs: ReadonlyMap<string, DecidedRun>;
}

/** One run of a loop: what of it is needed, and what of its body is stored at each round. */
export interface DecidedRun extends Needs {
  readonly body: Decision;
}

/** Operations one inside another in a nest: more would exhaust the stack, and take time that grows as their square. */
const deepest = 100;

/** What rules cost, by everything that they depend on: the copies of a layer have theirs in common. */
const costs = new WeakMap<Estimate, Costs>();

class Costs {
  private readonly byNode = new Map<Node, Figures>();
  private readonly byRule = new Map<string, Figures>();

  constructor(private readonly estimate: Estimate) {}

  of(node: Node): Figures {
    const found = this.byNode.get(node);
    if (found) return found;
    const rule = ruleKey(node);
    let cost = this.byRule.get(rule);
    if (!cost) {
      const { estimate } = this;
      cost = { ...costOf(node, estimate), count: estimated(elementCount(node.type), estimate) };
      this.byRule.set(rule, cost);
    }
    this.byNode.set(node, cost);
    return cost;
  }
}

interface Figures extends RuleCost {
  /** The elements of the node. */
  readonly count: number;
}

function costsBy(estimate: Estimate): Costs {
  const known = costs.get(estimate) ?? new Costs(estimate);
  costs.set(estimate, known);
  return known;
}

/** The operation with its attributes, without the nodes that it is of, and the types. */
function ruleKey({ op, attrsKey, inputs, type }: Node): string {
  let rule = `${op.name} ${attrsKey} ${formKey(type)}`;
  for (const input of inputs) rule += ` ${formKey(input.type)}`;
  return rule;
}

const formKeys = new WeakMap<TensorType, string>();

/** Equal for equal types, whatever their dimensions are called. */
function formKey(type: TensorType): string {
  let known = formKeys.get(type);
  if (known === undefined) {
    const { element, shape } = type;
    const of = element.kind === 'index' ? element.size.key : '';
    formKeys.set(type, (known = `${element.kind}${of}[${shape.map(({ size }) => size.key).join(',')}]`));
  }
  return known;
}

/**
 * Node n is stored iff it is a root, or what a loop gives, or adds terms to rows, or T·c > T + N·(c + 1), or it is a fold that a loop
 * would make anew in each round, or that a nest would make of parts, or beside one that it has already, or stands too deep in a nest to
 * be written into it, or is read at coordinates that would make an address too large.
 * A scaled learning rate is written into what reads it.
 * T: how often its elements would be evaluated if inlined, once more in each round of a loop; N: its elements; c: the cost of its own rule.
 */
export function decide(roots: readonly Node[], estimate: Estimate): Decision {
  return decideIn(roots, estimate, false);
}

/** In the body of a loop a fold is made once, also where nests of their own read parts of it: each of those is a call in every round. */
function decideIn(roots: readonly Node[], estimate: Estimate, isBody: boolean): Decision {
  const order = reachable(roots, inputsNeeded);
  const known = costsBy(estimate);
  const figures = new NodeTable<Figures>(order);
  for (const node of order) figures.set(node, known.of(node));
  const given = { roots, order, runs: decidedRuns(order, estimate), estimate, figures, isBody };
  const apart = new Set<Node>();
  for (;;) {
    const decision = sweepOver(given, apart);
    const more = tooFar(order, decision.stored, inputsNeeded, (node) => figuresOf(figures, node).divides);
    if (more.length === 0) return decision;
    for (const node of more) apart.add(node);
  }
}

/** What is decided about. */
interface Given {
  readonly roots: readonly Node[];
  readonly order: readonly Node[];
  readonly runs: ReadonlyMap<string, DecidedRun>;
  readonly estimate: Estimate;
  readonly figures: NodeTable<Figures>;
  readonly isBody: boolean;
}

function figuresOf(figures: NodeTable<Figures>, node: Node): Figures {
  const found = figures.get(node);
  if (!found) throw new Error(`${node.op.name} is not among what is decided about`);
  return found;
}

/** `apart` are stored in any case. */
function sweepOver({ roots, order, runs, estimate, figures, isBody }: Given, apart: ReadonlySet<Node>): Decision {
  const rootSet = new Set(roots);
  const { host, counted, scaled } = hostScalars(order, rootSet);
  const loopReads = readsOfLoops(runs, estimate);
  const readers = readersAmong(order, inputsNeeded);
  const ofPlaces = costsOfPlaces(order, figures);
  const reads = new Map<Node, number>();
  const sweep = new Sweep(order, figures);
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at];
    const { cost: ofRule, folds, count } = figuresOf(figures, node);
    const cost = ofPlaces.get(node) ?? ofRule;
    const users = readers.get(node) ?? noNodes;
    const use = sweep.useOf(node, users, loopReads.get(node));
    const { evaluations, nests, inLoop } = use;
    const inParts = use.inParts || (isBody && users.length > 1);
    if (node.op.kind === 'leaf') {
      reads.set(node, evaluations + (rootSet.has(node) ? count : 0));
      continue;
    }
    const crowded = folds && (inLoop || inParts || sweep.haveFold(nests));
    const store =
      rootSet.has(node) ||
      node.op.kind === 'structured' ||
      host.has(node) ||
      apart.has(node) ||
      crowded ||
      use.depth > deepest ||
      isOp(node, scatterAdd, sumAlike) ||
      // Rows of one index are put once each has been made of what was there.
      users.some((user) => isOp(user, putRows) && user.inputs[2] === node) ||
      (evaluations * cost > evaluations + count * (cost + 1) && !scaled.has(node));
    if (store) {
      sweep.store(node, folds);
      // What the host's scalars are made from is the host's too: it runs first.
      if (counted.has(node)) host.add(node);
    } else sweep.inline(node, inParts === use.inParts ? use : { ...use, inParts }, folds);
  }
  return { order, stored: sweep.stored, host, reads, runs };
}

/** How a node is read, by those that read it. */
interface Use {
  /** T: how often its elements would be evaluated if it were inlined. */
  readonly evaluations: number;
  /** The stored nodes in whose nests it would stand. */
  readonly nests: ReadonlySet<Node>;
  /** How many nodes stand in a nest from its stored node down to this one. */
  readonly depth: number;
  /** Is it written into the nest of a loop? */
  readonly inLoop: boolean;
  /** Is it written into one nest several times? */
  readonly inParts: boolean;
}

const noNodes: readonly Node[] = [];
const noNests: ReadonlySet<Node> = new Set();

/** The sweep from outputs to inputs as far as it has come. */
class Sweep {
  readonly stored = new Set<Node>();
  /** Stored nodes with a fold in their nests. */
  private readonly hasFold: NodeTable<true>;
  /** Of those that are not stored. */
  private readonly inlined: NodeTable<Use>;
  /** Of stored nodes: the nest of the node alone. */
  private readonly alone: NodeTable<ReadonlySet<Node>>;

  constructor(
    order: readonly Node[],
    private readonly figures: NodeTable<Figures>,
  ) {
    this.hasFold = new NodeTable(order);
    this.inlined = new NodeTable(order);
    this.alone = new NodeTable(order);
  }

  /** Is there a fold in one of these nests? */
  haveFold(nests: ReadonlySet<Node>): boolean {
    for (const nest of nests) if (this.hasFold.get(nest)) return true;
    return false;
  }

  /** `inLoops`: how often loops read its elements. */
  useOf(node: Node, users: readonly Node[], inLoops: number | undefined): Use {
    let evaluations = inLoops ?? 0;
    let depth = inLoops === undefined ? 0 : 1;
    let [inLoop, inParts] = [inLoops !== undefined, false];
    let nests: Set<Node> | undefined;
    for (const user of users) {
      const inlined = this.inlined.get(user);
      const { reads } = figuresOf(this.figures, user);
      if (!isOp(user, scan))
        for (let i = 0; i < user.inputs.length; i++)
          if (user.inputs[i] === node) evaluations += this.timesOf(user) * reads[i];
      if (users.length > 1) {
        nests ??= new Set();
        for (const nest of inlined?.nests ?? [user]) {
          inParts ||= nests.has(nest);
          nests.add(nest);
        }
      }
      inLoop ||= inlined?.inLoop ?? false;
      inParts ||= inlined?.inParts ?? false;
      depth = Math.max(depth, (inlined?.depth ?? 0) + 1);
    }
    // What has one reader stands in its nests.
    const all = nests ?? (users.length === 1 ? this.nestsOf(users[0]) : noNests);
    return { evaluations, nests: all, depth, inLoop, inParts };
  }

  private nestsOf(node: Node): ReadonlySet<Node> {
    const known = this.inlined.get(node)?.nests ?? this.alone.get(node);
    if (known) return known;
    const own = new Set([node]);
    this.alone.set(node, own);
    return own;
  }

  store(node: Node, folds: boolean): void {
    this.stored.add(node);
    if (folds) this.hasFold.set(node, true);
  }

  inline(node: Node, use: Use, folds: boolean): void {
    this.inlined.set(node, use);
    if (folds) for (const nest of use.nests) this.hasFold.set(nest, true);
  }

  /** How often the elements of a node are evaluated. */
  private timesOf(node: Node): number {
    const inlined = this.inlined.get(node);
    if (inlined) return inlined.evaluations;
    return this.stored.has(node) ? figuresOf(this.figures, node).count : 0;
  }
}

function decidedRuns(order: readonly Node[], estimate: Estimate): Map<string, DecidedRun> {
  const runs = [...runsAmong(order)].map(([key, results]): [string, DecidedRun] => {
    const needs = needsOf(results);
    return [key, { ...needs, body: decideIn(needs.roots, estimate, true) }];
  });
  return new Map(runs);
}

/** How often loops read elements of each of their inputs, in all rounds together. */
function readsOfLoops(runs: ReadonlyMap<string, DecidedRun>, estimate: Estimate): Map<Node, number> {
  const found = new Map<Node, number>();
  for (const { results, carried, body } of runs.values()) {
    const [{ inputs, attrs }] = results;
    const { loop } = attrs;
    const rounds = estimated(loop.length.size, estimate);
    const first = loop.slices.length;
    leavesOfLoop(loop).forEach((leaf, i) => {
      const k = i - first;
      const isStart = k >= 0 && k < loop.carried.length;
      if (isStart ? !carried.includes(k) : !body.reads.has(leaf)) return;
      // What a value starts from is read before the first round.
      const times = isStart ? estimated(elementCount(leaf.type), estimate) : rounds * (body.reads.get(leaf) ?? 0);
      found.set(inputs[i], (found.get(inputs[i]) ?? 0) + times);
    });
  }
  return found;
}

/** What an element costs of nodes that are functions of coordinates alone, with all that they are made of. */
function costsOfPlaces(order: readonly Node[], figures: NodeTable<Figures>): NodeTable<number> {
  const costs = new NodeTable<number>(order);
  for (const node of order) {
    if (node.op.kind !== 'element' || !node.inputs.every((input) => costs.get(input) !== undefined)) continue;
    const { cost, reads, folds } = figuresOf(figures, node);
    if (folds) continue;
    const ofInputs = node.inputs.reduce((sum, input, i) => sum + reads[i] * ((costs.get(input) ?? 0) - 1), 0);
    costs.set(node, Math.max(0, cost + ofInputs));
  }
  return costs;
}

/**
 * The scalars that depend on the update counter, constants and the scale of learning rates alone (`counted`), and those of them that
 * something else reads. Those that depend on the scale and constants (`scaled`) stand where they are read: at scale 1 they are the
 * numbers that the model says, in the precision of the kernel.
 */
function hostScalars(
  order: readonly Node[],
  roots: ReadonlySet<Node>,
): { readonly host: Set<Node>; readonly counted: ReadonlySet<Node>; readonly scaled: ReadonlySet<Node> } {
  const counted = new Set<Node>();
  const pure = new Set<Node>();
  const scaled = new Set<Node>();
  for (const node of order) {
    const isCounter = countsUpdates(node);
    const isConstant = isOp(node, constant);
    if (isCounter || isConstant || scalesRates(node)) pure.add(node);
    else if (
      node.op.kind === 'element' &&
      node.inputs.length > 0 &&
      node.type.shape.length === 0 &&
      node.inputs.every((i) => pure.has(i))
    )
      pure.add(node);
    if (!pure.has(node)) continue;
    if (isCounter || node.inputs.some((i) => counted.has(i))) counted.add(node);
    else if (scalesRates(node) || node.inputs.some((i) => scaled.has(i))) scaled.add(node);
  }
  const host = new Set<Node>();
  for (const node of order) {
    if (roots.has(node) && counted.has(node) && node.op.kind !== 'leaf') host.add(node);
    if (pure.has(node)) continue;
    for (const input of node.inputs) if (counted.has(input) && input.op.kind !== 'leaf') host.add(input);
  }
  return { host, counted, scaled };
}
