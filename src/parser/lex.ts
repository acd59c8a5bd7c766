// Text to tokens: words are told apart, brackets matched, and what belongs to other languages is reported and mended.
import type { IToken, TokenType } from 'chevrotain';
import { nameLetters } from '../diagnostics/name.js';
import type { Diagnostic, Source, Span } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';
import { beginsForeign, pathFrom } from './dots.js';
import * as T from './tokens.js';

export interface Tokens {
  /** Ends in an End token. Each token's payload is its index here. */
  readonly tokens: readonly IToken[];
  /** For a bracket, the index of the one it belongs to; -1 for one without a partner and for all other tokens. */
  readonly partners: Int32Array;
  /** Doc comments by the line they stand on. */
  readonly docs: ReadonlyMap<number, string>;
  /** All comments, doc comments among them, in the order of the text. */
  readonly comments: readonly IToken[];
  /** Lines with characters that mean nothing. */
  readonly unreadable: ReadonlySet<number>;
  readonly diagnostics: readonly Diagnostic[];
}

const meanings: Readonly<Record<string, { type: TokenType; sign: string }>> = {
  '**': { type: T.Caret, sign: '^' },
  '&&': { type: T.And, sign: 'and' },
  '&': { type: T.And, sign: 'and' },
  '||': { type: T.Or, sign: 'or' },
  '|': { type: T.Or, sign: 'or' },
  '===': { type: T.EqualTo, sign: '==' },
  '!==': { type: T.NotEqual, sign: '!=' },
  '!': { type: T.Not, sign: 'not' },
  '¬': { type: T.Not, sign: 'not' },
  '−': { type: T.Minus, sign: '-' },
  '×': { type: T.Star, sign: '*' },
  '·': { type: T.Star, sign: '*' },
  '÷': { type: T.Slash, sign: '/' },
  '≤': { type: T.LessEqual, sign: '<=' },
  '≥': { type: T.GreaterEqual, sign: '>=' },
  '≠': { type: T.NotEqual, sign: '!=' },
  '→': { type: T.Arrow, sign: '->' },
  '=>': { type: T.GreaterEqual, sign: '>= to compare, or a function as fn f(x) = … at the top of the file' },
};

/** What a character that means nothing is usually there for. */
const characters: Readonly<Record<string, string>> = {
  '%': 'the remainder of x by n is x - n * floor(x / n)',
  '?': 'a choice is written if c then a else b',
  '\\': 'an expression goes on where the next line begins with an operator, and within brackets',
};

export function lex({ file, text }: Source): Tokens {
  const result = T.lexer.tokenize(text);
  const diagnostics: Diagnostic[] = [];
  const tokens: IToken[] = [];
  const unreadable = new Set<number>();
  let line = { number: 0, first: 0 };
  for (let at = 0; at < result.tokens.length; at++) {
    const token = result.tokens[at];
    if (token.startLine !== line.number) line = { number: token.startLine ?? 0, first: tokens.length };
    const span: Span = { file, start: token.startOffset, end: token.startOffset + token.image.length };
    const path = pathFrom(result.tokens, at);
    if (path) {
      at = path.last;
      // Of a line that is a statement of another language the parser says what it is here.
      if (beginsForeign(tokens, line.first)) continue;
      unreadable.add(line.number);
      const { startOffset, image } = result.tokens[at];
      diagnostics.push(say.foreignMember({ span: { ...span, end: startOffset + image.length }, help: path.help }));
      continue;
    }
    if (token.tokenType === T.Unknown) {
      unreadable.add(token.startLine ?? 0);
      reportUnknown(token, span, diagnostics);
    }
    if (!settle(token, span, diagnostics)) continue;
    token.payload = tokens.length;
    tokens.push(token);
  }
  const { docs = [], comments = [] } = result.groups;
  diagnostics.push(...divisions(comments, { file, text }));
  const lastLine = tokens.at(-1)?.startLine ?? 0;
  tokens.push({
    image: '',
    startOffset: text.length,
    startLine: lastLine + 1,
    tokenType: T.End,
    tokenTypeIdx: T.End.tokenTypeIdx ?? 0,
    payload: tokens.length,
  });
  return {
    tokens,
    partners: matchBrackets(tokens),
    docs: docsByLine(docs, text),
    comments: [...docs, ...comments].sort((a, b) => a.startOffset - b.startOffset),
    unreadable,
    diagnostics,
  };
}

/** Gives a token its type: words are told apart, and what belongs to other languages is reported and mended. Is it one that counts? */
function settle(token: IToken, span: Span, diagnostics: Diagnostic[]): boolean {
  const { image } = token;
  switch (token.tokenType) {
    case T.Name:
      retype(token, T.words.get(image) ?? T.Name);
      return true;
    case T.Foreign: {
      const meant = meanings[image];
      diagnostics.push(say.foreignOperator({ span, found: image, meant: meant.sign }));
      retype(token, meant.type);
      return true;
    }
    case T.ForeignString:
      diagnostics.push(say.foreignQuotes({ span, meant: `"${image.slice(1, -1)}"` }));
      retype(token, T.StringLiteral);
      return true;
    case T.OpenString:
      diagnostics.push(say.unterminatedString({ span: { ...span, end: span.start + 1 } }));
      retype(token, T.StringLiteral);
      return true;
    case T.MalformedNumber:
      diagnostics.push(say.malformedNumber({ span, meant: mendNumber(image) }));
      retype(token, T.NumberLiteral);
      return true;
    case T.ForeignComment:
      diagnostics.push(say.foreignComment({ span: firstLine(span, image) }));
      return false;
    case T.Semicolon:
      diagnostics.push(say.semicolon({ span }));
      return false;
    default:
      return token.tokenType !== T.Unknown;
  }
}

/** `x // 2`, `dense(n // heads)`: what divides in other languages, and here leaves out the rest of the line. */
function divisions(comments: readonly IToken[], { file, text }: Source): Diagnostic[] {
  return comments.flatMap(({ image, startOffset }) => {
    const [line = ''] = /[^\r\n]*$/.exec(text.slice(Math.max(0, startOffset - mostBefore), startOffset)) ?? [];
    const [, divisor] = divides.exec(image) ?? [];
    if (divisor === undefined || !isDivided.test(line)) return [];
    const span = { file, start: startOffset, end: startOffset + image.length };
    return [say.commentDivides({ span, divisor })];
  });
}

const divides = new RegExp(`^// *([\\d.]+(?= *(?:$|[-+*^@)\\],]))|[${nameLetters}.]+(?= *[)\\]]))`, 'u');
const isDivided = new RegExp(`[${nameLetters})\\]] *$`, 'u');

/** So far back code is looked for before a comment. */
const mostBefore = 200;

/** A run of characters that mean nothing is one mistake. */
function reportUnknown({ image }: IToken, span: Span, diagnostics: Diagnostic[]): void {
  const last = diagnostics.at(-1);
  if (last?.code !== say.unexpectedCharacter.code || last.labels[0].span.end !== span.start) {
    const { [image]: help } = characters;
    diagnostics.push(say.unexpectedCharacter({ span, character: spell(image), help }));
    return;
  }
  diagnostics[diagnostics.length - 1] = {
    ...last,
    labels: [{ text: '', span: { ...span, start: last.labels[0].span.start } }],
  };
}

function retype(token: IToken, type: TokenType): void {
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx ?? 0;
}

function mendNumber(image: string): string {
  return image.startsWith('.') ? `0${image}` : image.replace('.', '.0');
}

function firstLine(span: Span, image: string): Span {
  const lineEnd = image.search(/[\r\n]/);
  return lineEnd === -1 ? span : { ...span, end: span.start + lineEnd };
}

function spell(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const invisible = code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code <= 0xdfff);
  return invisible ? `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}` : character;
}

function docsByLine(docs: readonly IToken[], text: string): Map<number, string> {
  const byLine = new Map<number, string>();
  for (const doc of docs) {
    if (/[^\s]/.test(text.slice(text.lastIndexOf('\n', doc.startOffset - 1) + 1, doc.startOffset))) continue;
    byLine.set(doc.startLine ?? 0, doc.image.slice(3).replace(/^ /, '').trimEnd());
  }
  return byLine;
}

interface Frame {
  readonly brace: number;
  readonly open: number[];
  parens: number;
  brackets: number;
}

/** Braces bound everything: a ( or [ that is open where its block ends has no partner. */
function matchBrackets(tokens: readonly IToken[]): Int32Array {
  const partners = new Int32Array(tokens.length).fill(-1);
  let frame: Frame = { brace: -1, open: [], parens: 0, brackets: 0 };
  const frames = [frame];
  const pair = (a: number, b: number): void => {
    partners[a] = b;
    partners[b] = a;
  };
  const close = (index: number, type: TokenType): void => {
    if ((type === T.LeftParen ? frame.parens : frame.brackets) === 0) return;
    for (;;) {
      const opener = frame.open.pop();
      if (opener === undefined) return;
      const opened = tokens[opener].tokenType;
      if (opened === T.LeftParen) frame.parens--;
      else frame.brackets--;
      if (opened === type) return pair(opener, index);
    }
  };
  tokens.forEach((token, index) => {
    switch (token.tokenType) {
      case T.LeftParen:
        frame.parens++;
        frame.open.push(index);
        break;
      case T.LeftBracket:
        frame.brackets++;
        frame.open.push(index);
        break;
      case T.RightParen:
        close(index, T.LeftParen);
        break;
      case T.RightBracket:
        close(index, T.LeftBracket);
        break;
      case T.LeftBrace:
        frame = { brace: index, open: [], parens: 0, brackets: 0 };
        frames.push(frame);
        break;
      case T.RightBrace:
        if (frames.length === 1) break;
        frames.pop();
        pair(frame.brace, index);
        frame = frames[frames.length - 1];
        break;
    }
  });
  return partners;
}
