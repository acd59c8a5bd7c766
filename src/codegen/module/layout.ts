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

export interface Layout {
  /** Run-time sizes in order; the trainer's `batch` option is about the first. */
  readonly sizes: readonly SizeFields[];
  /** The names of the module itself. */
  readonly module: Scope;
  /** Buffers with a field in Memory, in order of space; constants are constants of the module. */
  readonly fields: ReadonlyMap<Buffer, string>;
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
  i32: 'Int32Array',
  u32: 'Uint32Array',
};

const order: readonly Buffer['space'][] = ['input', 'parameter', 'state', 'slot', 'counter', 'arena', 'scratch'];

/** What functions of the module that hold sizes in variables call other things. */
const variables =
  'm arena buffer call words imports code compiled device exports memory options sleep team threads error parameters thread'.split(
    ' ',
  );

/** Names the fields of Memory. `more` are names of the module beside those that every module has. */
export function layOut(program: TrainerProgram, more: readonly string[] = []): Layout {
  const module = moduleScope(program, more);
  const scope = Scope.ofFields([
    ...['parameters', 'm', 'arena', 'memory', 'entries', 'buffer'],
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
  for (const space of order)
    for (const buffer of buffers) if (buffer.space === space) fields.set(buffer, scope.take(buffer.name));
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
  const lists = [program.inputs, program.parameters, program.states, program.slots, program.counters];
  const entries = Object.values(program.entries);
  return new Set([
    ...lists.flatMap((list) => list.map(({ buffer }) => buffer)),
    ...runsOf(entries.flatMap((entry) => entry.steps)).flatMap((run) =>
      [...usesOf(run.kernel).buffers, ...run.kernel.scratch].map((buffer) => actualOf(run, buffer)),
    ),
    ...entries.flatMap((entry) => entry.results.map((r) => r.buffer)),
  ]);
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
