// Why a run is not finite: the step that began it, found by making the steps since the last checkpoint again, and the first value in it.
import type { RunState } from '../../codegen/runtime/fit.js';
import type { InputArrays } from '../../data/dataset.js';
import { notFinite } from '../../diagnostics/runs.js';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.js';
import { firstNotFinite, type NotFiniteValue } from '../../inspect/notFinite.js';
import { spanOf } from '../../inspect/health/places.js';
import type { ModelGraph } from '../../ir/model.js';
import { trainOn, type Fed } from '../feed.js';
import { textOf } from '../files.js';
import type { Trainer, TrainerInputs } from '../trainer.js';
import { pointBefore } from './point.js';
import { parametersFinite, withStep, type NotFinite } from './watch.js';

/** A state of a run that it can go on from. */
export interface Snapshot {
  readonly file: Uint8Array;
  readonly state: RunState;
  readonly calls: number;
}

export interface Replaying {
  readonly trainer: Trainer;
  readonly model: ModelGraph;
  readonly fed: Fed;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
}

/** A step that is about to be made. */
interface Moment {
  readonly call: number;
  readonly state: RunState;
  readonly inputs: InputArrays;
  readonly numbers: readonly number[] | undefined;
}

class Reached extends Error {
  constructor(readonly moment: Moment) {
    super('reached');
  }
}

export interface Fault {
  readonly moment: Moment;
  readonly first: NotFiniteValue | undefined;
}

/** Finds the step that began it; the trainer then stands before that step. */
export async function findFault(replaying: Replaying, from: Snapshot, thrown: NotFinite): Promise<Fault> {
  const { trainer, model } = replaying;
  const begun = await replay(replaying, from, async (call, step) => {
    const { loss } = await step();
    return call >= thrown.call || !Number.isFinite(loss) || !parametersFinite(trainer);
  });
  const moment = await replay(replaying, from, async (call, step) => {
    if (call >= begun.call) return true;
    await step();
    return false;
  });
  const { differentiateModel } = await import('../../index.js');
  return { moment, first: firstNotFinite(differentiateModel(model), await pointBefore(replaying, moment.inputs)) };
}

/** Makes steps again until one is to be told of. */
async function replay(
  { trainer, model, fed, batch, epochs }: Replaying,
  { file, state: before, calls }: Snapshot,
  tell: (call: number, step: () => Promise<Readonly<Record<string, number>>>) => Promise<boolean>,
): Promise<Moment> {
  await trainer.load(file);
  const state = structuredClone(before);
  let call = calls;
  let numbers: readonly number[] | undefined;
  const watched: Fed = {
    ...fed,
    train: {
      ...fed.train,
      batches: {
        ...fed.train.batches,
        async *of(epoch, done) {
          for await (const made of fed.train.batches.of(epoch, done)) {
            ({ numbers } = made);
            yield made;
          }
        },
      },
    },
  };
  const stepping = withStep(trainer, async (given: TrainerInputs) => {
    const inputs = given as InputArrays;
    const at = structuredClone(state);
    let values: Readonly<Record<string, number>> = {};
    const step = async () => (values = await trainer.step(inputs));
    if (await tell(call, step)) throw new Reached({ call, state: at, inputs: copied(inputs), numbers });
    call++;
    return values;
  });
  const options = { epochs, batch, report: 'epoch' } as const;
  try {
    const steps = trainOn(stepping, model, watched, options, state, false)[Symbol.asyncIterator]();
    while (!(await steps.next()).done);
  } catch (error) {
    if (error instanceof Reached) return error.moment;
    throw error;
  }
  throw new Error('the step that was not finite is finite when it is made again');
}

/** Inputs are gone at the next step. */
function copied(inputs: InputArrays): InputArrays {
  return Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.slice()]));
}

/** What is told of it; `saved`: where the state before the step is. */
export function faultMessage(model: string, { moment, first }: Fault, thrown: NotFinite, saved: string): Diagnostic {
  const { call, state, numbers } = moment;
  const place = first?.at[0];
  const row = place === undefined ? undefined : numbers?.[place];
  return notFinite({
    model,
    loss: thrown.loss,
    step: call + 1,
    epoch: state.epoch,
    saved,
    ...(first && { first, ...(first.origin && { span: lineOf(first.origin) }) }),
    ...(numbers && { rows: numbers }),
    ...(row !== undefined && first && first.at.length > 0 && { row }),
  });
}

/** The line, without what stands around it. */
function lineOf({ file, line }: { readonly file: string; readonly line: number }): Span {
  return spanOf({ file, line }, textOf(file));
}
