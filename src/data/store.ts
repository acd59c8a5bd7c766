// Where rows are kept while they are read: in memory up to a budget, beyond it in temporary files, from which they come as they are asked for.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataLimit } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { fileUnwritable } from '../diagnostics/files.js';
import type { ModelInput } from '../ir/model.js';
import { blockColumn, type Column } from './columns.js';
import { makeArray, rowLength, type InputArray } from './dataset.js';
import { reasonOf } from './files.js';
import { bytesIn, type Limits } from './limits.js';

/** Takes the numbers of an input in order. */
export interface ColumnWriter {
  push(value: number): void;
  append(values: InputArray): void;
  /** All rows; nothing is taken after it. `rows`: how many, where their length does not tell. */
  finish(rows?: number): Column;
}

/** The rows of one data source. */
export interface Store {
  /** `bytes`: whether the numbers are whole ones from 0 to 255, which take a byte each wherever the input has floats. */
  writer(input: ModelInput, place: string, bytes?: boolean): ColumnWriter;
  /** Room for so many numbers of an input, taken in order and read anywhere. */
  stage(input: ModelInput, place: string, count: number): Stage;
  /** Refuses what is larger than what may be stored, before it is unpacked. */
  expect(place: string, bytes: number): void;
}

/** Numbers on their way to another order. */
export interface Stage {
  append(values: InputArray): void;
  read(from: number, into: InputArray): void;
  /** An array of their type. */
  room(count: number): InputArray;
}

/** Rows are moved, and written, so many numbers at a time. */
const blockLength = 2 ** 17;

/** Makes a store for one data source. Temporary files end with the process, whatever ends it. */
export function storeOf(limits: Limits): Store {
  const writers: Writer[] = [];
  let total = 0;
  const grown = (place: string, bytes: number): void => {
    total += bytes;
    if (total > limits.stored) throw new Fault(dataLimit({ place, what: 'the rows', most: bytesIn(limits.stored) }));
    while (held(writers) > limits.memory) {
      const largest = writers.reduce((a, b) => (b.held > a.held ? b : a));
      if (largest.held === 0) return;
      largest.spill();
    }
  };
  return {
    writer(input, place, bytes = false) {
      const writer = new Writer(input, place, bytes, grown);
      writers.push(writer);
      return writer;
    },
    stage(input, place, count) {
      const room = (length: number): InputArray => makeArray(input, length, place);
      const width = room(1).byteLength;
      return held(writers) + count * width <= limits.memory
        ? stageInMemory(room(count), room)
        : stageInFile(new TemporaryFile(place), room);
    },
    expect(place, bytes) {
      if (total + bytes > limits.stored)
        throw new Fault(dataLimit({ place, what: 'the rows', most: bytesIn(limits.stored) }));
      if (held(writers) + bytes <= limits.memory) return;
      const free = freeSpace();
      if (bytes > free)
        throw new Fault(
          dataLimit({ place, what: 'the rows', most: `the ${bytesIn(free)} that are free in ${tmpdir()}` }),
        );
    },
  };
}

function stageInMemory(values: InputArray, room: Stage['room']): Stage {
  let filled = 0;
  return {
    room,
    append(part) {
      values.set(part, filled);
      filled += part.length;
    },
    read: (from, into) => into.set(values.subarray(from, from + into.length)),
  };
}

function stageInFile(file: TemporaryFile, room: Stage['room']): Stage {
  return {
    room,
    append: (part) => file.write(part),
    read(from, into) {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
      file.read(bytes, from * into.BYTES_PER_ELEMENT);
    },
  };
}

function held(writers: readonly Writer[]): number {
  return writers.reduce((sum, writer) => sum + writer.held, 0);
}

function freeSpace(): number {
  try {
    const { bavail, bsize } = statfsSync(tmpdir());
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

class Writer implements ColumnWriter {
  /** Bytes in memory that a file could hold. */
  held = 0;
  private readonly length: number;
  private readonly rowsEach: number;
  private blocks: InputArray[] = [];
  private block: InputArray;
  private filled = 0;
  private count = 0;
  private file: TemporaryFile | undefined;
  private rows: number | undefined;
  private copy: Column['copy'] = () => undefined;

  constructor(
    private readonly input: ModelInput,
    private readonly place: string,
    private readonly bytes: boolean,
    private readonly grown: (place: string, bytes: number) => void,
  ) {
    this.length = rowLength(input);
    this.rowsEach = Math.max(1, Math.floor(blockLength / Math.max(1, this.length)));
    // Most data sets are small: the first block grows to its size.
    this.block = this.make(Math.min(this.full, 1024));
  }

  push(value: number): void {
    if (this.filled === this.block.length) this.next();
    this.block[this.filled++] = value;
  }

  append(values: InputArray): void {
    for (let from = 0; from < values.length;) {
      if (this.filled === this.block.length) this.next();
      const part = values.subarray(from, from + this.block.length - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.length;
      from += part.length;
    }
  }

  finish(rows = (this.count + this.filled) / this.length): Column {
    const { file, block, filled } = this;
    if (file) file.write(block.subarray(0, filled));
    else {
      this.blocks.push(filled === block.length ? block : block.slice(0, filled));
      this.held += filled * block.BYTES_PER_ELEMENT;
    }
    this.rows = rows;
    this.settle(rows);
    this.grown(this.place, filled * block.BYTES_PER_ELEMENT);
    // What is kept may move to a file later.
    return { rows, length: this.length, copy: (row, to, at) => this.copy(row, to, at) };
  }

  /** Moves what is there to a file, and all that follows. */
  spill(): void {
    const file = new TemporaryFile(this.place);
    this.file = file;
    for (const block of this.blocks) file.write(block);
    this.blocks = [];
    this.held = 0;
    if (this.rows !== undefined) this.settle(this.rows);
  }

  private settle(rows: number): void {
    const { file, length, blocks } = this;
    const column = file ? fileColumn(file, this.make(length), rows) : blockColumn(blocks, this.rowsEach, length, rows);
    this.copy = column.copy;
  }

  private get full(): number {
    return this.rowsEach * Math.max(1, this.length);
  }

  private next(): void {
    if (this.block.length < this.full) {
      const larger = this.make(Math.min(this.full, 4 * this.block.length));
      larger.set(this.block);
      this.block = larger;
      return;
    }
    this.count += this.filled;
    this.filled = 0;
    if (this.file) this.file.write(this.block);
    else {
      this.blocks.push(this.block);
      this.held += this.block.byteLength;
      this.block = this.make(this.full);
    }
    this.grown(this.place, this.block.byteLength);
  }

  private make(count: number): InputArray {
    return this.bytes ? new Uint8Array(count) : makeArray(this.input, count, this.place);
  }
}

/** A file that nobody else sees, and that is gone when the process is. */
class TemporaryFile {
  private readonly descriptor: number;
  private end = 0;

  constructor(private readonly place: string) {
    this.descriptor = this.attempt(() => {
      const folder = mkdtempSync(join(tmpdir(), 'nnc-rows-'));
      const path = join(folder, 'rows');
      const remove = (): void => rmSync(folder, { recursive: true, force: true });
      try {
        return openSync(path, 'wx+', 0o600);
      } finally {
        // An open file without a name stays until it is closed; where that is refused, it goes at the end.
        try {
          remove();
        } catch {
          process.once('exit', remove);
        }
      }
    });
    files.register(this, this.descriptor);
  }

  write(values: InputArray): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let at = 0; at < bytes.length;) {
      const written = this.attempt(() => writeSync(this.descriptor, bytes, at, bytes.length - at, this.end));
      at += written;
      this.end += written;
    }
  }

  /** Fills the bytes from a place of the file on; how many there were. */
  read(into: Uint8Array, from: number): number {
    let at = 0;
    while (at < into.length) {
      const read = this.attempt(() => readSync(this.descriptor, into, at, into.length - at, from + at));
      if (read === 0) break;
      at += read;
    }
    return at;
  }

  private attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      const file = `a temporary file in ${tmpdir()}, for the rows of ${this.place},`;
      throw new Fault(fileUnwritable({ file, reason: reasonOf(error) }));
    }
  }
}

/** Closes the files of data that nobody has any more. */
const files = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** So many bytes are read at once where rows are asked for in their order. */
const ahead = 2 ** 20;

/** `scratch`: room for one row, of the type that the file has. */
function fileColumn(file: TemporaryFile, scratch: InputArray, rows: number): Column {
  const { length, byteLength: size } = scratch;
  const row = new Uint8Array(scratch.buffer);
  const near = Math.max(1, Math.floor(ahead / Math.max(1, size)));
  let window = new Uint8Array(0);
  let first = 0;
  let expected = -1;
  return {
    rows,
    length,
    copy(index, to, at) {
      const inside = index - first;
      if (inside >= 0 && (inside + 1) * size <= window.length)
        row.set(window.subarray(inside * size, (inside + 1) * size));
      else if (index === expected && size < ahead) {
        if (window.length === 0) window = new Uint8Array(near * size);
        first = index;
        const found = file.read(window, index * size);
        // Beyond the last row stands what was there before: nobody asks for it.
        if (found < size) return;
        row.set(window.subarray(0, size));
      } else file.read(row, index * size);
      expected = index + 1;
      to.set(scratch, at);
    },
  };
}
