// What must hold of a contraction in blocks of its fold: blocks make up the cut axis, and the parts of the plan are of the nests that they make.
import { constantOf, mul, product, rangeOf, sub, type Axis, type Index } from '../index.js';
import type { Nest } from '../program.js';
import { blockSums, emptySums, fromSums, sumRows } from './cut.js';
import type { CutPlan, NestPlan } from './plans.js';
import { foldsOf } from './strides.js';

/** `nest` has the shape that the plan says; `ofPart` says what is wrong with the plan of a part. */
export function faultsOfCut(nest: Nest, plan: CutPlan, ofPart: (part: Nest, plan: NestPlan) => string[]): string[] {
  const { fold, around, rows, columns, column, outer, axis, blocks, sums, lost } = plan;
  const faults: string[] = [];
  if (!foldsOf(nest).some(({ key }) => key === fold.key)) return ['cuts a fold that it does not have'];
  if (!sameAxes([...around, ...rows, ...columns], nest.axes)) return ['is cut over other axes than its own'];
  if (outer[outer.length - 1] !== axis || outer.some((a) => !fold.over.includes(a)))
    return [`cuts ${axis.name}, which is not the last outside of blocks`];
  if (
    !makesUp(
      axis,
      blocks.map(({ length }) => length),
    )
  )
    faults.push(`is cut into blocks that leave something of ${axis.name}`);
  if (isLess(column.extent, product(columns.map((a) => a.extent))))
    faults.push(`has ${column.name} for more columns than it counts`);
  const room = mul(product(sumRows(plan).map((a) => a.extent)), column.extent);
  for (const buffer of [sums, lost])
    if (isLess(buffer.length, room)) faults.push(`adds up more in ${buffer.name} than it holds`);
  for (const { stage, length, inner } of blocks) {
    const terms = product(stage.over.map((a) => a.extent));
    if (isLess(stage.buffer.length, mul(terms, stage.pitch)))
      faults.push(`stages more in ${stage.buffer.name} than it holds`);
    if ((inner ? constantOf(inner.extent) : 1) !== length)
      faults.push(`has blocks of ${length} places, and goes over others`);
  }
  if (faults.length > 0) return faults;
  return [
    ...ofPart(emptySums(nest, plan), plan.empty),
    ...blocks.flatMap((block) => ofPart(blockSums(nest, plan, block), block.plan)),
    ...ofPart(fromSums(nest, plan), plan.rest),
  ];
}

/** Do blocks of these lengths, each as often as it fits into what those before have left, make up the axis? */
function makesUp({ extent }: Axis, lengths: readonly number[]): boolean {
  const known = constantOf(extent);
  if (known === undefined) return lengths[lengths.length - 1] === 1;
  return lengths.reduce((left, length) => left % length, known) === 0;
}

function isLess(a: Index, b: Index): boolean {
  return rangeOf(sub(a, b)).min < 0;
}

function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis) => b.includes(axis));
}
