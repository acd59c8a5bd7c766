// Expressions of JavaScript as text with a precedence, so that only the needed parentheses are written.

export interface Expression {
  readonly text: string;
  readonly level: number;
}

export type Infix =
  '*' | '/' | '+' | '-' | '<<' | '>>' | '>>>' | '<' | '<=' | '===' | '!==' | '==' | '!=' | '^' | '|' | '&&' | '||';

const levels: Record<Infix, number> = {
  '*': 12,
  '/': 12,
  '+': 11,
  '-': 11,
  '<<': 10,
  '>>': 10,
  '>>>': 10,
  '<': 9,
  '<=': 9,
  '===': 8,
  '!==': 8,
  '==': 8,
  '!=': 8,
  '^': 6,
  '|': 5,
  '&&': 4,
  '||': 3,
};
const unary = 14;
const conditionalLevel = 2;

/** Names, numbers, calls and elements of arrays: never in parentheses. */
export function primary(text: string): Expression {
  return { text, level: text.startsWith('-') ? unary : 18 };
}

export function call(name: string, ...args: readonly Expression[]): Expression {
  return primary(`${name}(${args.map((a) => a.text).join(', ')})`);
}

/** Keeps the order of evaluation: floating-point sums and products are not associative. */
export function binary(operator: Infix, a: Expression, b: Expression): Expression {
  const level = levels[operator];
  // Readers do not know the precedence of shifts, bits and mixed && and || by heart.
  const logical = operator === '&&' || operator === '||';
  const least = logical ? 5 : level < 8 || level === 10 ? 13 : level;
  const left = parenthesized(a, logical && a.level === level ? level : least);
  const right = parenthesized(b, least === level ? level + 1 : least);
  return { text: `${left} ${operator} ${right}`, level };
}

/** An operator between two, given as a list. */
export function infix(operator: Infix): (args: readonly Expression[]) => Expression {
  return ([a, b]) => binary(operator, a, b);
}

/** A function by its name. */
export function named(name: string): (args: readonly Expression[]) => Expression {
  return (args) => call(name, ...args);
}

export function negative(a: Expression): Expression {
  return { text: `-${parenthesized(a, a.text.startsWith('-') ? 20 : unary)}`, level: unary };
}

export function not(a: Expression): Expression {
  return { text: `!${parenthesized(a, unary)}`, level: unary };
}

export function conditional(condition: Expression, yes: Expression, no: Expression): Expression {
  const text = `${parenthesized(condition, 3)} ? ${parenthesized(yes, 3)} : ${parenthesized(no, 2)}`;
  return { text, level: conditionalLevel };
}

function parenthesized({ text, level }: Expression, least: number): string {
  return level < least ? `(${text})` : text;
}
