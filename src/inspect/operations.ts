// What one can write in the language: builtins, library definitions and forms, each under its kind, with signature and summary.
import type { Source } from '../diagnostics/diagnostic.js';
import { forms } from '../parser/forms.js';
import { parse } from '../parser/parse.js';
import type { Declaration, Statement } from '../parser/tree.js';
import { builtins, constants } from '../passes/elaborate/builtins.js';
import { nearest } from '../passes/elaborate/names.js';
import type { BuiltinKind } from '../passes/elaborate/values.js';
import type { Spot } from './examples.js';

/** The kinds, in the order in which they are listed. */
export const kinds = [
  'activation',
  'loss',
  'metric',
  'layer',
  'optimizer',
  'schedule',
  'initialiser',
  'elementwise',
  'reduction',
  'shape',
  'making tensors',
  'indexing',
  'static',
  'data source',
  'syntax',
  'part',
] as const satisfies readonly (BuiltinKind | string)[];

export type OperationKind = (typeof kinds)[number];

export interface Operation {
  readonly name: string;
  /** `part`: what definitions of the library are made of, not documented by itself. */
  readonly kind: OperationKind;
  /** How it is written: `softmax(x, axis = -1)`. Several where it has several forms. */
  readonly signatures: readonly string[];
  /** The first sentences, on one line. */
  readonly summary: string;
  /** All that its author says of it. */
  readonly doc: string;
  readonly example?: string;
  readonly spot: Spot;
  /** Of definitions of the library. */
  readonly source?: { readonly file: string; readonly text: string };
  /** The kind that it is shown with: its own, for a part that of the definition before it. */
  readonly family: OperationKind;
  /** The parameters and states of a layer, as they are declared. */
  readonly owns: readonly string[];
  /** What it says of its settings: `rate is from 0 to 1`. */
  readonly requires: readonly string[];
}

/** What a library holds, which is parsed once however many pages are made of it. */
const lists = new WeakMap<readonly Source[], readonly Operation[]>();

/** All names of the language, by kind. What is not supported yet is left out. */
export function listOperations(library: readonly Source[]): readonly Operation[] {
  const known = lists.get(library);
  if (known) return known;
  const all = [...fromLibrary(library), ...fromBuiltins(), ...fromConstants(), ...fromForms()];
  const listed = kinds.flatMap((kind) => all.filter((operation) => operation.kind === kind));
  lists.set(library, listed);
  return listed;
}

/** Names that are known, and answered with "not supported yet". */
export function unsupported(): string[] {
  return builtins.flatMap(({ name, kind }) => (kind === undefined ? [name] : []));
}

/** The name that was probably meant. */
export function nearestOperation(name: string, library: readonly Source[]): string | undefined {
  return nearest(
    name,
    listOperations(library).map((operation) => operation.name),
  );
}

function fromBuiltins(): Operation[] {
  return builtins.flatMap(({ name, kind, forms: calls, summary, example }) =>
    kind === undefined
      ? []
      : [
          {
            name,
            kind,
            signatures: calls.map((form) => `${name}${form}`),
            summary,
            doc: summary,
            ...(example !== undefined && { example }),
            spot: spotOf(kind),
            family: kind,
            owns: [],
            requires: [],
          },
        ],
  );
}

function fromConstants(): Operation[] {
  return constants.map(({ name, summary, example }) => ({
    name,
    kind: 'static',
    signatures: [name],
    summary,
    doc: summary,
    example,
    spot: 'expression',
    family: 'static',
    owns: [],
    requires: [],
  }));
}

function fromForms(): Operation[] {
  return forms.map(({ name, use, summary, example, place }) => ({
    name,
    kind: 'syntax',
    signatures: [use],
    summary,
    doc: summary,
    example,
    spot: place,
    family: 'syntax',
    owns: [],
    requires: [],
  }));
}

function fromLibrary(library: readonly Source[]): Operation[] {
  return library.flatMap((source) => {
    let family: OperationKind = 'part';
    return parse(source).file.declarations.flatMap((declaration) => {
      if (declaration.kind === 'import' || declaration.kind === 'gradient' || declaration.kind === 'model') return [];
      const { example, doc, summary } = readDoc(declaration.doc ?? '');
      const kind = kindOf(declaration, source);
      if (kind !== 'part') family = kind;
      return [
        {
          name: declaration.name.name,
          kind,
          signatures: [signatureOf(declaration, source)],
          summary,
          doc,
          ...(example !== undefined && { example }),
          spot: spotOf(kind),
          family,
          source: { file: source.file, text: source.text.slice(declaration.span.start, declaration.span.end) },
          owns: declaration.kind === 'layer' ? owned(declaration.body.statements, source) : [],
          requires: required(declaration),
        },
      ];
    });
  });
}

/** A doc comment: what it says, and the use that it shows in a line `Example: …`. */
function readDoc(doc: string): { summary: string; doc: string; example?: string } {
  const lines = doc.split('\n');
  const said = lines.filter((line) => !line.startsWith('Example: '));
  const example = lines.find((line) => line.startsWith('Example: '))?.slice('Example: '.length);
  return { summary: said[0], doc: said.join('\n'), ...(example !== undefined && { example }) };
}

/** A documented definition is of the kind that its file holds; others are parts. */
function kindOf(declaration: Declaration, { file, text }: Source): OperationKind {
  if (declaration.doc === undefined) return 'part';
  switch (file.replace(/^.*\//, '')) {
    case 'activations.nn':
      return 'activation';
    case 'losses.nn':
      return 'loss';
    case 'metrics.nn':
      return 'metric';
    case 'adapters.nn':
    case 'layers.nn':
    case 'attention.nn':
    case 'convolution.nn':
    case 'pooling.nn':
    case 'recurrent.nn':
      return 'layer';
    case 'optimizers.nn':
      return 'optimizer';
    case 'schedules.nn':
      return 'schedule';
    case 'initializers.nn':
      return 'initialiser';
    default:
      return /\baxis\b/.test(text.slice(declaration.span.start, declaration.span.end).split(/[={]/)[0])
        ? 'reduction'
        : 'elementwise';
  }
}

function spotOf(kind: OperationKind): Spot {
  switch (kind) {
    case 'initialiser':
    case 'schedule':
    case 'data source':
      return kind;
    case 'optimizer':
      return 'optimizer value';
    default:
      return 'expression';
  }
}

/** The head of a definition without its keyword: `dense(units, bias = true)(x: [..., n]) -> [..., units]`. */
function signatureOf(
  declaration: Exclude<Declaration, { kind: 'import' | 'gradient' | 'model' }>,
  { text }: Source,
): string {
  if (declaration.kind === 'constant') return declaration.name.name;
  const end =
    declaration.kind === 'optimizer' ? text.indexOf('{', declaration.span.start) : declaration.body.span.start;
  return text.slice(declaration.name.span.start, end).replace(/\s+/g, ' ').trim();
}

function owned(statements: readonly Statement[], { text }: Source): string[] {
  return statements.flatMap((statement) =>
    statement.kind === 'param' || statement.kind === 'state'
      ? [text.slice(statement.span.start, statement.span.end)]
      : [],
  );
}

function required(declaration: Declaration): string[] {
  if (declaration.kind === 'import' || declaration.kind === 'constant') return [];
  const { body } = declaration;
  const statements = 'statements' in body ? body.statements : body;
  return statements.flatMap((statement) => (statement.kind === 'require' ? [statement.text.value] : []));
}
