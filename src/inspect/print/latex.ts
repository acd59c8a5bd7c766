// A derivation as LaTeX: one align environment of amsmath.
import type { Formula } from '../../ir/formula/tree.js';
import { printFormula } from '../../ir/formula/text.js';
import { printType } from '../../ir/types.js';
import { isCotangent, relationOf, type Derivation, type Step } from '../derivation/data.js';
import { printSource } from '../../ir/source.js';
import type { TextOptions } from './text.js';
import { settingWithin, same } from './rename.js';
import { listOf, toldOf, type Copies, type Paragraph } from './paragraphs.js';
import { printDigits } from './tables.js';
import { termsOf, typeset, type Typesetter } from './typeset.js';

/** What is longer on paper, as characters of plain mathematics, is broken before the signs of its terms. */
const widest = 80;

export function printLatex(derivation: Derivation, options: TextOptions = {}): string {
  const { sections, legend } = toldOf(derivation, options.numbers !== undefined);
  const rows = [
    ...sections.flatMap(({ title, paragraphs }) => [
      { comment: title, text: '' },
      ...paragraphs.flatMap((paragraph) => paragraphRows(paragraph, options)),
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

interface Row {
  readonly text: string;
  readonly comment: string;
}

function paragraphRows(paragraph: Paragraph, options: TextOptions): Row[] {
  switch (paragraph.kind) {
    case 'steps':
      return paragraph.steps.flatMap((step) => rowsOf(step, 0, options));
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

function copiesRows({ range, what, begins, gives, lines }: Copies, options: TextOptions): Row[] {
  const within = settingWithin(latex, same);
  const said = (left: string, right: string): Row => ({
    text: `${within.variable(left)} &= ${within.variable(right)}`,
    comment: '',
  });
  return [
    ...begins.map(({ inside, outside }) => said(inside, outside)),
    { text: `& \\text{for } ${rangeText(range)}`, comment: what },
    ...lines.flatMap(({ step, only }) => [
      ...(only === undefined ? [] : [{ text: '', comment: only }]),
      ...rowsOf(step, 1, options),
    ]),
    ...gives.map(({ inside, outside }) => said(outside, inside)),
  ];
}

/** `t = 0, …, T - 1` */
function rangeText(range: string): string {
  return range.replaceAll('…', '\\dots').replaceAll('ℓ', '\\ell').replaceAll('·', '\\cdot');
}

function rowsOf(step: Step, depth: number, options: TextOptions): Row[] {
  const indent = '\\quad '.repeat(depth);
  if (step.loop) {
    const { starts, body } = step.loop;
    return [
      ...starts.map(({ left, formula }) => row(left, formula, '=', indent, '')).flat(),
      { text: `${indent}& ${latexOf(step.formula)}`, comment: '' },
      ...body.flatMap((each) => rowsOf(each, depth + 1, options)),
    ];
  }
  const arrow = relations[relationOf(step)];
  const comment = [printType(step.type), ...step.lines.map(printSource)].join('  ');
  const rows = [...row(step.left, step.formula, arrow, indent, comment), ...valueRows(step, options)];
  if (!options.steps || !isCotangent(step)) return rows;
  return [
    ...rows,
    ...step.uses.flatMap(({ rule, upstream, local }): Row[] => [
      { text: '', comment: `rule ${rule}` },
      {
        text: `${indent}& \\quad \\text{from } ${latexOf(upstream)}${local ? ` \\text{ by } ${latexOf(local)}` : ''}`,
        comment: '',
      },
    ]),
    ...step.rewrites.map(({ equation }): Row => ({ text: '', comment: `by ${equation}` })),
  ];
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

function row(left: Formula, formula: Formula, arrow: string, indent: string, comment: string): Row[] {
  const long = [...printFormula(formula, 'math')].length > widest;
  const [first, ...rest] = long ? termsOf(formula, latex) : [latexOf(formula)];
  const rows = [
    { text: `${indent}${latexOf(left)} &${arrow} ${first}`, comment: '' },
    ...rest.map((term) => ({ text: `&\\quad ${term}`, comment: '' })),
  ];
  return rows.map((each, i) => (i === rows.length - 1 ? { ...each, comment } : each));
}

/** A formula as LaTeX. */
export function latexOf(formula: Formula): string {
  return typeset(formula, latex);
}

const named: ReadonlySet<string> = new Set(['tanh', 'exp', 'log', 'sin', 'cos', 'max', 'min']);

const brackets: Readonly<Record<string, readonly [string, string]>> = {
  '(': ['(', ')'],
  '[': ['[', ']'],
  '|': ['\\lvert ', '\\rvert'],
};

export const latex: Typesetter = {
  row: (parts) => parts.join(' '),
  variable: latexWord,
  upright: (word) =>
    named.has(word)
      ? `\\${word}`
      : /^[\p{L}\p{N}_]+$/u.test(word)
        ? `\\operatorname{${escaped(word)}}`
        : `\\text{${escaped(word)}}`,
  number: (text) => latexNumber(text),
  sign: (_, command) => command,
  sub: (base, index) => `{${base}}_{${index}}`,
  sup: (base, exponent) => `{${base}}^{${exponent}}`,
  fraction: (over, under) => `\\frac{${over}}{${under}}`,
  root: (of) => `\\sqrt{${of}}`,
  fenced: (open, of) => {
    const [first, last] = brackets[open];
    return `\\left${first}${of}\\right${last}`;
  },
  cases: (rows) => `\\begin{cases} ${rows.map(({ value, when }) => `${value} & ${when}`).join(' \\\\ ')} \\end{cases}`,
  sum: (over, of) => `\\sum${over === undefined ? '' : `_{${over}}`} ${of}`,
  marked: (_, of) => of,
};

function latexNumber(text: string): string {
  if (text === 'inf' || text === '-inf') return text.replace('inf', '\\infty');
  return text.replace(/e([-+]?\d+)$/, ' \\cdot 10^{$1}').replace('{+', '{');
}

/** A letter alone, a letter with digits as its index, or a word. */
function latexWord(word: string): string {
  const [, letter, digits] = /^(\p{L})(\d*)$/u.exec(word) ?? [];
  if (letter !== undefined) return digits === '' ? letterOf(letter) : `${letterOf(letter)}_{${digits}}`;
  const [, head, rest] = /^(\p{L})_(.+)$/u.exec(word) ?? [];
  if (head !== undefined && rest !== undefined) return `${letterOf(head)}_{${latexWord(rest)}}`;
  return `\\mathrm{${escaped(word)}}`;
}

const greek: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ α: 'alpha', β: 'beta', γ: 'gamma', δ: 'delta', ε: 'varepsilon', ζ: 'zeta', η: 'eta', θ: 'theta', ι: 'iota' },
    ...{ κ: 'kappa', λ: 'lambda', μ: 'mu', ν: 'nu', ξ: 'xi', π: 'pi', ρ: 'rho', σ: 'sigma', τ: 'tau', υ: 'upsilon' },
    ...{ φ: 'varphi', χ: 'chi', ψ: 'psi', ω: 'omega', Γ: 'Gamma', Δ: 'Delta', Θ: 'Theta', Λ: 'Lambda', Ξ: 'Xi' },
    ...{ Π: 'Pi', Σ: 'Sigma', Φ: 'Phi', Ψ: 'Psi', Ω: 'Omega' },
  }),
);

function letterOf(letter: string): string {
  const command = greek.get(letter);
  return command === undefined ? letter : `\\${command}`;
}

/** Text in which nothing has a meaning to LaTeX. */
function escaped(text: string): string {
  return text
    .replace(/[\\{}$&#%_^~]/g, (c) => (c === '\\' ? '\\backslash ' : c === '^' || c === '~' ? `\\${c}{}` : `\\${c}`))
    .replace(/\p{L}/gu, (c) => (greek.has(c) ? `$${letterOf(c)}$` : c));
}
