// PNG and JPEG files to samples, by the libraries that decode them: a bundle of its own, loaded when images are read.
import { inflateSync } from 'node:zlib';
import { decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';

/** An image, row by row, its channels beside one another. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** Grey, grey and alpha, red green and blue, or these and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** From 0 to `most`. */
  readonly values: Uint8Array | Uint16Array;
  readonly most: number;
}

/** Decodes a file of at most so many pixels. What is wrong with it is an `Error` with a reason for users. */
export function decodeImage(bytes: Uint8Array, pixels: number): Samples {
  if (signature.every((byte, i) => bytes[i] === byte)) return png(bytes, pixels);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, pixels);
  throw new Error('it is neither a PNG nor a JPEG file');
}

const signature = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10];

function jpeg(bytes: Uint8Array, pixels: number): Samples {
  try {
    const { width, height, data } = decodeJpeg(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: pixels / 1e6,
    });
    return { width, height, channels: 3, values: data, most: 255 };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw /exceeded/.test(text)
      ? tooLarge(pixels)
      : new Error(`the JPEG data is damaged or of a kind that is not read (${text})`);
  }
}

function tooLarge(pixels: number): Error {
  return new Error(`it has more than ${pixels} pixels, the most that are read`);
}

/** What a PNG file says before its pixels. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
  readonly interlaced: boolean;
}

const channelsOf: ReadonlyMap<number, Header['channels']> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

function png(bytes: Uint8Array, pixels: number): Samples {
  const chunks = chunksOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const header = headerOf(chunks[0]);
  if (header.width * header.height > pixels) throw tooLarge(pixels);
  if (header.interlaced && header.depth < 8) throw new Error('interlaced PNG data of less than 8 bits are not read');
  requireWhole(chunks, header);
  let decoded;
  try {
    decoded = decodePng(Buffer.concat([Uint8Array.from(signature), ...chunks.map(({ whole }) => whole)]), {
      checkCrc: true,
    });
  } catch (error) {
    throw new Error(`the PNG data is damaged (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
  const { width, height, depth, palette } = decoded;
  const channels = channelsIn(decoded.channels);
  const values =
    decoded.data instanceof Uint16Array
      ? decoded.data
      : unpacked(Uint8Array.from(decoded.data), width * channels, height, depth);
  if (palette)
    return { width, height, channels: palette[0]?.length === 4 ? 4 : 3, values: colours(values, palette), most: 255 };
  return { width, height, channels, values, most: 2 ** depth - 1 };
}

function channelsIn(count: number): Samples['channels'] {
  return count === 1 || count === 2 || count === 4 ? count : 3;
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** With its length, type and checksum. */
  readonly whole: Buffer;
}

/** The chunks that pixels need: others may hold anything. */
function chunksOf(bytes: Buffer): readonly Chunk[] {
  const found: Chunk[] = [];
  for (let at = 8; ;) {
    const length = at + 12 <= bytes.length ? bytes.readUInt32BE(at) : Infinity;
    const end = at + 12 + length;
    if (end > bytes.length) throw new Error('the PNG file is cut short');
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'].includes(type))
      found.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    if (type === 'IEND') return found;
    at = end;
  }
}

function headerOf(chunk: Chunk | undefined): Header {
  const damaged = new Error('the PNG file is damaged: its header is none');
  if (chunk?.type !== 'IHDR' || chunk.data.length !== 13) throw damaged;
  const { data } = chunk;
  const channels = channelsOf.get(data[9]);
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(data[8])) throw damaged;
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
  if (width === 0 || height === 0) throw damaged;
  return { width, height, depth: data[8], channels, interlaced: data[12] !== 0 };
}

/** Pixels that unpack to more or fewer bytes than the header says are damaged, or made to fill the memory. */
function requireWhole(chunks: readonly Chunk[], header: Header): void {
  const packed = Buffer.concat(chunks.flatMap(({ type, data }) => (type === 'IDAT' ? [data] : [])));
  const expected = bytesIn(header);
  let length: number;
  try {
    length = inflateSync(packed, { maxOutputLength: expected + 1 }).length;
  } catch {
    length = -1;
  }
  if (length !== expected)
    throw new Error('the PNG file is damaged: its pixels are more or fewer than its header says');
}

/** Bytes of all lines with the byte that begins each; of an interlaced image, those of its seven passes. */
function bytesIn({ width, height, depth, channels, interlaced }: Header): number {
  const of = (w: number, h: number): number => (w === 0 ? 0 : h * (1 + Math.ceil((w * channels * depth) / 8)));
  if (!interlaced) return of(width, height);
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  return passes.reduce(
    (sum, [x, y, dx, dy]) =>
      sum + of(Math.max(0, Math.ceil((width - x) / dx)), Math.max(0, Math.ceil((height - y) / dy))),
    0,
  );
}

/** A byte for each sample, where several share one; each line begins with a byte of its own. */
function unpacked(bytes: Uint8Array, perLine: number, lines: number, depth: number): Uint8Array {
  if (depth >= 8) return bytes;
  const width = Math.ceil((perLine * depth) / 8);
  const values = new Uint8Array(perLine * lines);
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < perLine; i++) {
      const bit = i * depth;
      const byte = bytes[line * width + (bit >> 3)];
      values[line * perLine + i] = (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  return values;
}

function colours(indices: Uint8Array | Uint16Array, palette: readonly (readonly number[])[]): Uint8Array {
  const channels = palette[0]?.length ?? 3;
  const values = new Uint8Array(indices.length * channels);
  for (let i = 0; i < indices.length; i++) {
    const colour = palette[indices[i]];
    if (!colour) throw new Error('the PNG file is damaged: a pixel has a colour that is not in its palette');
    values.set(colour, i * channels);
  }
  return values;
}
