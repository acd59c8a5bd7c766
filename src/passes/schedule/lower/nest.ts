// One nest: its loops with tiles and tails, its stages, and the tile's elements written out with what they share.
import { add, axis as newAxis, type Atom, type Axis, type Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import { isLanes, lane, load, type Buffer, type Scalar } from '../../../ir/scalar.js';
import { partsOf } from '../../../ir/walk.js';
import { asStored } from '../../../ir/nest/single.js';
import { applyStage, coalesceAxes, coalesceFolds, copyOf, reshape } from '../../../ir/nest/reshape.js';
import { stretchOf } from '../../../ir/nest/stretches.js';
import { strideOfStore } from '../../../ir/nest/strides.js';
import type { NestPlan, Stage } from '../../../ir/nest/plans.js';
import { writeValues, type FoldStyle } from './folds.js';
import { loadsOf } from '../../../ir/loads.js';
import { asLanes, loadsInRange, vectorise, type LanesMemo } from '../../../ir/nest/lanes.js';
import { writeTiles, type Indices } from './loops.js';
import { nameIn } from './names.js';
import { specialise, specialiseIndex } from '../../../ir/nest/specialise.js';
import { writeCopy } from './stage.js';
import type { Writer } from './writer.js';

/** The nest as the innermost loops compute it: with its stages, but for those of tiles that are not full. */
interface Form {
  readonly nest: Nest;
  readonly style: FoldStyle;
  readonly lanes?: { readonly axis: Axis; readonly memo: LanesMemo; readonly packs: boolean };
}

interface Task {
  readonly plan: NestPlan;
  readonly copies: readonly { readonly stage: Stage; readonly nest: Nest }[];
  /** The nest that loads from these stages. */
  readonly form: (stages: readonly Stage[]) => Form;
  readonly asLets: ReadonlySet<Buffer>;
  /** What became a let, by the key of its load. */
  readonly made: Map<string, Scalar>;
}

/**
 * Writes the nest into the innermost open scope. `outer` are axes that are bound already; buffers in `asLets` become lets, which are
 * added to `made` by the keys of their loads.
 */
export function writeNest(
  writer: Writer,
  nest: Nest,
  plan: NestPlan,
  outer: ReadonlyMap<Axis, Indices> = new Map(),
  asLets: ReadonlySet<Buffer> = new Set(),
  made: Map<string, Scalar> = new Map(),
): void {
  const original = reshape(nest, plan.shape);
  const style: FoldStyle = {
    order: plan.folds,
    unrolled: new Set(plan.unrolled),
    lanes: new Set(plan.foldLanes),
    ...(writer.blocks && plan.role === 'contraction' && { most: writer.blocks.mostOfProducts }),
  };
  const wide = plan.loops.find((l) => l.lanes);
  const forms = new Map<string, Form>();
  const form = (stages: readonly Stage[]): Form => {
    const key = stages.map((s) => plan.stages.indexOf(s)).join();
    let known = forms.get(key);
    if (!known) {
      const staged = coalesceAxes(stages.reduce(applyStage, original), plan.mergeColumns);
      const merged = stages.length === plan.stages.length ? coalesceFolds(staged, plan.mergeFolds) : staged;
      known = {
        nest: merged,
        style,
        ...(wide && { lanes: { axis: wide.axis, memo: new Map(), packs: wide.packs === true } }),
      };
      forms.set(key, known);
    }
    return known;
  };
  const task: Task = {
    plan,
    copies: plan.stages.map((stage) => ({ stage, nest: copyOf(original, stage) })),
    form,
    asLets,
    made,
  };
  writeLoops(writer, task, 0, outer);
}

function writeLoops(writer: Writer, task: Task, index: number, indices: ReadonlyMap<Axis, Indices>): void {
  for (const { stage, nest } of task.copies)
    if (stage.position === index && (stage.tile?.all || isFull(stage, indices))) {
      writeCopy(writer, nest, stage, indices, writeNest);
      writer.pins.set(stage.buffer, writer.depth);
    }
  const loop = task.plan.loops[index];
  const { stretches } = task.plan;
  if (!loop && stretches) {
    const { nest } = task.form([]);
    for (const stretch of stretches.parts)
      writeNest(writer, stretchOf(nest, stretches.axis, stretch), stretch.plan, indices, task.asLets, task.made);
    return;
  }
  if (!loop) {
    const stages = task.plan.stages.filter((stage) => isFull(stage, indices));
    return writeTile(writer, task.form(stages), indices, stages, task);
  }
  const { axis, tail, tile } = loop;
  const tiles = loop.lanes && tile > 4 ? [tile, 4, 1] : tile > 1 ? [tile, 1] : [1];
  const block = indices.get(axis);
  const within = block ? newAxis(axis.name, block.count) : axis;
  const even = tile === 6 && task.plan.loops.some((l) => l.lanes && l.tile === 8);
  writeTiles(writer, { axis: within, tail, tiles, even }, ({ base, count }) => {
    const here = block ? { base: add(block.base, base), count, block: block.base } : { base, count };
    writeLoops(writer, task, index + 1, new Map([...indices, [axis, here]]));
  });
}

/** Has the tile, or the block, that the stage is made for all its elements? */
function isFull({ tile }: Stage, indices: ReadonlyMap<Axis, Indices>): boolean {
  if (!tile) return true;
  const here = indices.get(tile.axis);
  return here?.count === tile.width || (tile.block !== undefined && here?.count === tile.block.width);
}

interface Instance {
  readonly at: ReadonlyMap<Axis, Index>;
  readonly label: string;
  /** Which place of the other axes it has. */
  readonly row: number;
  /** Four indices of the lane axis, from the one in `at`. */
  readonly lanes: boolean;
}

interface Place {
  readonly to: Buffer;
  readonly at: Index;
  readonly value: Scalar;
  readonly label: string;
  /** Which place of the axes but that of the lanes, and which store of the nest. */
  readonly row: number;
  readonly store: number;
}

function writeTile(
  writer: Writer,
  form: Form,
  indices: ReadonlyMap<Axis, Indices>,
  stages: readonly Stage[],
  { asLets, made }: Task,
): void {
  const bases = stages.flatMap(({ tile }): [Axis, Index][] => {
    const here = tile && indices.get(tile.axis);
    if (!tile || !here) return [];
    return [
      [tile.base, here.base],
      ...(tile.block && here.block ? [[tile.block.base, here.block] as [Axis, Index]] : []),
    ];
  });
  const stores = instancesOf(indices, bases, form.lanes?.axis).flatMap((instance) => storesAt(form, instance));
  const own = new Set(form.nest.stores.map((s) => s.to));
  const before = [...own].map((buffer) => [buffer, writer.pins.get(buffer)] as const);
  for (const buffer of own) writer.pins.set(buffer, writer.depth);
  const values = writeValues(writer, stores, form.style, overwritten(stores));
  for (const [buffer, pin] of before) {
    if (pin === undefined) writer.pins.delete(buffer);
    else writer.pins.set(buffer, pin);
  }
  // Store by store along the lanes: engines that join neighbouring vectors do so where nothing else is stored between them.
  const ready = stores.map((place, i) => ({ ...place, value: values[i] }));
  for (const { to, at, value } of asLets.size === 0 && writer.wide ? ahead(writer, inRows(ready)) : inRows(ready)) {
    if (asLets.has(to)) {
      const { key } = load(to, at);
      made.set(key, letOf(writer, to, value));
      writer.remember(writer.depth, key, made.get(key) ?? value);
    } else writer.push({ kind: 'store', to, at, value: asStored(value) });
  }
}

function inRows(places: readonly Place[]): Place[] {
  return places.toSorted((a, b) => a.row - b.row || a.store - b.store);
}

/** Vectors of a row that are made of what is loaded are made before the first of them is stored. */
function ahead(writer: Writer, places: readonly Place[]): Place[] {
  const rows: Place[][] = [];
  for (const place of places) (rows[place.row] ??= []).push(place);
  const isMade = ({ value }: Place): boolean => isLanes(value) && loadsOf(value).length > 0;
  return rows.flatMap((row) =>
    row.filter(isMade).length < 2
      ? row
      : row.map((place) => (isMade(place) ? { ...place, value: letOf(writer, place.to, place.value) } : place)),
  );
}

/** Every element of the tile, the lane axis four at a time as far as they go. */
function instancesOf(
  indices: ReadonlyMap<Axis, Indices>,
  bases: readonly [Axis, Index][],
  lanes: Axis | undefined,
): Instance[] {
  let instances: Instance[] = [{ at: new Map(bases), label: '', row: 0, lanes: false }];
  // The lane axis varies fastest: what its vectors share is loaded once, right before it is used.
  const ordered = [...indices].sort(([a], [b]) => Number(a === lanes) - Number(b === lanes));
  for (const [axis, { base, count }] of ordered) {
    const starts: { offset: number; lanes: boolean }[] = [];
    for (let offset = 0; offset < count;) {
      const wide = axis === lanes && offset + 4 <= count;
      starts.push({ offset, lanes: wide });
      offset += wide ? 4 : 1;
    }
    instances = instances.flatMap((before) =>
      starts.map(({ offset, lanes: wide }, i) => ({
        at: new Map([...before.at, [axis, add(base, offset)]]),
        label: starts.length === 1 ? before.label : before.label === '' ? `${i}` : `${before.label}_${i}`,
        row: axis === lanes ? before.row : before.row * starts.length + i,
        lanes: before.lanes || wide,
      })),
    );
  }
  return instances;
}

function storesAt(form: Form, { at, label, row, lanes }: Instance): Place[] {
  const replace = replacing(at);
  const memo = new Map<string, Scalar>();
  return form.nest.stores.flatMap((store, which): Place[] => {
    const place = { to: store.to, at: specialiseIndex(store.at, replace, memo), label, row, store: which };
    if (!lanes || !form.lanes) return [{ ...place, value: specialise(store.value, replace, memo) }];
    const { axis, memo: known, packs } = form.lanes;
    const value = vectorise(store.value, axis, known, packs);
    if (value && strideOfStore(store, axis) === 1)
      return [{ ...place, value: asLanes(specialise(value, replace, memo)) }];
    return [0, 1, 2, 3].map((n) => ({ ...place, ...oneOfLanes(form.lanes, store, at, n, label) }));
  });
}

/** An element by itself where only the folds can be in lanes: each takes one lane of them. */
function oneOfLanes(
  lanes: Form['lanes'],
  store: Nest['stores'][number],
  at: ReadonlyMap<Axis, Index>,
  n: number,
  label: string,
): Pick<Place, 'at' | 'value' | 'label'> {
  const here = new Map(at);
  const start = lanes && at.get(lanes.axis);
  if (lanes && start) here.set(lanes.axis, add(start, n));
  const replace = replacing(here);
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar, guarded: boolean): void => {
    if (value.kind !== 'fold') {
      const arms = value.kind === 'apply' && value.op === 'select';
      return partsOf(value).forEach((part, i) => visit(part, guarded || (arms && i > 0)));
    }
    // The guards of four elements are not the same.
    if (guarded && !loadsInRange(value)) return;
    const wide = lanes && vectorise(value, lanes.axis, lanes.memo, lanes.packs);
    if (wide && isLanes(wide)) memo.set(value.key, lane(specialise(wide, replacing(at)), n));
  };
  visit(store.value, false);
  return {
    at: specialiseIndex(store.at, replace, memo),
    value: specialise(store.value, replace, memo),
    label: `${label}_${n}`,
  };
}

function replacing(at: ReadonlyMap<Axis, Index>): (part: Atom) => Index | undefined {
  return (part) => (part.kind === 'axis' ? at.get(part) : undefined);
}

/** A let instead of an element of a buffer. */
function letOf(writer: Writer, to: Buffer, value: Scalar): Scalar {
  if (value.kind === 'local' || value.kind === 'number') return value;
  return writer.let(writer.depth, nameIn(to), value);
}

/** Loads that must be made before the stores: another store of the tile may overwrite what they read. */
function overwritten(stores: readonly Place[]): Set<string> {
  const targets = new Set(stores.map((s) => s.to));
  const forced = new Set<string>();
  for (const store of stores) {
    const visit = (value: Scalar, seen: Set<string>): void => {
      if (seen.has(value.key)) return;
      seen.add(value.key);
      if (value.kind === 'load' && targets.has(value.from)) {
        const alone = value.from === store.to && value.at.key === store.at.key;
        if (!alone || stores.some((s) => s.to !== store.to)) forced.add(value.key);
      }
      for (const part of partsOf(value)) visit(part, seen);
    };
    visit(store.value, new Set());
  }
  return forced;
}
