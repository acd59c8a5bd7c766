// Elements by letters, through what only moves others: windows, padding, slices, transposes. x[b, y + i] rather than window(x)[b, y, i].
import { isOp, type Node } from '../graph.js';
import { printIndex, type Index } from '../index.js';
import { pad, permute, slice } from '../ops/movement.js';
import { window } from '../ops/windows.js';
import { numberAt, placeDifference, placeSum } from './placeSums.js';
import { indexed, partsOf, seen, standingFor, type Formula, type FormulaOf, type Letter } from './tree.js';

/** Does a node only say where elements of another stand, 0 where there are none? */
export function isMoved(node: Node): boolean {
  if (isOp(node, pad)) return node.attrs.value === 0 && node.attrs.low.every((n) => n >= 0);
  if (isOp(node, slice)) return node.attrs.steps.every((s) => Math.abs(s) === 1);
  return isOp(node, window, permute);
}

/** The factors of a sum of products over letters, element by element. */
export function factorsByLetters({ left, right, letters, elements }: FormulaOf<'contraction'>): readonly Formula[] {
  return elements ?? [placedBy(left, letters.left), placedBy(right, letters.right)];
}

/** Elements of a formula by letters, through what it takes of another: xᵀ[i, j] is x[j, i]. */
export function placedBy(formula: Formula, letters: readonly Letter[]): Formula {
  if (letters.length === 0) return formula;
  return placedAt(
    formula,
    letters.map(({ letter }) => letter),
  );
}

function placedAt(formula: Formula, places: readonly string[]): Formula {
  const of = seen(formula);
  const { node } = of;
  if (of.kind === 'name' || !node || !isMoved(node)) return atPlaces(of, places);
  const [inner] = partsOf(of);
  const moved = inner && indicesBefore(node, places);
  return moved ? placedAt(inner, moved) : atPlaces(of, places);
}

/** What stands at places of a formula, by one index where it is indexed already: h[t] at [:, 3:6] is h[t, :, 3:6]. */
export function atPlaces(of: Formula, places: readonly (string | Formula)[]): Formula {
  const one = of.kind === 'index' ? oneIndex(of, places) : undefined;
  return one ?? indexed(of, places);
}

/** An index of an index as one, as far as that is known. */
export function indexedOnce(formula: FormulaOf<'index'> & Formula): Formula {
  const of = seen(formula.of);
  const sameRank = of === formula.of || of.node?.type.shape.length === formula.of.node?.type.shape.length;
  const one = of.kind === 'index' && sameRank ? oneIndex(of, formula.places) : undefined;
  if (!one) return formula;
  return formula.node ? standingFor(formula.node, one) : one;
}

function oneIndex(of: FormulaOf<'index'>, places: readonly (string | Formula)[]): Formula | undefined {
  const left = [...places];
  const joined: (string | Formula)[] = [];
  for (const place of of.places) {
    if (typeof place !== 'string') return undefined;
    if (!/[:…]/.test(place)) {
      joined.push(place);
      continue;
    }
    const next = left.shift() ?? ':';
    const one = next === ':' ? place : place === ':' ? next : typeof next === 'string' && placeOfRange(place, next);
    if (one === false || one === undefined) return undefined;
    joined.push(one);
  }
  return indexed(of.of, [...joined, ...left]);
}

/** A place, or a range, of a range: 2 of 3:6 is 5, 1:3 of -1…3 is 0…1. */
function placeOfRange(range: string, place: string): string | undefined {
  const [, first, last] = /^([^:…]*)…([^:…]*)$/.exec(range) ?? [];
  if (first !== undefined && last !== undefined) {
    const [from, to] = [numberAt(first), numberAt(last)];
    // It goes down where the first is the greater; of sizes that are no numbers the one with a size in it.
    const falls = from !== undefined && to !== undefined ? from > to : from === undefined && to !== undefined;
    return /[:…]/.test(place) ? undefined : falls ? placeDifference(place, first) : placeSum(first, place);
  }
  const [, start, , end, step] = /^(\d*):((\d*))(?::(-1))?$/.exec(range) ?? [];
  if (start === undefined || (start === '' && step !== undefined)) return undefined;
  const from = Number(start);
  if (!/[:…]/.test(place)) return step === undefined ? placeSum(place, from) : placeDifference(place, start);
  const [, inner, , innerEnd] = /^(\d*):((\d*))$/.exec(place) ?? [];
  if (step !== undefined || inner === undefined) return undefined;
  const past = innerEnd === '' || innerEnd === undefined ? end : String(from + Number(innerEnd));
  return `${from + Number(inner)}:${past ?? ''}`;
}

/** Where an element that a node moves stood before, by its indices; undefined where a size is not known. */
function indicesBefore(node: Node, places: readonly string[]): string[] | undefined {
  if (isOp(node, permute)) return node.attrs.order.map((_, i) => places[node.attrs.order.indexOf(i)]);
  if (isOp(node, pad)) return places.map((place, i) => placeSum(place, -node.attrs.low[i]));
  if (isOp(node, window)) {
    const { axes, strides, dilations } = node.attrs;
    const rank = node.inputs[0].type.shape.length;
    return places.slice(0, rank).map((place, i) => {
      const n = axes.indexOf(i);
      return n < 0 ? place : placeSum(times(strides[n], place), times(dilations[n], places[rank + n]));
    });
  }
  if (!isOp(node, slice)) return undefined;
  const { starts, steps } = node.attrs;
  return places.map((place, i) =>
    steps[i] === 1 ? placeSum(place, startText(starts[i])) : placeDifference(place, startText(starts[i])),
  );
}

function times(by: number, place: string): string {
  return by === 1 ? place : `${by} · (${place})`;
}

function startText(start: Index): string {
  return printIndex(start).replaceAll('*', ' · ');
}
