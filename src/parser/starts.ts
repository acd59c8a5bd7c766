// Which tokens begin something: a declaration, a statement, an operand.
import { tokenMatcher, type IToken, type TokenType } from 'chevrotain';
import * as T from './tokens.js';

export const declaring: ReadonlySet<TokenType> = new Set([T.Import, T.Fn, T.Layer, T.Model, T.Optimizer, T.Gradient]);
export const stating: ReadonlySet<TokenType> = new Set([
  T.Input,
  T.Output,
  T.Loss,
  T.Metric,
  T.Param,
  T.Frozen,
  T.State,
  T.Slot,
]);

const operandStarts: ReadonlySet<TokenType> = new Set([
  ...[T.If, T.NumberLiteral, T.StringLiteral, T.Training, T.True, T.False, T.LeftParen, T.LeftBracket],
]);

export function startsOperand(type: TokenType): boolean {
  return operandStarts.has(type) || type === T.Name || (type.CATEGORIES ?? []).includes(T.Name);
}

export function isName(token: IToken): boolean {
  return tokenMatcher(token, T.Name);
}

export function isStatementWord(token: IToken): boolean {
  return (
    stating.has(token.tokenType) ||
    token.tokenType === T.Require ||
    token.tokenType === T.Return ||
    token.tokenType === T.Emit ||
    token.tokenType === T.Train
  );
}
