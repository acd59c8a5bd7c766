// A derivation as LaTeX: one align environment of amsmath.
import type { Formula } from '../../ir/formula/tree.js';
import { printType } from '../../ir/types.js';
import { isCotangent, relationOf, type Derivation, type Step } from '../derivation/data.js';
import { printSource } from '../../ir/source.js';
import { isWhole, type TextOptions } from './text.js';
import { settingWithin, same } from './rename.js';
import { listOf, toldOf, type Copies, type Paragraph, type ToldStep } from './paragraphs.js';
import { printDigits } from './tables.js';
import { latexLines, widthOf } from './latexLines.js';
import { widths } from './latexWidths.js';
import { latex, latexNumber } from './latexWords.js';
import { typeset } from './typeset.js';
import { withUses, type Use } from './uses.js';

/** How wide a page is, in ems: A4 with the margins of LaTeX's article at 10 points. */
const page = 32.5;
/** A wider left side stands in a line of its own. */
const widestLeft = 9;

export function printLatex(derivation: Derivation, options: TextOptions = {}): string {
  const all = toldOf(derivation, options.numbers !== undefined);
  const { sections, legend } = isWhole(options) ? all : withUses(all);
  const paragraphs = sections.flatMap((section) => section.paragraphs);
  const setting: Setting = { ...options, room: page - sides - Math.max(0, ...paragraphs.flatMap(leftWidths)) };
  const rows = [
    ...sections.flatMap((section) => [
      { comment: section.title, text: '' },
      ...section.paragraphs.flatMap((paragraph) => paragraphRows(paragraph, setting)),
    ]),
    ...legend.map(({ sign, meaning }) => ({ comment: `${sign}: ${meaning}`, text: '' })),
  ];
  const last = rows.findLastIndex(({ text }) => text !== '');
  const lines = rows.map(({ comment, text }, i) => {
    const end = text === '' || i === last ? '' : ' \\\\';
    return `${text}${end}${comment === '' ? '' : `${text === '' ? '' : ' '}% ${comment}`}`;
  });
  return ['\\begin{align}', ...lines.map((line) => `  ${line}`), '\\end{align}', ''].join('\n');
}

/** The same between dollar signs, for pages that typeset mathematics. */
export function printMarkdown(derivation: Derivation, options: TextOptions = {}): string {
  return `$$\n${printLatex(derivation, options)}$$\n`;
}

const relations = { '=': '=', '←': '\\leftarrow', '~': '\\sim' } as const;

/** What stands between the two sides. */
const sides = 1.6;

interface Setting extends TextOptions {
  /** How wide right sides may be. */
  readonly room: number;
}

interface Row {
  readonly text: string;
  readonly comment: string;
}

/** The widths of left sides that stand beside their formulas: all formulas begin behind the widest of them. */
function leftWidths(paragraph: Paragraph): number[] {
  const widths = (steps: readonly Step[], depth: number): number[] =>
    steps.flatMap(({ left, loop }) =>
      loop
        ? [...loop.starts.map((start) => depth + widthOf(start.left)), ...widths(loop.body, depth + 1)]
        : [depth + widthOf(left)],
    );
  const told = (lines: readonly ToldStep[]): Step[] => lines.flatMap(({ step, use }) => (use ? [] : [step]));
  const all =
    paragraph.kind === 'each'
      ? widths(paragraph.steps, 1)
      : widths(told(paragraph.lines), paragraph.kind === 'copies' ? 1 : 0);
  return all.filter((width) => width <= widestLeft);
}

function paragraphRows(paragraph: Paragraph, options: Setting): Row[] {
  switch (paragraph.kind) {
    case 'steps':
      return lineRows(paragraph.lines, 0, options);
    case 'each': {
      const { letter, parameters, steps } = paragraph;
      const head = { text: `& \\text{for each } ${latex.variable(letter)}`, comment: listOf(parameters) };
      return [head, ...steps.flatMap((step) => rowsOf(step, 1, options))];
    }
    case 'copies':
      return copiesRows(paragraph, options);
    default:
      return paragraph satisfies never;
  }
}

function copiesRows({ range, what, begins, gives, lines }: Copies, options: Setting): Row[] {
  const within = settingWithin(latex, same);
  const beside = settingWithin(widths, same);
  const end = (left: string, right: string): Row => {
    const [lead, sign] = Number(beside.variable(left)) > widestLeft ? ['& ', '='] : ['', '&='];
    return { text: `${lead}${within.variable(left)} ${sign} ${within.variable(right)}`, comment: '' };
  };
  return [
    ...begins.map(({ inside, outside }) => end(inside, outside)),
    { text: `& \\text{for } ${rangeText(range)}`, comment: what },
    ...lineRows(lines, 1, options),
    ...gives.map(({ inside, outside }) => end(outside, inside)),
  ];
}

function lineRows(lines: readonly ToldStep[], depth: number, options: Setting): Row[] {
  return lines.flatMap(({ step, only, use }) => [
    ...(only === undefined ? [] : [{ text: '', comment: only }]),
    ...(use ? useRows(use, depth, step.lines.map(printSource).join('  '), options) : rowsOf(step, depth, options)),
  ]);
}

/** `h_2 \\text{ as } h`, then what stands for what: as many in a line as there is room for. */
function useRows({ layer, as, differences }: Use, depth: number, comment: string, { room }: Setting): Row[] {
  const lead = `& ${'\\quad '.repeat(depth)}`;
  const widest = room - 3 - depth;
  const pairs = differences.flatMap(({ is, for: other }, i) => {
    const end = i < differences.length - 1 ? '\\text{, }' : '';
    const [one, two] = [
      { text: latexOf(is), width: widthOf(is) },
      { text: ` \\text{ for } ${latexOf(other)}${end}`, width: widthOf(other) + 2 },
    ];
    const width = one.width + two.width;
    // Each half stands alone.
    return width > widest
      ? [one, two].map(({ text }) => ({ text, width: widest }))
      : [{ text: one.text + two.text, width }];
  });
  const lines: { readonly text: string; readonly width: number }[] = [];
  for (const { text, width } of pairs) {
    const last = lines.at(-1);
    if (last && last.width + width <= widest)
      lines[lines.length - 1] = { text: last.text + text, width: last.width + width };
    else lines.push({ text: `${lead}\\quad ${last ? '' : '\\text{with } '}${text}`, width: width + 2 });
  }
  const head = `${lead}${latexOf(layer)} \\text{ as } ${latexOf(as)}${pairs.length > 0 ? '\\text{,}' : ''}`;
  return [head, ...lines.map(({ text }) => text)].map((text, i) => ({
    text,
    comment: i === lines.length ? comment : '',
  }));
}

/** `t = 0, …, T - 1` */
function rangeText(range: string): string {
  return range.replaceAll('…', '\\dots').replaceAll('ℓ', '\\ell').replaceAll('·', '\\cdot');
}

function rowsOf(step: Step, depth: number, options: Setting): Row[] {
  const indent = '\\quad '.repeat(depth);
  if (step.loop) {
    const { starts, body } = step.loop;
    return [
      ...starts.map(({ left, formula }) => row(left, formula, '=', depth, '', options)).flat(),
      { text: `${indent}& ${latexOf(step.formula)}`, comment: '' },
      ...body.flatMap((each) => rowsOf(each, depth + 1, options)),
    ];
  }
  const arrow = relations[relationOf(step)];
  const comment = [printType(step.type), ...step.lines.map(printSource)].join('  ');
  const rows = [...row(step.left, step.formula, arrow, depth, comment, options), ...valueRows(step, options)];
  if (!options.steps || !isCotangent(step)) return rows;
  return [
    ...rows,
    ...step.uses.flatMap(({ rule, upstream, local }): Row[] => [
      { text: '', comment: `rule ${rule}` },
      ...said(`${indent}\\quad \\text{from }`, upstream, options),
      ...(local ? said(`${indent}\\quad \\text{by }`, local, options) : []),
    ]),
    ...step.rewrites.map(({ equation }): Row => ({ text: '', comment: `by ${equation}` })),
  ];
}

/** A formula behind words. */
function said(words: string, formula: Formula, { room }: Setting): Row[] {
  return latexLines(formula, room - 5).map(({ text, indent }, i) => ({
    text: i === 0 ? `& ${words} ${text}` : `&${'\\quad'.repeat(indent + 1)} ${text}`,
    comment: '',
  }));
}

/** A number, a vector or a matrix of at most 8 rows and columns. */
function valueRows(step: Step, { numbers, digits = 4 }: TextOptions): Row[] {
  const value = numbers?.valuesOf(step);
  if (!value || value.shape.length > 2 || value.shape.some((n) => n > 8) || value.data.length === 0) return [];
  const width = value.shape.at(-1) ?? 1;
  const each = value.data.map((v) => latexNumber(printDigits(v, digits)));
  const rows = Array.from({ length: each.length / width }, (_, r) =>
    each.slice(r * width, (r + 1) * width).join(' & '),
  );
  const text = each.length === 1 ? each[0] : `\\begin{bmatrix} ${rows.join(' \\\\ ')} \\end{bmatrix}`;
  return [{ text: `&= ${text}`, comment: '' }];
}

function row(left: Formula, formula: Formula, arrow: string, depth: number, comment: string, { room }: Setting): Row[] {
  const indent = '\\quad '.repeat(depth);
  const isApart = depth + widthOf(left) > widestLeft;
  const lines = latexLines(formula, room).map(({ text, indent: by }) => ({ text, by }));
  const head = `${indent}${latexOf(left)}`;
  const rows = [
    ...(isApart ? [`& ${head} ${arrow}`] : []),
    ...lines.map(({ text, by }, i) => {
      if (i === 0 && !isApart) return `${head} &${arrow} ${text}`;
      return `&${'\\quad'.repeat(isApart ? by + 1 : by)} ${text}`;
    }),
  ];
  return rows.map((text, i) => ({ text, comment: i === rows.length - 1 ? comment : '' }));
}

/** A formula as LaTeX. */
export function latexOf(formula: Formula): string {
  return typeset(formula, latex);
}
