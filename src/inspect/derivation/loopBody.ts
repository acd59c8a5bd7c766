// The body of a loop in a derivation: its names, its steps, and how it is headed.
import { createWriter } from '../../ir/formula.js';
import { mathematical } from '../../ir/formula/mathematics.js';
import { printFormula } from '../../ir/formula/text.js';
import { name, standingFor, words, type Formula, type Title } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { printIndex, sub } from '../../ir/index.js';
import { flipped, goesBackwards } from '../../ir/ops/rows.js';
import { bodyRoots, inputsOfScan, leavesOfLoop, scan, type Bound, type ScanNode } from '../../ir/ops/scan.js';
import { differentiatedIn } from '../../ir/labels.js';
import { reachable } from '../../ir/reachable.js';
import { printType } from '../../ir/types.js';
import { chainOf } from './chain.js';
import type { Binding, LoopStep, Step } from './data.js';
import type { Loops, Scope } from './loops.js';
import { isCalled, nameCotangents, nameValues, valueTitle, type Names } from './naming.js';
import { letterOf, placed } from './positions.js';
import { readingOf, type Reading } from './reading.js';
import { letterAt, unlettered, whole } from './rows.js';
import { definedAs, stepOf } from './steps.js';

export interface BodyOfLoop {
  readonly scope: Scope;
  readonly letter: string;
  readonly backwards: boolean;
  /** What each carried value is called. */
  readonly carried: readonly Title[];
}

/** How a loop goes, and what its leaves are called. */
interface Frame extends Pick<BodyOfLoop, 'letter' | 'backwards' | 'carried'> {
  readonly results: readonly ScanNode[];
  readonly outer: Scope;
  /** How leaves are written, and values that another loop has a line for. */
  readonly leaves: Map<Node, Formula>;
  /** What the derivatives in its body are of. */
  readonly by: Names['byOf'];
  /** Where values of a round stand, and what it hands on. */
  readonly positions: readonly string[];
  readonly after: readonly string[];
}

interface NamedBody {
  readonly names: Names;
  readonly reading: Reading;
  readonly order: readonly Node[];
  /** Which carried value a node becomes. */
  readonly nexts: ReadonlyMap<Node, number>;
}

/** The names of a loop's body, and how it is told, which may speak of the loop itself: where its chain rule reads its own rows. */
export function createBody(
  results: readonly ScanNode[],
  outer: Scope,
  number: number,
  loops: Loops,
): { readonly body: BodyOfLoop; readonly tell: () => Step } {
  const frame = frameOf(results, outer);
  const named = nameBody(frame);
  const scope = scopeOf(frame, named, loops);
  mergeDefined(frame, named, scope, loops);
  const { letter, backwards, carried } = frame;
  return {
    body: { scope, letter, backwards, carried },
    tell: () => headed(frame, bodySteps(frame, named, scope, loops), number),
  };
}

/** Most of its sequences turned round: the loop goes from the last position to the first. */
function frameOf(results: readonly ScanNode[], outer: Scope): Frame {
  const { loop } = results[0].attrs;
  const { sequences, captured } = inputsOfScan(results[0]);
  const backwards = goesBackwards(sequences);
  const letter = letterOf(loop.length, outer.positions);
  const by = differentiatedBy(results);
  const carried = loop.carried.map((leaf, k) => carriedTitle(leaf, by(loop.next[k].role), outer.names));
  const [now, next] = backwards ? [letter, `${letter} - 1`] : [`${letter} - 1`, letter];
  const leaves = new Map<Node, Formula>();
  const at = letterAt(letter, loop.length);
  const round = backwards ? sub(sub(loop.length.size, 1), at) : at;
  loop.slices.forEach((leaf, i) =>
    leaves.set(leaf, outer.elements(sequences[i], [round, ...leaf.type.shape.map(whole)])),
  );
  loop.captured.forEach((leaf, i) => leaves.set(leaf, outer.write(captured[i])));
  loop.carried.forEach((leaf, k) => leaves.set(leaf, placed(name(carried[k]), [...outer.positions, now])));
  const positions = [...outer.positions, letter];
  return { results, outer, by, letter, backwards, carried, leaves, positions, after: [...outer.positions, next] };
}

function nameBody({ results, outer, by, leaves, carried }: Frame): NamedBody {
  const { loop } = results[0].attrs;
  const roots = bodyRoots(results);
  const reading = readingOf(roots);
  const names = outer.names.inside(by);
  const order = reading.inOrder(roots);
  const nexts = new Map<Node, number>();
  loop.next.forEach((node, k) => {
    if (node.inputs.length === 0 || node.name !== undefined || nexts.has(node)) return;
    nexts.set(node, k);
    if (node.role.kind === 'forward') outer.names.carry(node, carried[k]);
  });
  const emitted = results.flatMap(({ name: word, attrs: { result } }) =>
    result.kind === 'emit' && isOwn(result.of, loop.next, leaves) ? [{ word, of: result.of }] : [],
  );
  for (const { word, of } of emitted) if (word !== undefined) names.give(of, { of: 'value', word });
  const named = { reading, names, leaves };
  nameValues(named, order, (node) => node.role.kind === 'forward' && !nexts.has(node));
  nameCotangents(named, order, new Set(nexts.keys()));
  for (const { of } of emitted) if (!names.titles.has(of)) names.give(of, valueTitle(of, named));
  return { names, reading, order, nexts };
}

function scopeOf(
  { results, outer, backwards, leaves, carried, positions, after }: Frame,
  { names, reading, nexts }: NamedBody,
  loops: Loops,
): Scope {
  const known = (node: Node): Formula | undefined => {
    const leaf = leaves.get(node);
    if (leaf) return leaf;
    const k = nexts.get(node);
    if (k !== undefined) return placed(name(carried[k]), after);
    const title = names.titles.get(node);
    return title && placed(name(title), positions);
  };
  const called = (node: Node): Formula | undefined => known(node) ?? loops.rowsOf(node, scope);
  const { loop } = results[0].attrs;
  const { sequences } = inputsOfScan(results[0]);
  const { builder } = loops.derived.model;
  const scope: Scope = {
    names,
    reading,
    positions,
    around: outer,
    known,
    axesOfLeaf(node) {
      const i = loop.slices.findIndex((leaf) => leaf === node);
      const axes = i < 0 ? [] : outer.axesOfLoops(sequences[i]);
      return axes.flatMap((axis) => (axis === 0 ? [] : [axis - 1]));
    },
    axesBehind: (node) => loops.axesBehind(node, scope),
    axesOfLoops: (node) => loops.axesOfLoops(node, scope),
    elements: (node, places) => loops.elements(node, places, scope),
    elementsBehind: (node, places) => loops.elementsBehind(node, places, scope),
    rowsOfLoop: (node) => builder.make(scan, results[0].inputs, { loop, result: { kind: 'emit', of: node } }),
    rows(node) {
      const stack = scope.rowsOfLoop(node);
      return outer.rows(backwards ? flipped(stack, builder) : stack);
    },
    write: (node) => createWriter(called, reading.formOf)(node),
    define: (node) =>
      loops.rowsOf(node, scope) ?? createWriter((n) => (n === node ? undefined : called(n)), reading.formOf)(node),
  };
  return scope;
}

/**
 * What another loop computes at the same positions by the same formula is told there: a loop backwards computes values of the loop
 * forwards anew.
 */
function mergeDefined(
  { leaves, positions }: Frame,
  { names, order, nexts }: NamedBody,
  scope: Scope,
  loops: Loops,
): void {
  for (const node of order) {
    const title = names.titles.get(node);
    if (node.inputs.length === 0 || nexts.has(node) || leaves.has(node) || isOp(node, scan)) continue;
    const own = title ?? { of: 'value', word: '' };
    const { formula, left, drawn } = definedAs(own, placed(name(own), positions), node, scope);
    if (drawn || formula.kind === 'omitted' || formula.kind === 'name' || formula.kind === 'number') continue;
    const places = left.kind === 'index' ? left.places.slice(positions.length) : [];
    const said = mathematical(formula);
    if (title && node.name === undefined && places.length === 0 && isCalled(said)) {
      names.drop(node);
      leaves.set(node, said);
      continue;
    }
    const key = `${printType(node.type)} ${places.join()} ${printFormula(unlettered(formula, positions), 'math')}`;
    const other = loops.defined.get(key);
    if (other) {
      names.drop(node);
      leaves.set(node, placed(other, positions));
    } else if (title) loops.defined.set(key, standingFor(scope.rowsOfLoop(node), name(title)));
  }
}

/** What a round computes, then what else it hands on. */
function bodySteps(
  { results, leaves, carried, positions, after }: Frame,
  { names, order, nexts }: NamedBody,
  scope: Scope,
  loops: Loops,
): Step[] {
  const { loop } = results[0].attrs;
  const chain = chainOf(loops.derived, scope, loops);
  const body = order.flatMap((node): Step[] => {
    const k = nexts.get(node);
    const title = k === undefined ? names.titles.get(node) : carried[k];
    if (!title || leaves.has(node)) return [];
    const left = placed(name(title), k === undefined ? positions : after);
    const step = definedAs(title, left, node, scope);
    const told = chain({ ...step, rows: scope.rows(node) });
    return [...loops.before(step.formula, scope), k === undefined ? told : { ...told, becomes: true }];
  });
  const others = loop.next.flatMap((node, k): Step[] => {
    if (nexts.get(node) === k || node === loop.carried[k]) return [];
    const left = placed(name(carried[k]), after);
    const step = stepOf(carried[k], left, scope.write(node), node, loop.carried[k].type);
    return [{ ...step, rows: scope.rows(node), becomes: true }];
  });
  return [...body, ...others];
}

/** The loop as a step: `for t = 0, …, T - 1`. */
function headed(
  { results, outer, letter, backwards, carried, leaves }: Frame,
  body: readonly Step[],
  number: number,
): Step {
  const [first] = results;
  const { loop } = first.attrs;
  const { sequences, starts } = inputsOfScan(first);
  const last = printIndex(sub(loop.length.size, 1)).replaceAll('*', ' · ');
  const bind = (leaf: Bound, left: Formula, formula: Formula): Binding => ({ name: leaf.attrs.name, left, formula });
  const startAt = [...outer.positions, backwards ? last : '-1'];
  const loopStep: LoopStep = {
    length: loop.length,
    letter,
    backwards,
    over: loop.slices.map((leaf, i) =>
      bind(leaf, leaves.get(leaf) ?? name(leaf.attrs.name), outer.write(sequences[i])),
    ),
    starts: loop.carried.map((leaf, k) => bind(leaf, placed(name(carried[k]), startAt), outer.write(starts[k]))),
    body,
  };
  const title = outer.names.free({ of: 'value', word: `loop_${number}` });
  const range = backwards ? `${letter} = ${last}, …, 0` : `${letter} = 0, …, ${last}`;
  return {
    ...stepOf(title, name(title), words(`for ${range}`), first),
    type: { element: { kind: 'f32' }, shape: [loop.length] },
    node: undefined,
    loop: loopStep,
  };
}

/** A carried value keeps its name; a cotangent's is that of what it is the derivative by. */
function carriedTitle(leaf: Bound, by: Pick<Title, 'by'>, outer: Names): Title {
  const { name: word } = leaf.attrs;
  const own = word.startsWith('d_') && leaf.name === undefined ? word.slice(2) : undefined;
  return outer.free(own === undefined ? { of: 'value', word } : { of: 'cotangent', word: own, ...by });
}

/**
 * What the derivatives in a loop's body are of. A loop backwards is made for one derivative; but its body may be that of another
 * derivative by the same values, and nodes have the role that they had first.
 */
function differentiatedBy(results: readonly ScanNode[]): Names['byOf'] {
  const role = results.map((result) => result.role).find(({ kind }) => kind === 'cotangent');
  const reversed = role?.kind === 'cotangent' && isOp(role.from, scan) ? role.from : undefined;
  if (!role || !reversed) return differentiatedIn;
  const values = new Set<Node | undefined>([...reachable(bodyRoots([reversed])), ...leavesOfLoop(reversed.attrs.loop)]);
  return (own) => differentiatedIn(own.kind === 'cotangent' && values.has(own.of) ? role : own);
}

/** Is what is emitted a value of its own, rather than one that is carried on or taken from outside? */
function isOwn(node: Node, next: readonly Node[], leaves: ReadonlyMap<Node, Formula>): boolean {
  return !next.includes(node) && !leaves.has(node) && !isOp(node, scan);
}
