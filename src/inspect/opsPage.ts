// docs/ops.md: the primitive operations one by one, made from their own records.
import { listPrimitives, type Primitive, type Use } from './primitives.js';

const kinds: Readonly<Record<Primitive['kind'], { readonly title: string; readonly text: string }>> = {
  leaf: { title: 'Leaves', text: 'What a graph starts from. Each lives in a buffer, and has no operands.' },
  element: {
    title: 'Elements',
    text: 'One element of the result is a function of its coordinates and of elements of the operands: that function is all that the evaluator, fusion and every target know of the operation.',
  },
  structured: {
    title: 'Loops',
    text: 'What is made of graphs of its own. Its elements are no function of their coordinates alone.',
  },
};

/** The page as Markdown. */
export function opsPage(): string {
  const all = listPrimitives();
  const sections = Object.entries(kinds).flatMap(([kind, { title, text }]) => {
    const own = all.filter((primitive) => primitive.kind === kind);
    return [`## ${title}`, text, ...(kind === 'leaf' ? [table(own)] : own.map(section))];
  });
  return [
    '# The primitive operations',
    '<!-- Written by `npm run docs` from the records of src/ir/ops: change it there. -->',
    'Everything in the language becomes these, as `nnc compile --emit graph` shows them, and [library.md](library.md) says what one writes. ' +
      'Operands are `x`, or `a`, `b`, …; `y` is the result, and `d_y` its cotangent: the derivative of the loss by `y`. Operations do not broadcast: ' +
      'elaboration puts a `broadcast` where the language does. A sum over coordinates is written `add over k (…)`; `$1`, `$2` are what an element has several times. ' +
      '`nnc ops NAME` prints one of them.',
    ...sections,
    '',
  ].join('\n\n');
}

function table(own: readonly Primitive[]): string {
  const rows = own.map(({ name, summary }) => `| \`${name}\` | ${summary} |`);
  return ['| leaf | is |', '| --- | --- |', ...rows].join('\n');
}

function section({ name, summary, uses: [use, ...more], rules }: Primitive): string {
  const others = more.map((other) => `- \`y = ${other.formula}\`: ${signatureOf(other)}`);
  return [
    `### ${name}`,
    summary,
    ...(use ? described(use) : []),
    ...(others.length > 0 ? ['Other uses:', others.join('\n')] : []),
    ...(rules.length > 0 ? ['The simplifier knows:', rules.map((rule) => `- \`${rule}\``).join('\n')] : []),
  ].join('\n\n');
}

function described(use: Use): string[] {
  const { formula, mathematics, element, derivative } = use;
  const lines = [`y = ${formula}`, ...(mathematics === formula ? [] : [`y = ${mathematics}`])];
  const shown = element.length > longest ? [`a hash in ${element.length} steps`] : element;
  return [
    `${signatureOf(use)}.`,
    fenced([
      ...lines,
      ...(shown.length > 0 ? ['', ...shown] : []),
      '',
      ...(derivative.length > 0 ? derivative : ['no gradient flows through it']),
    ]),
  ];
}

/** Longer element rules are read in the source. */
const longest = 24;

/** `a: f32[2, 3], b: f32[3]; the result is f32[2, 3]`. */
function signatureOf({ operands, type }: Use): string {
  const given = operands.length === 0 ? 'no operands' : operands.map((o) => `\`${o.name}: ${o.type}\``).join(', ');
  return `${given}; the result is \`${type}\``;
}

function fenced(lines: readonly string[]): string {
  return ['```text', ...lines, '```'].join('\n');
}
