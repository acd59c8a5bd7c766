// What a module calls its tensors and sizes: the fields of `Memory`, shared by every target that runs within JavaScript.
import { sizesOf, type Index } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { primary } from '../text/expression.js';
import { printIndex } from '../text/addresses.js';
import { moduleScope } from './moduleNames.js';
import { identifier, Scope } from '../text/names.js';
import { usesOf } from '../uses.js';
import type { Tables } from './tables.js';

export interface Layout {
  /** Run-time sizes in order; the trainer's `batch` option is about the first. */
  readonly sizes: readonly SizeFields[];
  /** The names of the module itself. */
  readonly module: Scope;
  /**
   * Buffers with a place in Memory, in order of space; constants are constants of the module. What copies of a layer have each for itself
   * is one field, a list: `h_dense_W[3]`.
   */
  readonly fields: ReadonlyMap<Buffer, string>;
  /** What has no field, being made by the list of parameters; a target without such tables has none. */
  readonly tables?: Tables;
  /** An expression for the buffer's array: `m.hidden`. */
  array(buffer: Buffer): string;
}

export interface SizeFields {
  readonly size: string;
  /** The variable that holds the size within functions. */
  readonly variable: string;
  /** The field of the size of this call. */
  readonly now: string;
  /** The field of what there is room for. */
  readonly room: string;
}

/** The arrays of JavaScript that hold a buffer's elements. */
export const arrayTypes: Record<Buffer['dtype'], string> = {
  f32: 'Float32Array',
  f16: 'Uint16Array',
  i32: 'Int32Array',
  u32: 'Uint32Array',
};

/** The types of what parameters and gradients are listed by, in TypeScript. */
export const parameterTypes = { names: 'ParameterName', values: 'Float32Array' };
export const gradientTypes = { names: 'TrainedParameterName', values: 'Float32Array' };

const order: readonly Buffer['space'][] = ['input', 'parameter', 'state', 'slot', 'counter', 'arena', 'scratch'];

/** What functions of the module that hold sizes in variables call other things. */
const variables =
  'm arena at length floats integers buffer call words imports code compiled device exports memory options sleep team threads error parameters thread starts'.split(
    ' ',
  );

/** Names the fields of Memory. `more` are names of the module beside those that every module has. */
export function layOut(program: TrainerProgram, more: readonly string[] = []): Layout {
  const module = moduleScope(program, more);
  const scope = Scope.ofFields([
    ...['parameters', 'weights', 'optimizer', 'gradients', 'm', 'arena', 'memory', 'entries', 'buffer'],
    ...['handedOut', 'mirrors', 'over', 'options', 'imports', 'exports', 'sleep'],
    ...['gpu', 'call', 'words', 'persistent', 'persistentIntegers', 'team', 'threads', 'code'],
    ...['handedOut', 'mirrors', 'over'],
  ]);
  const local = module.inside(variables);
  const sizes = sizesIn(program).map((size): SizeFields => {
    const now = scope.take(size);
    return { size, now, variable: local.take(now), room: scope.take(`${identifier(size)}Room`) };
  });
  const buffers = buffersIn(program);
  const fields = new Map<Buffer, string>();
  const copies = copiesIn(program, buffers);
  const lists = new Map<string, string>();
  for (const space of order)
    for (const buffer of buffers) {
      if (buffer.space !== space) continue;
      const copy = copies.get(buffer);
      const list = copy && (lists.get(copy.key) ?? scope.take(copy.name));
      if (copy && list !== undefined) lists.set(copy.key, list);
      fields.set(buffer, copy ? `${list}[${copy.at}]` : scope.take(buffer.name));
    }
  const constants = new Map<Buffer, string>();
  for (const buffer of buffers) if (buffer.space === 'constant') constants.set(buffer, `m.${scope.take(buffer.name)}`);
  const array = (buffer: Buffer): string => {
    const field = fields.get(buffer);
    const found = field === undefined ? constants.get(buffer) : `m.${field}`;
    if (found === undefined) throw new Error(`the buffer ${buffer.name} is not in the program's list`);
    return found;
  };
  for (const [buffer, field] of constants) fields.set(buffer, field.slice(2));
  return { sizes, module, fields, array };
}

/** One of the buffers that copies of a layer have each for itself. */
interface Copy {
  /** The name without the copy's number, and the number. */
  readonly name: string;
  readonly at: number;
  /** Those of one key are one field. */
  readonly key: string;
}

/** What gets its place when sizes are known; in lists of the rest each copy has an element. */
const reserved: readonly Buffer['space'][] = ['arena', 'scratch'];

const listed: readonly Buffer['space'][] = ['parameter', 'state', 'slot', ...reserved];

/** Fewer are read more easily each by its name. */
const fewestCopies = 4;

/** What copies of a layer have each for itself: of one kind and size, with names that differ in a number, and given to one kernel. */
function copiesIn({ entries }: TrainerProgram, buffers: Iterable<Buffer>): Map<Buffer, Copy> {
  const runs = runsOf(Object.values(entries).flatMap((entry) => entry.steps));
  const given = new Set<Buffer>();
  for (const run of runs) for (const buffer of run.given?.values() ?? []) given.add(buffer);
  const found = new Map<string, Map<Buffer, Copy>>();
  for (const buffer of buffers) {
    const copy = copyOf(buffer);
    if (copy) found.set(copy.key, (found.get(copy.key) ?? new Map<Buffer, Copy>()).set(buffer, copy));
  }
  const lists = [...found.values()].filter((members) => {
    const numbers = new Set([...members.values()].map(({ at }) => at));
    const [[{ space }]] = members;
    const whole = Math.max(...numbers) < numbers.size || reserved.includes(space);
    const shared = [...members.keys()].filter((buffer) => given.has(buffer)).length >= fewestCopies;
    return shared && whole && numbers.size === members.size;
  });
  return new Map(lists.flatMap((members) => [...members]));
}

function copyOf({ name, space, dtype, length }: Buffer): Copy | undefined {
  const number = /[._](0|[1-9]\d{0,3})(?=[._]|$)/.exec(name);
  if (!number || !listed.includes(space)) return undefined;
  const common = name.slice(0, number.index) + name.slice(number.index + number[0].length);
  return { name: common, at: Number(number[1]), key: `${space} ${dtype}[${length.key}] ${common}` };
}

/** A field of Memory, with the buffers in it: those of a list at their places. */
export interface Field {
  readonly name: string;
  readonly list: boolean;
  readonly buffers: readonly Buffer[];
  /** Its type in TypeScript. */
  readonly type: string;
}

/** The fields that hold these. */
export function fieldsOf(places: Iterable<readonly [Buffer, string]>): Field[] {
  const found = new Map<string, Buffer[]>();
  const lists = new Set<string>();
  for (const [buffer, place] of places) {
    const [name, at] = place.split('[');
    if (at !== undefined) lists.add(name);
    const known = found.get(name);
    if (known) known.push(buffer);
    else found.set(name, [buffer]);
  }
  return [...found].map(([name, buffers]) => {
    const list = lists.has(name);
    return { name, list, buffers, type: `${arrayTypes[buffers[0].dtype]}${list ? '[]' : ''}` };
  });
}

/** An index in run-time sizes, by their variables. */
export function printSize(index: Index, layout: Pick<Layout, 'sizes'>, prefix = ''): string {
  return printIndex(index, (part) => {
    if (part.kind !== 'size') throw new Error(`a size has no ${part.kind}`);
    const found = layout.sizes.find((s) => s.size === part.name);
    if (!found) throw new Error(`no input tells the size ${part.name}`);
    return primary(prefix + found.variable);
  }).text;
}

/** The size of the examples in a batch: what the first input has first, where that is a size of its own. */
export function batchSize(program: TrainerProgram): string | undefined {
  for (const { type } of program.inputs) {
    const [term, ...rest] = type.shape[0]?.size.terms ?? [];
    const [atom] = term?.atoms ?? [];
    if (rest.length === 0 && term?.factor === 1 && term.atoms.length === 1 && atom.kind === 'size') return atom.name;
  }
  return undefined;
}

function buffersIn(program: TrainerProgram): Set<Buffer> {
  const lists = [program.inputs, program.parameters, program.states, program.averages, program.slots, program.counters];
  const entries = Object.values(program.entries);
  const found = new Set(lists.flatMap((list) => list.map(({ buffer }) => buffer)));
  for (const run of runsOf(entries.flatMap((entry) => entry.steps))) {
    for (const buffer of usesOf(run.kernel).buffers) found.add(actualOf(run, buffer));
    for (const buffer of run.kernel.scratch) found.add(actualOf(run, buffer));
  }
  for (const entry of entries) for (const { buffer } of entry.results) found.add(buffer);
  return found;
}

function sizesIn(program: TrainerProgram): string[] {
  const found = new Set<string>();
  const first = batchSize(program);
  if (first !== undefined) found.add(first);
  for (const { type } of program.inputs) for (const dim of type.shape) sizesOf(dim.size, found);
  for (const kernel of program.kernels) for (const size of usesOf(kernel).sizes) found.add(size);
  return [...found];
}

/** What holds the size. */
export function sizeFields(layout: Layout, name: string): SizeFields {
  const found = layout.sizes.find((s) => s.size === name);
  if (!found) throw new Error(`no input tells the size ${name}`);
  return found;
}
