// A contraction block by block of its fold: the columns of a block are staged, its sums added to those before.
import { sub, toIndex, type Axis, type Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import type { CutBlock, CutPlan } from '../../../ir/nest/plans.js';
import { blockSums, emptySums, fromSums, rangeOfShare } from '../../../ir/nest/cut.js';
import { copyOf, reshape } from '../../../ir/nest/reshape.js';
import { add, constantOf, div, mul } from '../../../ir/index.js';
import { writeTiles, type Indices } from './loops.js';
import { writeNest } from './nest.js';
import { writeCopy } from './stage.js';
import type { Writer } from './writer.js';

type Bound = ReadonlyMap<Axis, Indices>;

export function writeCut(writer: Writer, given: Nest, plan: CutPlan): void {
  const nest = reshape(given, plan.shape);
  const addUp = (outer: Bound, range?: Range): void => {
    for (const buffer of [plan.sums, plan.lost]) writer.pins.set(buffer, writer.depth);
    writeNest(writer, emptySums(nest, plan), plan.empty, outer);
    const [first, ...others] = plan.outer.slice(0, -1);
    const blocks = (bound: Bound): void => writeBlocks(writer, nest, plan, bound, first ? undefined : range);
    if (!first) return blocks(outer);
    writeRange(writer, first, range ?? whole(first), outer, (bound) => writeAxes(writer, others, bound, blocks));
  };
  const store = (outer: Bound): void => {
    for (const buffer of [plan.sums, plan.lost]) writer.pins.set(buffer, writer.depth);
    writeNest(writer, fromSums(nest, plan), plan.rest, outer);
  };
  const { share, around } = plan;
  if (!share) {
    return writeAxes(writer, around, new Map(), (outer) => {
      addUp(outer);
      store(outer);
    });
  }
  writeAxes(writer, [share], new Map(), (shares) => {
    const at = shares.get(share)?.base ?? toIndex(0);
    const range = rangeOfShare(plan.outer[0], share, at);
    writeAxes(writer, around, shares, (outer) => addUp(outer, range));
  });
  writeAxes(writer, around, new Map(), store);
}

interface Range {
  readonly from: Index;
  readonly to: Index;
}

function whole({ extent }: Axis): Range {
  return { from: toIndex(0), to: extent };
}

/** A loop over these indices of an axis, one after another. */
function writeRange(
  writer: Writer,
  axis: Axis,
  { from, to }: Range,
  bound: Bound,
  inside: (bound: Bound) => void,
): void {
  const [counter] = writer.open(axis);
  inside(new Map([...bound, [axis, { base: toIndex(counter), count: 1 }]]));
  const body = writer.close();
  writer.push({ kind: 'loop', axis: counter, from, to, step: 1, as: 'serial', body });
}

/** Loops over every index of the axes, one at a time. */
function writeAxes(writer: Writer, axes: readonly Axis[], bound: Bound, inside: (bound: Bound) => void): void {
  const [first, ...others] = axes;
  if (!first) return inside(bound);
  writeTiles(writer, { axis: first, tiles: [1], tail: 'exact' }, (here) => {
    writeAxes(writer, others, new Map([...bound, [first, here]]), inside);
  });
}

/** The blocks of the planned length, then those of what is left. */
function writeBlocks(writer: Writer, nest: Nest, plan: CutPlan, bound: Bound, range = whole(plan.axis)): void {
  let { from } = range;
  for (const block of plan.blocks) {
    if (constantOf(sub(range.to, from)) === 0) return;
    const [counter] = writer.open(plan.base);
    writeBlock(writer, nest, plan, block, new Map([...bound, [plan.base, { base: toIndex(counter), count: 1 }]]));
    const body = writer.close();
    const to = sub(range.to, block.length - 1);
    writer.push({ kind: 'loop', axis: counter, from, to, step: block.length, as: 'serial', body });
    from = add(from, mul(div(sub(range.to, from), toIndex(block.length)), block.length));
  }
}

function writeBlock(writer: Writer, nest: Nest, plan: CutPlan, block: CutBlock, bound: Bound): void {
  writer.pins.set(block.stage.buffer, writer.depth);
  writeCopy(writer, copyOf(nest, block.stage), block.stage, bound, writeNest);
  writeNest(writer, blockSums(nest, plan, block), block.plan, bound);
}
