// Do targets compute what the model says, with every optional pass and without it, and the same each time?
import type { Source } from '../../index.js';
import { stepOf } from '../../ir/program.js';
import { largestOf, leastShare } from '../../inspect/check/gradients.js';
import { memoryUse, sizesWithRoom } from '../../inspect/memory.js';
import type { ModelOptions } from '../modelOptions.js';
import type { Start } from '../targets.js';
import type { Trainer, Values } from '../trainer.js';
import { allocated, begin, build, nameOf, steps, type Build, type Engine } from './compiled.js';

/** In double precision, of what the model says. */
export interface Truth {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/** How far a target may be off: of the loss, and of the largest element of a gradient. */
export const limits = { loss: 1e-5, gradients: 1e-4, steps: 1e-4 } as const;

/** The same where values are stored as halves: of those more are the largest of a window, which then share its gradient. */
const limitsOfHalves: Record<keyof typeof limits, number> = { loss: 1e-2, gradients: 1e-1, steps: 1e-2 };

function limitsOf({ program }: Build): Record<keyof typeof limits, number> {
  return program.lossScale ? limitsOfHalves : limits;
}

export interface Outcome {
  /** The checks that failed, by name, with what was found. */
  readonly failures: readonly { readonly check: string; readonly reason: string }[];
}

export interface Agreement extends Outcome {
  readonly on: string;
  readonly loss: number;
  readonly gradients: number;
}

/** Two digits that matter: what differs further on is of no interest. */
export const rounded = (error: number): number => Number(error.toPrecision(2));

/** Loss and gradients of a fresh trainer beside those in double precision. */
export async function agreementOf(
  made: Build,
  engine: Engine,
  start: Start,
  truth: Truth,
  what: string,
): Promise<Agreement> {
  const trainer = await begin(made, engine, start);
  const { loss, gradients } = await trainer.gradients(start.rows.inputs);
  const lossError = Math.abs(loss - truth.loss) / Math.max(Math.abs(truth.loss), 1e-3);
  let worst = { name: '', error: 0 };
  const all = Math.max(0, ...[...truth.gradients.values()].map(largestOf));
  for (const [name, wanted] of truth.gradients) {
    const found = gradients[name] ?? [];
    const scale = Math.max(largestOf(wanted), leastShare * all);
    const off = wanted.reduce((most, d, i) => Math.max(most, Math.abs(d - (found[i] ?? NaN))), 0);
    const error = off === 0 ? 0 : Number.isNaN(off) ? Infinity : off / scale;
    if (!(error <= worst.error)) worst = { name, error };
  }
  trainer.dispose();
  const limit = limitsOf(made);
  const failures = [
    ...(lossError <= limit.loss ? [] : [{ check: what, reason: `the loss is ${loss}, and not ${truth.loss}` }]),
    ...(worst.error <= limit.gradients
      ? []
      : [
          {
            check: what,
            reason: `the gradient of ${worst.name} is off by ${rounded(worst.error)} of its largest element`,
          },
        ]),
  ];
  return { on: nameOf(engine), loss: rounded(lossError), gradients: rounded(worst.error), failures };
}

export interface WithoutPass extends Agreement {
  readonly without: string;
  /** The module is the same to the letter. */
  readonly same: boolean;
}

/** The same with one optional pass left out, and the losses of some steps beside those with it. */
export async function withoutPass(
  pass: string,
  base: Build,
  engine: Engine,
  given: { readonly source: Source; readonly options: ModelOptions; readonly start: Start; readonly truth: Truth },
): Promise<WithoutPass> {
  const { source, options, start, truth } = given;
  const what = `${nameOf(engine)} without ${pass}`;
  const other = await build(engine.target, source, options, [pass]);
  const found = await agreementOf(other, engine, start, truth, what);
  if (other.code === base.code) return { without: pass, ...found, same: true };
  const [one, two] = [await lossesOf(base, engine, start), await lossesOf(other, engine, start)];
  const limit = limitsOf(base);
  const at = one.findIndex((loss, i) => !(Math.abs(loss - two[i]) <= limit.steps * Math.max(Math.abs(loss), 1e-3)));
  const failures = [
    ...found.failures,
    ...(at < 0 ? [] : [{ check: what, reason: `the loss of step ${at + 1} is ${two[at]}, and ${one[at]} with it` }]),
  ];
  return { without: pass, ...found, same: false, failures };
}

/** The losses of the first steps; those of gradients where the model does not say how to train it. */
async function lossesOf(made: Build, engine: Engine, start: Start): Promise<number[]> {
  const trainer = await begin(made, engine, start);
  const losses: number[] = [];
  for (let i = 0; i < 3; i++) losses.push((await one(made, trainer, start)).loss);
  trainer.dispose();
  return losses;
}

function one({ program }: Build, trainer: Trainer, { rows }: Start): Values | Promise<Values> {
  if (stepOf(program)) return trainer.step(rows.inputs);
  return Promise.resolve(trainer.gradients(rows.inputs)).then(({ loss }) => ({ loss }));
}

export interface Repetition extends Outcome {
  readonly on: string;
  readonly steps: number;
  readonly same: boolean;
  /** Parameters, states and what the optimizer keeps, after the last step. */
  readonly end: Uint8Array;
}

/** Two trainers side by side, step by step: every loss, and all that is kept, is the same to the bit. */
export async function repetitionOf(made: Build, engine: Engine, start: Start): Promise<Repetition> {
  const both = [await begin(made, engine, start), await begin(made, engine, start)];
  let differs: number | undefined;
  for (let step = 1; step <= steps && differs === undefined; step++) {
    const [a, b] = [await one(made, both[0], start), await one(made, both[1], start)];
    if (!Object.entries(a).every(([name, value]) => Object.is(value, b[name]))) differs = step;
  }
  const [end, other] = await Promise.all(both.map((trainer) => trainer.save({ optimizer: true })));
  for (const trainer of both) trainer.dispose();
  const same = differs === undefined && sameBytes(end, other);
  const reason =
    differs === undefined ? `what is kept after ${steps} steps differs` : `the losses of step ${differs} differ`;
  const check = `repeatability on ${nameOf(engine)}`;
  return { on: nameOf(engine), steps, same, end, failures: same ? [] : [{ check, reason }] };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export interface MemoryCheck extends Outcome {
  readonly on: string;
  /** In bytes. */
  readonly planned: number;
  readonly allocated: number;
}

/** What a trainer allocates is what was planned, to the byte. */
export async function memoryOf(made: Build, engine: Engine, { rows }: Start): Promise<MemoryCheck> {
  const on = nameOf(engine);
  const sizes = sizesWithRoom(made.program, rows.count);
  const planned = memoryUse(made.program, engine.target, (name) => sizes.get(name) ?? 1).total;
  const bytes = await allocated(made, rows.count);
  const reason = `${planned} bytes are planned, and ${bytes} allocated`;
  return { on, planned, allocated: bytes, failures: bytes === planned ? [] : [{ check: `memory on ${on}`, reason }] };
}
