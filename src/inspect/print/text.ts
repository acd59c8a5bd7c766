// A derivation as text: Unicode mathematics, or the language's own notation, in columns with types and source lines.
import { breakFormula } from '../../ir/formula/break.js';
import { printFormula, type NotationStyle } from '../../ir/formula/text.js';
import type { Formula } from '../../ir/formula/tree.js';
import { printDim, printType } from '../../ir/types.js';
import { isCotangent, relationOf, type Derivation, type LegendEntry, type Step } from '../derivation/data.js';
import { printPlace, printSource } from '../../ir/source.js';
import type { Numbers } from '../derivation/numbers.js';
import { listOf, toldOf, type Copies, type Paragraph, type ToldStep } from './paragraphs.js';
import { printTable } from './tables.js';
import { withUses, type Use } from './uses.js';

export interface TextOptions {
  readonly style?: NotationStyle;
  /** Each use of the chain rule with its rule and the equations that follow. */
  readonly steps?: boolean;
  /** Worked numbers, and with how many significant digits. */
  readonly numbers?: Numbers;
  readonly digits?: number;
}

/** No line is wider where it can be broken. */
const widest = 100;
/** Formulas are no wider, so that they stand together with their comments. */
const widestFormula = 88;
/** Names that are longer stand on lines of their own before formulas that have to be broken. */
const widestName = 30;
/** Where comments stand at most. */
const column = 72;
const usualDigits = 4;

/** The derivation as text. */
export function printText(derivation: Derivation, options: TextOptions = {}): string {
  const all = toldOf(derivation, options.numbers !== undefined);
  const { sections: told, legend } = isWhole(options) ? all : withUses(all);
  const sections = told.map(({ title, paragraphs }) => [
    `// ${title}`,
    ...commented(paragraphs.flatMap((paragraph) => paragraphRows(paragraph, options))),
  ]);
  const given = options.numbers ? [givenLines(options.numbers, options)] : [];
  return `${[...given, ...sections, ...legendLines(legend)].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Is every step told? With its rules and numbers, and in the language. */
export function isWhole({ style = 'math', steps = false, numbers }: TextOptions): boolean {
  return style !== 'math' || steps || numbers !== undefined;
}

interface Row {
  readonly text: readonly string[];
  readonly comment: string;
  /** The comment where there is less room. */
  readonly brief?: string;
}

function paragraphRows(paragraph: Paragraph, options: TextOptions): Row[] {
  switch (paragraph.kind) {
    case 'steps':
      return lineRows(paragraph.lines, '', options);
    case 'each': {
      const { letter, parameters, steps } = paragraph;
      const words = `for each parameter ${letter} of ${listOf(parameters)}`.split(' ');
      const [first, ...rest] = filled(words, widestFormula);
      const head: Row = { text: [first, ...rest.map((line) => `    ${line}`)], comment: '' };
      return [head, ...stepRows(steps, '  ', options, ofSource)];
    }
    case 'copies':
      return copiesRows(paragraph, options);
    default:
      return paragraph satisfies never;
  }
}

/** What letters and signs mean that no line defines. */
function legendLines(legend: readonly LegendEntry[]): string[][] {
  if (legend.length === 0) return [];
  const width = Math.max(...legend.map(({ sign }) => lengthOf(sign)));
  const lines = legend.flatMap(({ sign, meaning }) => {
    const [first, ...rest] = filled(meaning.split(' '), Math.max(widest - width - 2, widestFormula / 2));
    return [`${padded(sign, width)}  ${first}`, ...rest.map((line) => `${' '.repeat(width)}  ${line}`)];
  });
  return [['// where', ...lines]];
}

/** As many words in a line as there is room for. */
function filled(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function copiesRows({ range, what, begins, gives, lines }: Copies, options: TextOptions): Row[] {
  const said = (text: string, comment = ''): Row => ({ text: [text], comment });
  const steps = lines.map(({ step }) => step);
  // What is the same of all lines is said once.
  const [source, ...others] = new Set(steps.map(sourceOf));
  const isCommon = others.length === 0;
  return [
    ...begins.map(({ inside, outside }) => said(`${inside} = ${outside}`)),
    said(`for ${range}`, isCommon ? `${what}  ${source}` : what),
    ...lineRows(lines, '  ', options, isCommon ? ofType : ofBoth),
    ...gives.map(({ inside, outside }) => said(`${outside} = ${inside}`)),
  ];
}

function lineRows(lines: readonly ToldStep[], indent: string, options: TextOptions, remark: Remark = ofBoth): Row[] {
  const steps = lines.flatMap(({ step, use }) => (use ? [] : [step]));
  const width = nameWidth(steps, options);
  return lines.flatMap(({ step, only, use }) => [
    ...(only === undefined ? [] : [{ text: [`${indent}// ${only}`], comment: '' }]),
    ...(use
      ? [useRow(use, indent, remark === ofType ? { comment: '' } : ofSource(step))]
      : rowsOf(step, indent, width, options, remark)),
  ]);
}

/** `h_norm_2 as h_norm, with y for x` */
function useRow({ layer, as, differences }: Use, indent: string, remark: ReturnType<Remark>): Row {
  const text = (formula: Formula): string => printFormula(formula, 'math');
  const each = differences.map(({ is, for: other }, i) => `${i === 0 ? 'with ' : ''}${text(is)} for ${text(other)}`);
  const parts = [`${text(layer)} as ${text(as)}`, ...each].map((part, i, all) =>
    i < all.length - 1 ? `${part},` : part,
  );
  const [first, ...rest] = filled(parts, widestFormula - indent.length - 4);
  return { text: [indent + first, ...rest.map((line) => `${indent}    ${line}`)], ...remark };
}

function stepRows(steps: readonly Step[], indent: string, options: TextOptions, remark: Remark = ofBoth): Row[] {
  const width = nameWidth(steps, options);
  return steps.flatMap((step) => rowsOf(step, indent, width, options, remark));
}

/** Comments stand below one another; one for which its line has no room left is shorter, or stands on the next line. */
function commented(rows: readonly Row[]): string[] {
  const lastOf = ({ text }: Row): string => text.at(-1) ?? '';
  const longest = Math.max(...rows.map((row) => lengthOf(lastOf(row))));
  const most = Math.max(...rows.map(({ comment }) => lengthOf(comment)));
  const at = Math.min(longest, column, Math.max(widest - most - lengthOf('  // '), widest / 4));
  return rows.flatMap((row): string[] => {
    const { text, comment, brief = comment } = row;
    if (comment === '') return [...text];
    const beside = [comment, brief].map((words) => `${padded(lastOf(row), at)}  // ${words}`);
    const fits = beside.find((line) => lengthOf(line) <= widest);
    const below = Math.min(at, Math.max(0, widest - lengthOf(comment) - lengthOf('  // ')));
    return fits === undefined ? [...text, `${' '.repeat(below)}  // ${comment}`] : [...text.slice(0, -1), fits];
  });
}

const lengthOf = (text: string): number => [...text].length;
const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - lengthOf(text)));

/** Where formulas begin: behind the longest name that is not too long. */
function nameWidth(steps: readonly Step[], { style = 'math' }: TextOptions): number {
  const widths = steps.filter(({ loop }) => !loop).map((step) => lengthOf(leftOf(step, style)));
  return Math.max(...widths.filter((width) => width <= widestName), 0);
}

/** What a step defines; letters for its axes stand in mathematics alone. */
function leftOf({ left, letters = 0 }: Step, style: NotationStyle): string {
  if (style === 'math' || letters === 0 || left.kind !== 'index') return printFormula(left, style);
  const places = left.places.slice(0, -letters);
  return printFormula(places.length === 0 ? left.of : { ...left, places }, style);
}

/** A formula behind what it defines. */
function defined(
  left: string,
  sign: string,
  formula: Formula,
  indent: string,
  width: number,
  style: NotationStyle,
): string[] {
  const head = `${indent}${padded(left, width)} ${sign} `;
  const whole = printFormula(formula, style);
  if (lengthOf(head) + lengthOf(whole) <= widestFormula) return [head + whole];
  const usual = lengthOf(indent) + width + lengthOf(` ${sign} `);
  const isOver = lengthOf(head) > usual;
  const lines = breakFormula(formula, style, widestFormula - usual);
  return isOver
    ? [head.trimEnd(), ...lines.map((line) => ' '.repeat(usual) + line)]
    : lines.map((line, i) => (i === 0 ? head : ' '.repeat(usual)) + line);
}

/** What is said beside a step, and in fewer words. */
type Remark = (step: Step) => Pick<Row, 'comment' | 'brief'>;

const sourceOf = ({ lines }: Step): string => lines.map(printSource).join('  ');
const ofType: Remark = ({ type }) => ({ comment: printType(type) });
const ofSource: Remark = (step) => ({ comment: sourceOf(step) });
const ofBoth: Remark = ({ type, lines }) => ({
  comment: [printType(type), ...lines.map(printSource)].join('  '),
  brief: [printType(type), ...lines.map(printPlace)].join('  '),
});

function rowsOf(step: Step, indent: string, width: number, options: TextOptions, remark: Remark): Row[] {
  const { style = 'math' } = options;
  const text = (formula: Formula): string => printFormula(formula, style);
  if (step.loop) {
    const { body, starts, length } = step.loop;
    return [
      ...starts.map(({ left, formula }): Row => ({
        text: defined(text(left), '=', formula, indent, 0, style),
        comment: '',
      })),
      { text: [`${indent}${text(step.formula)}`], comment: `${printDim(length)} rounds` },
      ...stepRows(body, `${indent}  `, options, remark),
    ];
  }
  const row: Row = {
    text: defined(leftOf(step, style), relationOf(step), step.formula, indent, width, style),
    ...remark(step),
  };
  const rows = [row, ...valueRows(step, indent, options)];
  return options.steps && isCotangent(step) ? [...rows, ...chainRows(step, `${indent}    `, style)] : rows;
}

/** The numbers that everything starts from; of large tensors the first ones. */
function givenLines({ given }: Numbers, { digits = usualDigits }: TextOptions): string[] {
  return [
    '// given',
    ...given.flatMap(({ name, value }) => [name, ...printTable(value, digits).map((line) => `    ${line}`)]),
  ];
}

function valueRows(step: Step, indent: string, { numbers, digits = usualDigits }: TextOptions): Row[] {
  const value = numbers?.valuesOf(step);
  return value ? printTable(value, digits).map((line) => ({ text: [`${indent}    ${line}`], comment: '' })) : [];
}

/** What flows where from by which rule, and the equations. */
function chainRows(step: Step, indent: string, style: NotationStyle): Row[] {
  if (!isCotangent(step)) return [];
  const said = (lead: string, formula: Formula): Row => {
    const head = indent + lead;
    const lines = breakFormula(formula, style, widestFormula - lengthOf(head));
    return { text: lines.map((line, i) => (i === 0 ? head : ' '.repeat(lengthOf(head))) + line), comment: '' };
  };
  const line = (words: string): Row => ({ text: [`${indent}${words}`], comment: '' });
  const several = step.uses.length > 1;
  return [
    ...step.uses.flatMap(({ rule, upstream, local, part }, i) => [
      ...(several ? [line(`use ${i + 1} of ${step.uses.length}`)] : []),
      line(`rule      ${rule}`),
      said('upstream  ', upstream),
      ...(local ? [said('local     ', local)] : []),
      said('step      ', part),
    ]),
    ...step.rewrites.flatMap(({ equation, from, to }) => {
      const whole = `by ${equation}:  ${printFormula(from, style)}  →  ${printFormula(to, style)}`;
      return lengthOf(indent + whole) <= widest
        ? [line(whole)]
        : [line(`by ${equation}:`), said('    ', from), said('  → ', to)];
    }),
  ];
}
