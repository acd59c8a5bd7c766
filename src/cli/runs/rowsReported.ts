// Rows for a run's page: which ones the model gets most wrong, some that it gets right, and predictions beside the truth.
import type { InputArray, InputArrays } from '../../data/dataset.js';
import type { RowReport, ShownPicture, ShownRow } from '../../inspect/runRows.js';
import { constantOf } from '../../ir/index.js';
import type { ModelInput } from '../../ir/model.js';
import type { TrainerProgram } from '../../ir/program.js';
import { formatNumber } from '../progress.js';
import type { Portion } from '../feed.js';
import type { Outputs, Trainer } from '../trainer.js';
import { classificationOf, forOutputs, predictedClasses, type Classification } from './classes.js';
import { rowSize } from './point.js';
import type { Words } from '../../data/dataset.js';

const mostRows = 10_000;
const mostWrong = 20;
const mostRight = 8;
const mostPoints = 1000;

interface Rated extends ShownRow {
  readonly off: number;
  readonly right: boolean;
}

/** One row of a batch, compared with what is true of it. */
interface Compared {
  readonly wanted: string;
  readonly got: string;
  /** How wrong it is. */
  readonly off: number;
  readonly right: boolean;
  readonly points?: readonly (readonly [wanted: number, got: number])[];
}

type Compare = (outputs: Outputs, inputs: InputArrays, rows: number) => (row: number) => Compared;

/** Undefined where nothing that the model is fed with is what an output should be. */
export async function rowsReported(
  { program, trainer, words }: { readonly program: TrainerProgram; readonly trainer: Trainer; readonly words: Words },
  { batches }: Portion,
  said: string,
): Promise<RowReport | undefined> {
  const classification = classificationOf(program, words);
  const compare = classification ? comparingClasses(classification) : comparingNumbers(program);
  if (!compare) return undefined;
  const shown = program.inputs.filter((input) => input.forOutputs).map(({ name }) => name);
  const given = program.model.inputs.filter(({ name }) => shown.includes(name));
  const rated: Rated[] = [];
  const right: Rated[] = [];
  const points: (readonly [number, number])[] = [];
  let seen = 0;
  for await (const { inputs, rows, numbers } of batches.of(0, 0)) {
    const fed = inputs as InputArrays;
    const rowOf = compare(await trainer.predict(forOutputs(program, fed)), fed, rows);
    for (let row = 0; row < rows; row++) {
      const compared = rowOf(row);
      if (points.length < mostPoints) points.push(...(compared.points ?? []));
      const list = compared.right ? right : rated;
      if (compared.right && right.length >= mostRight) continue;
      if (!compared.right && rated.length >= mostWrong && compared.off <= (rated.at(-1)?.off ?? 0)) continue;
      list.push({ ...compared, ...shownRow(given, fed, row), number: numbers?.[row] ?? seen + row });
      if (!compared.right) rated.sort((a, b) => b.off - a.off).splice(mostWrong);
    }
    seen += rows;
    if (seen >= mostRows) break;
  }
  const plain = ({ number, values, picture, wanted, got }: Rated): ShownRow => ({
    ...{ number, values, wanted, got },
    ...(picture && { picture }),
  });
  return {
    said,
    wrong: rated.map(plain),
    right: right.map(plain),
    ...(points.length > 0 && { points: points.slice(0, mostPoints) }),
  };
}

function comparingClasses(classification: Classification): Compare {
  const { label, output, count, names } = classification;
  return (outputs, inputs, rows) => {
    const predicted = predictedClasses(classification, outputs, rows);
    const scores = outputs[output];
    const labels = inputs[label.name];
    return (row) => {
      const [wanted, got] = [labels[row], predicted[row]];
      // Of scores, how far the class that is chosen is above the true one.
      const off = scores.length === rows ? 1 : scores[row * count + got] - scores[row * count + wanted];
      return { wanted: names[wanted], got: names[got], off: wanted === got ? 0 : off, right: wanted === got };
    };
  };
}

/** An output of f32 and an input of the same shape that no output reads. */
function comparingNumbers({ model, inputs: used, outputs }: TrainerProgram): Compare | undefined {
  const read = new Set(used.filter((input) => input.forOutputs).map(({ name }) => name));
  for (const { name, type } of outputs) {
    const key = type.shape.map(({ size }) => size.key).join();
    const target = model.inputs.find(
      (of) =>
        !read.has(of.name) &&
        of.type.element.kind === 'f32' &&
        type.element.kind === 'f32' &&
        of.type.shape.length > 0 &&
        of.type.shape.map(({ size }) => size.key).join() === key,
    );
    if (!target) continue;
    const size = rowSize(target);
    return (given, inputs) => (row) => {
      const [wanted, got] = [inputs[target.name], given[name]].map((of) => of.subarray(row * size, (row + 1) * size));
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (wanted[i] - got[i]) ** 2;
      return {
        ...{ wanted: numbersText(wanted), got: numbersText(got), off: Math.sqrt(sum / size), right: false },
        points: Array.from({ length: Math.min(size, 4) }, (_, i) => [wanted[i], got[i]] as const),
      };
    };
  }
  return undefined;
}

/** What a row holds: its numbers, or a picture. */
function shownRow(
  given: readonly ModelInput[],
  inputs: InputArrays,
  row: number,
): Pick<ShownRow, 'values' | 'picture'> {
  const texts: string[] = [];
  let picture: ShownPicture | undefined;
  for (const input of given) {
    const size = rowSize(input);
    const values = inputs[input.name].subarray(row * size, (row + 1) * size);
    const drawn = picture ? undefined : pictureOf(input, values);
    if (drawn) picture = drawn;
    else texts.push(given.length > 1 ? `${input.name} ${numbersText(values)}` : numbersText(values));
  }
  return { values: texts.join('; '), ...(picture && { picture }) };
}

function numbersText(values: InputArray): string {
  const shown = Array.from(values.subarray(0, 6), (value) => formatNumber(value)).join(', ');
  return values.length > 6 ? `${shown}, …` : shown;
}

/** Brightness of [h, w], [c, h, w] with one or three channels, or of so many numbers that they fill a square. */
function pictureOf({ type }: ModelInput, values: InputArray): ShownPicture | undefined {
  const sizes = type.shape.slice(1).map(({ size }) => constantOf(size) ?? 0);
  const side = Math.sqrt(values.length);
  const square = sizes.length === 1 && side >= 8 && Number.isInteger(side);
  const [channels, height, width] = square
    ? [1, side, side]
    : sizes.length === 2
      ? [1, ...sizes]
      : sizes.length === 3
        ? sizes
        : [0, 0, 0];
  if (type.element.kind !== 'f32' || (channels !== 1 && channels !== 3) || height < 4 || width < 4) return undefined;
  if (height > 64 || width > 64) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // What is negative here and there is no brightness, unless it was brought to mean 0.
  if (square && low < 0) return undefined;
  const scale = high > low ? 255 / (high - Math.min(low, 0)) : 0;
  const bytes = Uint8Array.from(values, (value) => (value - Math.min(low, 0)) * scale);
  return { width, height, channels, pixels: Buffer.from(bytes).toString('base64') };
}

/** So many rows at most. */
export function limitedTo(portion: Portion, most: number): Portion {
  const { batches, rows } = portion;
  const of: typeof batches.of = async function* (epoch, done) {
    let seen = 0;
    for await (const batch of batches.of(epoch, done)) {
      yield batch;
      seen += batch.rows;
      if (seen >= most) return;
    }
  };
  return { batches: { ...batches, of }, ...(rows !== undefined && { rows: Math.min(rows, most) }) };
}
