// A scatter: rows set to zero, then each term added to the row that is chosen for it.
import { add, atom, toIndex, type Atom, type Axis, type Index } from '../../ir/index.js';
import type { Nest } from '../../ir/program.js';
import { apply, load, number, splat, type Scalar } from '../../ir/scalar.js';
import { reshape } from '../plan/reshape.js';
import type { ScatterPlan } from '../plan/types.js';
import { scatterOf, type Scatter } from '../scatter.js';
import { writeValues } from './folds.js';
import { asLanes, vectorise } from './lanes.js';
import { writeTiles, type Places } from './loops.js';
import { specialise, specialiseIndex } from './specialise.js';
import type { Writer } from './writer.js';

type At = ReadonlyMap<Axis, Index>;

/** Writes the nest into the innermost open scope. The terms of a place are added in the order of the sum's axes. */
export function writeScatter(writer: Writer, nest: Nest, plan: ScatterPlan): void {
  const scatter = scatterOf(reshape(nest, plan.shape));
  if (!scatter) throw new Error(`${nest.name}: it is no scatter`);
  const loops = (index: number, places: ReadonlyMap<Axis, Places>): void => {
    const loop = plan.loops[index];
    if (!loop) return writeTile(writer, scatter, places, plan.loops.find((l) => l.lanes)?.axis);
    const { axis, tile, tail } = loop;
    writeTiles(writer, { axis, tail, tiles: loop.lanes ? [tile, 4, 1] : [tile, 1] }, (here) =>
      loops(index + 1, new Map([...places, [axis, here]])),
    );
  };
  loops(0, new Map());
}

/** One run of columns: of every row, then of every term. */
function writeTile(writer: Writer, scatter: Scatter, places: ReadonlyMap<Axis, Places>, lanes: Axis | undefined): void {
  const { to, at, over, row, ids, value } = scatter;
  const columns = columnsOf(places, lanes);
  overAll(writer, [row], (bound) => {
    for (const column of columns) {
      const zero = column.lanes ? splat(number(0)) : number(0);
      writer.push({ kind: 'store', to, at: specialiseIndex(at, replacing(bound, column.at)), value: zero });
    }
  });
  overAll(writer, over, (bound) => {
    writer.pins.set(to, writer.depth);
    const id = atom({ kind: 'element', of: specialise(ids, replacing(bound)) });
    const chosen = new Map([[row, toIndex(writer.index(writer.depth, id.key, row.name, id, row.extent))]]);
    const wanted = columns.map((column): { readonly at: Index; readonly value: Scalar; readonly label: string } => {
      const replace = replacing(bound, column.at, chosen);
      const place = specialiseIndex(at, replace);
      const term = column.lanes && lanes ? asLanes(vectorise(value, lanes) ?? value) : value;
      const before = load(to, place, column.lanes ? 4 : undefined);
      return { at: place, value: apply('add', before, specialise(term, replace)), label: '' };
    });
    const values = writeValues(writer, wanted, { unrolled: new Set(), order: [], lanes: new Set() });
    wanted.forEach((one, i) => writer.push({ kind: 'store', to, at: one.at, value: values[i] }));
    writer.pins.delete(to);
  });
}

/** Loops over the axes, one in the other. */
function overAll(writer: Writer, axes: readonly Axis[], inside: (bound: At) => void): void {
  const bound = new Map<Axis, Index>();
  const loops = axes.map((axis) => {
    const [loop] = writer.open(axis);
    bound.set(axis, toIndex(loop));
    return loop;
  });
  inside(bound);
  for (const axis of loops.reverse()) {
    const body = writer.close();
    writer.push({ kind: 'loop', axis, to: axis.extent, step: 1, as: 'serial', body });
  }
}

/** The places of a tile, those of the lane axis four at a time. */
function columnsOf(places: ReadonlyMap<Axis, Places>, lanes: Axis | undefined): { at: At; lanes: boolean }[] {
  let columns: { at: Map<Axis, Index>; lanes: boolean }[] = [{ at: new Map(), lanes: false }];
  for (const [axis, { base, count }] of places) {
    const wide = axis === lanes && count % 4 === 0;
    const starts = Array.from({ length: wide ? count / 4 : count }, (_, i) => add(base, wide ? 4 * i : i));
    columns = columns.flatMap((c) =>
      starts.map((start) => ({ at: new Map([...c.at, [axis, start]]), lanes: c.lanes || wide })),
    );
  }
  return columns;
}

function replacing(...bound: readonly At[]): (part: Atom) => Index | undefined {
  return (part) => (part.kind === 'axis' ? bound.map((at) => at.get(part)).find((found) => found) : undefined);
}
