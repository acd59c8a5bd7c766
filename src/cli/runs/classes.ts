// Models that tell classes apart: which input holds the true ones and which output the predicted ones, and how often they agree.
import type { InputArrays, Words } from '../../data/dataset.js';
import { constantOf } from '../../ir/index.js';
import type { ModelInput } from '../../ir/model.js';
import type { TrainerProgram } from '../../ir/program.js';
import type { Outputs } from '../trainer.js';

export interface Classification {
  readonly label: ModelInput;
  readonly output: string;
  readonly count: number;
  /** Of each class: its word, or its number. */
  readonly names: readonly string[];
}

/** An index that no output reads, and an output of as many classes for each row: their numbers, or scores of which the largest counts. */
export function classificationOf(program: TrainerProgram, words: Words): Classification | undefined {
  const { model } = program;
  const read = new Set(program.inputs.filter(({ forOutputs }) => forOutputs).map(({ name }) => name));
  for (const label of model.inputs) {
    const { shape, element } = label.type;
    if (read.has(label.name) || element.kind !== 'index' || shape.length !== 1) continue;
    const count = constantOf(element.size);
    if (count === undefined || count < 2) continue;
    const outputs = program.outputs.map(({ name, type }) => ({ name, rank: type.shape.length, type }));
    const own = outputs.find(
      (o) => o.rank === 1 && o.type.element.kind === 'index' && constantOf(o.type.element.size) === count,
    );
    const scores = outputs.find(
      (o) => o.rank === 2 && o.type.element.kind === 'f32' && constantOf(o.type.shape[1].size) === count,
    );
    const output = own ?? scores;
    if (!output) continue;
    const known = Object.hasOwn(words, label.name) ? words[label.name] : undefined;
    const names = known ?? Array.from({ length: count }, (_, i) => `${i}`);
    return { label, output: output.name, count, names };
  }
  return undefined;
}

/** The class that is predicted for each row. */
export function predictedClasses({ output, count }: Classification, outputs: Outputs, rows: number): ArrayLike<number> {
  const values = outputs[output];
  if (values.length === rows) return values;
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let i = 1; i < count; i++) if (values[row * count + i] > values[row * count + best]) best = i;
    return best;
  });
}

/** Rows by true class, columns by predicted class. */
export type Confusion = readonly number[][];

export function noConfusion({ count }: Classification): Confusion {
  return Array.from({ length: count }, () => Array.from({ length: count }, () => 0));
}

export function confuse(
  confusion: Confusion,
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  rows: number,
): void {
  for (let row = 0; row < rows; row++) confusion[labels[row]][predicted[row]]++;
}

export interface Scores {
  readonly name: string;
  readonly rows: number;
  /** Of those that are predicted to be of the class, how many are; NaN where none are. */
  readonly precision: number;
  /** Of those of the class, how many are predicted to be. */
  readonly recall: number;
  readonly f1: number;
}

export function scoresOf(confusion: Confusion, names: readonly string[]): readonly Scores[] {
  return names.map((name, i) => {
    const rows = confusion[i].reduce((a, b) => a + b, 0);
    const predicted = confusion.reduce((sum, row) => sum + row[i], 0);
    const right = confusion[i][i];
    return { name, rows, precision: right / predicted, recall: right / rows, f1: (2 * right) / (rows + predicted) };
  });
}

/** The inputs that outputs need, of those that there are. */
export function forOutputs(program: TrainerProgram, inputs: InputArrays): InputArrays {
  const names = new Set(program.inputs.filter((input) => input.forOutputs).map(({ name }) => name));
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => names.has(name)));
}
