// Checkpoints in the safetensors format: a length, a header in JSON, the numbers.

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

interface TensorHeader {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Writes the tensors in order. */
export function writeTensors(tensors: readonly Tensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const { name, shape, data } of tensors)
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [end, (end += data.byteLength)] };
  const text = JSON.stringify(header);
  // Spaces bring the numbers to a multiple of eight bytes.
  const json = new TextEncoder().encode(text);
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(json, 8);
  let at = start;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * Reads a checkpoint into the tensors, and into the optimizer's where it has them. Everything is checked before the
 * first number is written. Returns its metadata, and whether it held the optimizer's tensors.
 */
export function readTensors(
  file: Uint8Array,
  tensors: readonly Tensor[],
  optimizer: readonly Tensor[],
): { readonly metadata: Readonly<Record<string, string>>; readonly resumes: boolean } {
  const { header, start } = readHeader(file);
  const { __metadata__: metadata = {}, ...found } = header;
  const resumes = 'update' in metadata || optimizer.some((t) => Object.hasOwn(found, t.name));
  const wanted = resumes ? [...tensors, ...optimizer] : tensors;
  const names = new Set(wanted.map((t) => t.name));
  for (const name of Object.keys(found)) if (!names.has(name)) throw refused(`the model has no tensor ${name}`);
  const sources = wanted.map(({ name, shape, data }) => {
    if (!Object.hasOwn(found, name)) throw refused(`it lacks the tensor ${name}`);
    const entry = found[name];
    if (entry.dtype !== dtypeOf(data)) throw refused(`${name}: expected ${dtypeOf(data)}, got ${entry.dtype}`);
    if (String(entry.shape) !== String(shape) || !Array.isArray(entry.shape))
      throw refused(`${name}: expected shape [${shape.join(', ')}], got [${String(entry.shape)}]`);
    const [from, to] = entry.data_offsets ?? [];
    if (!(from >= 0 && to - from === data.byteLength && start + to <= file.length))
      throw refused(`${name}: its numbers are cut off or out of place`);
    return file.subarray(start + from, start + to);
  });
  wanted.forEach(({ data }, i) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(sources[i]));
  return { metadata, resumes };
}

function readHeader(file: Uint8Array): {
  header: Record<string, TensorHeader> & { __metadata__?: Record<string, string> };
  start: number;
} {
  try {
    const start = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, start)));
    if (start <= file.length && typeof header === 'object' && header) return { header, start };
  } catch {
    // Told below.
  }
  throw refused('it is not a safetensors file');
}

function dtypeOf(data: Float32Array | Int32Array): string {
  return data instanceof Float32Array ? 'F32' : 'I32';
}

function refused(why: string): RangeError {
  return new RangeError(`the checkpoint does not fit: ${why}`);
}
