// Which nodes are stored: one sweep from outputs to inputs, so that every consumer is decided before its producer.
import { isOp, type Node } from '../../ir/graph.js';
import { putRows, scatterAdd, sumAlike } from '../../ir/ops/indexing.js';
import { NodeTable } from '../../ir/nodeTable.js';
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
  const given = { roots, order, runs: decidedRuns(order, estimate), estimate, isBody };
  const costs = costsBy(estimate);
  const apart = new Set<Node>();
  for (;;) {
    const decision = sweepOver(given, apart);
    const more = tooFar(order, decision.stored, inputsNeeded, (node) => costs.of(node).divides);
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
  readonly isBody: boolean;
}

/** A node while it is decided about: it is found by its number once, and from then on by those that it reads and that read it. */
class Candidate {
  /** What reads it, each once. */
  readonly users: Candidate[] = [];
  stored = false;
  /** Of what is not stored: how it is read. */
  use?: Use;
  /** Of what is stored: is there a fold in its nest? */
  hasFold = false;
  /** Of a function of coordinates alone: what an element costs, with all that it is made of. */
  placeCost?: number;
  private own?: ReadonlySet<Candidate>;

  constructor(
    readonly node: Node,
    readonly figures: Figures,
  ) {}

  /** The stored nodes in whose nests it stands. */
  get nests(): ReadonlySet<Candidate> {
    return this.use?.nests ?? (this.own ??= new Set([this]));
  }

  /** How often its elements are evaluated. */
  get times(): number {
    return this.use?.evaluations ?? (this.stored ? this.figures.count : 0);
  }
}

/** The nodes with what reads them, inputs first. */
function candidatesOf(order: readonly Node[], costs: Costs): Candidate[] {
  const known = new NodeTable<Candidate>(order);
  return order.map((node) => {
    const made = new Candidate(node, costs.of(node));
    known.set(node, made);
    for (const input of inputsNeeded(node)) {
      const users = known.get(input)?.users;
      if (users && users[users.length - 1] !== made) users.push(made);
    }
    made.placeCost = costOfPlace(made, known);
    return made;
  });
}

/** `apart` are stored in any case. */
function sweepOver({ roots, order, runs, estimate, isBody }: Given, apart: ReadonlySet<Node>): Decision {
  const rootSet = new Set(roots);
  const { host, counted, scaled } = hostScalars(order, rootSet);
  const loopReads = readsOfLoops(runs, estimate);
  const candidates = candidatesOf(order, costsBy(estimate));
  const reads = new Map<Node, number>();
  const stored = new Set<Node>();
  for (let at = candidates.length - 1; at >= 0; at--) {
    const candidate = candidates[at];
    const { node, users } = candidate;
    const { cost: ofRule, folds, count } = candidate.figures;
    const cost = candidate.placeCost ?? ofRule;
    const use = useOf(candidate, loopReads.get(node));
    const { evaluations, nests, inLoop } = use;
    const inParts = use.inParts || (isBody && users.length > 1);
    if (node.op.kind === 'leaf') {
      reads.set(node, evaluations + (rootSet.has(node) ? count : 0));
      continue;
    }
    const crowded = folds && (inLoop || inParts || haveFold(nests));
    const store =
      rootSet.has(node) ||
      node.op.kind === 'structured' ||
      host.has(node) ||
      apart.has(node) ||
      crowded ||
      use.depth > deepest ||
      isOp(node, scatterAdd, sumAlike) ||
      // Rows of one index are put once each has been made of what was there.
      users.some(({ node: user }) => isOp(user, putRows) && user.inputs[2] === node) ||
      (evaluations * cost > evaluations + count * (cost + 1) && !scaled.has(node));
    if (store) {
      candidate.stored = true;
      candidate.hasFold ||= folds;
      stored.add(node);
      // What the host's scalars are made from is the host's too: it runs first.
      if (counted.has(node)) host.add(node);
    } else {
      candidate.use = inParts === use.inParts ? use : { ...use, inParts };
      if (folds) for (const nest of nests) nest.hasFold = true;
    }
  }
  return { order, stored, host, reads, runs };
}

/** How a node is read, by those that read it. */
interface Use {
  /** T: how often its elements would be evaluated if it were inlined. */
  readonly evaluations: number;
  /** The stored nodes in whose nests it would stand. */
  readonly nests: ReadonlySet<Candidate>;
  /** How many nodes stand in a nest from its stored node down to this one. */
  readonly depth: number;
  /** Is it written into the nest of a loop? */
  readonly inLoop: boolean;
  /** Is it written into one nest several times? */
  readonly inParts: boolean;
}

const noNests: ReadonlySet<Candidate> = new Set();

/** Is there a fold in one of these nests? */
function haveFold(nests: ReadonlySet<Candidate>): boolean {
  for (const nest of nests) if (nest.hasFold) return true;
  return false;
}

/** How a node is read, whose readers are all decided about. `inLoops`: how often loops read its elements. */
function useOf({ node, users }: Candidate, inLoops: number | undefined): Use {
  let evaluations = inLoops ?? 0;
  let depth = inLoops === undefined ? 0 : 1;
  let [inLoop, inParts] = [inLoops !== undefined, false];
  let nests: Set<Candidate> | undefined;
  for (const user of users) {
    const { use } = user;
    const { inputs } = user.node;
    const { reads } = user.figures;
    if (!isOp(user.node, scan))
      for (let i = 0; i < inputs.length; i++) if (inputs[i] === node) evaluations += user.times * reads[i];
    if (users.length > 1) {
      nests ??= new Set();
      for (const nest of use?.nests ?? [user]) {
        inParts ||= nests.has(nest);
        nests.add(nest);
      }
    }
    inLoop ||= use?.inLoop ?? false;
    inParts ||= use?.inParts ?? false;
    depth = Math.max(depth, (use?.depth ?? 0) + 1);
  }
  // What has one reader stands in its nests.
  const all = nests ?? (users.length === 1 ? users[0].nests : noNests);
  return { evaluations, nests: all, depth, inLoop, inParts };
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

/** What an element costs of a function of coordinates alone, with all that it is made of; undefined of what is none, or folds. */
function costOfPlace({ node, figures }: Candidate, known: NodeTable<Candidate>): number | undefined {
  const { cost, reads, folds } = figures;
  if (node.op.kind !== 'element' || folds) return undefined;
  let ofInputs = 0;
  for (let i = 0; i < node.inputs.length; i++) {
    const ofInput = known.get(node.inputs[i])?.placeCost;
    if (ofInput === undefined) return undefined;
    ofInputs += reads[i] * (ofInput - 1);
  }
  return Math.max(0, cost + ofInputs);
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
