// Formulas as text: in the language's own notation, as comments of generated code have them, and in Unicode mathematics.
import { printIndex } from '../index.js';
import { axisArgument, printShape } from '../types.js';
import {
  binding,
  operators,
  prefixes,
  seen,
  type Binding,
  type Formula,
  type FormulaOf,
  type Setting,
} from './tree.js';
import { letterNames, mathematical, placedBy, sumNames, titleIn, turned } from './mathematics.js';

/** The language's own notation, or mathematics (Unicode) for people. */
export type NotationStyle = 'nn' | 'math';

/** A formula as text. */
export function printFormula(formula: Formula, style: NotationStyle = 'nn'): string {
  return written(formula, style).text;
}

/** A formula as text, in parentheses where it binds more loosely than its place asks for. */
export function within(formula: Formula, least: number, style: NotationStyle): string {
  return inParentheses(written(formula, style), least);
}

interface Written {
  readonly text: string;
  readonly level: Binding;
}

/** The text, in parentheses where it binds more loosely than its place asks for. */
function inParentheses({ text, level }: Written, least: number): string {
  return level < least ? `(${text})` : text;
}

const atom = (text: string): Written => ({ text, level: binding.atom });

function written(of: Formula, style: NotationStyle): Written {
  const formula = style === 'math' ? mathematical(of) : of;
  const write = (of: Formula): Written => written(of, style);
  const text = (of: Formula): string => written(of, style).text;
  switch (formula.kind) {
    case 'name':
      return atom(titleIn(formula.title, style));
    case 'number':
      return { text: printNumber(formula.value), level: formula.value < 0 ? binding.negation : binding.atom };
    case 'size':
      return {
        text: printIndex(formula.of).replaceAll('*', style === 'math' ? ' · ' : ' * '),
        level: levelOfSize(formula),
      };
    case 'apply': {
      const called = style === 'math' ? (formula.math ?? formula.name) : formula.name;
      return atom(`${called}(${[...formula.args.map(text), ...formula.settings.map(printSetting)].join(', ')})`);
    }
    case 'infix':
      return writeInfix(formula, style);
    case 'prefix': {
      const { level, ...spelling } = prefixes[formula.operator];
      return { text: `${spelling[style]}${inParentheses(write(formula.of), level)}`, level };
    }
    case 'power':
      return writePower(write(formula.base), formula, style);
    case 'transpose':
      return atom(
        style === 'nn' ? `transpose(${text(formula.of)})` : `${inParentheses(write(formula.of), binding.atom)}ᵀ`,
      );
    case 'index': {
      const places = formula.places.map((place) => (typeof place === 'string' ? place : text(place)));
      return atom(`${inParentheses(write(formula.of), binding.atom)}[${places.join(', ')}]`);
    }
    case 'cases':
      return style === 'nn' ? writeIf(formula) : writeCases(formula);
    case 'contraction':
      return writeContraction(formula, style);
    case 'sum':
      return writeSum(formula, style);
    case 'list':
      return atom(`[${formula.items.map(text).join(', ')}]`);
    case 'silent':
      return write(formula.of);
    case 'words':
      return atom(formula.parts.map((part) => (typeof part === 'string' ? part : text(part))).join(''));
    case 'omitted':
      return atom('…');
    default:
      return formula satisfies never;
  }
}

function levelOfSize({ of: { terms } }: FormulaOf<'size'>): Binding {
  if (terms.length > 1) return binding.sum;
  const [term] = terms;
  return term && term.atoms.length + (term.factor === 1 ? 0 : 1) > 1 ? binding.product : binding.atom;
}

function writeInfix(formula: FormulaOf<'infix'>, style: NotationStyle): Written {
  const { level, ...spelling } = operators[formula.operator];
  const sign = spelling[style];
  return { text: sidesOf(formula, style).join(sign === '' ? ' ' : ` ${sign} `), level };
}

/** Both operands as they stand beside the sign. */
export function sidesOf(formula: FormulaOf<'infix'>, style: NotationStyle): [string, string] {
  const { operator } = formula;
  const { level } = operators[operator];
  const [left, right] = [formula.left, formula.right].map((side) => written(side, style));
  if (operator === 'matrix') return matrixSides(left, right, style);
  if (level === binding.comparison) return [inParentheses(left, level + 1), inParentheses(right, level + 1)];
  const flat = style === 'math' && isFlat(formula);
  const closed = isOpenSum(formula.left, style) && level === binding.product;
  return [closed ? `(${left.text})` : inParentheses(left, level), inParentheses(right, flat ? level : level + 1)];
}

/** In mathematics a · (b · c) is a · b · c, and Σ reaches as far as it can; a matrix product keeps its parentheses. */
function isFlat({ operator, right }: FormulaOf<'infix'>): boolean {
  const of = mathematical(seen(right));
  if (isOpenSum(of, 'math')) return true;
  if (operator !== 'times' && operator !== 'elementwise') return false;
  return of.kind === 'infix' && (of.operator === 'times' || of.operator === 'elementwise' || of.operator === 'div');
}

/** Is it written with a Σ that reaches to the right? */
function isOpenSum(formula: Formula, style: NotationStyle): boolean {
  const of = seen(formula);
  return style === 'math' && (of.kind === 'contraction' || (of.kind === 'sum' && sumNames(of) !== undefined));
}

/** In mathematics a product of matrices is written side by side: what divides or multiplies otherwise stands in parentheses. */
function matrixSides(left: Written, right: Written, style: NotationStyle): [string, string] {
  const loosest = style === 'math' ? binding.negation : binding.product;
  const second = right.level === binding.product ? `(${right.text})` : inParentheses(right, loosest);
  return [inParentheses(left, loosest), second];
}

const superscripts: ReadonlyMap<string, string> = new Map(
  [...'-0123456789'].map((digit, i) => [digit, '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(i)]),
);

function writePower(base: Written, { exponent }: FormulaOf<'power'>, style: NotationStyle): Written {
  const under = inParentheses(base, binding.atom);
  const raised = seen(exponent);
  const whole = style === 'math' && raised.kind === 'number' && Number.isInteger(raised.value);
  const over = whole
    ? [...String(raised.value)].map((digit) => superscripts.get(digit) ?? digit).join('')
    : `^${inParentheses(written(exponent, style), binding.negation)}`;
  return { text: `${under}${over}`, level: binding.power };
}

function writeIf({ condition, then, otherwise }: FormulaOf<'cases'>): Written {
  const [c, a, b] = [condition, then, otherwise].map((part) => printFormula(part));
  return { text: `if ${c} then ${a} else ${b}`, level: binding.branch };
}

/** 1[c] ⊙ a where the other case is 0, else both cases in braces. */
function writeCases({ condition, then, otherwise }: FormulaOf<'cases'>): Written {
  const math = (of: Formula): string => printFormula(of, 'math');
  const only = isZero(otherwise) ? { when: condition, value: then } : { when: turned(condition), value: otherwise };
  if (!isZero(otherwise) && !isZero(then))
    return atom(`{${math(then)} if ${math(condition)}, else ${math(otherwise)}}`);
  const value = seen(only.value);
  const indicator = `1[${math(only.when)}]`;
  if (value.kind === 'number' && value.value === 1) return atom(indicator);
  const factor = written(value, 'math');
  return { text: `${indicator} ⊙ ${inParentheses(factor, binding.product)}`, level: binding.product };
}

function isZero(formula: Formula): boolean {
  const of = seen(formula);
  return of.kind === 'number' && of.value === 0;
}

function writeContraction(formula: FormulaOf<'contraction'>, style: NotationStyle): Written {
  const { left, right, letters, over, free } = formula;
  const spelled = (list: typeof over): string => list.map(({ letter }) => letter).join('');
  if (style === 'nn') {
    const pattern = `"${spelled(letters.left)},${spelled(letters.right)}->${spelled(free)}"`;
    return atom(`einsum(${pattern}, ${printFormula(left)}, ${printFormula(right)})`);
  }
  const factor = (of: Formula, own: typeof over): string => {
    return inParentheses(written(placedBy(of, own), style), binding.atom);
  };
  const sum = over.length === 0 ? '' : `Σ_${letterNames(over)} `;
  return { text: `${sum}${factor(left, letters.left)} · ${factor(right, letters.right)}`, level: binding.product };
}

function writeSum(formula: FormulaOf<'sum'>, style: NotationStyle): Written {
  const { of, axes, shape } = formula;
  const names = style === 'math' ? sumNames(formula) : undefined;
  if (names !== undefined) {
    const sum = names === '' ? 'Σ' : `Σ_${names}`;
    return { text: `${sum} ${inParentheses(written(of, style), binding.product)}`, level: binding.product };
  }
  const along = axes.length === shape.length ? '' : `, ${axisArgument(axes, shape)}`;
  return atom(`sum(${written(of, style).text}${along})`);
}

export function printSetting({ name, value }: Setting): string {
  const text =
    value.kind === 'text'
      ? value.text
      : value.kind === 'shape'
        ? printShape(value.shape)
        : axisArgument(value.axes, value.shape).replace(/^axis = /, '');
  return name === undefined ? text : `${name} = ${text}`;
}

/** A number as the language writes it, with as many digits as tell it from its neighbours among f32: 1 - 0.9 is 0.1. */
export function printNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === rounded && Number.isFinite(rounded) && String(short).length < String(value).length)
      return String(short);
  }
  return String(value);
}
