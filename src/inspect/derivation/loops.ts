// Loops of a derivation: each a step with a body, whose values carry the position: h[t] by h[t - 1], and backwards ∂loss/∂h[t - 1] by ∂loss/∂h[t].
import { partsOf, type Formula } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { again } from '../../ir/ops/control.js';
import { permute, slice } from '../../ir/ops/movement.js';
import { runKey, scan, type ScanNode } from '../../ir/ops/scan.js';
import type { Step } from './data.js';
import type { Derived } from './derive.js';
import { createBody, type BodyOfLoop } from './loopBody.js';
import type { Names } from './naming.js';
import type { Reading } from './reading.js';
import { axesBehind, axesOfLoops, elementsBehind, elementsOf, unmarked, whole, type Place } from './rows.js';

/** Where values are written: what they are called, and at which positions of the loops around them. */
export interface Scope {
  readonly names: Names;
  readonly reading: Reading;
  readonly positions: readonly string[];
  /** The body around; absent of the model's own. */
  readonly around?: Scope;
  /** The axes of a leaf along which the results lie of a loop that it is rows of. */
  axesOfLeaf(node: Node): readonly number[];
  /** The same of what is made of such without a name between. */
  axesBehind(node: Node): readonly number[];
  axesOfLoops(node: Node): readonly number[];
  /** What a node is at all rounds of the loop, in their order. */
  rowsOfLoop(node: Node): Node;
  /** What a node is at all positions of the loops around it. */
  rows(node: Node): Node;
  /** The formula of a node by what has a name. */
  write(node: Node): Formula;
  /** Of what has a name here, and of leaves, how it is called. */
  known(node: Node): Formula | undefined;
  /** What stands at places of a node, one for each axis. */
  elements(node: Node, places: readonly Place[]): Formula;
  /** The same, but for its own name. */
  elementsBehind(node: Node, places: readonly Place[]): Formula;
  /** The same, but for its own name. */
  define(node: Node): Formula;
}

/** A loop whose body has names. */
export interface Run extends BodyOfLoop {
  /** The loops around the place where it is told. */
  readonly outer: Scope;
  /** Absent while it is being told: what its steps say of it themselves is no reason to tell it again. */
  step?: Step;
}

export interface Loops {
  /** What a node is called that is a result of a loop, or such rows in another order. */
  rowsOf(node: Node, outer: Scope): Formula | undefined;
  elements(node: Node, places: readonly Place[], scope: Scope): Formula;
  elementsBehind(node: Node, places: readonly Place[], scope: Scope): Formula;
  axesOfLoops(node: Node, scope: Scope): readonly number[];
  axesBehind(node: Node, scope: Scope): readonly number[];
  /**
   * The loops of a body that a formula speaks of and that have not been told yet, first those that they speak of themselves. Loops that
   * stand outside the body are told there.
   */
  before(formula: Formula, scope: Scope): Step[];
  /** What a value of any body is called there; loops backwards speak of those of loops forwards. */
  calledWithin(node: Node): Formula | undefined;
  /** What has a line in a loop, by its formula, the positions of loops being the same whatever their letters. */
  readonly defined: Map<string, Formula>;
  readonly derived: Derived;
}

export function createLoops(derived: Derived): Loops {
  const runs: Runs = new Map();
  const told = new Set<Run>();
  let number = 0;
  const runOf = (node: ScanNode, from: Scope): Run => {
    const outer = bodyAround(node, from);
    const known = runAround(node, outer, runs);
    if (known) return known;
    const { body, tell } = createBody(resultsOf(node, outer), outer, ++number, loops);
    const made: Run = { ...body, outer };
    const own = runs.get(outer) ?? new Map<string, Run>();
    runs.set(outer, own.set(runKey(node), made));
    made.step = tell();
    return made;
  };
  const by = { runOf };
  const loops: Loops = {
    derived,
    defined: new Map(),
    calledWithin(node) {
      for (const own of runs.values())
        for (const { scope } of own.values()) {
          const formula = scope.known(node);
          if (formula) return formula;
        }
      return undefined;
    },
    rowsOf: (node, outer) => (isView(node) ? elementsBehind(node, node.type.shape.map(whole), outer, by) : undefined),
    elements: (node, places, scope) => unmarked(elementsOf(node, places, scope, by)),
    elementsBehind: (node, places, scope) => unmarked(elementsBehind(node, places, scope, by)),
    axesOfLoops: (node, scope) => axesOfLoops(node, scope, by),
    axesBehind: (node, scope) => axesBehind(node, scope, by),
    before: (formula, scope) => stepsBefore(formula, scope, runs, told),
  };
  return loops;
}

/** The loops that are told, by the body that they stand in: bodies of two loops may have the same loop in them. */
type Runs = Map<Scope, Map<string, Run>>;

/** Is it a result of a loop, or such rows in another order? */
function isView(node: Node): boolean {
  return isOp(node, scan) || (isOp(node, slice, permute, again) && isView(node.inputs[0]));
}

/** The body that a loop stands in, which may be spoken of from within another loop. */
function bodyAround({ attrs: { loop } }: ScanNode, from: Scope): Scope {
  let scope = from;
  while (scope.around && scope.positions.length > loop.depth) scope = scope.around;
  return scope;
}

/** The loop of a result as it is told here or in a body around: what is written of one from within another loop stands outside still. */
function runAround(node: ScanNode, outer: Scope, runs: Runs): Run | undefined {
  for (let scope: Scope | undefined = outer; scope; scope = scope.around) {
    const known = runs.get(scope)?.get(runKey(node));
    if (known) return known;
  }
  return undefined;
}

/** The steps of loops in a body that a formula speaks of, but for those that are told. */
function stepsBefore(formula: Formula, scope: Scope, runs: Runs, told: Set<Run>): Step[] {
  const found: Step[] = [];
  const visit = (of: Formula): void => {
    const result = of.node && loopResult(of.node);
    const run = result && runs.get(scope)?.get(runKey(result));
    if (run?.step && !told.has(run)) {
      told.add(run);
      for (const part of formulasOf(run.step)) visit(part);
      found.push(run.step);
    }
    for (const part of partsOf(of)) visit(part);
  };
  visit(formula);
  return found;
}

/** The result of a loop that a node is, or takes rows of. */
function loopResult(node: Node): ScanNode | undefined {
  if (isOp(node, slice, permute, again)) return loopResult(node.inputs[0]);
  return isOp(node, scan) ? node : undefined;
}

/** All results of the run that are asked for stand behind one scope. */
function resultsOf(node: ScanNode, outer: Scope): readonly ScanNode[] {
  return outer.reading.runs.get(runKey(node)) ?? [node];
}

/** What a loop is headed by, and what its rounds compute. */
function formulasOf({ loop, formula }: Step): Formula[] {
  if (!loop) return [formula];
  return [...[...loop.over, ...loop.starts].map((each) => each.formula), ...loop.body.flatMap(formulasOf)];
}
