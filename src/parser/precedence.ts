// How tightly each operator binds, and how a row of operands and operators becomes a tree.
import type { Diagnostic, Span } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';
import type { BinaryOperator, Expression, UnaryOperator } from './tree.js';

export type InfixOperator = BinaryOperator | '..';

/** From loosest to tightest; calls and indexing come after, `if` before. */
const levels: readonly (readonly InfixOperator[])[] = [
  ['..'],
  ['|>'],
  ['>>'],
  ['or'],
  ['and'],
  [], // not
  ['==', '!=', '<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '@'],
  [], // unary -
  ['^'],
];

const strengths = new Map(
  levels.flatMap((operators, level) => operators.map((operator) => [operator, level] as const)),
);

export const strength = {
  range: 0,
  not: 5,
  comparison: 6,
  negation: 9,
  power: 10,
  /** Of what needs no parentheses anywhere. */
  atom: 11,
};

export function strengthOf(operator: InfixOperator): number {
  return strengths.get(operator) ?? strength.atom;
}

/** What stands in a row: `- a * not b` is a prefix, an operand, an infix, a prefix, an operand. */
export type Piece =
  | { readonly kind: 'operand'; readonly value: Expression; /** With its parentheses. */ readonly span: Span }
  | { readonly kind: 'prefix'; readonly operator: UnaryOperator; readonly span: Span }
  | { readonly kind: 'infix'; readonly operator: InfixOperator; readonly span: Span };

type Operation = Exclude<Piece, { kind: 'operand' }>;

interface Operand {
  readonly value: Expression;
  readonly span: Span;
}

interface Build {
  readonly report: (diagnostic: Diagnostic) => void;
  /** Registers a new node over its parts; fails where the tree becomes too deep. */
  readonly over: (node: Expression, parts: readonly Expression[]) => Expression;
  readonly text: (span: Span) => string;
}

/** Operators that come first bind to the left, except ^. A row is a well-formed one: the grammar has seen to that. */
export function resolve(pieces: readonly Piece[], build: Build): Expression {
  const operands: Operand[] = [];
  const pending: Operation[] = [];
  for (const piece of pieces) {
    switch (piece.kind) {
      case 'operand':
        operands.push(piece);
        break;
      case 'prefix': {
        const before = pending.at(-1);
        // 2^-1 and a * -b are legal; a * not b would read as (a * not) b.
        if (piece.operator === 'not' && before !== undefined && tighterThanNot(before)) {
          const operator = before.operator;
          build.report(say.operandNeedsParentheses({ span: piece.span, word: 'not', operator }));
        }
        pending.push(piece);
        break;
      }
      case 'infix': {
        for (
          let before = pending.at(-1);
          before !== undefined && bindsFirst(before, piece.operator);
          before = pending.at(-1)
        ) {
          pending.pop();
          if (before.kind === 'infix') reportChain(before, piece, build, operands);
          apply(before, operands, build);
        }
        pending.push(piece);
        break;
      }
      default:
        piece satisfies never;
    }
  }
  for (let last = pending.pop(); last !== undefined; last = pending.pop()) apply(last, operands, build);
  return takeLast(operands).value;
}

function takeLast(operands: Operand[]): Operand {
  const operand = operands.pop();
  if (operand === undefined) throw new Error('an operator lacks its operand');
  return operand;
}

/** An operation and its operands, which are the last ones, become one operand. */
function apply(piece: Operation, operands: Operand[], build: Build): void {
  const right = takeLast(operands);
  const push = (value: Expression, ...parts: readonly Operand[]): void => {
    const node = build.over(
      value,
      parts.map((part) => part.value),
    );
    operands.push({ value: node, span: node.span });
  };
  if (piece.kind === 'prefix') {
    const span = { ...piece.span, end: right.span.end };
    return push({ kind: 'unary', operator: piece.operator, operand: right.value, span }, right);
  }
  const left = takeLast(operands);
  const span = { ...left.span, end: right.span.end };
  if (piece.operator === '..') return push({ kind: 'range', from: left.value, to: right.value, span }, left, right);
  const { operator, span: operatorSpan } = piece;
  push({ kind: 'binary', operator, operatorSpan, left: left.value, right: right.value, span }, left, right);
}

function bindsFirst(before: Operation, next: InfixOperator): boolean {
  const left =
    before.kind === 'prefix'
      ? before.operator === 'not'
        ? strength.not
        : strength.negation
      : strengthOf(before.operator);
  return next === '^' ? left > strength.power : left >= strengthOf(next);
}

function tighterThanNot(piece: Operation): boolean {
  return piece.kind === 'prefix' ? piece.operator === '-' : strengthOf(piece.operator) >= strength.comparison;
}

function reportChain(
  first: Operation & { kind: 'infix' },
  second: Operation & { kind: 'infix' },
  build: Build,
  operands: readonly Operand[],
): void {
  const level = strengthOf(second.operator);
  if (strengthOf(first.operator) !== level) return;
  if (level === strength.range) build.report(say.chainedRange({ span: second.span }));
  if (level !== strength.comparison) return;
  const [left, middle] = operands.slice(-2).map((operand) => build.text(operand.span).replace(/\s+/g, ' '));
  const meant = `${left} ${first.operator} ${middle} and ${middle} ${second.operator} …`;
  build.report(say.chainedComparison({ first: first.span, second: second.span, meant }));
}
