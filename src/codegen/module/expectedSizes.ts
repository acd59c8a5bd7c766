// The sizes for which a trainer makes room before its first call.
import { leastSizes, lengthsFit } from '../../ir/leastSizes.js';
import type { TrainerProgram } from '../../ir/program.js';
import type { SizeFields } from './layout.js';

type Sized = Pick<TrainerProgram, 'model' | 'buffers'>;

/** Numbers in the order of the sizes. */
export interface Rooms {
  /** At which the model can be evaluated, as small as that goes. */
  readonly least: readonly number[];
  /** The batch for the first size, and the smallest for the others. */
  readonly expected: readonly number[];
  /** Whether others are larger where the first is: then the first is not asked for alone. */
  readonly coupled: boolean;
}

/** A batch as large as this shows whether other sizes follow it. */
const largeBatch = 1000;

/**
 * What a trainer makes room for at first. Below what the model requires of sizes (an image smaller than a kernel) lengths of tensors would
 * be negative: so the batch is raised where it must be, and sizes that follow it (more frames than twice the batch) are found with it.
 */
export function roomsAtFirst(
  { model, buffers }: Sized,
  sizes: readonly Pick<SizeFields, 'size'>[],
  batch = model.train.batch,
): Rooms {
  const names = sizes.map(({ size }) => size);
  const conditions = [
    ...model.evaluation.requirements.map(({ condition }) => condition),
    ...lengthsFit([...buffers].map(({ length }) => length)),
  ];
  const from = (first: number): number[] | undefined => {
    const found = leastSizes(names, conditions, (name) => (name === names[0] ? first : 1));
    return found && names.map((name) => found.get(name) ?? 1);
  };
  const least = from(1) ?? names.map(() => 1);
  const expected = from(Math.max(least[0] ?? 1, batch)) ?? least;
  const [, ...others] = from(largeBatch) ?? expected;
  return { least, expected, coupled: names.length > 1 && others.some((n, i) => n !== least[i + 1]) };
}

/** Code for the first size: what was asked for, or what is expected, and no less than the smallest. */
export function firstSize({ least: [least], expected: [expected], coupled }: Rooms, asked: string): string {
  if (coupled) return String(expected);
  const code = `${asked} ?? ${expected}`;
  return least > 1 ? `Math.max(${least}, ${code})` : code;
}
