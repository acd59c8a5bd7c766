// What stands at places of nodes that are made of loops' results, in the positions of those loops: h[t - 1] of h's stack, turned, cut and transposed.
import { createWriter } from '../../ir/formula.js';
import { placeSum, withLetter } from '../../ir/formula/placeSums.js';
import {
  apply,
  cases,
  indexed,
  infix,
  name,
  number,
  setting,
  standingFor,
  transposed,
  withParts,
  type Formula,
} from '../../ir/formula/tree.js';
import { isElementwise, isOp, type Node } from '../../ir/graph.js';
import {
  add,
  axis,
  constantOf,
  printIndex,
  provablyLess,
  rangeOf,
  scale,
  sub,
  toIndex,
  zero,
  type Index,
} from '../../ir/index.js';
import { again } from '../../ir/ops/control.js';
import { contract } from '../../ir/ops/contract.js';
import { broadcast, pad, permute, slice, spreadOut } from '../../ir/ops/movement.js';
import { scan, type ScanNode } from '../../ir/ops/scan.js';
import type { Dim } from '../../ir/types.js';
import type { Run, Scope } from './loops.js';
import { placed } from './positions.js';

/** Along an axis one place, or so many from a first one on, up or down. */
export type Place = Index | { readonly first: Index; readonly step: 1 | -1; readonly count: Dim };

/** How loops' results are found; `runOf` tells them where that is not done. */
export interface RowWriter {
  readonly runOf: (node: ScanNode, from: Scope) => Run;
}

/** All of an axis. */
export function whole(count: Dim): Place {
  return { first: zero, step: 1, count };
}

/**
 * A letter that runs along an axis, as a place. It bears a mark until all is written: the loops in between have letters of their own,
 * which may be the same.
 */
export function letterAt(letter: string, { size }: Dim): Index {
  return toIndex(axis(`${letter}${mark}`, size));
}

const mark = '\u2032';

/** What was written for others' letters, in those. */
export function unmarked(formula: Formula): Formula {
  const plain = (text: string): string => text.replaceAll(mark, '');
  if (formula.kind === 'name') {
    const { title } = formula;
    return title.word.includes(mark) ? { ...formula, title: { ...title, word: plain(title.word) } } : formula;
  }
  const made = withParts(formula, unmarked);
  if (made.kind !== 'index') return made;
  return { ...made, places: made.places.map((place) => (typeof place === 'string' ? plain(place) : place)) };
}

/** The axes of a node along which loops' results lie that it is made of without a name between. */
export function axesOfLoops(node: Node, scope: Scope, by: RowWriter): readonly number[] {
  return scope.known(node) ? scope.axesOfLeaf(node) : axesBehind(node, scope, by);
}

/** The same, whatever the node is called itself. */
export function axesBehind(node: Node, scope: Scope, by: RowWriter): readonly number[] {
  const { inputs, type } = node;
  const inner = (of: Node): readonly number[] => axesOfLoops(of, scope, by);
  if (isOp(node, scan)) {
    const { result } = node.attrs;
    if (result.kind === 'final') return [];
    const own = result.kind === 'emit' ? axesOfLoops(result.of, by.runOf(node, scope).scope, by) : [];
    return [0, ...own.map((i) => i + 1)];
  }
  if (isOp(node, slice, pad, spreadOut, again)) return inner(inputs[0]);
  if (isOp(node, permute)) {
    const { order } = node.attrs;
    return inner(inputs[0]).map((i) => order.indexOf(i));
  }
  if (isOp(node, broadcast)) {
    const { axes } = node.attrs;
    const kept = type.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    return inner(inputs[0]).map((i) => kept[i]);
  }
  if (isOp(node, contract)) {
    const { left, right, out } = node.attrs;
    const places = inputs.flatMap((input, k) => inner(input).map((i) => out.indexOf((k === 0 ? left : right)[i])));
    return [...new Set(places)].filter((i) => i >= 0);
  }
  if (!isElementwise(node) || scope.reading.formOf(node)) return [];
  return [...new Set(inputs.flatMap(inner))];
}

/** What stands at places of a node, one for each axis: by its name, or by what it takes of loops' results. */
export function elementsOf(node: Node, places: readonly Place[], scope: Scope, by: RowWriter): Formula {
  const known = scope.known(node);
  return known ? placed(known, textsOf(places, node)) : elementsBehind(node, places, scope, by);
}

/** The same, whatever the node is called itself. */
export function elementsBehind(node: Node, places: readonly Place[], scope: Scope, by: RowWriter): Formula {
  const inner = (of: Node, at: readonly Place[]): Formula => elementsOf(of, at, scope, by);
  const [of] = node.inputs;
  if (isOp(node, scan)) return standingFor(node, elementsOfLoop(node, places, scope, by));
  if (isOp(node, again)) return inner(of, places);
  if (isOp(node, slice)) {
    const { starts, steps } = node.attrs;
    const moved = places.map((place, i) => sliced(place, starts[i], steps[i]));
    if (moved.every((place) => place !== undefined)) return standingFor(node, inner(of, moved));
  }
  if (isOp(node, permute)) return standingFor(node, transposedBack(node, places, inner));
  if (isOp(node, pad, spreadOut)) {
    const made = padded(node, places, inner);
    if (made) return standingFor(node, made);
  }
  if (isOp(node, broadcast))
    return inner(
      of,
      places.filter((_, i) => !node.attrs.axes.includes(i)),
    );
  if (places.some(isOne)) {
    const made = distributed(node, places, scope, inner);
    if (made) return standingFor(node, made);
  }
  return placed(scope.define(node), textsOf(places, node));
}

/** Of sums and products what each operand has there; of a product of matrices its row is that of the operand that has it. */
function distributed(
  node: Node,
  places: readonly Place[],
  scope: Scope,
  inner: (of: Node, at: readonly Place[]) => Formula,
): Formula | undefined {
  const { inputs } = node;
  const placesOf = (i: number): readonly Place[] => {
    if (!isOp(node, contract)) return places;
    const { left, right, out } = node.attrs;
    return (i === 0 ? left : right).map((label, k) => {
      const place = places[out.indexOf(label)];
      return place ?? whole(inputs[i].type.shape[k]);
    });
  };
  if (!isOp(node, contract) && (!isElementwise(node) || scope.reading.formOf(node))) return undefined;
  const parts = new Map(inputs.map((input, i) => [input, inner(input, placesOf(i))]));
  const made = createWriter(
    (n) => (n === node ? undefined : parts.get(n)),
    () => undefined,
  )(node);
  return isOp(node, contract) && (made.kind !== 'infix' || inputs[0] === inputs[1]) ? undefined : made;
}

/** Places of what a slice takes; a step of two has no range. */
function sliced(place: Place, start: Index, step: number): Place | undefined {
  if (isOne(place)) return add(start, scale(place, step));
  if (Math.abs(step) !== 1) return undefined;
  return { first: add(start, scale(place.first, step)), step: step === place.step ? 1 : -1, count: place.count };
}

/** Of axes in another order those before; what stays of them may have to be put in order again. */
function transposedBack(
  { inputs: [of], attrs: { order } }: Node<{ order: readonly number[] }>,
  places: readonly Place[],
  inner: (of: Node, at: readonly Place[]) => Formula,
): Formula {
  const before = order.map((_, i) => places[order.indexOf(i)]);
  const formula = inner(of, before);
  const kept = order.filter((_, i) => !isOne(places[i]));
  const ranks = [...kept].sort((a, b) => a - b);
  const left = kept.map((i) => ranks.indexOf(i));
  if (left.every((rank, i) => rank === i)) return formula;
  const last = left.length - 1;
  const swapsLast = left.every((rank, i) => rank === (i === last ? last - 1 : i === last - 1 ? last : i));
  return swapsLast ? transposed(formula) : apply('permute', [formula], { settings: [setting(`[${left.join(', ')}]`)] });
}

/** What stands between zeros, and under which condition; undefined of ranges that are padded. */
function padded(
  node: Node,
  places: readonly Place[],
  inner: (of: Node, at: readonly Place[]) => Formula,
): Formula | undefined {
  const [of] = node.inputs;
  const { shape } = of.type;
  const low = isOp(node, pad) && node.attrs.value === 0 ? node.attrs.low.map(toIndex) : undefined;
  const starts = isOp(node, spreadOut) && node.attrs.steps.every((step) => step === 1) ? node.attrs.starts : low;
  if (!starts) return undefined;
  const conditions: Formula[] = [];
  const moved: Place[] = [];
  for (const [i, place] of places.entries()) {
    const from = starts[i];
    const isSame = constantOf(from) === 0 && node.type.shape[i].size.key === shape[i].size.key;
    if (!isOne(place)) {
      if (!isSame) return undefined;
      moved.push(place);
      continue;
    }
    const at = sub(place, from);
    const { size } = shape[i];
    if (!isSame && provablyLess(at, zero)) return number(0);
    if (!isSame && provablyLess(sub(size, 1), at)) return number(0);
    if (rangeOf(at).min < 0 && !isSame) conditions.push(compared('greaterEqual', at, zero));
    if (!isSame && !provablyLess(at, size)) conditions.push(compared('less', at, size));
    moved.push(at);
  }
  const value = inner(of, moved);
  const [first, ...others] = conditions;
  return first
    ? cases(
        others.reduce((a, b) => infix('and', a, b), first),
        value,
        number(0),
      )
    : value;
}

const turned = { less: 'greater', greaterEqual: 'lessEqual' } as const;

/** t + 1 < T as t < T - 1, and 3 - t ≥ 0 as t ≤ 3: letters on the left. */
function compared(operator: 'less' | 'greaterEqual', at: Index, by: Index): Formula {
  const number = at.terms.reduce((sum, { factor, atoms }) => (atoms.length === 0 ? sum + factor : sum), 0);
  const [letters, rest] = [sub(at, number), sub(by, number)];
  return letters.terms.every(({ factor }) => factor < 0)
    ? infix(turned[operator], placeFormula(scale(letters, -1)), placeFormula(scale(rest, -1)))
    : infix(operator, placeFormula(letters), placeFormula(rest));
}

/** A place as a formula: a sum of letters and numbers. */
function placeFormula(at: Index): Formula {
  const [first, ...others] = placeText(at).split(/ (?=[-+] )/);
  const term = (text: string): Formula => {
    const factors = text.split(' · ').map((each) => (/^-?\d+$/.test(each) ? number(Number(each)) : name(each)));
    return factors.reduce((a, b) => infix('times', a, b));
  };
  return others.reduce(
    (sum, each) => infix(each.startsWith('-') ? 'sub' : 'add', sum, term(each.slice(2))),
    term(first),
  );
}

/** Rows of what a loop gives: where its first axis is one place, at its position; else from one position to another. */
function elementsOfLoop(node: ScanNode, places: readonly Place[], from: Scope, by: RowWriter): Formula {
  const { result, loop } = node.attrs;
  const { scope, carried, backwards, letter, outer } = by.runOf(node, from);
  const last = sub(loop.length.size, 1);
  if (result.kind === 'final') {
    const end = backwards ? '-1' : placeText(last);
    return placed(name(carried[result.of]), [...outer.positions, end, ...textsOf(places, node)]);
  }
  const [row, ...others] = places;
  // A stack has what is carried before the first round, and then after each; an emitted value is that of a round.
  const positionOf = (index: Index): string =>
    placeText(backwards ? sub(last, index) : result.kind === 'stack' ? sub(index, 1) : index);
  const ends = isOne(row)
    ? [positionOf(row)]
    : [positionOf(row.first), positionOf(add(row.first, scale(sub(row.count.size, 1), row.step)))];
  const formula =
    result.kind === 'stack'
      ? placed(name(carried[result.of]), withoutWhole([...outer.positions, letter, ...textsOf(others, undefined)]))
      : elementsOf(result.of, others, scope, by);
  return withPosition(formula, letter, ends, placeText(last));
}

/** What a body says of a position, said of another one, or of all from one to another: `h[-1…2]`; `h` where they are all in order. */
function withPosition(formula: Formula, letter: string, ends: readonly string[], last: string): Formula {
  const moved = (place: string): string => {
    const [first, end] = ends.map((each) => withLetter(place, letter, each));
    if (end === undefined || first === place) return first;
    return first === '0' && end === last ? ':' : `${first}…${end}`;
  };
  const visit = (of: Formula): Formula => {
    if (of.kind !== 'index') return withParts(of, visit);
    const inner = visit(of.of);
    const places = withoutWhole(of.places.map((place) => (typeof place === 'string' ? moved(place) : visit(place))));
    const made = places.length === 0 ? inner : indexed(inner, places);
    return of.node ? standingFor(of.node, made) : made;
  };
  return visit(formula);
}

/** The letters of positions as numbers: what two loops say alike is alike then. */
export function unlettered(formula: Formula, positions: readonly string[]): Formula {
  return positions.reduce((of, letter, i) => atLetter(of, letter, `#${i}`), formula);
}

/** A formula with another place for a letter. */
export function atLetter(formula: Formula, letter: string, place: string): Formula {
  return withPosition(formula, letter, [place], '');
}

/** Without the axes at the end that are taken as they are. */
function withoutWhole<P>(places: readonly P[]): P[] {
  return places.slice(0, places.findLastIndex((place) => place !== ':') + 1);
}

/** Places of an axis in words; ranges as the language has them. */
function textsOf(places: readonly Place[], of: Node | undefined): string[] {
  const texts = places.map((place, i) => {
    if (isOne(place)) return placeText(place);
    const { first, step, count } = place;
    const size = of?.type.shape[i].size;
    const isAll = first.key === zero.key && step === 1 && (size === undefined || size.key === count.size.key);
    if (isAll) return ':';
    if (step === -1 && size && first.key === sub(size, 1).key && size.key === count.size.key) return '::-1';
    const past = add(first, scale(count.size, step));
    const end = (constantOf(past) ?? 0) < 0 ? '' : placeText(past);
    return `${first.key === zero.key ? '' : placeText(first)}:${end}${step === 1 ? '' : ':-1'}`;
  });
  return withoutWhole(texts);
}

export function placeText(at: Index): string {
  return placeSum(printIndex(at).replaceAll('*', ' · '));
}

export function isOne(place: Place): place is Index {
  return 'terms' in place;
}
