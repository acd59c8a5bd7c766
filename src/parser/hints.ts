// What was found and what was expected, in words, and the usual reason why one stands in place of the other.
import type { IToken, TokenType } from 'chevrotain';
import { statementHere } from '../diagnostics/foreign.js';
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
  if (expected.length === 0) return statementHere(found.image) ?? beginningHint(found);
  if (wanted(T.Equals, T.Infix, T.LeftBrace)) {
    const here = isName(before) ? statementHere(before.image) : undefined;
    if (here !== undefined) return here;
  }
  if (wanted(T.Assign)) {
    const changed = isName(before) ? changeHint(found, before.image) : undefined;
    if (changed !== undefined) return changed;
  }
  if (found.tokenType === T.Equals && wanted(T.Then, T.Else, T.RightParen, T.RightBracket, T.Infix))
    return 'did you mean ==, which compares?';
  if (found.tokenType === T.Assign && wanted(T.Equals)) return 'did you mean = ?';
  if (found.tokenType === T.StringLiteral && before.tokenType === T.StringLiteral && wanted(T.Equals))
    return `a comma stands between patterns: ${before.image}, ${found.image}`;
  if (found.tokenType === T.In && wanted(T.Equals))
    return 'a scan names all its sequences before along: scan a in x, b in y along T';
  if (found.tokenType === T.Assign) return ':= replaces a single name, as a statement of its own';
  if (found.tokenType === T.Colon && wanted(T.Equals)) return 'only inputs, parameters and states have a type';
  if (found.tokenType === T.Comma && wanted(T.RightParen)) return 'a list stands in brackets: [a, b]';
  if (
    before.tokenType === T.NumberLiteral &&
    isName(found) &&
    found.startOffset === before.startOffset + before.image.length
  ) {
    return numberHint(before.image, found.image);
  }
  if (wanted(T.Tilde)) return '~ glorot_uniform() draws weights, = 0 begins with zeros';
  if (wanted(T.Infix)) return operatorHint(found);
  if (found.image === 'for') return 'there are no comprehensions: scan i in range(3) { emit … } stacks what it emits';
  return undefined;
}

/** Where a statement or a declaration begins. */
function beginningHint({ tokenType }: IToken): string | undefined {
  return tokenType === T.If ? 'if is an expression: z = if x > 0 then x else 0' : undefined;
}

/** `h += x`, `relu(x)`: where a name was to be given a value. */
function changeHint({ tokenType, image }: IToken, name: string): string | undefined {
  if (tokenType === T.LeftParen) return `a statement gives its value a name: y = ${name}(…)`;
  const arithmetic = [T.Plus, T.Minus, T.Star, T.Slash, T.At, T.Caret];
  if (!arithmetic.includes(tokenType)) return undefined;
  return `a name stands for one value: give ${name} ${image} … a name of its own; a state or what a scan carries changes by ${name} := ${name} ${image} …`;
}

/** `2x`, `1_000`, `0x10`. */
function numberHint(number: string, rest: string): string {
  if (/^[\d_]*$/.test(rest)) return `did you mean ${number}${rest.replaceAll('_', '')}?`;
  if (number === '0' && /^[xbo][\da-f]+$/i.test(rest)) return `numbers are decimal: ${Number(number + rest)}`;
  return `did you mean ${number} * ${rest}?`;
}

/** Where an expression was at its end. */
function operatorHint({ tokenType, image }: IToken): string | undefined {
  if (tokenType === T.If) return 'the condition comes first: if c then a else b';
  if (image === 'is') return 'write ==';
  if (tokenType === T.Comma)
    return 'a statement names one value, or what one call gives: a = x on one line, b = y on the next';
  return undefined;
}
