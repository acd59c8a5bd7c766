// Loops of a derivation: each a step with a body, whose values carry the position: h[t] by h[t - 1], and backwards ∂loss/∂h[t - 1] by ∂loss/∂h[t].
import { createWriter } from '../../ir/formula.js';
import { indexed, name, partsOf, standingFor, words, type Formula, type Title } from '../../ir/formula/tree.js';
import { isOp, through, type Node, type NodeOf } from '../../ir/graph.js';
import { add, constantOf, printIndex, sub, type Index } from '../../ir/index.js';
import { again } from '../../ir/ops/control.js';
import { permute, slice } from '../../ir/ops/movement.js';
import { bodyRoots, inputsOfScan, runKey, scan, type Bound, type ScanNode } from '../../ir/ops/scan.js';
import type { Dim, TensorType } from '../../ir/types.js';
import type { Binding, LoopStep, Step } from './data.js';
import {
  activationsAmong,
  isRowsTurned,
  nameCotangents,
  nameValues,
  valueTitle,
  wordOf,
  type Names,
} from './naming.js';
import { readingOf, type Reading } from './reading.js';
import { linesOf } from './lines.js';

/** Where values are written: what they are called, and at which positions of the loops around them. */
export interface Scope {
  readonly names: Names;
  readonly reading: Reading;
  readonly positions: readonly string[];
  /** The formula of a node by what has a name. */
  write(node: Node): Formula;
  /** The same, but for its own name. */
  define(node: Node): Formula;
}

/** A loop whose body has names. */
interface Run {
  readonly results: readonly ScanNode[];
  readonly scope: Scope;
  readonly letter: string;
  readonly backwards: boolean;
  /** What each carried value is called. */
  readonly carried: readonly Title[];
  readonly step: Step;
}

export interface Loops {
  /** Of values in bodies that activations are applied to: the word of what that gives. Loops backwards speak of those of loops forwards. */
  readonly activations: Map<Node, string>;
  /** What a node is called that is a result of a loop, or the rows of one that goes backwards, turned. */
  rowsOf(node: Node, outer: Scope): Formula | undefined;
  /** What a result of a loop is called outside: its rows, `h[T - 1]`, or `h[-1:]` from its start on. */
  resultOf(node: ScanNode, outer: Scope): Formula;
  /** The loops that a formula speaks of and that have not been told yet, first those that they speak of themselves. */
  before(formula: Formula): Step[];
}

export function createLoops(): Loops {
  const runs = new Map<string, Run>();
  const told = new Set<Run>();
  const runOf = (node: ScanNode, outer: Scope): Run => {
    const key = `${runKey(node)}@${outer.positions.join()}`;
    const known = runs.get(key);
    if (known) return known;
    const results = resultsOf(node, outer);
    const made = createRun(results, outer, runs.size + 1, loops);
    runs.set(key, made);
    return made;
  };
  const loops: Loops = {
    activations: new Map(),
    rowsOf(node, outer) {
      if (isOp(node, scan)) return loops.resultOf(node, outer);
      const [of] = node.inputs;
      return isRowsTurned(node) && isOp(of, scan) && runOf(of, outer).backwards ? loops.resultOf(of, outer) : undefined;
    },
    resultOf(node, outer) {
      const { result, loop } = node.attrs;
      const { scope, carried, backwards, letter } = runOf(node, outer);
      if (result.kind === 'emit') return withoutPosition(scope.write(result.of), letter);
      const called = standingFor(node, placed(name(carried[result.of]), outer.positions));
      if (result.kind === 'stack') return placed(called, [backwards ? ':' : '-1:']);
      return placed(called, [backwards ? '-1' : printIndex(sub(loop.length.size, 1)).replaceAll('*', ' · ')]);
    },
    before(formula) {
      const found: Step[] = [];
      const visit = (of: Formula): void => {
        const result = of.node && loopResult(of.node);
        if (result) {
          const key = runKey(result);
          for (const [own, run] of runs) {
            if (!own.startsWith(`${key}@`) || told.has(run)) continue;
            told.add(run);
            for (const part of headsOf(run.step)) visit(part);
            found.push(run.step);
          }
        }
        for (const part of partsOf(of)) visit(part);
      };
      visit(formula);
      return found;
    },
  };
  return loops;
}

/** The result of a loop that a node is, as it is or turned. */
function loopResult(node: Node): ScanNode | undefined {
  const of = isRowsTurned(node) ? node.inputs[0] : node;
  return isOp(of, scan) ? of : undefined;
}

/** All results of the run that are asked for stand behind one scope. */
function resultsOf(node: ScanNode, outer: Scope): readonly ScanNode[] {
  return outer.reading.runs.get(runKey(node)) ?? [node];
}

function headsOf({ loop }: Step): Formula[] {
  return loop ? [...loop.over, ...loop.starts].map(({ formula }) => formula) : [];
}

function createRun(results: readonly ScanNode[], outer: Scope, number: number, loops: Loops): Run {
  const [first] = results;
  const { loop } = first.attrs;
  const { sequences, starts, captured } = inputsOfScan(first);
  const flipped = sequences.filter((x) => isOp(x, slice) && x.attrs.steps[0] === -1).length;
  const backwards = 2 * flipped > sequences.length;
  const letter = letterOf(loop.length, outer.positions);
  const positions = [...outer.positions, letter];
  const roots = bodyRoots(results);
  const reading = readingOf(roots);
  const names = outer.names.inside();
  const carried = loop.carried.map((leaf) => carriedTitle(leaf, outer.names));
  const leaves = new Map<Node, Formula>();
  loop.slices.forEach((leaf, i) => leaves.set(leaf, rowOf(sequences[i], letter, backwards, loop.length, outer)));
  loop.captured.forEach((leaf, i) => leaves.set(leaf, outer.write(captured[i])));
  loop.carried.forEach((leaf, k) =>
    leaves.set(leaf, placed(name(carried[k]), [...outer.positions, backwards ? letter : `${letter} - 1`])),
  );
  const after = backwards ? `${letter} - 1` : letter;
  const order = reading.inOrder(roots);
  const nexts = new Map<Node, number>();
  loop.next.forEach((node, k) => {
    if (node.inputs.length > 0 && node.name === undefined && !nexts.has(node)) nexts.set(node, k);
  });
  for (const { name: word, attrs } of results)
    if (attrs.result.kind === 'emit' && word !== undefined && isOwn(attrs.result.of, loop.next, leaves))
      names.give(attrs.result.of, { of: 'value', word });
  for (const [z, word] of activationsAmong(order)) loops.activations.set(z, word);
  // What is carried on is called so, and by that what its activation is applied to.
  for (const [node, k] of nexts)
    if (loops.activations.has(node.inputs[0])) loops.activations.set(node.inputs[0], carried[k].word);
  const named = { reading, names, activations: loops.activations };
  nameValues(named, order, (node) => node.role.kind === 'forward' && !nexts.has(node));
  nameCotangents(named, order, new Set(nexts.keys()));
  for (const { attrs } of results)
    if (attrs.result.kind === 'emit' && isOwn(attrs.result.of, loop.next, leaves) && !names.titles.has(attrs.result.of))
      names.give(attrs.result.of, valueTitle(attrs.result.of, named));
  const nameFormula = (node: Node): Formula | undefined => {
    const leaf = leaves.get(node);
    if (leaf) return leaf;
    const k = nexts.get(node);
    if (k !== undefined) return placed(name(carried[k]), [...outer.positions, after]);
    const title = names.titles.get(node);
    return title ? placed(name(title), positions) : loops.rowsOf(node, scope);
  };
  const scope: Scope = {
    names,
    reading,
    positions,
    write: (node) => createWriter(nameFormula, reading.formOf)(node),
    define: (node) => {
      const formula = isOp(node, scan) ? loops.resultOf(node, scope) : undefined;
      return formula ?? createWriter((n) => (n === node ? undefined : nameFormula(n)), reading.formOf)(node);
    },
  };
  const body = order.flatMap((node): Step[] => {
    const k = nexts.get(node);
    const title = k === undefined ? names.titles.get(node) : carried[k];
    if (!title || leaves.has(node)) return [];
    const left = placed(name(title), k === undefined ? positions : [...outer.positions, after]);
    const step = stepOf(title, left, scope.define(node), node);
    return [...loops.before(step.formula), k === undefined ? step : { ...step, becomes: true }];
  });
  const others = loop.next.flatMap((node, k): Step[] => {
    if (nexts.get(node) === k || node === loop.carried[k]) return [];
    const left = placed(name(carried[k]), [...outer.positions, after]);
    return [{ ...stepOf(carried[k], left, scope.write(node), node, loop.carried[k].type), becomes: true }];
  });
  const title = outer.names.free({ of: 'value', word: `loop_${number}` });
  const bind = (leaf: Bound, left: Formula, formula: Formula): Binding => ({ name: leaf.attrs.name, left, formula });
  const startAt = backwards ? printIndex(sub(loop.length.size, 1)).replaceAll('*', ' · ') : '-1';
  const loopStep: LoopStep = {
    length: loop.length,
    letter,
    backwards,
    over: loop.slices.map((leaf, i) =>
      bind(leaf, leaves.get(leaf) ?? name(leaf.attrs.name), outer.write(sequences[i])),
    ),
    starts: loop.carried.map((leaf, k) =>
      bind(leaf, placed(name(carried[k]), [...outer.positions, startAt]), outer.write(starts[k])),
    ),
    body: [...body, ...others],
  };
  const size = printIndex(loop.length.size).replaceAll('*', ' · ');
  const range = backwards ? `${letter} = ${less(size)}, …, 0` : `${letter} = 0, …, ${less(size)}`;
  const step: Step = {
    ...stepOf(title, name(title), words(`for ${range}`), first),
    type: { element: { kind: 'f32' }, shape: [loop.length] },
    node: undefined,
    loop: loopStep,
  };
  return { results, scope, letter, backwards, carried, step };
}

function less(size: string): string {
  return /^\d+$/.test(size) ? String(Number(size) - 1) : `${size} - 1`;
}

/** A carried value keeps its name; a cotangent's is that of what it is the derivative by. */
function carriedTitle(leaf: Bound, outer: Names): Title {
  const { name: word } = leaf.attrs;
  const own = word.startsWith('d_') && leaf.name === undefined ? word.slice(2) : undefined;
  return outer.free(own === undefined ? { of: 'value', word } : { of: 'cotangent', word: own });
}

/** Is what is emitted a value of its own, rather than one that is carried on or taken from outside? */
function isOwn(node: Node, next: readonly Node[], leaves: ReadonlyMap<Node, Formula>): boolean {
  return !next.includes(node) && !leaves.has(node) && !isOp(node, scan);
}

export function stepOf(title: Title, left: Formula, formula: Formula, node: Node, type: TensorType = node.type): Step {
  return {
    name: wordOf(title),
    title,
    left,
    formula,
    type,
    lines: linesOf(node),
    layer: node.origin?.path ?? '',
    node,
  };
}

/** A letter for a position: that of the axis, where the loops around have another. */
function letterOf({ name: axis }: Dim, taken: readonly string[]): string {
  const own = axis === undefined ? [] : [axis.charAt(0).toLowerCase()];
  return [...own, 't', 's', 'r', 'q', 'p'].find((letter) => !taken.includes(letter)) ?? `t_${taken.length}`;
}

/** x[t], x[t, s] */
export function placed(of: Formula, places: readonly string[]): Formula {
  if (places.length === 0) return of;
  // The row of a product is that of its left factor.
  if (of.kind === 'infix' && of.operator === 'matrix' && of.left.kind !== 'transpose' && places.length === 1)
    return { ...of, left: placed(of.left, places) };
  const scalars = of.kind === 'index' && of.places.every((place) => typeof place === 'string' && !place.includes(':'));
  const whole = scalars ? indexed(of.of, [...of.places, ...places]) : indexed(of, places);
  return of.node ? standingFor(of.node, whole) : whole;
}

/** All positions of what a body says of one. */
function withoutPosition(formula: Formula, letter: string): Formula {
  if (formula.kind !== 'index') return formula;
  const left = formula.places.filter((place) => place !== letter);
  const rest = left.length === 0 ? formula.of : indexed(formula.of, left);
  return formula.node ? standingFor(formula.node, rest) : rest;
}

/** The row of a sequence that a round takes, at the position t. */
function rowOf(sequence: Node, letter: string, backwards: boolean, length: Dim, outer: Scope): Formula {
  const last = sub(length.size, 1);
  const seen = through(sequence, [again]);
  const whole = isOp(seen, slice) && isRows(seen) ? seen : undefined;
  const [of, start, step] = whole
    ? ([whole.inputs[0], whole.attrs.starts[0], whole.attrs.steps[0]] as const)
    : ([seen, undefined, 1] as const);
  // Round r is at T - 1 - t where the loop goes backwards.
  const offset = backwards ? (step === -1 ? sub(start ?? last, last) : add(start ?? sub(last, last), last)) : start;
  const falls = backwards ? step === 1 : step === -1;
  const place = position(letter, offset, falls);
  const source = through(of, [again]);
  if (isOp(source, scan) && source.attrs.result.kind === 'stack' && !outer.names.titles.has(source)) {
    const shifted = position(letter, offset ? sub(offset, 1) : sub(last, add(last, 1)), falls);
    const stack = outer.write(source);
    return stack.kind === 'index' ? placed(stack.of, [...outer.positions, shifted]) : placed(stack, [shifted]);
  }
  if (isOp(source, permute) && !outer.names.titles.has(source)) {
    const [axis] = source.attrs.order;
    const others = Array.from({ length: axis }, () => ':');
    const kept = source.attrs.order.slice(1).every((a, i, list) => i === 0 || a > list[i - 1]);
    if (kept) return placed(outer.write(source.inputs[0]), [...others, place]);
  }
  return placed(outer.write(of), [place]);
}

/** Does a slice take some rows, one after another, and all of each? */
function isRows({ attrs: { starts, steps, sizes }, inputs: [x] }: NodeOf<typeof slice>): boolean {
  return (
    Math.abs(steps[0]) === 1 &&
    starts.every((s, i) => i === 0 || (constantOf(s) === 0 && steps[i] === 1)) &&
    sizes.every((d, i) => i === 0 || d.size.key === x.type.shape[i].size.key)
  );
}

/** t + 1, T - t */
function position(letter: string, offset: Index | undefined, falls: boolean): string {
  const by = offset && constantOf(offset);
  if (falls) return `${offset ? printIndex(offset).replaceAll('*', ' · ') : '0'} - ${letter}`;
  if (offset === undefined || by === 0) return letter;
  if (by !== undefined) return by < 0 ? `${letter} - ${-by}` : `${letter} + ${by}`;
  return `${letter} + ${printIndex(offset).replaceAll('*', ' · ')}`;
}
