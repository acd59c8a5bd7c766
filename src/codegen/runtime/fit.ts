// Training for epochs: shuffled batches, validation, early stop.
import type { Inputs, Losses } from './model.js';
import { countedValues, floats, integers, isObject, noInputs, shapeIn, wrongLength } from './checks.js';
import { betterThanBefore, checkMonitor, onPlateau, type Judged, type Monitored, type Plateau } from './monitor.js';
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
  const other = typeof validation === 'number' ? undefined : tableOf('validation', validation, defaults.rows);
  const { batch = defaults.batch, shuffle = defaults.shuffle ?? true } = options;
  const held = typeof validation === 'number' ? heldBack(table.count, validation) : 0;
  const [part, last] = split(table, [table.count - held, held], shuffle ? seed : undefined);
  const test = other ? split(other, [other.count])[0] : last;
  const heldOut = held > 0 ? Array.from({ length: held }, (_, i) => last.rowAt(i)).sort((a, b) => a - b) : undefined;
  const batches = batchesOf(part, batch, shuffle ? seed : undefined, defaults.fits);
  return fitBatches(trainer, defaults, options, batches, test.count > 0 ? batchesOf(test, batch) : undefined, heldOut);
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

/** Some rows of a table. */
export interface Part {
  readonly count: number;
  /** The number of the i-th of them in the table. */
  rowAt(i: number): number;
  /** What puts at most so many rows together to inputs, which are gone at the next call. */
  taker(most: number): (rows: readonly number[]) => Inputs;
}

/** The rows of a table in parts of so many each; which ones are in the first, a seed draws. Without it they stand in their order. */
export function split({ taker }: Pick<Part, 'taker'>, counts: readonly number[], seed?: number): Part[] {
  const [first, ...others] = counts;
  const count = others.reduce((sum, other) => sum + other, first);
  // Stream 0 is the split, stream n the order of epoch n.
  const order = seed !== undefined && count > first ? permutation(count, seed, 0) : undefined;
  let end = 0;
  return counts.map((size) => {
    const begin = end;
    end += size;
    return { count: size, rowAt: (i) => (order ? order[begin + i] : begin + i), taker };
  });
}

/** Where batches come from. */
export interface Batches {
  /** How many an epoch has, where that is known. */
  readonly steps?: number;
  /** Those of an epoch but for so many. The inputs of one are gone at the next. */
  of(epoch: number, done: number): Iterable<Batch> | AsyncIterable<Batch>;
  /** Each once, in the order of the source. */
  ordered(): Iterable<Batch> | AsyncIterable<Batch>;
}

export interface Batch {
  readonly inputs: Inputs;
  readonly rows: number;
  /** Their numbers in the source, from 0, where that is known. */
  readonly numbers?: readonly number[];
}

/** Rows in batches: in an order that a seed draws for each epoch, or in their own. */
export function batchesOf(part: Part, batch: number, seed?: number, fits?: FitDefaults['fits']): Batches {
  const { count } = part;
  // Rows left over that cannot make a step of their own join the batch before them.
  const left = count % batch;
  const joined = fits !== undefined && left > 0 && left < count && !fits(left) && fits(batch + left);
  const take = part.taker(Math.min(joined ? batch + left : batch, count));
  const steps = Math.ceil(count / batch) - (joined ? 1 : 0);
  const batchOf = (rows: readonly number[]): Batch => ({ inputs: take(rows), rows: rows.length, numbers: rows });
  return {
    steps,
    *of(epoch, done) {
      const order = seed === undefined ? undefined : permutation(count, seed, epoch);
      for (let step = done; step < steps; step++) {
        const rows: number[] = [];
        const end = step + 1 < steps ? (step + 1) * batch : count;
        for (let i = step * batch; i < end; i++) rows.push(part.rowAt(order ? order[i] : i));
        yield batchOf(rows);
      }
    },
    // So that the same data give the same numbers, however they are split into batches later.
    *ordered() {
      const rows = Uint32Array.from({ length: count }, (_, i) => part.rowAt(i)).sort();
      for (let i = 0; i < count; i += batch) yield batchOf([...rows.subarray(i, i + batch)]);
    },
  };
}

/** How far a run is, from which it goes on: JSON holds all of it but numbers that are not finite. */
export interface RunState extends Judged {
  /** The epoch that comes next or is under way, from 1, and the calls of step made in it. */
  epoch: number;
  step: number;
  /** How many the epoch before had. */
  before: number;
  /** Of the losses in this epoch. */
  sums: Sums;
}

/** Trains on batches while it is iterated; `state` goes along. */
export async function* fitBatches(
  trainer: Pick<Trainer, 'step' | 'evaluate' | 'save' | 'load' | 'learningRateScale'>,
  defaults: Omit<FitDefaults, 'rows' | 'fits' | 'batch' | 'validation' | 'shuffle'>,
  options: FitOptions,
  batches: Batches,
  test: Batches | undefined,
  held?: readonly number[],
  state = stateAfter(options.start ?? 0, batches.steps),
): AsyncGenerator<Progress, void, undefined> {
  const { epochs = defaults.epochs, patience = defaults.patience, report = 'epoch', signal } = options;
  const { steps } = batches;
  let heldOut = held;
  const progress = (of: Progress): Progress => {
    if (heldOut) of.heldOut = heldOut;
    heldOut = undefined;
    return of;
  };
  const look = defaults.look?.();
  if (look) for await (const { inputs } of batches.ordered()) await look(inputs);
  const better = betterThanBefore(options.monitor ?? defaults.monitor ?? 'loss', defaults, state);
  const lower = onPlateau(defaults.plateau, state);
  let best: { readonly epoch: number; readonly checkpoint: Uint8Array } | undefined;
  let rested = Date.now();
  // Who is told of every step waits for it.
  const ahead = report === 'step' ? 0 : (defaults.ahead ?? 0);
  if (steps !== undefined) defaults.plan?.(epochs * steps - (options.start ?? 0));
  while (state.epoch <= epochs) {
    const { epoch, before } = state;
    const mean = meanOfLosses(state.sums);
    const waiting: { readonly losses: ReturnType<Trainer['step']>; readonly rows: number }[] = [];
    for await (const { inputs, rows } of batches.of(epoch, state.step)) {
      if (signal?.aborted) return;
      const losses = trainer.step(inputs);
      if (ahead === 0) mean.add(await losses, rows);
      else {
        // Those that nobody waits for after another one has failed are not to end the program.
        Promise.resolve(losses).catch(() => undefined);
        waiting.push({ losses, rows });
        for (const done of waiting.splice(0, waiting.length - ahead)) mean.add(await done.losses, done.rows);
      }
      const step = ++state.step;
      // Timers, input and the abort signal have their turn.
      if (Date.now() - rested > 30) {
        await new Promise((resume) => setTimeout(resume, 0));
        rested = Date.now();
      }
      // Where nobody knows how many steps an epoch has, it has as many as the one before.
      const all = steps ?? Math.max(before, step + 1);
      if (report === 'step' && step < all)
        yield progress({ epoch, epochs, step, steps: all, rows: mean.rows(), losses: mean.losses() });
    }
    for (const done of waiting) mean.add(await done.losses, done.rows);
    const { step } = state;
    const end = progress({ epoch, epochs, step, steps: step, rows: mean.rows(), losses: mean.losses() });
    if (test) {
      const tested = meanOfLosses();
      for await (const { inputs, rows } of test.of(0, 0)) tested.add(await trainer.evaluate(inputs), rows);
      end.validation = tested.losses();
    }
    end.best = better(end.validation ?? end.losses);
    trainer.learningRateScale *= lower(end.best);
    if (patience !== undefined && (end.best || !best))
      best = { epoch, checkpoint: await trainer.save({ optimizer: true }) };
    Object.assign(state, { epoch: epoch + 1, step: 0, before: step, sums: noSums() });
    yield end;
    if (patience !== undefined && best && epoch - best.epoch >= patience) break;
  }
  if (best) await trainer.load(best.checkpoint);
}

/** Where a run stands after so many calls of step. */
export function stateAfter(start: number, steps = Infinity): RunState {
  const made = start > 0 ? start % steps : 0;
  return { epoch: 1 + Math.floor(start / steps), step: made, before: 0, sums: noSums(), lowest: Infinity, worse: 0 };
}

interface Columns {
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
function tableOf(what: string, data: Dataset, rows: FitDefaults['rows']): Pick<Part, 'count' | 'taker'> {
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
  return { count, taker: (most) => takerOf({ count, columns, constant: data }, most) };
}

/** Puts rows together to inputs; the arrays are used again at the next call. */
function takerOf({ columns, constant }: Columns, most: number): (rows: readonly number[]) => Inputs {
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

/** Sums of losses and metrics, with the rows that each was counted over. */
export interface Sums {
  seen: number;
  readonly of: Record<string, readonly [sum: number, rows: number]>;
}

function noSums(): Sums {
  return { seen: 0, of: Object.create(null) as Sums['of'] };
}

/** The mean of losses and metrics, each batch counted by its rows where it has them. */
function meanOfLosses(sums = noSums()) {
  return {
    add(losses: Losses, rows: number): void {
      for (const [name, value] of Object.entries(losses)) {
        const [sum, count] = sums.of[name] ?? [0, 0];
        sums.of[name] = [sum + value * rows, count + rows];
      }
      sums.seen += rows;
    },
    rows: () => sums.seen,
    losses: () =>
      Object.fromEntries(Object.entries(sums.of).map(([name, [sum, rows]]) => [name, sum / rows])) as unknown as Losses,
  };
}
