// Positions in loops: letters for them, and which row of a sequence a round takes.
import { indexed, standingFor, type Formula } from '../../ir/formula/tree.js';
import { isOp, through, type Node, type NodeOf } from '../../ir/graph.js';
import { add, constantOf, printIndex, sub, type Index } from '../../ir/index.js';
import { again } from '../../ir/ops/control.js';
import { permute, slice } from '../../ir/ops/movement.js';
import { scan } from '../../ir/ops/scan.js';
import type { Dim } from '../../ir/types.js';
import type { Scope } from './loops.js';

/** A letter for a position: that of the axis, where the loops around have another. */
export function letterOf({ name: axis }: Dim, taken: readonly string[]): string {
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

/** The row of a sequence that a round takes, at the position t. */
export function rowOf(sequence: Node, letter: string, backwards: boolean, length: Dim, outer: Scope): Formula {
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
