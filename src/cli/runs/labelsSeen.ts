// Whether the rows of a run come sorted by their classes: batches then hold fewer of them than shuffled ones would.
import type { InputArrays } from '../../data/dataset.js';
import { limits } from '../../inspect/health/limits.js';
import { constantOf } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';

export interface Sorted {
  readonly input: string;
  readonly batches: number;
  /** Classes in a batch, in the mean; what they would be in a shuffled one; and how many there are in all. */
  readonly found: number;
  readonly expected: number;
  readonly classes: number;
}

/** Looks at the labels of the first batches: an index for each row that no output reads. */
export function labelsSeen({ model, inputs }: TrainerProgram, told: (found: Sorted) => void) {
  const read = new Set(inputs.filter(({ forOutputs }) => forOutputs).map(({ name }) => name));
  const label = model.inputs.find(({ name, type: { element, shape } }) => {
    const many = element.kind === 'index' && (constantOf(element.size) ?? 0) > 1;
    return many && shape.length === 1 && !read.has(name);
  })?.name;
  let batches: ReadonlyMap<number, number>[] = [];
  let over = label === undefined;
  const end = (): void => {
    if (over || label === undefined) return;
    over = true;
    const found = sortedIn(batches);
    batches = [];
    if (found) told({ input: label, ...found });
  };
  return {
    see(given: InputArrays): void {
      if (over || label === undefined || !Object.hasOwn(given, label)) return;
      batches.push(countsOf(given[label]));
      if (batches.length === limits.batchesSeen.value) end();
    },
    end,
  };
}

function countsOf(labels: ArrayLike<number>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  return counts;
}

/** As many rows as in all batches, drawn at random into batches of these sizes, would hold `expected` classes each. */
function sortedIn(batches: readonly ReadonlyMap<number, number>[]): Omit<Sorted, 'input'> | undefined {
  const all = new Map<number, number>();
  for (const counts of batches) for (const [label, count] of counts) all.set(label, (all.get(label) ?? 0) + count);
  const rows = [...all.values()].reduce((a, b) => a + b, 0);
  const sizes = batches.map((counts) => [...counts.values()].reduce((a, b) => a + b, 0));
  const classesIn = (size: number): number =>
    [...all.values()].reduce((sum, count) => sum + 1 - (1 - count / rows) ** size, 0);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const [found, expected] = [mean(batches.map(({ size }) => size)), mean(sizes.map(classesIn))];
  const few = batches.length < 4 || all.size < 2 || expected < 1.5;
  if (few || found > limits.classesOfBatch.value * expected) return undefined;
  return { batches: batches.length, found, expected, classes: all.size };
}
