// Chooses how the elements of a nest are given to threads, on targets with workgroups.
import { constantOf, printIndex, type Axis } from '../../../ir/index.js';
import type { AnyNest, Nest, Rows, TargetTraits } from '../../../ir/program.js';
import type { Scalar } from '../../../ir/scalar.js';
import { partsOf } from '../../../ir/walk.js';
import { loadsOf } from '../../../ir/loads.js';
import { planOrderedThreads } from './ordered.js';
import { planScatterThreads } from './scatter.js';
import { planNest } from './serial.js';
import { storesInQuads } from '../../../ir/nest/quads.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { foldsOf, strideAt } from '../../../ir/nest/strides.js';
import { iterationsOf } from '../../../ir/nest/sizes.js';
import { planTiles } from './tiles.js';
import type { NestPlan, SharedPart, WorkPlan } from '../../../ir/nest/plans.js';
import type { Estimate } from '../../../ir/nest/sizes.js';

/** With as many outputs the folds keep a processor busy by themselves. */
const manyOutputs = 8_192;
/** With as many elements there is more than one for each thread that a processor has at once. */
const manyPlaces = 65_536;
/** Shorter folds are not worth a total; to one element, half of it is. */
const shortestShare = 128;
/** Rows that are as narrow take a thread each. */
const narrowRow = 32;
/** The memory of a workgroup in elements: 16 KiB are there everywhere, of which totals take a number for each thread and type. */
const groupMemory = 4_096 - 3 * 256;

interface Made {
  readonly target: TargetTraits;
  readonly estimate: Estimate;
  readonly plan: WorkPlan;
}

/** Plans by what they are made from: under whatever name, a nest is planned once. */
const known = new WeakMap<readonly unknown[], Made>();

export function planWorkgroups(nest: AnyNest, target: TargetTraits, estimate: Estimate): WorkPlan {
  const of = nest.kind === 'rows' ? nest.parts : nest.stores;
  const before = known.get(of);
  if (before?.target === target && before.estimate === estimate) return before.plan;
  const made = planWork(nest, target, estimate);
  known.set(of, { target, estimate, plan: made });
  return made;
}

function planWork(nest: AnyNest, target: TargetTraits, estimate: Estimate): WorkPlan {
  switch (nest.kind) {
    case 'rows':
      return planRows(nest, target, estimate);
    case 'nest': {
      const ordered = planOrderedThreads(nest, estimate);
      if (ordered) return ordered;
      const scatter = planScatterThreads(nest, estimate);
      if (scatter) return scatter;
      const part = planNest(nest, target, estimate);
      return planTiles(nest, part, estimate) ?? planShares(nest, part, estimate) ?? planThreads(nest, part, estimate);
    }
    default:
      return nest satisfies never;
  }
}

/** A thread for each element. */
function planThreads(nest: Nest, part: NestPlan, estimate: Estimate): WorkPlan {
  const places = iterationsOf(
    part.loops.map((l) => l.axis),
    estimate,
  );
  // One element is for one thread: others would do the same.
  const threads = part.loops.length === 0 ? 1 : places >= manyPlaces ? 256 : 64;
  const last = part.loops[part.loops.length - 1]?.axis;
  if (places >= manyPlaces && part.folds.length === 0 && storesInQuads(reshape(nest, part.shape), last, new Map()))
    return {
      kind: 'threads',
      threads,
      parts: [part],
      quads: last,
      text: `${describe(part)}, a thread for four, 256 a group`,
    };
  const each = threads === 1 ? 'one thread' : `a thread each, ${threads} a group`;
  return { kind: 'threads', threads, parts: [part], text: `${describe(part)}, ${each}` };
}

/** Reductions to few elements: a workgroup each. */
function planShares(nest: Nest, part: NestPlan, estimate: Estimate): WorkPlan | undefined {
  const reshaped = reshape(nest, part.shape);
  const folded = foldedBy(reshaped, estimate) ?? 0;
  const outputs = iterationsOf(nest.axes, estimate);
  if (folded < (outputs === 1 ? shortestShare / 2 : shortestShare) || outputs > manyOutputs) return undefined;
  // Neighbouring threads read neighbours: where those belong to other elements, a thread for each element does.
  const inner = part.folds[part.folds.length - 1];
  if (outputs >= 64 && !foldsOf(reshaped).some((f) => readsAlong(f, inner, estimate))) return undefined;
  const threads = folded >= 1_024 ? 256 : 64;
  const text = `${describe(part)}, ${threads} threads each fold a share`;
  return { kind: 'groups', threads, parts: [{ kind: 'shares', plan: part }], local: 'workgroup', text };
}

/** Narrow rows take a thread each, others a workgroup. */
function planRows(nest: Rows, target: TargetTraits, estimate: Estimate): WorkPlan {
  const parts = nest.parts.map((part) => planNest(part, target, estimate));
  const width = Math.max(
    ...nest.parts.map(
      (part) =>
        iterationsOf(part.axes, estimate) * Math.max(1, ...foldsOf(part).map((f) => iterationsOf(f.over, estimate))),
    ),
  );
  const head = `rows ${printIndex(nest.row.extent)}`;
  const list = parts.map(describe).join(' | ');
  if (width <= narrowRow) return { kind: 'threads', threads: 64, parts, text: `${head}, a thread each: ${list}` };
  const threads = width >= 1_024 ? 256 : 64;
  const shared = nest.parts.map((part, i): SharedPart => {
    const reshaped = reshape(part, parts[i].shape);
    const folded = part.axes.length === 0 ? foldedBy(reshaped, estimate) : undefined;
    return { kind: folded === undefined || folded < narrowRow ? 'places' : 'shares', plan: parts[i] };
  });
  const held = nest.rowLocal.reduce((sum, b) => sum + (constantOf(b.length) ?? Infinity), 0);
  const local = held <= groupMemory ? 'workgroup' : 'scratch';
  return { kind: 'groups', threads, parts: shared, local, text: `${head}, ${threads} threads each: ${list}` };
}

/** How many values the folds take, where they can be taken in shares: all side by side, of numbers. */
function foldedBy(nest: Nest, estimate: Estimate): number | undefined {
  const folds = foldsOf(nest);
  if (folds.length === 0 || !sideBySide(nest)) return undefined;
  return Math.max(...folds.map((f) => iterationsOf(f.over, estimate)));
}

/** Are the folds of numbers, none within another, and evaluated whatever holds? */
export function sideBySide(nest: Nest): boolean {
  return foldsOf(nest).every((f) => f.type !== 'bool' && !f.body.folds) && !nest.stores.some((s) => isGuarded(s.value));
}

function readsAlong(value: Scalar, axis: Axis, estimate: Estimate): boolean {
  return loadsOf(value).some(({ at }) => strideAt(at, axis, estimate) === 1);
}

/** Is there a fold that is only evaluated where a condition holds? */
function isGuarded(value: Scalar, seen: Set<string> = new Set()): boolean {
  if (seen.has(value.key)) return false;
  seen.add(value.key);
  if (value.kind === 'apply' && value.op === 'select') return value.args.some(({ folds }) => folds);
  return value.folds && value.kind !== 'fold' && partsOf(value).some((part) => isGuarded(part, seen));
}

function describe({ role, loops, folds }: NestPlan): string {
  const show = (axes: readonly Axis[]): string => axes.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const places = show(loops.map((l) => l.axis));
  return [`${role}${places === '' ? '' : `: ${places}`}`, ...(folds.length > 0 ? [`fold ${show(folds)}`] : [])].join(
    ', ',
  );
}
