// What a run is fed with: its rows split into those to train on, to validate with and to test with, in batches.
import {
  batchesOf,
  fitBatches,
  heldBack,
  split,
  type Batches,
  type FitDefaults,
  type Part,
} from '../codegen/runtime/fit.js';
import { taker, type BatchStream, type Dataset, type InputArrays, type LoadedData } from '../data/dataset.js';
import { batchesSplit, rowsSplit } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { holdsAt, sizesOfCondition } from '../ir/requirements.js';
import { sizeIn } from '../ir/toldSizes.js';
import type { ModelGraph } from '../ir/model.js';
import type { FitOptions, Progress, Trainer } from './trainer.js';

/** Batches, and how many rows they hold together, where that is known. */
export interface Portion {
  readonly batches: Batches;
  readonly rows?: number;
}

export interface Fed {
  readonly train: Portion;
  readonly validation?: Portion;
  readonly test?: Portion;
}

/** How rows become batches. */
export interface Feeding {
  readonly seed: number;
  readonly batch: number;
}

/**
 * Splits what was read as the train block says. Which rows are held back follows from the seed; without shuffling they are the last:
 * those to test with behind those to validate with.
 */
export function feed(data: LoadedData, model: ModelGraph, { seed, batch }: Feeding): Fed {
  const { train: settings, name } = model;
  const shares = {
    validation: data.validation ? 0 : settings.validation,
    test: data.test ? 0 : settings.test,
  };
  const drawn = settings.shuffle === false ? undefined : seed;
  // What is only evaluated makes no step, so that more rows go at once.
  const own = (of: LoadedData['test'], most: number): Portion | undefined =>
    of && (of.kind === 'batches' ? streamed(of, { seed, batch }) : portion(allOf(of), most));
  const others = (validation: Portion | undefined, test: Portion | undefined) => ({
    ...(validation && { validation }),
    ...(test && { test }),
  });
  const large = Math.max(batch, 256);
  if (data.train.kind === 'batches') {
    if (shares.validation > 0 || shares.test > 0) throw new Fault(batchesSplit({ model: name }));
    return {
      train: streamed(data.train, { seed, batch }),
      ...others(own(data.validation, batch), own(data.test, large)),
    };
  }
  const [train, validation, test] = splitRows(data.train, shares, drawn, name);
  const batches = batchesOf(train, batch, drawn, fitsOf(model));
  return {
    train: { batches, rows: train.count },
    ...others(own(data.validation, batch) ?? portion(validation, batch), own(data.test, large) ?? portion(test, large)),
  };
}

interface Shares {
  readonly validation: number;
  readonly test: number;
}

function splitRows(data: Dataset, shares: Shares, seed: number | undefined, model: string): readonly Part[] {
  const [validation, test] = [shares.validation, shares.test].map((share) => heldBack(data.rows, share));
  const train = data.rows - validation - test;
  if (train < 1) throw new Fault(rowsSplit({ model, rows: data.rows, validation, test }));
  return split(allOf(data), [train, validation, test], seed);
}

function allOf(data: Dataset): Part {
  return { count: data.rows, rowAt: (i) => i, taker: (most) => taker(data, most) };
}

/** Rows in their order, which no seed changes; nothing where there are none. */
function portion(part: Part, batch: number): Portion | undefined {
  return part.count === 0 ? undefined : { batches: batchesOf(part, batch), rows: part.count };
}

/** Batches that a module makes; those that a run has seen already are made again, and left out. */
function streamed(stream: BatchStream, { seed, batch }: Feeding): Portion {
  const of: Batches['of'] = async function* (epoch, done) {
    let left = done;
    for await (const made of stream.batches({ epoch, seed, batch })) if (left-- <= 0) yield made;
  };
  return { batches: { of, ordered: () => of(1, 0) } };
}

/** Whether a step may have so many rows, where the model asks something of them. */
function fitsOf(model: ModelGraph): FitDefaults['fits'] {
  const name = batchName(model);
  const conditions = model.training.requirements.flatMap(({ condition }) =>
    [...sizesOfCondition(condition)].every((size) => size === name) ? [condition] : [],
  );
  return conditions.length === 0 ? undefined : (rows) => conditions.every((c) => holdsAt(c, () => rows));
}

/** The size that counts the rows of inputs. */
function batchName({ inputs }: ModelGraph): string | undefined {
  const sizes = inputs.flatMap(({ type: { shape } }) => (shape.length === 0 ? [] : (sizeIn(shape[0].size) ?? [])));
  return sizes[0];
}

/** Trains on what a run is fed with, while it is iterated: the loop is that of the trainer's own `fit`. */
export function trainOn(trainer: Trainer, model: ModelGraph, fed: Fed, options: FitOptions): AsyncIterable<Progress> {
  const { observe } = trainer;
  const look: FitDefaults['look'] = () =>
    observe && (options.start ?? 0) === 0 ? async (inputs) => observe(inputs as InputArrays) : undefined;
  return fitBatches(
    trainer as unknown as Parameters<typeof fitBatches>[0],
    { ...defaultsOf(model), look },
    options,
    fed.train.batches,
    fed.validation?.batches,
  ) as AsyncIterable<Progress>;
}

/** How many updates a run makes, which schedules without steps go by; unknown where steps are. */
export function updatesIn({ players }: ModelGraph, { train }: Fed, epochs: number): number | undefined {
  const { steps } = train.batches;
  if (steps === undefined) return undefined;
  // Of several train blocks each counts its own updates by the calls of step.
  const [{ accumulate, name }] = players;
  return Math.max(1, name === undefined ? Math.floor((epochs * steps) / accumulate) : epochs * steps);
}

/** What a model's train block says of a run. */
function defaultsOf(model: ModelGraph): Omit<FitDefaults, 'rows' | 'fits' | 'batch' | 'validation' | 'shuffle'> {
  const { epochs, monitor, patience, plateau } = model.train;
  const [losses, metrics] = [model.training.losses, model.training.metrics].map((of) => of.map(({ name }) => name));
  return {
    epochs,
    losses,
    metrics,
    ...(monitor !== undefined && { monitor }),
    ...(patience !== undefined && { patience }),
    ...(plateau && { plateau }),
  };
}
