// docs/library.md: everything that can be called, made from the library's own comments and the builtins' own descriptions.
import type { Source } from '../diagnostics/diagnostic.js';
import { listOperations, type Operation, type OperationKind } from './operations.js';
import { listPrimitives } from './primitives.js';

/** Headings, with what is to be known of a kind as a whole. */
const sections: readonly { readonly kind: OperationKind; readonly title: string; readonly text: string }[] = [
  {
    kind: 'layer',
    title: 'Layers',
    text: 'A layer is configured first and applied then: `x |> dense(4)`. One whose configuration has defaults throughout may be named without parentheses: `x |> layer_norm`.',
  },
  { kind: 'activation', title: 'Activations', text: '' },
  { kind: 'loss', title: 'Losses', text: 'Each is a scalar: the mean over all that its formula does not sum.' },
  { kind: 'metric', title: 'Metrics', text: '' },
  {
    kind: 'optimizer',
    title: 'Optimizers',
    text: '`w` is a parameter, `g` its gradient, `t` the number of this update from 1, a `slot` is state in the shape of w. `lr` and the other settings may be numbers; `lr` may be a schedule too.',
  },
  {
    kind: 'schedule',
    title: 'Schedules',
    text: 'Functions of k, the number of updates already made. `warmup` updates come first, in which the rate grows evenly from `first / warmup` to `first`, the value at the start; the schedule has the `steps - warmup` that are left.',
  },
  {
    kind: 'initialiser',
    title: 'Initialisers',
    text: 'Used as `param W: [n, units] ~ glorot_uniform()`. `zeros` and `ones` without a shape are initialisers too.',
  },
  {
    kind: 'elementwise',
    title: 'Functions of each element',
    text: 'Of numbers that are known while compiling they are computed then.',
  },
  {
    kind: 'reduction',
    title: 'Reductions',
    text: '`axis` is a position, which counts from the end where it is negative, the name of a dimension, or a list of these. `keep = true` leaves the axes with size 1.',
  },
  { kind: 'shape', title: 'Shapes', text: '' },
  { kind: 'making tensors', title: 'Making tensors', text: '' },
  {
    kind: 'indexing',
    title: 'Indexing',
    text: 'Positions, slices and rows are taken in brackets: see [the language](language.md#indexing).',
  },
  { kind: 'static', title: 'Known while compiling', text: '' },
  {
    kind: 'data source',
    title: 'Data sources',
    text: 'Values of the setting `data`. An input is mapped by its name. Paths are relative to the folder of the .nn file; files may be gzipped.',
  },
];

/** The page as Markdown, before it is formatted. */
export function libraryPage(library: readonly Source[]): string {
  const all = listOperations(library);
  const parts = sections.map(({ kind, title, text }) => {
    const own = all.filter((operation) => operation.kind === kind);
    const written = all.filter((operation) => operation.family === kind && operation.source);
    const head = [`## ${title}`, ...(text === '' ? [] : [text])];
    return [...head, ...(kind === 'layer' ? own.map(layerSection) : [table(own), ...source(written)])].join('\n\n');
  });
  return [head, ...parts, primitives()].join('\n\n') + '\n';
}

const head = `<!-- Made by npm run docs from src/std and the builtins' own descriptions. -->

# The standard library

Everything that can be called, with its defaults. It is in scope in every file; a file may define any of these names anew.
Examples speak of \`x\`, \`z\`, \`prediction\`, \`target\`, \`logits\`: \`[batch, 8]\`, \`label: index(8)[batch]\`, \`ids: index(100)[batch]\` and
\`image: [batch, 3, 4, 4]\`. [The language](language.md) says what the forms mean; \`nnc ops NAME\` prints one entry, with derivatives.`;

function table(operations: readonly Operation[]): string {
  const rows = operations.map(({ signatures, doc, requires, example = '' }) =>
    [signatures.map(code).join('<br>'), [doc.replaceAll('\n', ' '), ...ranges(requires)].join('<br>'), code(example)]
      .map(cell)
      .join(' | '),
  );
  return ['| form | meaning | for example |', '| --- | --- | --- |', ...rows.map((row) => `| ${row} |`)].join('\n');
}

function layerSection({ name, signatures, doc, example = '', owns, requires, source: own }: Operation): string {
  const declared = owns.length === 0 ? [] : [`It has ${owns.map(code).join(', ')}.`];
  const lines = [
    `### ${name}`,
    signatures.map(code).join(', '),
    doc,
    ...declared,
    ...ranges(requires),
    `For example: ${code(example)}`,
  ];
  return [...lines, ...(own ? [fenced(own.text)] : [])].join('\n\n');
}

/** What is required of settings, as a sentence. */
function ranges(requires: readonly string[]): string[] {
  return requires.length === 0 ? [] : [`Required: ${requires.join('; ')}.`];
}

/** How a kind's definitions are written: their formulas. */
function source(operations: readonly Operation[]): string[] {
  const texts = operations.flatMap((operation) => operation.source?.text ?? []);
  return texts.length === 0 ? [] : ['In the language:', fenced(texts.join('\n\n'))];
}

function primitives(): string {
  const rows = listPrimitives().flatMap(({ use, summary }) => {
    if (!use) return [];
    const derivative = use.derivative.length === 0 ? 'none' : use.derivative.map(code).join('<br>');
    return [`| ${[code(use.formula), summary, derivative].map(cell).join(' | ')} |`];
  });
  const text =
    'What all of the above becomes. `y` is the result and `d_y` its cotangent: the derivative of the loss by y. A cotangent of fewer axes than its operand is repeated along the others. `spread_out`, `again` and `random` are made by the compiler alone.';
  return [
    '## Primitive operations',
    text,
    '| operation | meaning | derivative |\n| --- | --- | --- |\n' + rows.join('\n'),
  ].join('\n\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function fenced(text: string): string {
  return `\`\`\`nn\n${text}\n\`\`\``;
}
