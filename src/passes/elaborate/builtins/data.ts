// Builtins that name data: what they are called with is handed on as plain data, for the command line reads them.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import type { Span } from '../../../diagnostics/diagnostic.js';
import { shortened } from '../../../diagnostics/quote.js';
import type { DataField, DataSource } from '../../../ir/model.js';
import { fail, type Frame } from '../frame.js';
import { describe, type BuiltinCall, type BuiltinDefinition, type Value, type Words } from '../values.js';
import { given } from './arguments.js';

interface SourceDefinition {
  readonly summary: string;
  readonly example: string;
  readonly forms: readonly string[];
  readonly words?: Words;
}

const atPath = ['(path, inputs…)'];

/** A column may be a number of the model's, which is called what it likes. */
const ofMissing: Words = { names: ['drop'], isFor: (argument) => argument === 'missing' };

/** What feeds an input, and not a setting, which may be a number of the model's too. */
const ofInputs = (names: readonly string[], settings: readonly string[]): Words => ({
  names,
  isFor: (argument) => !settings.includes(argument),
});

const sources: Readonly<Record<DataSource['kind'], SourceDefinition>> = {
  csv: {
    summary:
      'Columns of a csv file: for each input a number (from 0; negative ones count from the end), a range a..b, a name of the header, or a list of these. Words become the classes of an index, in code-point order or by `classes = ["a", "b"]`. Missing values are an error, or `missing = drop` leaves their rows out, or `missing = 0` puts a number there.',
    example: 'csv("rows.csv", x = 0..7, label = "class")',
    forms: atPath,
    words: ofMissing,
  },
  parquet: {
    summary: 'Columns of a parquet file, as those of csv; a column of lists of one length is as many columns.',
    example: 'parquet("rows.parquet", x = 0..7, label = "class")',
    forms: atPath,
    words: ofMissing,
  },
  npz: {
    summary: 'Arrays of a NumPy archive, by the names of the inputs or by those given.',
    example: 'npz("data.npz", x = "x_train")',
    forms: atPath,
  },
  safetensors: {
    summary: 'Tensors of a safetensors file, by the names of the inputs or by those given.',
    example: 'safetensors("data.safetensors")',
    forms: atPath,
  },
  images: {
    summary:
      'PNG and JPEG files in a folder for each class: values from 0 to 255, channels as the input has them. All are of one size, or `resize = 32` makes them so.',
    example: 'images("pictures", image = pixels, label = folder)',
    forms: atPath,
    words: ofInputs(['pixels', 'folder'], ['resize', 'classes']),
  },
  text: {
    summary:
      'Windows of a text as numbers of characters, in code-point order, or of bytes with `bytes = true`: `here` is a window, `next` the same one further on. They begin `stride` apart, by default as far as they are long.',
    example: 'text("book.txt", x = here, label = next, stride = 8)',
    forms: atPath,
    words: ofInputs(['here', 'next'], ['window', 'stride', 'bytes']),
  },
  module: {
    summary:
      'An ES module that exports train, and validation and test if it has them: objects of typed arrays by input, or functions ({ epoch, seed, batch }) => batches of such.',
    example: 'module("./data.mjs")',
    forms: atPath,
  },
  npy: { summary: 'A NumPy file for each input.', example: 'npy(x = "x.npy")', forms: ['(inputs…)'] },
  idx: {
    summary: 'A file of the MNIST format for each input, gzipped or not.',
    example: 'idx(image = "train-images-idx3-ubyte.gz")',
    forms: ['(inputs…)'],
  },
};

const kinds = Object.keys(sources) as DataSource['kind'][];

export const dataBuiltins: readonly BuiltinDefinition[] = kinds.map((kind) => ({
  name: kind,
  kind: 'data source',
  ...sources[kind],
  apply: (call) => dataSource(call, kind),
}));

/** Any name may be asked for: none is there that was not given. */
function withoutPrototype(fields: ReadonlyMap<string, DataField>): Record<string, DataField> {
  return Object.assign(Object.create(null), Object.fromEntries(fields));
}

function dataSource(call: BuiltinCall, kind: DataSource['kind']): Value {
  const fields = new Map<string, DataField>();
  let path: string | undefined;
  for (const [key, argument] of call.given) {
    const value = dataField(argument.value, argument.span, call.frame);
    if (key === 'path' && typeof value === 'string') path = value;
    else fields.set(argument.name ?? key, value);
  }
  const [delimiter, decimal] = [fields.get('delimiter'), fields.get('decimal')];
  if (kind === 'csv' && typeof decimal === 'string' && decimal === delimiter)
    return fail(
      call.frame,
      wrongKind({
        expected: 'a decimal mark other than the delimiter',
        got: `"${shortened(decimal)}" for both`,
        span: given(call, 'decimal').span,
      }),
    );
  return { kind: 'data', source: { kind, ...(path !== undefined && { path }), fields: withoutPrototype(fields) } };
}

/** An argument of a data source as plain data. */
function dataField(value: Value, span: Span, frame: Frame): DataField {
  switch (value.kind) {
    case 'number':
    case 'string':
    case 'boolean':
      return value.value;
    case 'range':
      return { from: value.from, to: value.to };
    case 'list':
      return value.items.map((item) => dataField(item, span, frame));
    default:
      return fail(frame, wrongKind({ expected: 'a column, a path or a list of them', got: describe(value), span }));
  }
}
