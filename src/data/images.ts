// Folders of images: a folder for each class, and in it PNG and JPEG files, in code-point order.
import { readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { dataMalformed, dataUnreadable, dataValue } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { constantOf } from '../ir/index.js';
import type { DataSource, ModelInput } from '../ir/model.js';
import type { Column } from './columns.js';
import { rowLength } from './dataset.js';
import { fieldOf, pathOf, settingOf, wordsNamed, wrongField } from './fields.js';
import { reasonOf } from './files.js';
import { decodeImage, type Samples } from './imageDecoders.js';
import { overLimit, type Limits } from './limits.js';
import type { Found, Place } from './load.js';
import { planesOf, resized, type Planes } from './pixels.js';
import type { ColumnWriter } from './store.js';
import { byCodePoint, classesOf, listed, requireAll, told, tooMany } from './words.js';

/** The inputs that images feed, and those that their folders do. */
interface Taken {
  readonly pixels: readonly ModelInput[];
  readonly folders: readonly ModelInput[];
}

interface ImageFile {
  readonly path: string;
  /** As messages name it: `cats/1.png`. */
  readonly name: string;
  /** The number of its folder. */
  readonly number: number;
}

/** Reads the images of a folder. */
export async function readImages(source: DataSource, inputs: readonly ModelInput[], place: Place): Promise<Found> {
  const taken = takenBy(source, inputs);
  const path = pathOf(source);
  const root = resolve(place.folder, path);
  const [label] = taken.folders;
  const known = wordsNamed(source, inputs, place.words);
  const classes =
    label && foldersIn(root, path, label, Object.hasOwn(known, label.name) ? known[label.name] : undefined);
  const files = classes
    ? classes.folders.flatMap(({ name, number }) => imagesIn(join(root, name), `${path}/${name}`, number, false))
    : imagesIn(root, path, 0, true);
  const columns = new Map<string, Column>();
  const form = formOf(source, inputs, taken);
  const writers = taken.pixels.map((input) => pixelWriter(input, form, place, basename(root)));
  const numbers = taken.folders.map((input) => place.store.writer(input, path));
  let read = 0;
  for (const file of files) {
    const bytes = await bytesOf(file, place.limits);
    const samples = decoded(file, bytes, place.limits);
    for (const writer of writers) writer.take(file, samples);
    for (const writer of numbers) writer.push(file.number);
    place.progress?.(path, (read += bytes.length), undefined);
  }
  taken.pixels.forEach((input, i) => columns.set(input.name, writers[i].finish(files.length)));
  taken.folders.forEach((input, i) => columns.set(input.name, numbers[i].finish(files.length)));
  const words = Object.fromEntries(taken.folders.map(({ name }) => [name, classes?.words ?? []]));
  return { columns, words };
}

function takenBy(source: DataSource, inputs: readonly ModelInput[]): Taken {
  const pixels: ModelInput[] = [];
  const folders: ModelInput[] = [];
  for (const input of inputs) {
    const field = fieldOf(source, input.name);
    if (field === undefined) continue;
    if (field !== 'pixels' && field !== 'folder')
      throw wrongField(source, input.name, 'pixels (the image) or folder (the class that its folder is)');
    if (field === 'folder' && (classesOf(input) === 0 || rowLength(input) !== 1))
      throw wrongField(source, input.name, `fed to an index with one number a row, and not to ${told(input)}`);
    if (field === 'pixels' && input.type.element.kind !== 'f32')
      throw wrongField(source, input.name, `fed to an input of f32, and not to ${told(input)}`);
    (field === 'pixels' ? pixels : folders).push(input);
  }
  return { pixels, folders };
}

/** The folders of classes, each with its number. */
function foldersIn(root: string, path: string, label: ModelInput, known: readonly string[] | undefined) {
  const names = namesIn(root, path).filter((name) => kindOf(join(root, name), `${path}/${name}`) === 'folder');
  if (names.length === 0) {
    const reason = 'found no folder in it, expected one for each class';
    throw new Fault(dataMalformed({ place: path, reason }));
  }
  if (!known) {
    const expected = classesOf(label);
    if (names.length > expected) throw tooMany(path, label, names[expected], names.slice(0, expected));
    requireAll(path, label, names);
  }
  const words = known ?? names;
  const folders = names.map((name) => {
    const number = words.indexOf(name);
    if (number >= 0) return { name, number };
    const expected = `one of ${listed(words).join(', ')}`;
    throw new Fault(dataValue({ place: path, found: `the folder "${name}"`, input: told(label), expected }));
  });
  return { words, folders };
}

const readable = /\.(png|jpe?g)$/i;
const otherImages = /\.(gif|webp|bmp|tiff?|avif|heic|svg|jp2|jxl)$/i;

/** The images in a folder; of folders in it, those of all too, where classes do not matter. */
function imagesIn(root: string, path: string, number: number, deep: boolean): ImageFile[] {
  return namesIn(root, path).flatMap((file): ImageFile[] => {
    const [full, name] = [join(root, file), `${path}/${file}`];
    if (kindOf(full, name) === 'folder') {
      if (deep) return imagesIn(full, name, number, false);
      const reason = 'it is a folder, and the images of a class stand in the folder of the class';
      throw new Fault(dataMalformed({ place: name, reason }));
    }
    if (otherImages.test(file))
      throw new Fault(dataMalformed({ place: name, reason: 'only PNG and JPEG files are read as images' }));
    return readable.test(file) ? [{ path: full, name, number }] : [];
  });
}

/** Names in code-point order; what begins with a dot is hidden. */
function namesIn(root: string, path: string): string[] {
  return attempt(path, () => readdirSync(root))
    .filter((name) => !name.startsWith('.'))
    .sort(byCodePoint);
}

function kindOf(full: string, name: string): 'folder' | 'file' {
  const found = attempt(name, () => statSync(full));
  if (found.isDirectory()) return 'folder';
  if (found.isFile()) return 'file';
  throw new Fault(dataUnreadable({ file: name, reason: 'it is neither a file nor a folder' }));
}

function attempt<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Fault(dataUnreadable({ file: name, reason: reasonOf(error) }));
  }
}

async function bytesOf({ path, name }: ImageFile, limits: Limits): Promise<Uint8Array> {
  if (attempt(name, () => statSync(path)).size > limits.archive) throw overLimit(name, 'the image', limits.archive);
  try {
    return await readFile(path);
  } catch (error) {
    throw new Fault(dataUnreadable({ file: name, reason: reasonOf(error) }));
  }
}

function decoded({ name }: ImageFile, bytes: Uint8Array, limits: Limits): Samples {
  try {
    return decodeImage(bytes, limits.pixels);
  } catch (error) {
    throw new Fault(dataMalformed({ place: name, reason: error instanceof Error ? error.message : String(error) }));
  }
}

/** The size that all images get, where the source says one. */
type Size = readonly [height: number, width: number];

function formOf(source: DataSource, inputs: readonly ModelInput[], { pixels }: Taken): Size | undefined {
  const whole = (field: unknown): field is number => typeof field === 'number' && Number.isInteger(field) && field > 0;
  const expected = 'a number of pixels, or a list of a height and a width';
  const isSize = (field: unknown): field is number | readonly number[] =>
    whole(field) || (Array.isArray(field) && field.length === 2 && field.every(whole));
  const given = settingOf(source, inputs, 'resize', expected, isSize);
  const size: Size | undefined =
    given === undefined ? undefined : typeof given === 'number' ? [given, given] : [given[0], given[1]];
  for (const input of pixels) {
    const own = shapeOf(input);
    if (size && own.size && (own.size[0] !== size[0] || own.size[1] !== size[1]))
      throw wrongField(source, 'resize', `${own.size.join(' by ')}, which ${told(input)} has`);
  }
  return size;
}

interface Shape {
  /** Absent: the length of a row and the size of the first image tell. */
  readonly channels?: number;
  readonly size?: Size;
}

/** [channels, height, width], [height, width], or numbers without a shape. */
function shapeOf(input: ModelInput): Shape {
  const sizes = input.type.shape.slice(1).map(({ size }) => constantOf(size) ?? 0);
  if (sizes.length === 3) return { channels: sizes[0], size: [sizes[1], sizes[2]] };
  return sizes.length === 2 ? { channels: 1, size: [sizes[0], sizes[1]] } : {};
}

interface PixelWriter {
  take(file: ImageFile, samples: Samples): void;
  finish(rows: number): Column;
}

/** Takes images of one size, which the input, the source or the first image says. */
function pixelWriter(input: ModelInput, resize: Size | undefined, { store }: Place, path: string): PixelWriter {
  const shape = shapeOf(input);
  let writer: ColumnWriter | undefined;
  let size = resize ?? shape.size;
  let isBytes = false;
  return {
    take(file, samples) {
      size ??= [samples.height, samples.width];
      if (!writer) {
        isBytes = !resize && 255 % samples.most === 0;
        writer = store.writer(input, path, isBytes);
      }
      if (isBytes && 255 % samples.most !== 0) {
        const reason = 'it has 16 bits a sample, and the images before it have 8';
        throw new Fault(dataMalformed({ place: file.name, reason }));
      }
      writer.append(fitting(input, file, planesOf(samples, channelsOf(input, file, shape, size)), resize, size).values);
    },
    finish: (rows) => (writer ?? store.writer(input, path)).finish(rows),
  };
}

function channelsOf(input: ModelInput, file: ImageFile, { channels }: Shape, [height, width]: Size): 1 | 3 | 4 {
  const found = channels ?? rowLength(input) / (height * width);
  if (found === 1 || found === 3 || found === 4) return found;
  const reason =
    channels === undefined
      ? `an image of ${height} by ${width} does not fit ${told(input)}`
      : `${told(input)} has ${channels} channels, and images have 1, 3 or 4`;
  throw new Fault(dataMalformed({ place: file.name, reason }));
}

function fitting(input: ModelInput, file: ImageFile, planes: Planes, resize: Size | undefined, size: Size): Planes {
  const [height, width] = size;
  if (resize) return resized(planes, height, width);
  if (planes.height === height && planes.width === width) return planes;
  const reason = `found ${planes.height} by ${planes.width} pixels, expected ${height} by ${width} for ${told(input)}; \`resize = ${height === width ? height : `[${height}, ${width}]`}\` makes images so`;
  throw new Fault(dataMalformed({ place: file.name, reason }));
}
