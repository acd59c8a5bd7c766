// Checkpoints in the safetensors format: a length, a header in JSON, the numbers.
import type { ModelInfo } from './types.js';

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
  /** A checkpoint may lack it. */
  readonly optional?: boolean;
  /** The tensor whose numbers it begins with, where a checkpoint lacks it. */
  readonly starts?: string;
  /** Of what an optimizer remembers: what it begins with, where a checkpoint lacks it. */
  readonly fresh?: number;
}

/** Parameters as a checkpoint holds them, of arrays by name. */
export function tensorsBy(
  parameters: ModelInfo['parameters'],
  arrays: Readonly<Record<string, Float32Array>>,
): Tensor[] {
  return parameters.map(({ name, shape }) => ({ name, shape, data: arrays[name] }));
}

/** What an optimizer remembers: of each trained parameter arrays of these names, in turn. */
export function slotsOf(
  parameters: ModelInfo['parameters'],
  names: readonly string[],
  array: (length: number, at: number) => Float32Array,
): Tensor[] {
  const trained = parameters.filter((parameter) => parameter.trained);
  return trained.flatMap(({ name, shape, count }, i) =>
    names.map((slot, k) => ({ name: `optimizer/${name}/${slot}`, shape, data: array(count, i * names.length + k) })),
  );
}

/** A tensor as a file has it: its bytes lie from `from` to `to`. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Writes the tensors in order. */
export function writeTensors(tensors: readonly Tensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }): [string, object] => [
    name,
    { dtype: dtypeOf(data), shape, data_offsets: [end, (end += data.byteLength)] },
  ]);
  const text = JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries]));
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

/** What a checkpoint counts beside an optimizer's tensors. */
export interface Counts {
  readonly update: number;
  readonly draw: number;
  readonly seed: number;
  readonly learningRateScale: number;
}

/**
 * Reads a checkpoint into the tensors, and into the optimizer's where it has them: then its counts are returned. Everything
 * is checked before the first number is written. A model without an optimizer leaves aside what one remembered, and the averages of
 * weights that it does not average. Optional tensors
 * may be missing: `start` starts all of these anew, and what an optimizer remembered, of a model without them, is left aside.
 */
export function readTensors(
  file: Uint8Array,
  tensors: readonly Tensor[],
  optimizer: readonly Tensor[] | undefined,
  counted: (metadata: Readonly<Record<string, string>>) => Counts = countsIn,
  start: () => void = () => undefined,
): Counts | undefined {
  const { metadata, tensors: found } = readHeader(file, refused);
  const present = tensors.filter(
    ({ name, optional, starts }) => (!optional && starts === undefined) || found.has(name),
  );
  const lacking = tensors.some(({ name, optional }) => optional && !found.has(name));
  const counting = 'update' in metadata || 'draw' in metadata || optimizer?.some((t) => found.has(t.name));
  const resumes = counting && !lacking;
  const fresh = optimizer?.filter((t) => t.fresh !== undefined && !found.has(t.name)) ?? [];
  const wanted = resumes ? [...present, ...(optimizer ?? []).filter((t) => !fresh.includes(t))] : present;
  const names = new Set(wanted.map((t) => t.name));
  const isAside = (name: string): boolean =>
    ((optimizer === undefined || lacking) && name.startsWith('optimizer/')) ||
    name.startsWith('optimizer/loss scale/') ||
    names.has(name.replace(/\.ema$/, ''));
  for (const name of found.keys())
    if (!names.has(name) && !isAside(name)) throw refused(`the model has no tensor ${shown(name)}`);
  const sources = wanted.map(({ name, shape, data }) => {
    const stored = found.get(name);
    if (!stored) throw refused(`it lacks the tensor ${name}`);
    if (stored.dtype !== dtypeOf(data)) throw refused(`${name}: expected ${dtypeOf(data)}, got ${stored.dtype}`);
    const [want, got] = [shape, stored.shape].map((of) => `[${of.join(', ').slice(0, 80)}]`);
    if (got !== want) throw refused(`${name}: expected shape ${want}, got ${got}`);
    return file.subarray(stored.from, stored.to);
  });
  const counts = resumes ? counted(metadata) : undefined;
  if (lacking) start();
  wanted.forEach(({ data }, i) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(sources[i]));
  for (const t of fresh) t.data.fill(t.fresh ?? 0);
  const byName = new Map(tensors.map((t) => [t.name, t.data]));
  for (const { name, starts, data } of tensors)
    if (starts !== undefined && !found.has(name)) data.set(byName.get(starts) ?? data);
  return counts;
}

/** What a checkpoint counts. */
export function countsIn(metadata: Readonly<Record<string, string>>): Counts {
  const [update, draw] = ['update', 'draw'].map((name) => countIn(metadata, name, Number.MAX_SAFE_INTEGER));
  if (update > draw) throw refused(`its metadata count ${update} updates in ${draw} calls of step`);
  return { update, draw, seed: countIn(metadata, 'seed', 2 ** 32 - 1), learningRateScale: scaleIn(metadata) };
}

/** What multiplies learning rates: 1 where a checkpoint does not tell. */
function scaleIn({ learningRateScale: text = '1' }: Readonly<Record<string, string>>): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (value >= 0 && Math.fround(value) < Infinity) return value;
  throw refused(`expected its metadata to have learningRateScale as a finite number from 0 up, got ${brief(text)}`);
}

/** Without its counts an optimizer would go on as if it had just begun, with tensors that say something else. */
export function countIn(metadata: Readonly<Record<string, string>>, name: string, most: number): number {
  const text = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (text !== undefined && /^(0|[1-9]\d*)$/.test(text) && Number(text) <= most) return Number(text);
  const got = text === undefined ? 'nothing' : JSON.stringify(text.slice(0, 80));
  throw refused(
    `beside the optimizer's tensors, expected its metadata to have ${name} as a whole number from 0 to ${most}, got ${got}` +
      ' (without the tensors optimizer/… and these counts, the optimizer starts anew)',
  );
}

/** Bits of a number, by type. */
const bitsOf = new Map(
  Object.entries({
    ...{
      BOOL: 8,
      U8: 8,
      I8: 8,
      U16: 16,
      I16: 16,
      U32: 32,
      I32: 32,
      U64: 64,
      I64: 64,
      F16: 16,
      BF16: 16,
      F32: 32,
      F64: 64,
    },
    ...{ C64: 64, F4: 4, F6_E2M3: 6, F6_E3M2: 6, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 },
  }),
);

/**
 * Where the tensors of a safetensors file lie. What the format forbids is refused, as its own readers do: names that occur twice,
 * numbers that are not whole, tensors that overlap, holes between them, bytes behind the last. `refuse` makes the error of a
 * reason. Of a long file its beginning is enough, with the `size` of the whole.
 */
export function readHeader(
  file: Uint8Array,
  refuse: (why: string) => Error,
  size = file.length,
): { readonly metadata: Readonly<Record<string, string>>; readonly tensors: ReadonlyMap<string, StoredTensor> } {
  const length = file.length < 8 ? Infinity : Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const start = 8 + length;
  if (start > size || length > 100_000_000) throw refuse('it is not a safetensors file, or its header is cut off');
  const { __metadata__: metadata = {}, ...entries } = parseHeader(file.slice(8, start), refuse);
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw refuse('its __metadata__ is not an object of texts');
  const tensors = new Map<string, StoredTensor>();
  const nothing: Readonly<Record<string, unknown>> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : nothing;
    if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
      throw refuse(
        `${shown(name)}: expected a dtype, a shape and two data_offsets of whole numbers, got ${brief(entry)}`,
      );
    const bits = bitsOf.get(dtype);
    if (bits === undefined) throw refuse(`${shown(name)}: there is no dtype ${brief(dtype)}`);
    const [from, to] = offsets;
    if (8 * (to - from) !== shape.reduce((product, n) => product * n, bits))
      throw refuse(`${shown(name)}: its data_offsets [${from}, ${to}] do not fit ${dtype} of shape ${brief(shape)}`);
    tensors.set(name, { dtype, shape, from: start + from, to: start + to });
  }
  let end = start;
  for (const [name, { from, to }] of [...tensors].sort(([, a], [, b]) => a.from - b.from || a.to - b.to)) {
    if (from !== end)
      throw refuse(`${shown(name)}: ${from < end ? 'it overlaps another tensor' : 'there is a hole before it'}`);
    if (to > size) throw refuse(`${shown(name)}: its numbers are cut off`);
    end = to;
  }
  if (end < size) throw refuse(`${size - end === 1 ? 'a byte follows' : `${size - end} bytes follow`} its last tensor`);
  return { metadata: metadata as Record<string, string>, tensors };
}

function parseHeader(bytes: Uint8Array, refuse: (why: string) => Error): Record<string, unknown> {
  let text: string;
  let header: unknown;
  // What JSON.parse makes of a text has each name once.
  const left = new Map<string, number>();
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
    const again = JSON.stringify(header);
    for (const name of membersOf(again)) left.set(name, (left.get(name) ?? 0) + 1);
    // Half a character is no text, and is written as an escape.
    if (/(?:^|[^\\])(?:\\\\)*\\ud/.test(again)) throw new SyntaxError();
  } catch {
    throw refuse('its header is not JSON in UTF-8');
  }
  if (!isRecord(header) || !text.startsWith('{')) throw refuse('its header is not an object of JSON');
  for (const name of membersOf(text)) {
    const count = left.get(name) ?? 0;
    if (count === 0) throw refuse(`its header has the name ${brief(name)} twice`);
    left.set(name, count - 1);
  }
  if (/-|\d[.eE]/.test(text.replace(jsonStrings, '')))
    throw refuse('its header has a number that is not written as a whole one');
  return header;
}

/** Strings in a text of JSON; those that name members, with the colon. */
const jsonStrings = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?/g;

function membersOf(json: string): string[] {
  return [...json.matchAll(jsonStrings)].flatMap(([, name, colon]) => (colon ? [JSON.parse(name) as string] : []));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** A value as a message may show it. */
function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}

function shown(name: string): string {
  return brief(name).slice(1, -1);
}

function dtypeOf(data: Float32Array | Int32Array): string {
  return data instanceof Float32Array ? 'F32' : 'I32';
}

function refused(why: string): RangeError {
  return new RangeError(`the checkpoint does not fit: ${why}`);
}
