// What was found and what was expected, in words, and the usual reason why one stands in place of the other.
import type { IToken, TokenType } from 'chevrotain';
import { isName } from './starts.js';
import * as T from './tokens.js';

/** The tokens that words stand for: chevrotain's exceptions carry the words alone. */
const tokensOf = new Map<string, readonly TokenType[]>();

/** Words for what is expected, and the tokens by which hints know it. */
export function expecting(words: string, ...tokens: readonly TokenType[]): string {
  tokensOf.set(words, tokens);
  return words;
}

export function describe(token: IToken): string {
  if (token.tokenType === T.End) return 'the end of the file';
  return token.image.length > 30 ? `${token.image.slice(0, 30)}…` : token.image;
}

/** What a token type is called where it was expected. */
export function phrase(type: TokenType): string {
  return expecting(wordsFor(type), type);
}

function wordsFor(type: TokenType): string {
  if (type === T.Name) return 'a name';
  if (type === T.NumberLiteral) return 'a number';
  if (type === T.StringLiteral) return 'a string';
  if (type === T.Infix) return 'an operator';
  return typeof type.PATTERN === 'string' ? type.PATTERN : type.name.toLowerCase();
}

/** The usual reason why this stands where these words, or the tokens that they are about, were expected. */
export function hintFor(found: IToken, before: IToken, words: string): string | undefined {
  const expected = tokensOf.get(words) ?? [];
  const wanted = (...types: readonly TokenType[]): boolean => types.some((type) => expected.includes(type));
  if (found.tokenType === T.Equals && wanted(T.Then, T.Else, T.RightParen, T.RightBracket, T.Infix))
    return 'did you mean ==, which compares?';
  if (found.tokenType === T.Assign && wanted(T.Equals)) return 'did you mean = ?';
  if (found.tokenType === T.Assign) return ':= replaces a single name, as a statement of its own';
  if (found.tokenType === T.Colon && wanted(T.Equals)) return 'only inputs, parameters and states have a type';
  if (
    before.tokenType === T.NumberLiteral &&
    isName(found) &&
    found.startOffset === before.startOffset + before.image.length
  ) {
    return `did you mean ${before.image} * ${found.image}?`;
  }
  if (wanted(T.Tilde)) return '~ glorot_uniform() draws weights, = 0 begins with zeros';
  if (found.image === '%') return 'there is no remainder operator';
  return undefined;
}
