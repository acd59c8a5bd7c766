// The sizes for which a trainer makes room before its first call.
import { evaluateSizes } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';
import { holdsAt, sizesOfCondition } from '../../ir/requirements.js';
import type { SizeFields } from './layout.js';

type Sized = Pick<TrainerProgram, 'model' | 'buffers'>;
type Named = readonly Pick<SizeFields, 'size'>[];

/** No number is tried above this one. */
const largestTried = 65536;

/**
 * For each of the sizes one that the model can be evaluated at: 1, or, where it requires something of sizes, the smallest number at
 * which that holds. Below it (an image smaller than a kernel) lengths of tensors would be negative. A first size of which nothing is
 * required is a batch: 1.
 */
export function smallestSizes({ model, buffers }: Sized, sizes: Named): number[] {
  const conditions = model.evaluation.requirements.map(({ condition }) => condition);
  const fits = (n: number): boolean =>
    conditions.every((condition) => holdsAt(condition, () => n)) &&
    buffers.every(({ length }) => evaluateSizes(length, () => n) >= 0);
  const speaksOf = (name: string): boolean => conditions.some((condition) => sizesOfCondition(condition).has(name));
  let least = 1;
  while (least < largestTried && !fits(least)) least++;
  if (least === largestTried) least = 1;
  return sizes.map(({ size }, i) => (i > 0 || speaksOf(size) ? least : 1));
}

/** The train block's batch for the first size, and the smallest for the others, in the order of the sizes. */
export function expectedSizes(program: Sized, sizes: Named): number[] {
  return smallestSizes(program, sizes).map((n, i) => (i === 0 ? Math.max(n, program.model.train.batch) : n));
}

/** Code for the first size: what was asked for, or the train block's batch, and no less than the smallest. */
export function firstSize(program: Sized, sizes: Named, asked: string): string {
  const [[least], [expected]] = [smallestSizes(program, sizes), expectedSizes(program, sizes)];
  const code = `${asked} ?? ${expected}`;
  return least > 1 ? `Math.max(${least}, ${code})` : code;
}
