// What a run looks at in each step: losses for steps.jsonl, whether they are finite, and how healthy it is.
import { lossScale } from '../../ir/model.js';
import type { Trainer, TrainerInputs, Values } from '../trainer.js';
import type { InputArrays } from '../../data/dataset.js';
import type { Health } from './health.js';
import type { Recent } from './checkpoint.js';
import type { StepRecord } from './metrics.js';

/** Thrown out of a step whose loss, or what it made of a parameter, is not finite. */
export class NotFinite extends Error {
  constructor(
    /** Calls of step before it in the run. */
    readonly call: number,
    readonly loss: number,
  ) {
    super('a loss or parameter is not finite');
  }
}

export interface Watching {
  /** Calls of step that the run has made, and those of an epoch, where that is known. */
  readonly calls: number;
  readonly total: number | undefined;
  /** Looks at every parameter after each step. */
  readonly numerics: boolean;
  /** Goes on with losses that are not finite. */
  readonly nonfinite: boolean;
  /** Before each step. */
  before(): Promise<void>;
  epoch(): number;
  seconds(): number;
  row(row: StepRecord): void;
  readonly health: Health;
  /** Steps that no row has told of yet. */
  readonly recent: Recent;
}

/** Stretches of steps that are told of in a run. */
const mostRows = 1000;

/** A trainer whose steps are watched. */
export function watchedTrainer(trainer: Trainer, watching: Watching): Trainer {
  const each = Math.max(1, Math.ceil((watching.total ?? 0) / mostRows));
  const { recent } = watching;
  let { calls } = watching;
  const note = (values: Values): void => {
    for (const name in values) recent.of[name] = (recent.of[name] ?? 0) + values[name];
    recent.count++;
    if (calls % each !== 0) return;
    const train = Object.fromEntries(Object.entries(recent.of).map(([name, sum]) => [name, sum / recent.count]));
    const about = { step: calls, epoch: watching.epoch(), seconds: watching.seconds() };
    watching.row({ ...about, train, ...watching.health.taken() });
    recent.of = Object.create(null);
    recent.count = 0;
  };
  return withStep(trainer, async (inputs) => {
    await watching.before();
    await watching.health.before(calls, inputs as InputArrays);
    const values = await trainer.step(inputs);
    watching.health.after(calls, values);
    const fault =
      !watching.nonfinite &&
      (!Number.isFinite(values.loss) || isStuck(trainer) || (watching.numerics && !parametersFinite(trainer)));
    if (fault) throw new NotFinite(calls, values.loss);
    calls++;
    note(values);
    return values;
  });
}

/** Does no step go through any more, however small gradients are scaled? One that is left out is no fault. */
function isStuck({ lossScale: scale }: Trainer): boolean {
  return scale !== undefined && scale <= lossScale.least;
}

/** The same trainer with another step. */
export function withStep(trainer: Trainer, step: (inputs: TrainerInputs) => Promise<Values>): Trainer {
  return Object.create(trainer, { step: { value: step } }) as Trainer;
}

/** Are all parameters finite? */
export function parametersFinite({ parameters }: Trainer): boolean {
  return Object.values(parameters).every((values) => {
    // A sum of finite numbers in double precision is finite; one of others is not.
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i];
    return Number.isFinite(sum);
  });
}
