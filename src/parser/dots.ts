// Names joined by dots, as members and modules are in other languages.
import type { IToken } from 'chevrotain';
import { statementHere, withoutDots } from '../diagnostics/foreign.js';
import { isName } from './starts.js';
import * as T from './tokens.js';

/** `.member.member` from its first dot, behind a name or a bracket; undefined where a dot is something else. */
export function pathFrom(tokens: readonly IToken[], dot: number): { last: number; help: string } | undefined {
  const touch = (index: number): boolean =>
    tokens[index].startOffset === tokens[index - 1].startOffset + tokens[index - 1].image.length;
  if (tokens[dot].image !== '.') return undefined;
  const before = dot > 0 ? tokens[dot - 1] : undefined;
  const closes = before?.tokenType === T.RightParen || before?.tokenType === T.RightBracket;
  if (!before || !(isName(before) || closes) || !touch(dot)) return undefined;
  const members: string[] = [];
  let last = dot;
  while (tokens[last]?.image === '.' && last + 1 < tokens.length && isName(tokens[last + 1]) && touch(last + 1)) {
    members.push(tokens[last + 1].image);
    last += 2;
  }
  if (members.length === 0) return undefined;
  const call =
    tokens[last]?.tokenType !== T.LeftParen
      ? 'none'
      : tokens[last + 1]?.tokenType === T.RightParen
        ? 'empty'
        : 'arguments';
  return { last: last - 1, help: withoutDots(closes ? '…' : before.image, members, call) };
}

/** Whether the line from this token begins with two words, as in `import torch`, of which the first begins statements elsewhere. */
export function beginsForeign(tokens: readonly IToken[], first: number): boolean {
  const [word, next] = tokens.slice(first, first + 2);
  return next !== undefined && isName(next) && statementHere(word.image) !== undefined;
}
