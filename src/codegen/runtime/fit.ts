// Training for epochs: shuffled batches, validation, early stop.
import type { Inputs, Losses } from './model.js';
import { checkOption } from './checks.js';
import { permutation } from './random.js';
import type { Dataset, FitOptions, IntegerArray, Progress, Shaped, Trainer } from './types.js';

/** What a model's train block says, and how its inputs are made of rows. */
export interface FitDefaults {
  readonly epochs: number;
  readonly batch: number;
  readonly validation: number;
  /** Values a row by input: of those that have one row an example. 0: its shape tells. */
  readonly rows: Readonly<Record<string, number>>;
  /** Steps that may be under way before the losses of the first are there. */
  readonly ahead?: number;
}

/** Trains while it is iterated. */
export async function* fitTrainer(
  trainer: Trainer,
  seed: number,
  defaults: FitDefaults,
  data: Dataset,
  options: FitOptions,
): AsyncGenerator<Progress, void, undefined> {
  const { epochs = defaults.epochs, patience, start = 0, report = 'epoch', signal } = options;
  const { batch = defaults.batch, shuffle = true, validation = defaults.validation } = options;
  checkOption('epochs', epochs, 1, 'a whole number of at least 1');
  checkOption('batch', batch, 1, 'a whole number of at least 1');
  checkOption('start', start, 0, 'a whole number of at least 0');
  if (patience !== undefined) checkOption('patience', patience, 1, 'a whole number of at least 1');
  const table = tableOf(data, defaults.rows);
  const held = typeof validation === 'number' ? Math.round(table.count * validation) : 0;
  const count = table.count - held;
  if (!(count >= 1 && held >= 0))
    throw new RangeError(`validation: a share of ${validation} leaves no row to train on`);
  // Stream 0 is the split, stream n the order of epoch n.
  const split = shuffle && held > 0 ? permutation(table.count, seed, 0) : undefined;
  const rowAt = (i: number): number => (split ? split[i] : i);
  const test = typeof validation === 'number' ? table : tableOf(validation, defaults.rows);
  const testRows =
    typeof validation === 'number'
      ? Array.from({ length: held }, (_, i) => rowAt(count + i))
      : Array.from({ length: test.count }, (_, i) => i);
  const take = taker(table, Math.min(batch, count));
  const takeTest = taker(test, Math.min(batch, testRows.length));
  const steps = Math.ceil(count / batch);
  let lowest = Infinity;
  let best: { readonly epoch: number; readonly checkpoint: Uint8Array } | undefined;
  let rested = Date.now();
  // Who is told of every step waits for it.
  const ahead = report === 'step' ? 0 : (defaults.ahead ?? 0);
  for (let epoch = 1 + Math.floor(start / steps); epoch <= epochs; epoch++) {
    const order = shuffle ? permutation(count, seed, epoch) : undefined;
    const mean = meanOfLosses();
    const waiting: { readonly losses: ReturnType<Trainer['step']>; readonly rows: number }[] = [];
    const begin = epoch === 1 + Math.floor(start / steps) ? start % steps : 0;
    for (let step = begin; step < steps; step++) {
      if (signal?.aborted) return;
      const rows: number[] = [];
      for (let i = step * batch; i < Math.min(count, (step + 1) * batch); i++) rows.push(rowAt(order ? order[i] : i));
      const losses = trainer.step(take(rows));
      if (ahead === 0) mean.add(await losses, rows.length);
      else {
        // Those that nobody waits for after another one has failed are not to end the program.
        Promise.resolve(losses).catch(() => undefined);
        waiting.push({ losses, rows: rows.length });
        for (const done of waiting.splice(0, step + 1 < steps ? waiting.length - ahead : waiting.length))
          mean.add(await done.losses, done.rows);
      }
      // Timers, input and the abort signal have their turn.
      if (Date.now() - rested > 30) {
        await new Promise((resume) => setTimeout(resume, 0));
        rested = Date.now();
      }
      if (report === 'step' && step + 1 < steps)
        yield { epoch, epochs, step: step + 1, steps, rows: mean.rows(), losses: mean.losses() };
    }
    const end: Progress = { epoch, epochs, step: steps, steps, rows: mean.rows(), losses: mean.losses() };
    if (testRows.length > 0) {
      const tested = meanOfLosses();
      for (let i = 0; i < testRows.length; i += batch) {
        const rows = testRows.slice(i, i + batch);
        tested.add(await trainer.evaluate(takeTest(rows)), rows.length);
      }
      end.validation = tested.losses();
    }
    const { loss } = end.validation ?? end.losses;
    end.best = loss < lowest;
    if (end.best) lowest = loss;
    if (patience !== undefined && (end.best || !best))
      best = { epoch, checkpoint: await trainer.save({ optimizer: true }) };
    yield end;
    if (patience !== undefined && best && epoch - best.epoch >= patience) break;
  }
  if (best) await trainer.load(best.checkpoint);
}

interface Table {
  readonly count: number;
  readonly columns: readonly {
    readonly name: string;
    readonly data: Float32Array;
    readonly row: number;
    readonly shape?: readonly number[];
  }[];
  /** Inputs without rows: the same at each step. */
  readonly constant: Dataset;
}

/** The data as columns of equally many rows. */
function tableOf(data: Dataset, rows: FitDefaults['rows']): Table {
  const given: Readonly<Record<string, Float32Array | IntegerArray | Shaped<Float32Array | IntegerArray>>> = {
    ...data,
  };
  const columns = Object.keys(rows).flatMap((name) => {
    const value = given[name];
    if (value === undefined) throw new TypeError(`${name}: the data lack this input`);
    const shaped = 'shape' in value ? value : { data: value, shape: undefined };
    const shape = shaped.shape?.slice(1);
    const row = shape ? shape.reduce((product, n) => product * n, 1) : rows[name];
    if (row === 0)
      throw new TypeError(`${name}: expected { data, shape }, for a row's length does not follow from the model`);
    // Every typed array has what is used of it here.
    return [{ name, data: shaped.data as Float32Array, row, shape }];
  });
  const [first] = columns;
  const count = first ? first.data.length / first.row : 1;
  for (const { name, data: all, row } of columns) {
    if (!Number.isInteger(all.length / row) || all.length === 0)
      throw new RangeError(`${name}: expected rows of ${row} values, got ${all.length} values`);
    if (all.length / row !== count)
      throw new RangeError(`${name}: expected ${count} rows, as many as ${first.name} has, got ${all.length / row}`);
  }
  return { count, columns, constant: data };
}

/** Puts rows together to inputs; the arrays are used again at the next call. */
function taker({ columns, constant }: Table, most: number): (rows: readonly number[]) => Inputs {
  const buffers = columns.map(({ data, row }) => data.slice(0, row * most));
  return (rows) => {
    const inputs: Record<string, unknown> = { ...constant };
    columns.forEach(({ name, data, row, shape }, c) => {
      const to = buffers[c];
      if (row === 1) for (let i = 0; i < rows.length; i++) to[i] = data[rows[i]];
      else for (let i = 0; i < rows.length; i++) to.set(data.subarray(rows[i] * row, (rows[i] + 1) * row), i * row);
      const part = to.subarray(0, rows.length * row);
      inputs[name] = shape ? { data: part, shape: [rows.length, ...shape] } : part;
    });
    return inputs as unknown as Inputs;
  };
}

/** The mean of losses and metrics, each batch counted by its rows. */
function meanOfLosses() {
  const sums: Record<string, number> = {};
  let seen = 0;
  return {
    add(losses: Losses, rows: number): void {
      for (const [name, value] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + value * rows;
      seen += rows;
    },
    rows: () => seen,
    losses: () =>
      Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / seen])) as unknown as Losses,
  };
}
