// Formulas as text: in the language's own notation, as comments of generated code have them, and in Unicode mathematics.
import { countedSum, exactShape, exactSlice, hiddenIn, literalText, mustStretch, stretchedPlaces } from './exact.js';
import { printExactly, printNumber } from './numbers.js';
import { factorsByLetters } from './places.js';
import { printIndex } from '../index.js';
import { axisArgument, printShape } from '../types.js';
import {
  binding,
  operators,
  prefixes,
  seen,
  summand,
  type Binding,
  type Formula,
  type FormulaOf,
  type Letter,
  type Setting,
} from './tree.js';
import { isNumber, letterNames, mathematical, sumRange, titleIn } from './mathematics.js';

/** The language's own notation as a reader likes it, mathematics (Unicode), or the language to the letter, which compiles. */
export type NotationStyle = 'nn' | 'math' | 'model';

/** Whose signs a style has. */
const signsOf: Readonly<Record<NotationStyle, 'nn' | 'math'>> = { nn: 'nn', math: 'math', model: 'nn' };

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
      return atom(titleIn(formula.title, signsOf[style]));
    case 'number':
      return {
        text: style === 'model' ? printExactly(formula.value) : printNumber(formula.value),
        level: formula.value < 0 ? binding.negation : binding.atom,
      };
    case 'size':
      return {
        text: printIndex(formula.of).replaceAll('*', style === 'math' ? ' · ' : ' * '),
        level: levelOfSize(formula),
      };
    case 'apply': {
      const called = style === 'math' ? (formula.math ?? formula.name) : formula.name;
      const settings = formula.settings.map((each) => printSetting(each, style));
      return atom(`${called}(${[...partTexts(formula, formula.args, style), ...settings].join(', ')})`);
    }
    case 'infix':
      return writeInfix(formula, style);
    case 'prefix': {
      const { level, ...spelling } = prefixes[formula.operator];
      return { text: `${spelling[signsOf[style]]}${inParentheses(write(formula.of), level)}`, level };
    }
    case 'power':
      return writePower(formula, style);
    case 'transpose':
      return atom(style !== 'math' ? `transpose(${text(formula.of)})` : `${raisable(formula.of, style)}ᵀ`);
    case 'index':
      return writeIndexed(formula, style);
    case 'cases':
      return style === 'math' ? writeCases(formula) : writeIf(formula, style);
    case 'contraction':
      return writeContraction(formula, style);
    case 'sum': {
      const counted = style === 'nn' ? countedSum(formula) : formula;
      return counted.kind === 'sum' ? writeSum(counted, style) : write(counted);
    }
    case 'total':
      return style === 'math'
        ? { text: `${totalSign(formula)} ${within(formula.of, binding.product, style)}`, level: binding.product }
        : write(formula.plain);
    case 'list':
      return atom(`[${formula.items.map(text).join(', ')}]`);
    case 'silent':
      return style === 'model' ? writeHidden(formula) : write(formula.of);
    case 'words':
      return writeWords(formula, style);
    case 'omitted':
      return atom('…');
    default:
      return formula satisfies never;
  }
}

function writeIndexed(formula: Formula & FormulaOf<'index'>, style: NotationStyle): Written {
  const of = inParentheses(written(formula.of, style), binding.atom);
  const exact = style === 'model' && formula.node && exactSlice(formula.node);
  if (exact) {
    const part = exact.places.every((place) => place === ':') ? '' : `[${exact.places.join(', ')}]`;
    return atom(`${of}${part}[${exact.turned.join(', ')}]`);
  }
  const places = formula.places.map((place) => (typeof place === 'string' ? place : printFormula(place, style)));
  return atom(`${of}[${places.join(', ')}]`);
}

function writeWords(formula: Formula & FormulaOf<'words'>, style: NotationStyle): Written {
  const whole = style === 'model' && formula.node && literalText(formula.node, printExactly);
  if (whole) return atom(whole);
  return atom(formula.parts.map((part) => (typeof part === 'string' ? part : printFormula(part, style))).join(''));
}

function levelOfSize({ of: { terms } }: FormulaOf<'size'>): Binding {
  if (terms.length > 1) return binding.sum;
  const [term] = terms;
  return term && term.atoms.length + (term.factor === 1 ? 0 : 1) > 1 ? binding.product : binding.atom;
}

function writeInfix(formula: FormulaOf<'infix'>, style: NotationStyle): Written {
  const { level, ...spelling } = operators[formula.operator];
  const sign = spelling[signsOf[style]];
  return { text: sidesOf(formula, style).join(sign === '' ? ' ' : ` ${sign} `), level };
}

/** Both operands as they stand beside the sign. */
function sidesOf(formula: FormulaOf<'infix'>, style: NotationStyle): [string, string] {
  const [left, right] = partsIn(formula, [formula.left, formula.right], style);
  const [first, second] = leastOf(formula, style);
  return [inParentheses(left, first), inParentheses(right, second)];
}

/** What stands in parentheses in any case. */
const always = binding.atom + 1;

/** How tightly each operand has to bind to stand without parentheses. */
export function leastOf(formula: FormulaOf<'infix'>, style: NotationStyle): readonly [number, number] {
  const { operator, left } = formula;
  const { level } = operators[operator];
  // In mathematics a product of matrices is written side by side: what divides or multiplies otherwise stands in parentheses.
  if (operator === 'matrix') return [style === 'math' ? binding.negation : binding.product, binding.negation];
  if (level === binding.comparison) return [level + 1, level + 1];
  const flat = style === 'math' && isFlat(formula);
  // What is divided by a number is the same sum either way.
  const isScaled = operator === 'div' && ['number', 'size'].includes(seen(formula.right).kind);
  const closed = isOpenSum(left, style) && level === binding.product && !isScaled;
  return [closed ? always : level, flat ? level : level + 1];
}

/** In mathematics a · (b · c) is a · b · c, and Σ reaches as far as it can; a matrix product keeps its parentheses. */
function isFlat({ operator, right }: FormulaOf<'infix'>): boolean {
  const of = mathematical(seen(right));
  if (isOpenSum(of, 'math')) return true;
  // a + (b - c) is a + b - c.
  if (operator === 'add') return of.kind === 'infix' && operators[of.operator].level === binding.sum;
  if (operator !== 'times' && operator !== 'elementwise') return false;
  return of.kind === 'infix' && (of.operator === 'times' || of.operator === 'elementwise' || of.operator === 'div');
}

/** Is it written with a Σ that reaches to the right? */
function isOpenSum(formula: Formula, style: NotationStyle): boolean {
  const of = seen(formula);
  return style === 'math' && (of.kind === 'contraction' || of.kind === 'total' || of.kind === 'sum');
}

const superscripts: ReadonlyMap<string, string> = new Map(
  [...'-0123456789'].map((digit, i) => [digit, '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'.charAt(i)]),
);

function writePower(formula: FormulaOf<'power'>, style: NotationStyle): Written {
  return { text: `${raisable(formula.base, style)}${printPower(formula, style)}`, level: binding.power };
}

/** What ² or ᵀ can stand behind: of ∂loss/∂W it would be W's alone, so that stands in parentheses. */
export function raisable(of: Formula, style: NotationStyle): string {
  const base = written(of, style);
  const inner = style === 'math' ? mathematical(of) : of;
  const isFraction = inner.kind === 'name' && base.text.includes('/');
  return inParentheses(base, isFraction ? always : binding.atom);
}

/** `²`, `^n`: what stands behind the base. */
export function printPower({ exponent }: FormulaOf<'power'>, style: NotationStyle): string {
  const raised = seen(exponent);
  const whole = style === 'math' && raised.kind === 'number' && Number.isInteger(raised.value);
  return whole
    ? [...String(raised.value)].map((digit) => superscripts.get(digit) ?? digit).join('')
    : `^${inParentheses(written(exponent, style), binding.negation)}`;
}

function writeIf(formula: Formula & FormulaOf<'cases'>, style: NotationStyle): Written {
  const { condition, then, otherwise } = formula;
  const [c, a, b] = partTexts(formula, [condition, then, otherwise], style);
  return { text: `if ${c} then ${a} else ${b}`, level: binding.branch };
}

/** 1[c], else both cases in braces. */
function writeCases({ condition, then, otherwise }: FormulaOf<'cases'>): Written {
  const math = (of: Formula): string => printFormula(of, 'math');
  return isNumber(then, 1) && isNumber(otherwise, 0)
    ? atom(`1[${math(condition)}]`)
    : atom(`{${math(then)} if ${math(condition)}, else ${math(otherwise)}}`);
}

function writeContraction(formula: FormulaOf<'contraction'>, style: NotationStyle): Written {
  const { left, right, over } = formula;
  if (style !== 'math') {
    return atom(`einsum(${einsumPattern(formula)}, ${printFormula(left, style)}, ${printFormula(right, style)})`);
  }
  const factors = factorsByLetters(formula).map((of) => inParentheses(written(of, style), binding.atom));
  const sum = over.length === 0 ? '' : `Σ_${letterNames(over)} `;
  return { text: `${sum}${factors.join(' · ')}`, level: binding.product };
}

/** `"bt,ts->bs"` */
export function einsumPattern({ letters, free }: FormulaOf<'contraction'>): string {
  const spelled = (list: readonly Letter[]): string => list.map(({ letter }) => letter).join('');
  return `"${spelled(letters.left)},${spelled(letters.right)}->${spelled(free)}"`;
}

function writeSum(formula: FormulaOf<'sum'>, style: NotationStyle): Written {
  const { of, axes, shape } = formula;
  if (style === 'math')
    return { text: `${sumSign(formula)} ${inParentheses(written(of, style), summand)}`, level: binding.product };
  const along =
    axes.length === shape.length ? '' : `, ${style === 'model' ? exactAxes(axes) : axisArgument(axes, shape)}`;
  return atom(`sum(${written(of, style).text}${along})`);
}

/** `Σ`, `Σ_batch`, `Σ_{batch,axis 2}` */
export function sumSign(formula: FormulaOf<'sum'>): string {
  const range = sumRange(formula);
  if (range.length === 0) return 'Σ';
  return range.length === 1 && !range[0].includes(' ') ? `Σ_${range[0]}` : `Σ_{${range.join(',')}}`;
}

/** `Σ_θ`, `Σ_{b : word[b] = r}` */
export function totalSign({ letters, where }: FormulaOf<'total'>): string {
  const over = `${letters.join(',')}${where ? ` : ${printFormula(where, 'math')}` : ''}`;
  return `Σ_${letters.length === 1 && !where ? over : `{${over}}`}`;
}

export function printSetting({ name, value }: Setting, style: NotationStyle = 'nn'): string {
  const exact = style === 'model';
  const textOf = (): string => {
    switch (value.kind) {
      case 'text':
        return value.text;
      case 'shape':
        return exact ? exactShape(value.shape) : printShape(value.shape);
      case 'axes':
        return (exact ? exactAxes(value.axes) : axisArgument(value.axes, value.shape)).replace(/^axis = /, '');
      default:
        return value satisfies never;
    }
  };
  return name === undefined ? textOf() : `${name} = ${textOf()}`;
}

/** Axes by their positions. */
function exactAxes(axes: readonly number[]): string {
  return `axis = ${axes.length === 1 ? axes[0] : `[${axes.join(', ')}]`}`;
}

/** Operands, to the letter: those that repeat are stretched where the rules of broadcasting would not do it. */
function partsIn(of: Formula, parts: readonly Formula[], style: NotationStyle): Written[] {
  const full = style === 'model' ? mustStretch(of.node, parts) : undefined;
  return parts.map((part, i) => {
    const hidden = full !== undefined && i !== full ? hiddenIn(part) : undefined;
    const places = hidden && stretchedPlaces(hidden.node);
    if (!hidden || !places) return written(part, style);
    const inner = written(hidden.inner, style);
    return places.length === 0 ? inner : atom(`${inParentheses(inner, binding.atom)}[${places.join(', ')}]`);
  });
}

function partTexts(of: Formula, parts: readonly Formula[], style: NotationStyle): string[] {
  return partsIn(of, parts, style).map(({ text }) => text);
}

/** `broadcast(x[:, none], [batch, 3])`, `full([3], 2)`, `reshape(x, [batch, 1])` */
function writeHidden(formula: Formula & FormulaOf<'silent'>): Written {
  const inner = written(formula.of, 'model');
  const hidden = hiddenIn(formula);
  if (!hidden) return inner;
  const shape = exactShape(hidden.node.type.shape);
  const places = stretchedPlaces(hidden.node);
  if (!places) return atom(`reshape(${inner.text}, ${shape})`);
  if (hidden.node.inputs[0].type.shape.length === 0) return atom(`full(${shape}, ${inner.text})`);
  const stretched = places.length === 0 ? inner.text : `${inParentheses(inner, binding.atom)}[${places.join(', ')}]`;
  return atom(`broadcast(${stretched}, ${shape})`);
}
