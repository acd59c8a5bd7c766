// Tensors that live across calls: where they lie at the start of the device's two memories, and where any buffer does.
import { constantOf, type Index } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { printSize, type Layout } from '../module/layout.js';
import type { Call } from './call.js';

/** What JavaScript keeps of one memory: an array over its start. */
export interface Persistent {
  /** The field of Memory that holds the array, its type, and the memory. */
  readonly name: string;
  readonly type: 'Float32Array' | 'Int32Array';
  readonly memory: 'floats' | 'integers';
  readonly words: number;
  readonly tensors: readonly PersistentTensor[];
}

interface PersistentTensor {
  readonly field: string;
  readonly start: number;
  readonly end: number;
  readonly data: readonly number[] | undefined;
}

/** The fields of Memory that hold its tensors: one each, or a list of those that copies of a layer have. */
export function fieldsIn({ tensors }: Persistent) {
  const found = new Map<string, PersistentTensor[]>();
  for (const tensor of tensors) {
    const [name] = tensor.field.split('[');
    found.set(name, [...(found.get(name) ?? []), tensor]);
  }
  const place = ({ field }: PersistentTensor): number => Number(/\[(\d+)\]/.exec(field)?.[1] ?? 0);
  return [...found].map(([name, own]) => ({
    name,
    list: own[0].field !== name,
    tensors: [...own].sort((a, b) => place(a) - place(b)),
  }));
}

/** Of floats and of integers, in this order. */
export function persistentOf(program: TrainerProgram, layout: Layout, call: Call): readonly Persistent[] {
  const elsewhere: readonly Buffer['space'][] = ['input', 'arena', 'scratch', 'workgroup'];
  const lasting = [...layout.fields].filter(([b]) => !elsewhere.includes(b.space) && !call.has(b));
  const kinds = [
    { name: 'persistent', type: 'Float32Array', memory: 'floats' },
    { name: 'persistentIntegers', type: 'Int32Array', memory: 'integers' },
  ] as const;
  return kinds.map((kind) => {
    const own = lasting.filter(([b]) => (b.dtype === 'f32') === (kind.memory === 'floats'));
    const tensors = own.map(([buffer, field]) => {
      const start = constantOf(program.memory.offsets.get(buffer) ?? buffer.length) ?? 0;
      return { field, start, end: start + (constantOf(buffer.length) ?? 0), data: buffer.data };
    });
    return { ...kind, tensors, words: Math.max(4, ...tensors.map((t) => 4 * Math.ceil(t.end / 4))) };
  });
}

/** An index in the sizes of this call, or in those that there is room for. */
export function inSizes(index: Index, layout: Layout, kind: 'now' | 'room'): string {
  return printSize(index, { sizes: layout.sizes.map((s) => ({ ...s, variable: s[kind] })) }, 'm.');
}

/** Where a buffer begins in its memory, in words. */
export function offsetOf(program: TrainerProgram, layout: Layout, buffer: Buffer): string {
  const offset = program.memory.offsets.get(buffer);
  if (!offset) throw new Error(`${buffer.name} has no offset in memory`);
  return inSizes(offset, layout, 'room');
}
