// A derivation as text: Unicode mathematics, or the language's own notation, in columns with types and source lines.
import { breakFormula } from '../../ir/formula/break.js';
import { printFormula, type NotationStyle } from '../../ir/formula/text.js';
import type { Formula } from '../../ir/formula/tree.js';
import { printDim, printType } from '../../ir/types.js';
import { isCotangent, type Derivation, type Step } from '../derivation/data.js';
import { printSource } from '../../ir/source.js';
import type { Numbers } from '../derivation/numbers.js';
import { sectionsOf } from './sections.js';
import { printTable } from './tables.js';

export interface TextOptions {
  readonly style?: NotationStyle;
  /** Each use of the chain rule with its rule and the equations that follow. */
  readonly steps?: boolean;
  /** Worked numbers, and with how many significant digits. */
  readonly numbers?: Numbers;
  readonly digits?: number;
}

/** What stands left of the comments is no wider. */
const widest = 88;
const column = 72;
const usualDigits = 4;

/** The derivation as text. */
export function printText(derivation: Derivation, options: TextOptions = {}): string {
  const sections = sectionsOf(derivation, options.numbers !== undefined).map(({ title, steps }) =>
    section(title, steps, options),
  );
  const given = options.numbers ? [givenLines(options.numbers, options)] : [];
  return `${[...given, ...sections].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

interface Row {
  readonly text: readonly string[];
  readonly comment: string;
}

function section(title: string, steps: readonly Step[], options: TextOptions): string[] {
  const rows = steps.flatMap((step) => rowsOf(step, '', nameWidth(steps, options), options));
  const width = Math.min(column, Math.max(...rows.map(({ text }) => lengthOf(text.at(-1) ?? ''))));
  return [
    `// ${title}`,
    ...rows.flatMap(({ text, comment }) => [
      ...text.slice(0, -1),
      comment === '' ? (text.at(-1) ?? '') : `${padded(text.at(-1) ?? '', width)}  // ${comment}`,
    ]),
  ];
}

const lengthOf = (text: string): number => [...text].length;
const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - lengthOf(text)));

function nameWidth(steps: readonly Step[], { style = 'math' }: TextOptions): number {
  return Math.max(...steps.filter(({ loop }) => !loop).map(({ left }) => lengthOf(printFormula(left, style))), 0);
}

function rowsOf(step: Step, indent: string, width: number, options: TextOptions): Row[] {
  const { style = 'math' } = options;
  const text = (formula: Formula): string => printFormula(formula, style);
  const comment = [printType(step.type), ...step.lines.map(printSource)].join('  ');
  if (step.loop) {
    const { body, starts, length } = step.loop;
    const names = Math.max(...[...body.filter(({ loop }) => !loop), ...starts].map(({ left }) => lengthOf(text(left))));
    const inner = `${indent}  `;
    return [
      ...starts.map(({ left, formula }): Row => ({ text: [`${indent}${text(left)} = ${text(formula)}`], comment: '' })),
      { text: [`${indent}${text(step.formula)}`], comment: `${printDim(length)} rounds` },
      ...body.flatMap((each) => rowsOf(each, inner, names, options)),
    ];
  }
  const arrow = step.becomes && step.node?.role.kind === 'update' ? '←' : '=';
  const head = `${indent}${padded(text(step.left), width)} ${arrow} `;
  const [first, ...rest] = breakFormula(step.formula, style, widest - lengthOf(head));
  const lines = [`${head}${first}`, ...rest.map((line) => `${' '.repeat(lengthOf(head))}${line}`)];
  const row: Row = { text: lines, comment };
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
  const text = (formula: Formula): string => printFormula(formula, style);
  const line = (words: string): Row => ({ text: [`${indent}${words}`], comment: '' });
  const several = step.uses.length > 1;
  return [
    ...step.uses.flatMap(({ rule, upstream, local, part }, i) => [
      ...(several ? [line(`use ${i + 1} of ${step.uses.length}`)] : []),
      line(`rule      ${rule}`),
      line(`upstream  ${text(upstream)}`),
      ...(local ? [line(`local     ${text(local)}`)] : []),
      line(`step      ${text(part)}`),
    ]),
    ...step.rewrites.map(({ equation, from, to }) => line(`by ${equation}:  ${text(from)}  →  ${text(to)}`)),
  ];
}
