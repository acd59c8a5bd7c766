// Windows of a text: its characters, or bytes, as numbers, and the same window one further on as what follows.
import { basename } from 'node:path';
import { dataMalformed, dataValue, dataVocabulary } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import type { DataSource, ModelInput } from '../ir/model.js';
import { windowColumn, type Column } from './columns.js';
import { rowLength } from './dataset.js';
import { fieldOf, pathOf, settingOf, wrongField } from './fields.js';
import { chunksOf } from './files.js';
import type { Found, Place } from './load.js';
import { overLimit } from './limits.js';
import { byCodePoint, classesOf, told } from './words.js';

/** How a text is cut. */
interface Cut {
  readonly window: number;
  readonly stride: number;
  readonly bytes: boolean;
}

/** An input, and how far its windows are ahead. */
interface Taken {
  readonly input: ModelInput;
  readonly shift: 0 | 1;
}

/** The numbers of a text, one after another. */
interface Numbers {
  readonly values: Uint8Array | Int32Array;
  readonly words?: readonly string[];
}

/** Reads windows of a text for inputs that are `here` or `next`. */
export async function readText(source: DataSource, inputs: readonly ModelInput[], place: Place): Promise<Found> {
  const taken = inputs.flatMap((input) => takenBy(source, input));
  const [first] = taken;
  if (!first) return { columns: new Map() };
  const cut = cutOf(source, inputs, taken);
  const path = pathOf(source);
  const file = basename(path);
  const known = Object.hasOwn(place.words, first.input.name) ? place.words[first.input.name] : undefined;
  const chunks = chunksOf(place.folder, path, place);
  const numbers = cut.bytes
    ? { values: await bytesIn(file, chunks, place.limits.archive) }
    : await charactersIn(file, chunks, first.input, known, place.limits.archive);
  const { values, words } = numbers;
  const ahead = Math.max(...taken.map(({ shift }) => shift));
  const rows = Math.floor((values.length - cut.window - ahead) / cut.stride) + 1;
  if (rows < 1) {
    const what = cut.bytes ? 'bytes' : 'characters';
    const reason = `found ${values.length} ${what}, expected at least ${cut.window + ahead}: a window of ${cut.window}${ahead > 0 ? ' and what follows it' : ''}`;
    throw new Fault(dataMalformed({ place: file, reason }));
  }
  const columns = new Map<string, Column>(
    taken.map(({ input, shift }) => [input.name, windowColumn(values, rows, cut.window, cut.stride, shift)]),
  );
  return { columns, ...(words && { words: Object.fromEntries(taken.map(({ input }) => [input.name, words])) }) };
}

function takenBy(source: DataSource, input: ModelInput): Taken[] {
  const field = fieldOf(source, input.name);
  if (field === undefined) return [];
  if (field !== 'here' && field !== 'next')
    throw wrongField(source, input.name, 'here (a window of the text) or next (the window one further on)');
  if (input.type.element.kind !== 'index')
    throw wrongField(source, input.name, `fed to an index, and not to ${told(input)}`);
  return [{ input, shift: field === 'here' ? 0 : 1 }];
}

function cutOf(source: DataSource, inputs: readonly ModelInput[], taken: readonly Taken[]): Cut {
  const whole = (field: unknown): field is number => typeof field === 'number' && Number.isInteger(field) && field > 0;
  const isBoolean = (field: unknown): field is boolean => typeof field === 'boolean';
  const bytes = settingOf(source, inputs, 'bytes', 'true or false', isBoolean) ?? false;
  const [{ input: first }] = taken;
  const length = rowLength(first);
  const window = settingOf(source, inputs, 'window', 'a whole number from 1 up', whole) ?? length;
  const stride = settingOf(source, inputs, 'stride', 'a whole number from 1 up', whole) ?? window;
  for (const { input } of taken) {
    if (rowLength(input) !== window)
      throw wrongField(source, 'window', `${rowLength(input)}, as many as a row of ${told(input)} has`);
    if (classesOf(input) !== classesOf(first))
      throw wrongField(source, input.name, `of as many characters as ${told(first)}`);
    if (bytes && classesOf(input) !== 256) throw wrongField(source, input.name, 'an index(256), which takes all bytes');
  }
  return { window, stride, bytes };
}

async function bytesIn(file: string, chunks: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of chunks) {
    length += part.length;
    if (length > most) throw overLimit(file, 'the text', most);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Numbers characters as they come, and renumbers them when all are known. */
async function charactersIn(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  input: ModelInput,
  known: readonly string[] | undefined,
  most: number,
): Promise<Numbers> {
  const expected = classesOf(input);
  const numbers = new Map<string, number>(known?.map((word, i) => [word, i]));
  let values: Numbers['values'] = expected <= 256 ? new Uint8Array(2 ** 16) : new Int32Array(2 ** 16);
  let length = 0;
  let line = 1;
  for await (const text of textOf(file, chunks)) {
    for (const character of text) {
      let number = numbers.get(character);
      if (number === undefined) {
        if (known) throw unknownCharacter(file, line, character, input, known);
        number = numbers.size;
        numbers.set(character, number);
      }
      if (character === '\n') line++;
      if (numbers.size > expected) continue;
      if (length === values.length) values = grown(file, values, most);
      values[length++] = number;
    }
  }
  if (numbers.size !== expected)
    throw new Fault(dataVocabulary({ place: file, found: numbers.size, expected, input: told(input) }));
  const used = values.subarray(0, length);
  const words = known ?? [...numbers.keys()].sort(byCodePoint);
  const places = new Map(words.map((word, i) => [word, i]));
  const final = Int32Array.from(numbers.keys(), (character) => places.get(character) ?? 0);
  for (let i = 0; i < length; i++) used[i] = final[used[i]];
  return { values: used, words };
}

function grown(file: string, values: Numbers['values'], most: number): Numbers['values'] {
  const length = 2 * values.length;
  if (length > most) throw overLimit(file, 'the text', most);
  const larger = values instanceof Uint8Array ? new Uint8Array(length) : new Int32Array(length);
  larger.set(values);
  return larger;
}

/** Text in parts, none of which ends within a character. */
async function* textOf(file: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = 0;
  const decoded = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      const reason = `this is not text in UTF-8: a byte beyond the first ${read} is none of it; \`bytes = true\` reads bytes`;
      throw new Fault(dataMalformed({ place: file, reason }));
    }
  };
  for await (const chunk of chunks) {
    yield decoded(chunk);
    read += chunk.length;
  }
  yield decoded();
}

function unknownCharacter(
  file: string,
  line: number,
  character: string,
  input: ModelInput,
  known: readonly string[],
): Fault {
  const place = `${file}, line ${line}`;
  const expected = `one of the ${known.length} characters of the text that is trained on`;
  return new Fault(dataValue({ place, found: JSON.stringify(character), input: told(input), expected }));
}
