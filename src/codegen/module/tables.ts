// Arrays that a module makes by its list of parameters, where each would else be a field of Memory: parameters themselves, what the
// optimizer keeps for each, and gradients.
import { constantOf, zero, type Index } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { sameShape } from '../../ir/types.js';
import { literal } from '../text/quote.js';
import { usesOf } from '../uses.js';
import type { Layout } from './layout.js';

/** What is made by the list of parameters, and where it lies in memory, in words. */
export interface Tables {
  /** The first parameter; the others follow, each from a multiple of four on. */
  readonly parameters: number;
  /** What the optimizer keeps, where it is alike for all: the names of its arrays, and the first of them. */
  readonly slots?: { readonly names: readonly string[]; readonly start: number };
  /** The gradient of each trained parameter. */
  readonly gradients?: readonly Index[];
}

/** The same layout without fields for what tables hold; `m.weights` has parameters by name. */
export function withTables(layout: Layout, program: TrainerProgram): Layout {
  const { parameters, slots, memory } = program;
  const offset = ({ buffer }: Held): Index => memory.offsets.get(buffer) ?? zero;
  if (parameters.length === 0) return layout;
  const start = startOfRow(parameters, offset);
  if (start === undefined) throw new Error('parameters do not lie one after another');
  const names = slotNames(program);
  const firstSlot = names && startOfRow(slots, offset);
  const gradients = gradientsToTell(program);
  const held = [...parameters, ...(firstSlot === undefined ? [] : slots), ...(gradients ?? [])];
  const isHeld = new Set(held.map(({ buffer }) => buffer));
  const weights = new Map(parameters.map(({ name, buffer }) => [buffer, `m.weights[${literal(name)}]`]));
  return {
    ...layout,
    tables: {
      parameters: start,
      ...(names && firstSlot !== undefined && { slots: { names, start: firstSlot } }),
      ...(gradients && { gradients: gradients.map(offset) }),
    },
    fields: new Map([...layout.fields].filter(([buffer]) => !isHeld.has(buffer))),
    array: (buffer) => weights.get(buffer) ?? layout.array(buffer),
  };
}

type Held = { readonly buffer: Buffer };

/** Where floats begin that lie one after another, each from a multiple of four words on; undefined where they lie in another way. */
function startOfRow(row: readonly Held[], offset: (of: Held) => Index): number | undefined {
  const start = row.length > 0 ? constantOf(offset(row[0])) : undefined;
  let end = start;
  for (const one of row) {
    const length = constantOf(one.buffer.length);
    if (one.buffer.dtype !== 'f32' || length === undefined || end === undefined) return undefined;
    if (constantOf(offset(one)) !== end) return undefined;
    end += 4 * Math.ceil(length / 4);
  }
  return start;
}

/**
 * The names of what the optimizer keeps, where each trained parameter has arrays of the same names, of its own shape, that begin alike;
 * undefined where they differ.
 */
export function slotNames({ parameters, slots }: TrainerProgram): readonly string[] | undefined {
  const trained = parameters.filter((p) => p.trained);
  const names = slots.filter(({ parameter }) => parameter === slots[0].parameter).map(({ name }) => name);
  const isRegular = slots.every(({ player, parameter, name, type, initial }, i) => {
    const of = trained.at(Math.floor(i / names.length));
    return (
      player === undefined &&
      parameter === of?.name &&
      name === names[i % names.length] &&
      sameShape(type, of.type) &&
      initial === slots[0].initial
    );
  });
  return names.length > 0 && isRegular && slots.length === names.length * trained.length ? names : undefined;
}

/** The results of `gradients`, where they are those of all trained parameters in order, and no JavaScript reads them elsewhere. */
function gradientsToTell({ parameters, entries }: TrainerProgram): readonly Held[] | undefined {
  const trained = parameters.filter((p) => p.trained);
  const { gradients, ...others } = entries;
  const [, ...results] = gradients?.results ?? [];
  const elsewhere = new Set(Object.values(others).flatMap((entry) => entry.results.map(({ buffer }) => buffer)));
  for (const run of runsOf(Object.values(entries).flatMap(({ steps }) => steps)))
    if (run.host) for (const buffer of usesOf(run.kernel).buffers) elsewhere.add(actualOf(run, buffer));
  const isWhole = results.every(({ name, buffer }, i) => {
    const of = trained.at(i);
    return name === of?.name && buffer.space === 'arena' && buffer.dtype === 'f32' && !elsewhere.has(buffer);
  });
  return results.length > 0 && results.length === trained.length && isWhole ? results : undefined;
}
