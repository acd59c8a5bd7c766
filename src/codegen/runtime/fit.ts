// Training for epochs: shuffled batches, validation, early stop.
import type { Inputs, Losses } from './model.js';
import { countedValues, floats, integers, isObject, noInputs, shapeIn, wrongLength } from './checks.js';
import { betterThanBefore, checkMonitor, onPlateau, type Monitored, type Plateau } from './monitor.js';
import { checkFlag, checkOptions, checkWhole, misfit } from './options.js';
import { permutation } from './random.js';
import type { Dataset, FitOptions, Progress, Trainer } from './types.js';

/** What a model's train block says, and how its inputs are made of rows. */
export interface FitDefaults extends Monitored {
  readonly epochs: number;
  readonly batch: number;
  readonly validation: number;
  readonly monitor?: string;
  readonly patience?: number;
  readonly shuffle?: boolean;
  readonly plateau?: Plateau;
  /** Of each input that has one row an example: its name, its type, and the values of a row. 0: its shape tells. */
  readonly rows: readonly (readonly [name: string, type: string, row: number])[];
  /** Whether a step may have so many rows; absent where it may have any number of them. */
  readonly fits?: (rows: number) => boolean;
  /** How the trainer looks at data before the first step, where it has to. */
  readonly look?: () => ((inputs: Inputs) => void | Promise<void>) | undefined;
  /** Is told how many steps are to come, before the first. */
  readonly plan?: (steps: number) => void;
  /** Steps that may be under way before the losses of the first are there. */
  readonly ahead?: number;
}

/** Checks options and data, and trains while it is iterated. */
export function fitTrainer(
  trainer: Trainer,
  seed: number,
  defaults: FitDefaults,
  data: Dataset,
  options: FitOptions,
): AsyncGenerator<Progress, void, undefined> {
  checkFitOptions(options);
  checkMonitor(options.monitor, defaults);
  const { validation = defaults.validation } = options;
  const table = tableOf('data', data, defaults.rows);
  const test = typeof validation === 'number' ? undefined : tableOf('validation', validation, defaults.rows);
  return fitRows(trainer, seed, defaults, options, table, test);
}

function checkFitOptions(options: FitOptions): void {
  checkOptions('fit', options, 'epochs batch shuffle validation monitor patience start report signal');
  for (const name of ['epochs', 'batch', 'patience'] as const) checkWhole(name, options[name], 1);
  checkWhole('start', options.start, 0);
  checkFlag('shuffle', options.shuffle);
  const { validation: share, report, signal } = options;
  if (share !== undefined && typeof share !== 'object' && !(typeof share === 'number' && share >= 0 && share < 1))
    throw misfit('validation', 'a share of the rows from 0 to below 1, or data', share, 'number');
  if (report !== undefined && report !== 'epoch' && report !== 'step')
    throw misfit('report', '"epoch" or "step"', report, 'string');
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.aborted !== 'boolean')
    throw misfit('signal', 'an AbortSignal', signal, 'AbortSignal');
}

/** How many of the rows a share holds back: the nearest number that holds back one row, and leaves one to train on. */
export function heldBack(rows: number, share: number): number {
  return share === 0 ? 0 : Math.min(rows - 1, Math.max(1, Math.round(rows * share)));
}

async function* fitRows(
  trainer: Trainer,
  seed: number,
  defaults: FitDefaults,
  options: FitOptions,
  table: Table,
  other: Table | undefined,
): AsyncGenerator<Progress, void, undefined> {
  const { epochs = defaults.epochs, patience = defaults.patience, start = 0, report = 'epoch', signal } = options;
  const {
    batch = defaults.batch,
    shuffle = defaults.shuffle ?? true,
    validation: share = defaults.validation,
  } = options;
  const held = typeof share === 'number' ? heldBack(table.count, share) : 0;
  const count = table.count - held;
  // Stream 0 is the split, stream n the order of epoch n.
  const split = shuffle && held > 0 ? permutation(table.count, seed, 0) : undefined;
  const rowAt = (i: number): number => (split ? split[i] : i);
  const test = other ?? table;
  const testRows = Array.from({ length: other?.count ?? held }, (_, i) => (other ? i : rowAt(count + i)));
  let heldOut = held > 0 ? [...testRows].sort((a, b) => a - b) : undefined;
  const progress = (of: Progress): Progress => {
    if (heldOut) of.heldOut = heldOut;
    heldOut = undefined;
    return of;
  };
  // Rows left over that cannot make a step of their own join the batch before them.
  const left = count % batch;
  const { fits } = defaults;
  const joined = fits !== undefined && left > 0 && left < count && !fits(left) && fits(batch + left);
  const take = taker(table, Math.min(joined ? batch + left : batch, count));
  const takeTest = taker(test, Math.min(batch, testRows.length));
  const steps = Math.ceil(count / batch) - (joined ? 1 : 0);
  const look = defaults.look?.();
  if (look) {
    // In the order of the source, so that the same data give the same numbers.
    const rows = Array.from({ length: count }, (_, i) => rowAt(i)).sort((a, b) => a - b);
    for (let i = 0; i < count; i += batch) await look(take(rows.slice(i, i + batch)));
  }
  const better = betterThanBefore(options.monitor ?? defaults.monitor ?? 'loss', defaults);
  const lower = onPlateau(defaults.plateau);
  let best: { readonly epoch: number; readonly checkpoint: Uint8Array } | undefined;
  let rested = Date.now();
  // Who is told of every step waits for it.
  const ahead = report === 'step' ? 0 : (defaults.ahead ?? 0);
  defaults.plan?.(epochs * steps - start);
  for (let epoch = 1 + Math.floor(start / steps); epoch <= epochs; epoch++) {
    const order = shuffle ? permutation(count, seed, epoch) : undefined;
    const mean = meanOfLosses();
    const waiting: { readonly losses: ReturnType<Trainer['step']>; readonly rows: number }[] = [];
    const begin = epoch === 1 + Math.floor(start / steps) ? start % steps : 0;
    for (let step = begin; step < steps; step++) {
      if (signal?.aborted) return;
      const rows: number[] = [];
      const end = step + 1 < steps ? (step + 1) * batch : count;
      for (let i = step * batch; i < end; i++) rows.push(rowAt(order ? order[i] : i));
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
        yield progress({ epoch, epochs, step: step + 1, steps, rows: mean.rows(), losses: mean.losses() });
    }
    const end = progress({ epoch, epochs, step: steps, steps, rows: mean.rows(), losses: mean.losses() });
    if (testRows.length > 0) {
      const tested = meanOfLosses();
      for (let i = 0; i < testRows.length; i += batch) {
        const rows = testRows.slice(i, i + batch);
        tested.add(await trainer.evaluate(takeTest(rows)), rows.length);
      }
      end.validation = tested.losses();
    }
    end.best = better(end.validation ?? end.losses);
    trainer.learningRateScale *= lower(end.best);
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
function tableOf(what: string, data: Dataset, rows: FitDefaults['rows']): Table {
  if (!isObject(data)) throw noInputs(what, data, rows.map(([name]) => name).join(', '));
  const given = new Map<string, unknown>(Object.entries(data));
  const columns = rows.map(([name, type, length]) => {
    const value = given.get(name);
    if (value === undefined) {
      const names = [...given.keys()].join(', ').slice(0, 80);
      throw new TypeError(`${name}: this input is missing in ${what}, which has ${names || 'none'}`);
    }
    const check: typeof integers | typeof floats = /^(index|bool)/.test(type) ? integers : floats;
    // Every typed array has what is used of it here.
    const all = check(name, type, value as Float32Array & Int32Array) as Float32Array;
    const shape = shapeIn(name, type, value);
    const row = shape ? shape.slice(1).reduce((product, n) => product * n, 1) : length;
    if (row === 0)
      throw new TypeError(`${name}: expected { data, shape }, for a row's length does not follow from the model`);
    if (shape && shape[0] * row !== all.length) throw wrongLength(name, type, all.length, shape);
    return { name, data: all, row, shape: shape?.slice(1) };
  });
  const [first] = columns;
  const count = first ? first.data.length / first.row : 1;
  for (const { name, data: all, row } of columns) {
    if (!Number.isInteger(all.length / row) || all.length === 0)
      throw new RangeError(`${name}: expected rows of ${countedValues(row)}, got ${countedValues(all.length)}`);
    if (all.length / row !== count)
      throw new RangeError(`${name}: expected ${count} rows, as many as ${first.name} has, got ${all.length / row}`);
  }
  return { count, columns, constant: data };
}

/** Puts rows together to inputs; the arrays are used again at the next call. */
function taker({ columns, constant }: Table, most: number): (rows: readonly number[]) => Inputs {
  const buffers = columns.map(({ data, row }) => data.slice(0, row * most));
  return (rows) => {
    const taken = columns.map(({ name, data, row, shape }, c) => {
      const to = buffers[c];
      if (row === 1) for (let i = 0; i < rows.length; i++) to[i] = data[rows[i]];
      else for (let i = 0; i < rows.length; i++) to.set(data.subarray(rows[i] * row, (rows[i] + 1) * row), i * row);
      const part = to.subarray(0, rows.length * row);
      return [name, shape ? { data: part, shape: [rows.length, ...shape] } : part];
    });
    return { ...constant, ...Object.fromEntries(taken) } as Inputs;
  };
}

/** The mean of losses and metrics, each batch counted by its rows where it has them. */
function meanOfLosses() {
  const sums = new Map<string, { sum: number; rows: number }>();
  let seen = 0;
  return {
    add(losses: Losses, rows: number): void {
      for (const [name, value] of Object.entries(losses)) {
        const before = sums.get(name) ?? { sum: 0, rows: 0 };
        sums.set(name, { sum: before.sum + value * rows, rows: before.rows + rows });
      }
      seen += rows;
    },
    rows: () => seen,
    losses: () => Object.fromEntries([...sums].map(([name, of]) => [name, of.sum / of.rows])) as unknown as Losses,
  };
}
