// What a call tells the kernels in the uniform `call`: sizes, counters, and what the host computes of them.
import type { Axis } from '../../ir/index.js';
import type { Kernel, Program, Step, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Layout } from '../layout.js';
import { Scope } from '../names.js';
import { kernelsOf, usesOf } from '../uses.js';
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
}

/** Lays the uniform out. */
export function callOf(program: TrainerProgram, layout: Layout): Call {
  const host = new Set<Kernel>();
  for (const entry of Object.values(program.entries))
    for (const step of entry.steps) if (step.kind === 'run' && step.host) host.add(step.kernel);
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
  return { fields, has: (buffer) => scalars.has(buffer), host, turns };
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
