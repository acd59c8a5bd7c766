// Elements by letters, through what only moves others: windows, padding, slices, transposes. x[b, y + i] rather than window(x)[b, y, i].
import { isOp, type Node } from '../graph.js';
import { constantOf, printIndex, type Index } from '../index.js';
import { pad, permute, slice } from '../ops/movement.js';
import { window } from '../ops/windows.js';
import { indexed, partsOf, seen, type Formula, type Letter } from './tree.js';

/** Does a node only say where elements of another stand, 0 where there are none? */
export function isMoved(node: Node): boolean {
  if (isOp(node, pad)) return node.attrs.value === 0 && node.attrs.low.every((n) => n >= 0);
  if (isOp(node, slice)) return node.attrs.steps.every((s) => Math.abs(s) === 1);
  return isOp(node, window, permute);
}

/** Elements of a formula by letters, through what it takes of another: h[-1:][t] is h[t - 1], xᵀ[i, j] is x[j, i]. */
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
  if (of.kind === 'name' || !node || !isMoved(node))
    return of.kind === 'index' ? withinRows(of, places) : indexed(of, places);
  const [inner] = partsOf(of);
  const moved = inner && indicesBefore(node, places);
  return moved ? placedAt(inner, moved) : indexed(of, places);
}

/** h[-1:][t] is h[t - 1]: what a loop's value is from its start on. */
function withinRows(of: Formula & { readonly kind: 'index' }, places: readonly string[]): Formula {
  const [first, ...rest] = places;
  const [row] = of.places;
  if (of.places.length === 1 && typeof row === 'string' && row.startsWith('-1:'))
    return indexed(of.of, [plus(first, -1), ...rest]);
  return of.places.every((place) => typeof place === 'string' && !place.includes(':'))
    ? indexed(of.of, [...of.places, ...places])
    : indexed(of, places);
}

/** Where an element that a node moves stood before, by its indices; undefined where a size is not known. */
function indicesBefore(node: Node, places: readonly string[]): string[] | undefined {
  if (isOp(node, permute)) return node.attrs.order.map((_, i) => places[node.attrs.order.indexOf(i)]);
  if (isOp(node, pad)) return places.map((place, i) => plus(place, -node.attrs.low[i]));
  if (isOp(node, window)) {
    const { axes, strides, dilations } = node.attrs;
    const rank = node.inputs[0].type.shape.length;
    return places.slice(0, rank).map((place, i) => {
      const n = axes.indexOf(i);
      return n < 0 ? place : `${times(strides[n], place)} + ${times(dilations[n], places[rank + n])}`;
    });
  }
  if (!isOp(node, slice)) return undefined;
  const { starts, steps } = node.attrs;
  return places.map((place, i) =>
    steps[i] === 1 ? shifted(place, starts[i]) : `${startText(starts[i])} - ${grouped(place)}`,
  );
}

function times(by: number, place: string): string {
  return by === 1 ? place : `${by} · ${grouped(place)}`;
}

function grouped(place: string): string {
  return / [-+] /.test(place) ? `(${place})` : place;
}

function startText(start: Index): string {
  return grouped(printIndex(start).replaceAll('*', ' · '));
}

function shifted(place: string, start: Index): string {
  const by = constantOf(start);
  return by === undefined ? `${place} + ${startText(start)}` : plus(place, by);
}

/** i + 2 and 1 more is i + 3. */
function plus(place: string, by: number): string {
  const [, rest = place, sign = '+', number = '0'] = /^(.*) ([-+]) (\d+)$/.exec(place) ?? [];
  const sum = (sign === '-' ? -Number(number) : Number(number)) + by;
  return sum === 0 ? rest : sum < 0 ? `${rest} - ${-sum}` : `${rest} + ${sum}`;
}
