// What a run is fed with: its rows split into those to train on, to validate with and to test with, in batches.
import {
  batchesOf,
  fitBatches,
  type Batches,
  type FitDefaults,
  type Part,
  type RunState,
} from '../codegen/runtime/fit.js';
import type { BatchStream, InputArrays, LoadedData } from '../data/dataset.js';
import { splitData } from '../data/split.js';
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

/** Makes batches of what was read, split as the train block says. */
export function feed(data: LoadedData, model: ModelGraph, { seed, batch }: Feeding): Fed {
  const { shuffle } = model.train;
  const { train, validation, test } = splitData(data, model, seed);
  // What is only evaluated makes no step, so that more rows go at once.
  const held = (of: Part | BatchStream | undefined, most: number): Portion | undefined =>
    of && ('kind' in of ? streamed(of, { seed, batch }) : portion(of, most));
  const others = { validation: held(validation, batch), test: held(test, Math.max(batch, 256)) };
  return {
    train:
      'kind' in train
        ? streamed(train, { seed, batch })
        : { batches: batchesOf(train, batch, shuffle === false ? undefined : seed, fitsOf(model)), rows: train.count },
    ...(others.validation && { validation: others.validation }),
    ...(others.test && { test: others.test }),
  };
}

/** Rows in their order, which no seed changes. */
function portion(part: Part, batch: number): Portion {
  return { batches: batchesOf(part, batch), rows: part.count };
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

/**
 * Trains on what a run is fed with, while it is iterated: the loop is that of the trainer's own `fit`. `state` goes along; where `looks`,
 * a trainer that has to looks at the data first. When to stop is the caller's to say: patience is not heeded here.
 */
export function trainOn(
  trainer: Trainer,
  model: ModelGraph,
  fed: Fed,
  options: FitOptions,
  state: RunState,
  looks: boolean,
): AsyncIterable<Progress> {
  const { observe } = trainer;
  const look: FitDefaults['look'] = () =>
    observe && looks ? async (inputs) => observe(inputs as InputArrays) : undefined;
  return fitBatches(
    trainer as unknown as Parameters<typeof fitBatches>[0],
    { ...defaultsOf(model), look },
    options,
    fed.train.batches,
    fed.validation?.batches,
    undefined,
    state,
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
  const { epochs, monitor, plateau } = model.train;
  const [losses, metrics] = [model.training.losses, model.training.metrics].map((of) => of.map(({ name }) => name));
  return {
    epochs,
    losses,
    metrics,
    ...(monitor !== undefined && { monitor }),
    ...(plateau && { plateau }),
  };
}
