// What each round of a loop would stage anew is staged once before it: the weights of a contraction, in panels as its tiles read them.
import { add, axesOf, axis as newAxis, constantOf, mul, product, scale, toIndex, type Axis } from '../../ir/index.js';
import { productOf } from '../../ir/nest/contraction.js';
import { rowMajor } from '../../ir/nest/reshape.js';
import { sidesOf, type Sides } from '../../ir/nest/sides.js';
import { iterationsOf, type Estimate } from '../../ir/nest/sizes.js';
import { foldsOf } from '../../ir/nest/strides.js';
import { linksOfNest } from '../../ir/nest/links.js';
import type { AnyNest, Nest, TargetTraits, Work } from '../../ir/program.js';
import { replaceFolds, rewriteIndex, rewriteScalar, type Rewrite } from '../../ir/rewrite.js';
import { runsOf } from '../../ir/runs.js';
import { fold, load, type Buffer } from '../../ir/scalar.js';
import type { Nests } from '../entries.js';
import { chooseTile, rowsToStage } from './plan/contraction.js';
import type { Call, Unit } from './works.js';

/** With so many rows in each round, staging takes no time beside the products. */
const manyRows = 512;
/** Fewer elements are staged in no time. */
const leastStaged = 4096;

/** A contraction that reads panels, and the nest that makes them. */
interface Hoisted {
  readonly panels: Unit;
  readonly reader: Unit;
  /** What the panels are made of. */
  readonly from: Buffer;
}

/** Contractions in loops, whose rounds do not change the weights, read panels that are made before the loop. */
export function hoistPanels(nests: Nests): Nests {
  const { target, estimate } = nests;
  const known = new Map<Unit, Hoisted | undefined>();
  const hoistedOf = (unit: Unit): Hoisted | undefined => {
    if (!known.has(unit)) known.set(unit, unit.host ? undefined : inPanels(unit, target, estimate));
    return known.get(unit);
  };
  const inLoop = (loop: Loop): Work<Call>[] => {
    const changed = writesOf(loop);
    const before = new Map<Unit, Work<Call>>();
    const change = (step: Work<Call>): Work<Call> => {
      if (step.kind === 'repeat') return { ...step, steps: step.steps.map(change) };
      const hoisted = step.given ? undefined : hoistedOf(step.unit);
      if (!hoisted || changed.has(hoisted.from)) return step;
      before.set(hoisted.panels, { kind: 'run', unit: hoisted.panels });
      return { ...step, unit: hoisted.reader };
    };
    const rest = { ...loop, steps: loop.steps.map(change) };
    return [...before.values(), rest];
  };
  const entries = nests.entries.map((entry) => ({
    ...entry,
    calls: (entry.calls ?? []).flatMap((step) => (step.kind === 'repeat' ? inLoop(step) : [step])),
  }));
  return { ...nests, entries };
}

type Loop = Work<Call> & { readonly kind: 'repeat' };

function writesOf(loop: Loop): Set<Buffer> {
  return new Set(runsOf([loop]).flatMap(({ unit }) => [...linksOfNest(unit.nest).writes]));
}

/** The unit's contraction over panels; undefined where its columns are not one matrix that lies still, or staging it takes no time. */
function inPanels({ nest, host }: Unit, target: TargetTraits, estimate: Estimate): Hoisted | undefined {
  if (nest.kind !== 'nest') return undefined;
  const sides = sidesOf(nest, estimate);
  if (!sides || sides.batch.length > 0 || sides.columns.length !== 1 || foldsOf(nest).length !== 1) return undefined;
  const { v, vSide, fold: sum } = sides;
  const rows = iterationsOf(sides.rows, estimate);
  const columns = constantOf(v.extent);
  const depth = constantOf(product(sum.over.map((a) => a.extent)));
  if (vSide.kind !== 'load' || columns === undefined || depth === undefined) return undefined;
  if (rows < rowsToStage || rows > manyRows || columns * depth < leastStaged) return undefined;
  const [, width] = chooseTile(rows, columns, v, target);
  const within = new Set([v, ...sum.over]);
  if (width < 4 || columns % width !== 0 || [...axesOf(vSide.at)].some((a) => !within.has(a))) return undefined;
  const buffer: Buffer = {
    name: `panels_of_${vSide.from.name}`,
    space: 'arena',
    dtype: 'f32',
    length: toIndex(columns * depth),
  };
  return {
    panels: { nest: panelsOf(nest, sides, buffer, width), host },
    reader: { nest: readerOf(nest, sides, buffer, width), host },
    from: vSide.from,
  };
}

/** Which panel, and which column of it. */
function columnAxes(v: Axis, width: number): readonly [Axis, Axis] {
  return [newAxis(`${v.name}0`, (constantOf(v.extent) ?? width) / width), newAxis(`${v.name}1`, width)];
}

/** [panel][fold][column] */
function placeIn(panel: Axis, over: readonly Axis[], column: Axis, width: number) {
  const depth = product(over.map((a) => a.extent));
  return add(mul(toIndex(panel), scale(depth, width)), scale(rowMajor(over), width), toIndex(column));
}

function panelsOf({ provenance }: AnyNest, { v, vSide, fold: sum }: Sides, buffer: Buffer, width: number): Nest {
  const [panel, column] = columnAxes(v, width);
  const over = sum.over.map((a) => newAxis(a.name, a.extent));
  const replaced = new Map([[v, add(scale(toIndex(panel), width), toIndex(column))]]);
  sum.over.forEach((a, i) => replaced.set(a, toIndex(over[i])));
  const value = rewriteScalar(vSide, { atom: (part) => (part.kind === 'axis' ? replaced.get(part) : undefined) });
  const from = vSide.kind === 'load' ? vSide.from.name : v.name;
  return {
    kind: 'nest',
    name: buffer.name,
    axes: [panel, ...over, column],
    stores: [{ to: buffer, at: placeIn(panel, over, column, width), value }],
    provenance: { ...provenance, formulas: [`${buffer.name} = ${from}, ${width} columns side by side`] },
  };
}

function readerOf(nest: Nest, { v, uFactors, fold: sum }: Sides, buffer: Buffer, width: number): Nest {
  const [panel, column] = columnAxes(v, width);
  const here = add(scale(toIndex(panel), width), toIndex(column));
  const panels = load(buffer, placeIn(panel, sum.over, column, width));
  const products = fold('add', sum.over, productOf([...uFactors, panels]));
  const rewrite: Rewrite = { atom: (part) => (part === v ? here : undefined) };
  return {
    ...nest,
    axes: nest.axes.flatMap((a) => (a === v ? [panel, column] : [a])),
    stores: nest.stores.map(({ to, at, value }) => ({
      to,
      at: rewriteIndex(at, rewrite),
      value: rewriteScalar(
        replaceFolds(value, (f) => (f.key === sum.key ? products : undefined)),
        rewrite,
      ),
    })),
  };
}
