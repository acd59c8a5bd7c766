// Formulas as trees: what a node says, before any notation is chosen. Text, mathematics, LaTeX, MathML and .nn are printers of them.
import type { Node } from '../graph.js';
import type { Index } from '../index.js';
import type { Dim } from '../types.js';

/** A word for a value of the model, or for a derivative by it. */
export interface Title {
  readonly of: 'value' | 'cotangent' | 'delta';
  /** The value's. */
  readonly word: string;
  /** Of a derivative: what is differentiated, where that is not the loss. */
  readonly by?: string;
  /** What the word stands for, where that is a derivative itself. */
  readonly inner?: Title;
  /** Which of several values that would be called so. */
  readonly number?: number;
}

/** How loosely an expression binds, loosest first, as in the language: what needs parentheses as whose operand follows from it. */
export const binding = {
  branch: 0,
  or: 2,
  and: 3,
  not: 4,
  comparison: 5,
  sum: 6,
  product: 7,
  negation: 8,
  power: 9,
  atom: 10,
} as const;

/** What binds more loosely stands in parentheses behind a Σ over named axes, which has no letters that would say how far it reaches. */
export const summand = binding.power;

export type Binding = (typeof binding)[keyof typeof binding];

/** What stands between two operands: in the language, in mathematics, in LaTeX. */
export const operators = {
  add: { nn: '+', math: '+', latex: '+', level: binding.sum },
  sub: { nn: '-', math: '-', latex: '-', level: binding.sum },
  /** By a number. */
  times: { nn: '*', math: '·', latex: '\\cdot', level: binding.product },
  /** Element by element. */
  elementwise: { nn: '*', math: '⊙', latex: '\\odot', level: binding.product },
  div: { nn: '/', math: '/', latex: '/', level: binding.product },
  matrix: { nn: '@', math: '', latex: '\\,', level: binding.product },
  less: { nn: '<', math: '<', latex: '<', level: binding.comparison },
  lessEqual: { nn: '<=', math: '≤', latex: '\\le', level: binding.comparison },
  greater: { nn: '>', math: '>', latex: '>', level: binding.comparison },
  greaterEqual: { nn: '>=', math: '≥', latex: '\\ge', level: binding.comparison },
  equal: { nn: '==', math: '=', latex: '=', level: binding.comparison },
  unequal: { nn: '!=', math: '≠', latex: '\\ne', level: binding.comparison },
  and: { nn: 'and', math: '∧', latex: '\\land', level: binding.and },
  or: { nn: 'or', math: '∨', latex: '\\lor', level: binding.or },
} as const;

export type Operator = keyof typeof operators;

/** What stands before its operand. */
export const prefixes = {
  neg: { nn: '-', math: '-', latex: '-', level: binding.negation },
  not: { nn: 'not ', math: '¬', latex: '\\lnot ', level: binding.not },
} as const;

export type Prefix = keyof typeof prefixes;

/** An argument that is no formula: `axis = 1`, `[2, 3]`. */
export interface Setting {
  readonly name?: string;
  readonly value:
    | { readonly kind: 'text'; readonly text: string }
    /** Axes of a shape, by their names where they have names of their own. */
    | { readonly kind: 'axes'; readonly axes: readonly number[]; readonly shape: readonly Dim[] }
    | { readonly kind: 'shape'; readonly shape: readonly Dim[] };
}

/** A letter that runs along an axis. */
export interface Letter {
  readonly letter: string;
  readonly dim: Dim;
}

type Shape =
  /** What a line of its own defines, or a leaf. */
  | { readonly kind: 'name'; readonly title: Title }
  | { readonly kind: 'number'; readonly value: number }
  /** A run-time size, or an expression of such. */
  | { readonly kind: 'size'; readonly of: Index }
  | {
      readonly kind: 'apply';
      readonly name: string;
      /** As mathematics calls it. */
      readonly math?: string;
      readonly args: readonly Formula[];
      readonly settings: readonly Setting[];
    }
  | { readonly kind: 'infix'; readonly operator: Operator; readonly left: Formula; readonly right: Formula }
  | { readonly kind: 'prefix'; readonly operator: Prefix; readonly of: Formula }
  | { readonly kind: 'power'; readonly base: Formula; readonly exponent: Formula }
  /** The last two axes exchanged. */
  | { readonly kind: 'transpose'; readonly of: Formula }
  /** Elements chosen by positions (`1:3`, `i`) or by tensors of indices. */
  | { readonly kind: 'index'; readonly of: Formula; readonly places: readonly (string | Formula)[] }
  | { readonly kind: 'cases'; readonly condition: Formula; readonly then: Formula; readonly otherwise: Formula }
  /** The sum of a product over the letters that `free` lacks; those are the axes of the result, in order. */
  | {
      readonly kind: 'contraction';
      readonly left: Formula;
      readonly right: Formula;
      readonly letters: { readonly left: readonly Letter[]; readonly right: readonly Letter[] };
      readonly over: readonly Letter[];
      readonly free: readonly Letter[];
      /** The factors at the places of their letters, where they are more than the factors with these places behind them. */
      readonly elements?: readonly [Formula, Formula];
    }
  /** The sum over some axes of what is written without them. */
  | { readonly kind: 'sum'; readonly of: Formula; readonly axes: readonly number[]; readonly shape: readonly Dim[] }
  /**
   * The sum over what letters stand for, of those alone for which `where` holds, if it is there; without letters what mathematics says element
   * by element. `plain`: as the language says it.
   */
  | {
      readonly kind: 'total';
      readonly letters: readonly string[];
      readonly where?: Formula;
      readonly of: Formula;
      readonly plain: Formula;
    }
  | { readonly kind: 'list'; readonly items: readonly Formula[] }
  /** What a reader does not see: an axis repeated, or one of size 1 put in or taken out. */
  | { readonly kind: 'silent'; readonly of: Formula }
  /** A number's digits, a tensor written out, or what no other kind says. */
  | { readonly kind: 'words'; readonly parts: readonly (string | Formula)[] }
  /** Longer than anybody reads. */
  | { readonly kind: 'omitted' };

/** A formula, and the node that it stands for. */
export type Formula = Shape & {
  readonly node?: Node;
  /** How many parts it has, those of what it shares counted each time. */
  readonly size: number;
};

export type FormulaOf<Kind extends Formula['kind']> = Extract<Formula, { kind: Kind }>;

function sized(parts: readonly (Formula | string)[]): number {
  return parts.reduce((sum, part) => sum + (typeof part === 'string' ? 1 : part.size), 1);
}

export function name(title: Title | string): Formula {
  return { kind: 'name', title: typeof title === 'string' ? { of: 'value', word: title } : title, size: 1 };
}

export function number(value: number): Formula {
  return { kind: 'number', value, size: 1 };
}

export function sizeFormula(of: Index): Formula {
  return { kind: 'size', of, size: 1 };
}

export function apply(
  called: string,
  args: readonly Formula[],
  { math, settings = [] }: { readonly math?: string; readonly settings?: readonly Setting[] } = {},
): Formula {
  return { kind: 'apply', name: called, ...(math !== undefined && { math }), args, settings, size: sized(args) };
}

export function infix(operator: Operator, left: Formula, right: Formula): Formula {
  return { kind: 'infix', operator, left, right, size: sized([left, right]) };
}

export function prefix(operator: Prefix, of: Formula): Formula {
  return { kind: 'prefix', operator, of, size: sized([of]) };
}

export function power(base: Formula, exponent: Formula | number): Formula {
  const raised = typeof exponent === 'number' ? number(exponent) : exponent;
  return { kind: 'power', base, exponent: raised, size: sized([base, raised]) };
}

export function transposed(of: Formula): Formula {
  return { kind: 'transpose', of, size: sized([of]) };
}

export function indexed(of: Formula, places: readonly (string | Formula)[]): Formula {
  return { kind: 'index', of, places, size: sized([of, ...places]) };
}

export function cases(condition: Formula, then: Formula, otherwise: Formula): Formula {
  return { kind: 'cases', condition, then, otherwise, size: sized([condition, then, otherwise]) };
}

export function contraction(of: Omit<FormulaOf<'contraction'>, 'kind' | 'size' | 'node'>): Formula {
  return { kind: 'contraction', ...of, size: sized([of.left, of.right]) };
}

export function sumOver(of: Formula, axes: readonly number[], shape: readonly Dim[]): Formula {
  return { kind: 'sum', of, axes, shape, size: sized([of]) };
}

export function total(of: Omit<FormulaOf<'total'>, 'kind' | 'size' | 'node'>): Formula {
  return { kind: 'total', ...of, size: sized([of.of, ...(of.where ? [of.where] : [])]) };
}

export function list(items: readonly Formula[]): Formula {
  return { kind: 'list', items, size: sized(items) };
}

export function silent(of: Formula): Formula {
  return { kind: 'silent', of, size: sized([of]) };
}

export function words(...parts: readonly (string | Formula)[]): Formula {
  return { kind: 'words', parts, size: sized(parts) };
}

export const omitted: Formula = { kind: 'omitted', size: 1 };

/** A setting as it is written. */
export function setting(text: string, called?: string): Setting {
  return { ...(called !== undefined && { name: called }), value: { kind: 'text', text } };
}

export function axesSetting(axes: readonly number[], shape: readonly Dim[], called = 'axis'): Setting {
  return { name: called, value: { kind: 'axes', axes, shape } };
}

export function shapeSetting(shape: readonly Dim[]): Setting {
  return { value: { kind: 'shape', shape } };
}

/** The same formula as what a node says. */
export function standingFor(node: Node, formula: Formula): Formula {
  return { ...formula, node };
}

/** What a reader sees of it. */
export function seen(formula: Formula): Formula {
  let at = formula;
  while (at.kind === 'silent') at = at.of;
  return at;
}

/** Is it 1[c], 1 where a condition holds and else 0? */
export function isIndicator(formula: Formula): formula is FormulaOf<'cases'> & Formula {
  if (formula.kind !== 'cases') return false;
  const [then, otherwise] = [seen(formula.then), seen(formula.otherwise)];
  return then.kind === 'number' && then.value === 1 && otherwise.kind === 'number' && otherwise.value === 0;
}

/** The formulas that one is made of, in the order in which they are read. */
export function partsOf(formula: Formula): readonly Formula[] {
  switch (formula.kind) {
    case 'name':
    case 'number':
    case 'size':
    case 'omitted':
      return [];
    case 'apply':
      return formula.args;
    case 'infix':
    case 'contraction':
      return [formula.left, formula.right];
    case 'prefix':
    case 'transpose':
    case 'sum':
    case 'silent':
      return [formula.of];
    case 'power':
      return [formula.base, formula.exponent];
    case 'index':
      return [formula.of, ...formula.places.filter((place) => typeof place !== 'string')];
    case 'cases':
      return [formula.condition, formula.then, formula.otherwise];
    case 'total':
      return formula.where ? [formula.where, formula.of] : [formula.of];
    case 'list':
      return formula.items;
    case 'words':
      return formula.parts.filter((part) => typeof part !== 'string');
    default:
      return formula satisfies never;
  }
}

/** A formula with other formulas in the place of its names. */
export function renamed(formula: Formula, called: (name: FormulaOf<'name'> & Formula) => Formula): Formula {
  const done = new Map<Formula, Formula>();
  const visit = (of: Formula): Formula => {
    const known = done.get(of);
    if (known) return known;
    const made = of.kind === 'name' ? called(of) : withParts(of, visit);
    done.set(of, made);
    return made;
  };
  return visit(formula);
}

/** The same with each part as `of` makes it. */
export function withParts(formula: Formula, of: (part: Formula) => Formula): Formula {
  switch (formula.kind) {
    case 'name':
    case 'number':
    case 'size':
    case 'omitted':
      return formula;
    case 'apply':
      return { ...formula, args: formula.args.map(of) };
    case 'infix':
      return { ...formula, left: of(formula.left), right: of(formula.right) };
    case 'contraction': {
      const { elements, left, right } = formula;
      const placed = elements && ([of(elements[0]), of(elements[1])] as const);
      return { ...formula, left: of(left), right: of(right), ...(placed && { elements: placed }) };
    }
    case 'prefix':
    case 'transpose':
    case 'sum':
    case 'silent':
      return { ...formula, of: of(formula.of) };
    case 'power':
      return { ...formula, base: of(formula.base), exponent: of(formula.exponent) };
    case 'index': {
      const places = formula.places.map((place) => (typeof place === 'string' ? place : of(place)));
      return { ...formula, of: of(formula.of), places };
    }
    case 'cases': {
      const { condition, then, otherwise } = formula;
      return { ...formula, condition: of(condition), then: of(then), otherwise: of(otherwise) };
    }
    case 'total': {
      const { where, of: inner, plain } = formula;
      return { ...formula, ...(where && { where: of(where) }), of: of(inner), plain: of(plain) };
    }
    case 'list':
      return { ...formula, items: formula.items.map(of) };
    case 'words':
      return { ...formula, parts: formula.parts.map((part) => (typeof part === 'string' ? part : of(part))) };
    default:
      return formula satisfies never;
  }
}
