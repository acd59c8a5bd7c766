// Tensors of safetensors files as data; where they lie is read as strictly as checkpoints are.
import { readHeader } from '../codegen/runtime/safetensors.js';
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import { readArray } from './arrays.js';
import type { Column } from './columns.js';
import * as elements from './elements.js';
import type { Element } from './elements.js';
import { reading, type Archive } from './files.js';
import type { Store } from './store.js';

const types: ReadonlyMap<string, Element> = new Map([
  ['BOOL', elements.bool],
  ['U8', elements.u8],
  ['I8', elements.i8],
  ['U16', elements.u16],
  ['I16', elements.i16],
  ['U32', elements.u32],
  ['I32', elements.i32],
  ['U64', elements.u64],
  ['I64', elements.i64],
  ['F16', elements.f16],
  ['BF16', elements.bf16],
  ['F32', elements.f32],
  ['F64', elements.f64],
]);

/** What the format allows. */
const longestHeader = 100_000_000;

/** Reads the tensors that inputs ask for, by the name that each asks for. */
export async function readSafetensors(
  archive: Archive,
  wanted: ReadonlyMap<ModelInput, string>,
  store: Store,
): Promise<ReadonlyMap<string, Column>> {
  const refuse = (reason: string): Fault => new Fault(dataMalformed({ place: archive.name, reason }));
  const length = Buffer.from(await archive.read(0, 8));
  const end = length.length < 8 ? 0 : 8 + Math.min(Number(length.readBigUInt64LE(0)), longestHeader);
  const { tensors } = readHeader(await archive.read(0, end), refuse, archive.size);
  const found = new Map<string, Column>();
  for (const [input, name] of wanted) {
    const tensor = tensors.get(name);
    if (!tensor) continue;
    const { dtype, shape, from, to } = tensor;
    const element = types.get(dtype);
    const place = `${archive.name}, ${name}`;
    if (!element)
      throw new Fault(dataMalformed({ place, reason: `tensors of ${dtype} are not read as data, only plain numbers` }));
    const stored = { place, shape, element, little: true };
    const chunks = archive.chunks(from, to - from);
    found.set(input.name, await reading(chunks, (bytes) => readArray(input, stored, bytes, store)));
  }
  return found;
}
