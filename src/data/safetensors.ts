// Tensors of safetensors files as data; where they lie is read as strictly as checkpoints are.
import { readHeader } from '../codegen/runtime/safetensors.js';
import { dataMalformed } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { ModelInput } from '../ir/model.js';
import { readArray } from './arrays.js';
import type { Column } from './columns.js';
import { safetensorsTypes } from './elements.js';
import { reading, type Archive } from './files.js';
import type { Store } from './store.js';

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
    const element = safetensorsTypes.get(dtype);
    const place = `${archive.name}, ${name}`;
    if (!element)
      throw new Fault(dataMalformed({ place, reason: `tensors of ${dtype} are not read as data, only plain numbers` }));
    const stored = { place, shape, element, little: true };
    const chunks = archive.chunks(from, to - from);
    found.set(input.name, await reading(chunks, (bytes) => readArray(input, stored, bytes, store)));
  }
  return found;
}
