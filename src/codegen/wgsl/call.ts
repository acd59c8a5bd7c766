// What a call tells the kernels in the uniform `call`: sizes, counters, and what the host computes of them.
import type { Axis } from '../../ir/index.js';
import type { Kernel, Program, Run, Step, TrainerProgram } from '../../ir/program.js';
import { runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Layout } from '../module/layout.js';
import { Scope } from '../text/names.js';
import { hostKernels, kernelsOf, usesOf } from '../uses.js';
import { reservedWords } from './names.js';

export interface CallField {
  /** Its name in WGSL, and that of Memory's field. */
  readonly name: string;
  readonly field: string;
  readonly type: 'i32' | 'f32';
  /** A size of this call, or what there is room for; else a scalar that the host writes. */
  readonly of:
    { readonly kind: 'now' | 'room'; readonly size: string } | { readonly kind: 'scalar'; readonly buffer: Buffer };
}

export interface Call {
  /** A word of four bytes each. */
  readonly fields: readonly CallField[];
  readonly has: (buffer: Buffer) => boolean;
  /** Kernels that the host runs before an entry. */
  readonly host: ReadonlySet<Kernel>;
  /** Axes of loops around dispatches, and how many loops stand around each. */
  readonly turns: ReadonlyMap<Axis, number>;
  /** What calls give to the parameters of their kernels, a list of words each; calls of one copy share theirs. */
  readonly given: readonly Given[];
  /** Where in its list a parameter stands. */
  readonly slots: ReadonlyMap<Buffer | Axis, number>;
}

/** The words for one copy of a layer: where buffers lie, and numbers. */
export interface Given {
  readonly of: ReadonlyMap<Buffer, Buffer>;
  readonly words: readonly (Buffer | number)[];
}

/** Lays the uniform out. */
export function callOf(program: TrainerProgram, layout: Layout): Call {
  const host = hostKernels(program);
  const scalars = new Set([
    ...program.counters.map((c) => c.buffer),
    ...[...host].flatMap((kernel) => [...usesOf(kernel).buffers]),
  ]);
  const names = new Scope(reservedWords);
  const field = (name: string, type: CallField['type'], of: CallField['of']): CallField => ({
    name: names.take(name),
    field: name,
    type,
    of,
  });
  const fields = [
    ...layout.sizes.flatMap(({ size, now, room }) => [
      field(now, 'i32', { kind: 'now', size }),
      field(room, 'i32', { kind: 'room', size }),
    ]),
    ...[...scalars].map((buffer) => {
      const type = buffer.dtype === 'f32' ? 'f32' : 'i32';
      return field(layout.fields.get(buffer) ?? buffer.name, type, { kind: 'scalar', buffer });
    }),
  ];
  const turns = new Map<Axis, number>();
  const collect = (steps: readonly Step[], depth: number): void => {
    for (const step of steps) {
      if (step.kind === 'run') continue;
      turns.set(step.axis, depth);
      collect(step.steps, depth + 1);
    }
  };
  for (const entry of Object.values(program.entries)) collect(entry.steps, 0);
  return { fields, has: (buffer) => scalars.has(buffer), host, turns, ...givenIn(program) };
}

function givenIn(program: TrainerProgram): Pick<Call, 'given' | 'slots'> {
  const given = new Map<Given['of'], Given>();
  const slots = new Map<Buffer | Axis, number>();
  for (const run of runsOf(Object.values(program.entries).flatMap((entry) => entry.steps))) {
    if (!run.given || given.has(run.given)) continue;
    const parameters = [...run.given.keys(), ...(run.numbers?.keys() ?? [])];
    parameters.forEach((parameter, slot) => slots.set(parameter, slot));
    given.set(run.given, { of: run.given, words: [...run.given.values(), ...(run.numbers?.values() ?? [])] });
  }
  return { given: [...given.values()], slots };
}

/** The number of the list that a call gives; undefined where its kernel has no parameters. */
export function listOf({ given }: Call, run: Run): number | undefined {
  const found = given.findIndex(({ of }) => of === run.given);
  return found < 0 ? undefined : found;
}

/** How many loops stand within one another at most. */
export function depthOf({ turns }: Call): number {
  return Math.max(0, ...[...turns.values()].map((depth) => depth + 1));
}

/** The field that holds a size, what there is room for, or a scalar. */
export function fieldOf({ fields }: Call, kind: CallField['of']['kind'], of: string | Buffer): CallField {
  const found = fields.find((f) => f.of.kind === kind && (f.of.kind === 'scalar' ? f.of.buffer : f.of.size) === of);
  if (!found) throw new Error(`the call does not tell ${typeof of === 'string' ? of : of.name}`);
  return found;
}

/** The kernels that run on the device, each once, in the program's order. */
export function deviceKernels(program: Program, { host }: Call): Kernel[] {
  const used = new Set(Object.values(program.entries).flatMap(kernelsOf));
  return program.kernels.filter((kernel) => used.has(kernel) && !host.has(kernel));
}
