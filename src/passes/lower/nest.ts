// One nest: its loops with tiles and tails, and the tile's places written out with what they share.
import {
  add,
  mod,
  mul,
  constantOf,
  div,
  rangeOf,
  sub,
  toIndex,
  type Atom,
  type Axis,
  type Index,
} from '../../ir/index.js';
import type { Nest, Statement } from '../../ir/program.js';
import { load, type Buffer, type Scalar } from '../../ir/scalar.js';
import { identifier } from './names.js';
import { reshape } from '../plan/reshape.js';
import type { LoopPlan, NestPlan } from '../plan/types.js';
import { specialise, specialiseIndex } from './specialise.js';
import { partsOf, writeValues, type FoldStyle } from './values.js';
import type { Writer } from './writer.js';

/** The places of one axis that a tile computes: base + 0 … base + count - 1. */
export interface Places {
  readonly base: Index;
  readonly count: number;
}

/** Writes the nest into the innermost open scope. */
export function writeNest(
  writer: Writer,
  nest: Nest,
  plan: NestPlan,
  outer: ReadonlyMap<Axis, Places> = new Map(),
  asLets: ReadonlySet<Buffer> = new Set(),
): void {
  const reshaped = reshape(nest, plan.coalesce);
  const style: FoldStyle = { order: plan.folds, unrolled: new Set(plan.unrolled) };
  writeLoops(writer, reshaped, plan.loops, outer, style, asLets);
}

function writeLoops(
  writer: Writer,
  nest: Nest,
  loops: readonly LoopPlan[],
  places: ReadonlyMap<Axis, Places>,
  style: FoldStyle,
  asLets: ReadonlySet<Buffer>,
): void {
  const [first, ...rest] = loops;
  if (!first) return writeTile(writer, nest, places, style, asLets);
  const { axis, tail } = first;
  const extent = axis.extent;
  const known = constantOf(extent);
  const tile = Math.min(first.tile, known ?? Infinity);
  const inside = (base: Index, count: number): void =>
    writeLoops(writer, nest, rest, new Map([...places, [axis, { base, count }]]), style, asLets);
  const loop = (step: number, options: { from?: Index; to: Index; last?: Index }): void => {
    const [bound] = writer.open(axis);
    inside(toIndex(bound), step);
    const body = writer.close();
    writer.push({ kind: 'loop', axis: bound, ...options, step, as: 'serial', body });
  };
  if (known !== undefined && tile === known) return inside(toIndex(0), known);
  if (tile === 1) return loop(1, { to: extent });
  if (constantOf(mod(extent, toIndex(tile))) === 0) return loop(tile, { to: extent });
  if (tail === 'overlap') {
    const tiled = (): void => loop(tile, { to: extent, last: sub(extent, tile) });
    if (rangeOf(extent).min >= tile) return tiled();
    const branch = (write: () => void): Statement[] => {
      writer.open();
      write();
      return writer.close();
    };
    const then = branch(tiled);
    const otherwise = branch(() => loop(1, { to: extent }));
    return writer.push({ kind: 'if', less: [toIndex(tile - 1), extent], then, else: otherwise });
  }
  if (known !== undefined) {
    const whole = known - (known % tile);
    loop(tile, { to: toIndex(whole) });
    return inside(toIndex(whole), known - whole);
  }
  loop(tile, { to: sub(extent, tile - 1) });
  loop(1, { from: mul(div(extent, toIndex(tile)), tile), to: extent });
}

function writeTile(
  writer: Writer,
  nest: Nest,
  places: ReadonlyMap<Axis, Places>,
  style: FoldStyle,
  asLets: ReadonlySet<Buffer>,
): void {
  let instances: { at: Map<Axis, Index>; label: string }[] = [{ at: new Map(), label: '' }];
  for (const [axis, { base, count }] of places)
    instances = instances.flatMap(({ at, label }) =>
      Array.from({ length: count }, (_, i) => ({
        at: new Map([...at, [axis, add(base, i)]]),
        label: count === 1 ? label : label === '' ? `${i}` : `${label}_${i}`,
      })),
    );
  const stores = instances.flatMap(({ at, label }) => {
    const replace = (part: Atom): Index | undefined => (part.kind === 'axis' ? at.get(part) : undefined);
    const memo = new Map<string, Scalar>();
    return nest.stores.map((store) => ({
      to: store.to,
      at: specialiseIndex(store.at, replace, memo),
      value: specialise(store.value, replace, memo),
      label,
    }));
  });
  const own = new Set(nest.stores.map((s) => s.to));
  const before = [...own].map((buffer) => [buffer, writer.pins.get(buffer)] as const);
  for (const buffer of own) writer.pins.set(buffer, writer.depth);
  const values = writeValues(writer, stores, style, overwritten(stores));
  for (const [buffer, pin] of before) {
    if (pin === undefined) writer.pins.delete(buffer);
    else writer.pins.set(buffer, pin);
  }
  stores.forEach(({ to, at }, i) => {
    if (asLets.has(to)) writer.remember(writer.depth, load(to, at).key, letOf(writer, to, values[i]));
    else writer.push({ kind: 'store', to, at, value: values[i] });
  });
}

/** A let in the place of a buffer of one element. */
function letOf(writer: Writer, to: Buffer, value: Scalar): Scalar {
  if (value.kind === 'local' || value.kind === 'number') return value;
  return writer.let(writer.depth, { base: identifier(to.name), numbered: false }, value);
}

/** Loads that must be made before the stores: another store of the tile may overwrite what they read. */
function overwritten(stores: readonly { to: object; at: Index; value: Scalar }[]): Set<string> {
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
