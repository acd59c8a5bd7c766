// A contraction block by block of its fold: the columns of a block are staged, its sums added to those before.
import { sub, toIndex, type Axis, type Index } from '../../../ir/index.js';
import type { Nest } from '../../../ir/program.js';
import type { CutBlock, CutPlan } from '../../../ir/nest/plans.js';
import { blockSums, emptySums, fromSums } from '../../../ir/nest/cut.js';
import { copyOf, reshape } from '../../../ir/nest/reshape.js';
import { constantOf, div, mul } from '../../../ir/index.js';
import { writeTiles, type Indices } from './loops.js';
import { writeNest } from './nest.js';
import { writeCopy } from './stage.js';
import type { Writer } from './writer.js';

type Bound = ReadonlyMap<Axis, Indices>;

export function writeCut(writer: Writer, given: Nest, plan: CutPlan): void {
  const nest = reshape(given, plan.shape);
  writeAxes(writer, plan.around, new Map(), (outer) => {
    for (const buffer of [plan.sums, plan.lost]) writer.pins.set(buffer, writer.depth);
    writeNest(writer, emptySums(nest, plan), plan.empty, outer);
    writeAxes(writer, plan.outer.slice(0, -1), outer, (bound) => writeBlocks(writer, nest, plan, bound));
    writeNest(writer, fromSums(nest, plan), plan.rest, outer);
  });
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
function writeBlocks(writer: Writer, nest: Nest, plan: CutPlan, bound: Bound): void {
  const { extent } = plan.axis;
  let from: Index = toIndex(0);
  for (const block of plan.blocks) {
    if (constantOf(sub(extent, from)) === 0) return;
    const [counter] = writer.open(plan.base);
    writeBlock(writer, nest, plan, block, new Map([...bound, [plan.base, { base: toIndex(counter), count: 1 }]]));
    const body = writer.close();
    const to = sub(extent, block.length - 1);
    writer.push({ kind: 'loop', axis: counter, from, to, step: block.length, as: 'serial', body });
    from = mul(div(extent, toIndex(block.length)), block.length);
  }
}

function writeBlock(writer: Writer, nest: Nest, plan: CutPlan, block: CutBlock, bound: Bound): void {
  writer.pins.set(block.stage.buffer, writer.depth);
  writeCopy(writer, copyOf(nest, block.stage), block.stage, bound, writeNest);
  writeNest(writer, blockSums(nest, plan, block), block.plan, bound);
}
