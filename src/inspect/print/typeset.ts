// Formulas as mathematics is typeset: fractions, roots, indices, braces. LaTeX and MathML say how each of these is spelled.
import { isNumber, mathematical, sumRange } from '../../ir/formula/mathematics.js';
import { printNumber } from '../../ir/formula/numbers.js';
import { factorsByLetters } from '../../ir/formula/places.js';
import { printFormula, printSetting } from '../../ir/formula/text.js';
import {
  binding,
  operators,
  prefixes,
  seen,
  summand,
  type Binding,
  type Formula,
  type FormulaOf,
  type Title,
} from '../../ir/formula/tree.js';

/** How the parts of typeset mathematics are spelled. */
export interface Typesetter {
  row(parts: readonly string[]): string;
  /** A variable: a letter, with digits as its index, or a word. */
  variable(word: string): string;
  /** The name of a function, and other words. */
  upright(word: string): string;
  number(text: string): string;
  /** A sign between operands. `latex` is its command. */
  sign(unicode: string, latex: string): string;
  sub(base: string, index: string): string;
  sup(base: string, exponent: string): string;
  fraction(over: string, under: string): string;
  root(of: string): string;
  /** Between brackets that grow with it: `(`, `[`, `|`. */
  fenced(open: string, of: string, close: string): string;
  cases(rows: readonly { readonly value: string; readonly when: string }[]): string;
  sum(over: string | undefined, of: string): string;
  /** What stands for a formula, marked as such. */
  marked(formula: Formula, of: string): string;
}

interface Set {
  readonly text: string;
  readonly level: Binding;
}

/** A formula in a spelling. */
export function typeset(formula: Formula, by: Typesetter): string {
  return setFormula(formula, by).text;
}

/** The same as an operand: in brackets where it binds more loosely than its place asks for. */
export function typesetWithin(formula: Formula, least: number, by: Typesetter): string {
  return within(setFormula(formula, by), least, by);
}

/** How loosely what is set binds. */
export function levelOf(formula: Formula, by: Typesetter): number {
  return setFormula(formula, by).level;
}

/** The terms of a long sum, the first as it is and each other with its sign: where lines can be broken. */
export function termsOf(formula: Formula, by: Typesetter): string[] {
  const of = mathematical(formula);
  if (of.kind !== 'infix' || operators[of.operator].level !== binding.sum) return [typeset(of, by)];
  const { math, latex } = operators[of.operator];
  // a + (b + c) is a + b + c.
  const [first, ...rest] =
    of.operator === 'add' && isSum(of.right)
      ? termsOf(of.right, by)
      : [within(setFormula(of.right, by), binding.product, by)];
  return [...termsOf(of.left, by), by.row([by.sign(math, latex), first]), ...rest];
}

/** ∂loss/∂h as a fraction, δ with an index. */
export function typesetTitle({ of, word, by: whose, inner, number: copy }: Title, by: Typesetter): string {
  if (of === 'value') return by.variable(word);
  if (of === 'delta' && whose === undefined) return by.sub(by.variable('δ'), by.variable(word));
  const partial = by.sign('∂', '\\partial');
  const derived = inner && innerTitle(inner, by);
  const numbered = derived && (copy === undefined ? derived : by.sub(derived, by.number(String(copy))));
  const under = numbered ?? by.variable(of === 'delta' ? `z_${word}` : word);
  return by.fraction(by.row([partial, by.variable(whose ?? 'loss')]), by.row([partial, under]));
}

function innerTitle(inner: Title, by: Typesetter): string {
  const text = typesetTitle(inner, by);
  return isFraction(inner) ? by.fenced('(', text, ')') : text;
}

/** Is it written as a fraction? A delta of something else than the loss is. */
function isFraction({ of, by }: Title): boolean {
  return of === 'cotangent' || (of === 'delta' && by !== undefined);
}

function within({ text, level }: Set, least: number, by: Typesetter): string {
  return level < least ? by.fenced('(', text, ')') : text;
}

const atom = (text: string): Set => ({ text, level: binding.atom });

function setFormula(formula: Formula, by: Typesetter): Set {
  const of = mathematical(formula);
  const { text, level } = setShape(of, by);
  return { text: by.marked(of, text), level };
}

function setShape(of: Formula, by: Typesetter): Set {
  const set = (part: Formula): Set => setFormula(part, by);
  switch (of.kind) {
    case 'name':
      return { text: typesetTitle(of.title, by), level: isFraction(of.title) ? binding.power : binding.atom };
    case 'number':
      return { text: by.number(printNumber(of.value)), level: of.value < 0 ? binding.negation : binding.atom };
    case 'size':
      return setSize(of, by);
    case 'apply':
      return setCall(of, by);
    case 'infix':
      return setInfix(of, by);
    case 'prefix': {
      const { math, latex, level } = prefixes[of.operator];
      return { text: by.row([by.sign(math, latex), within(set(of.of), level, by)]), level };
    }
    case 'power':
      return { text: by.sup(within(set(of.base), binding.atom, by), set(of.exponent).text), level: binding.power };
    case 'transpose':
      return { text: by.sup(within(set(of.of), binding.atom, by), by.sign('⊤', '\\top')), level: binding.power };
    case 'index': {
      const places = of.places.map((place) => (typeof place === 'string' ? placeText(place, by) : set(place).text));
      return { text: by.sub(within(set(of.of), binding.atom, by), listed(places, by)), level: binding.power };
    }
    case 'cases':
      return setCases(of, by);
    case 'contraction':
      return setContraction(of, by);
    case 'sum':
      return setSum(of, by);
    case 'total':
      return setTotal(of, by);
    case 'list':
      return setList(of, by);
    case 'silent':
      return set(of.of);
    case 'words':
      return atom(by.row(of.parts.map((part) => (typeof part === 'string' ? by.upright(part) : set(part).text))));
    case 'omitted':
      return atom(by.sign('…', '\\dots'));
    default:
      return of satisfies never;
  }
}

function setContraction(of: FormulaOf<'contraction'>, by: Typesetter): Set {
  const [left, right] = factorsByLetters(of).map((side) => within(setFormula(side, by), binding.power, by));
  const product = by.row([left, by.sign('·', '\\cdot'), right]);
  return { text: of.over.length === 0 ? product : by.sum(sumOver(of, by), product), level: binding.product };
}

/** What Σ runs over, as it stands below it; undefined where it is all of something. */
export function sumOver(of: FormulaOf<'contraction' | 'total' | 'sum'>, by: Typesetter): string | undefined {
  const variables = (letters: readonly string[]): string =>
    listed(
      letters.map((letter) => by.variable(letter)),
      by,
    );
  switch (of.kind) {
    case 'contraction':
      return variables(of.over.map(({ letter }) => letter));
    case 'total':
      return of.where
        ? by.row([variables(of.letters), by.sign(':', ':'), setFormula(of.where, by).text])
        : variables(of.letters);
    case 'sum': {
      const range = sumRange(of).map((axis) => {
        const [, words = '', number] = /^(axis |axes )?(\d+)$/.exec(axis) ?? [];
        if (number === undefined) return by.variable(axis);
        return words === '' ? by.number(number) : by.row([by.upright(words), by.number(number)]);
      });
      return range.length === 0 ? undefined : listed(range, by);
    }
    default:
      return of satisfies never;
  }
}

/** Σ over what letters stand for. */
function setTotal(of: FormulaOf<'total'>, by: Typesetter): Set {
  return { text: by.sum(sumOver(of, by), within(setFormula(of.of, by), binding.product, by)), level: binding.product };
}

function setSum(of: FormulaOf<'sum'>, by: Typesetter): Set {
  return { text: by.sum(sumOver(of, by), within(setFormula(of.of, by), summand, by)), level: binding.product };
}

function setList({ items }: FormulaOf<'list'>, by: Typesetter): Set {
  const texts = items.map((item) => setFormula(item, by).text);
  return atom(by.fenced('[', listed(texts, by), ']'));
}

function listed(items: readonly string[], by: Typesetter): string {
  return by.row(items.flatMap((item, i) => (i === 0 ? [item] : [by.sign(',', ','), item])));
}

const signs: ReadonlyMap<string, string> = new Map([
  ['·', '\\cdot'],
  ['…', '\\dots'],
]);

/** `t - 1`, `1:3`, `-1…3` */
export function placeText(place: string, by: Typesetter): string {
  const parts = place.split(/([-+:·…])/).map((part) => part.trim());
  return by.row(
    parts.flatMap((part) => {
      if (part === '') return [];
      if (/^[-+:·…]$/.test(part)) return [by.sign(part, signs.get(part) ?? part)];
      return [/^\d/.test(part) ? by.number(part) : by.variable(part)];
    }),
  );
}

function setSize(of: FormulaOf<'size'>, by: Typesetter): Set {
  const text = printFormula({ ...of, size: 1 }, 'math');
  const isSum = of.of.terms.length > 1;
  return {
    text: placeText(text, by),
    level: isSum ? binding.sum : text.includes('·') ? binding.product : binding.atom,
  };
}

/** Functions that have a sign of their own. */
function setCall(of: FormulaOf<'apply'>, by: Typesetter): Set {
  const args = of.args.map((arg) => setFormula(arg, by).text);
  if (of.settings.length === 0 && args.length === 1) {
    if (of.name === 'sqrt') return atom(by.root(args[0]));
    if (of.name === 'abs') return atom(by.fenced('|', args[0], '|'));
  }
  return atom(call(of.math ?? of.name, [...args, ...of.settings.map((each) => by.upright(printSetting(each)))], by));
}

function call(called: string, args: readonly string[], by: Typesetter): string {
  const name = called.length === 1 ? by.variable(called) : by.upright(called);
  return by.row([name, by.fenced('(', listed(args, by), ')')]);
}

function setInfix(of: FormulaOf<'infix'>, by: Typesetter): Set {
  const { math, latex, level } = operators[of.operator];
  const [left, right] = [setFormula(of.left, by), setFormula(of.right, by)];
  if (of.operator === 'div') return { text: by.fraction(left.text, right.text), level: binding.power };
  if (of.operator === 'matrix') {
    const factors = [left, right].map((side) => within(side, binding.negation, by));
    return { text: by.row([factors[0], by.sign('\u2062', '\\,'), factors[1]]), level };
  }
  const isProduct = level === binding.product;
  const least = level === binding.comparison ? level + 1 : level;
  const first = isProduct && opensSum(of.left) ? by.fenced('(', left.text, ')') : within(left, least, by);
  // a + (b - c) is a + b - c.
  const isFlat = isProduct || (of.operator === 'add' && isSum(of.right));
  return { text: by.row([first, by.sign(math, latex), within(right, isFlat ? level : level + 1, by)]), level };
}

function isSum(formula: Formula): boolean {
  const of = mathematical(formula);
  return of.kind === 'infix' && operators[of.operator].level === binding.sum;
}

/** Does it begin with Σ, which would go on over what follows it? */
export function opensSum(formula: Formula): boolean {
  const { kind } = seen(formula);
  return kind === 'sum' || kind === 'contraction' || kind === 'total';
}

function setCases({ condition, then, otherwise }: FormulaOf<'cases'>, by: Typesetter): Set {
  const set = (of: Formula): string => setFormula(of, by).text;
  if (isNumber(then, 1) && isNumber(otherwise, 0))
    return atom(by.row([by.number('1'), by.fenced('[', set(condition), ']')]));
  return atom(
    by.cases([
      { value: set(then), when: set(condition) },
      { value: set(otherwise), when: by.upright('otherwise') },
    ]),
  );
}
