// Loops of a derivation: each a step with a body, whose values carry the position: h[t] by h[t - 1], and backwards ∂loss/∂h[t - 1] by ∂loss/∂h[t].
import { indexed, name, partsOf, standingFor, type Formula } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { printIndex, sub } from '../../ir/index.js';
import { slice } from '../../ir/ops/movement.js';
import { slicedOnce } from '../../ir/ops/rows.js';
import { runKey, scan, type ScanNode } from '../../ir/ops/scan.js';
import type { Step } from './data.js';
import type { Derived } from './derive.js';
import { createBody, type BodyOfLoop } from './loopBody.js';
import { isRowsTurned, type Names } from './naming.js';
import { placed } from './positions.js';
import type { Reading } from './reading.js';

/** Where values are written: what they are called, and at which positions of the loops around them. */
export interface Scope {
  readonly names: Names;
  readonly reading: Reading;
  readonly positions: readonly string[];
  /** The body around; absent of the model's own. */
  readonly around?: Scope;
  /** What a node is at all positions of the loops around it. */
  rows(node: Node): Node;
  /** The formula of a node by what has a name. */
  write(node: Node): Formula;
  /** Of what has a name here, and of leaves, how it is called. */
  called(node: Node): Formula | undefined;
  /** The same, but for its own name. */
  define(node: Node): Formula;
}

/** A loop whose body has names. */
interface Run extends BodyOfLoop {
  /** The loops around the place where it is told. */
  readonly outer: Scope;
  /** Absent while it is being told: what its steps say of it themselves is no reason to tell it again. */
  step?: Step;
}

export interface Loops {
  /** What a node is called that is a result of a loop, or the rows of one that goes backwards, turned. */
  rowsOf(node: Node, outer: Scope): Formula | undefined;
  /** What a result of a loop is called outside: its rows, `h[T - 1]`, or `h[-1:]` from its start on. */
  resultOf(node: ScanNode, outer: Scope): Formula;
  /**
   * The loops of a body that a formula speaks of and that have not been told yet, first those that they speak of themselves. Loops that
   * stand outside the body are told there.
   */
  before(formula: Formula, scope: Scope): Step[];
  /** What a value of any body is called there; loops backwards speak of those of loops forwards. */
  calledWithin(node: Node): Formula | undefined;
  readonly derived: Derived;
}

export function createLoops(derived: Derived): Loops {
  const runs = new Map<string, Run>();
  const told = new Set<Run>();
  const runOf = (node: ScanNode, from: Scope): Run => {
    const outer = bodyAround(node, from);
    const known = runAround(node, outer.positions, runs);
    if (known) return known;
    const { body, tell } = createBody(resultsOf(node, outer), outer, runs.size + 1, loops);
    const made: Run = { ...body, outer };
    runs.set(runName(node, outer.positions), made);
    made.step = tell();
    return made;
  };
  const loops: Loops = {
    derived,
    calledWithin(node) {
      for (const { scope } of runs.values()) {
        const formula = scope.called(node);
        if (formula) return formula;
      }
      return undefined;
    },
    rowsOf(node, outer) {
      if (isOp(node, scan)) return loops.resultOf(node, outer);
      const one = slicedOnce(node, derived.model.builder);
      if (one) return outer.write(one);
      const [of] = node.inputs;
      return isRowsTurned(node) && isOp(of, scan) && runOf(of, outer).backwards ? loops.resultOf(of, outer) : undefined;
    },
    resultOf(node, outer) {
      const { result, loop } = node.attrs;
      const { scope, carried, backwards, letter, outer: around } = runOf(node, outer);
      const given = result.kind === 'emit' ? loop.carried.findIndex((leaf) => leaf === result.of) : -1;
      const last = printIndex(sub(loop.length.size, 1)).replaceAll('*', ' · ');
      // What a round is given stands one before it.
      if (given >= 0 && !backwards)
        return standingFor(node, placed(name(carried[given]), [...around.positions, `-1:${last}`]));
      if (result.kind === 'emit') return withoutPosition(scope.write(result.of), letter);
      const called = standingFor(node, placed(name(carried[result.of]), around.positions));
      if (result.kind === 'stack') return placed(called, [backwards ? ':' : '-1:']);
      return placed(called, [backwards ? '-1' : last]);
    },
    before: (formula, { positions }) => stepsBefore(formula, positions.length, runs, told),
  };
  return loops;
}

/** The body that a loop stands in, which may be spoken of from within another loop. */
function bodyAround({ attrs: { loop } }: ScanNode, from: Scope): Scope {
  let scope = from;
  while (scope.around && scope.positions.length > loop.depth) scope = scope.around;
  return scope;
}

/** The loop of a result as it is told here or in a body around: what is written of one from within another loop stands outside still. */
function runAround(node: ScanNode, positions: readonly string[], runs: ReadonlyMap<string, Run>): Run | undefined {
  for (let depth = positions.length; depth >= 0; depth--) {
    const known = runs.get(runName(node, positions.slice(0, depth)));
    if (known) return known;
  }
  return undefined;
}

function runName(node: ScanNode, positions: readonly string[]): string {
  return `${runKey(node)}@${positions.join()}`;
}

/** The steps of loops in a body that a formula speaks of, but for those that are told. */
function stepsBefore(formula: Formula, depth: number, runs: ReadonlyMap<string, Run>, told: Set<Run>): Step[] {
  const found: Step[] = [];
  const visit = (of: Formula): void => {
    const result = of.node && loopResult(of.node);
    if (result) {
      const key = runKey(result);
      for (const [own, run] of runs) {
        const { step, outer } = run;
        if (!own.startsWith(`${key}@`) || outer.positions.length !== depth || told.has(run) || !step) continue;
        told.add(run);
        for (const part of formulasOf(step)) visit(part);
        found.push(step);
      }
    }
    for (const part of partsOf(of)) visit(part);
  };
  visit(formula);
  return found;
}

/** The result of a loop that a node is, or takes rows of. */
function loopResult(node: Node): ScanNode | undefined {
  if (isOp(node, slice)) return loopResult(node.inputs[0]);
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

/** All positions of what a body says of one. */
function withoutPosition(formula: Formula, letter: string): Formula {
  if (formula.kind !== 'index') return formula;
  const left = formula.places.filter((place) => place !== letter);
  const rest = left.length === 0 ? formula.of : indexed(formula.of, left);
  return formula.node ? standingFor(formula.node, rest) : rest;
}
