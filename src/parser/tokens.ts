// The words and signs of the language, as the lexer knows them.
import { aName, spellsName } from '../diagnostics/name.js';
import { createToken, Lexer, type TokenType } from 'chevrotain';

const sign = (name: string, pattern: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern, categories });
const word = (name: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern: Lexer.NA, categories });

/** Any operator that stands between two operands. */
export const Infix = word('Infix');

const nameShape = new RegExp(aName, 'uy');

// Chevrotain sorts patterns by first character: all of the first 256 by themselves, those above in buckets of 255.
const nameStarts: number[] = [];
for (let code = 0; code < 256; code++) if (spellsName(String.fromCharCode(code))) nameStarts.push(code);
for (let code = 256; code < 65536; code += 255) nameStarts.push(code);
nameStarts.push(65535);

export const Name = createToken({
  name: 'Name',
  pattern: (text: string, offset: number) => {
    nameShape.lastIndex = offset;
    return nameShape.exec(text);
  },
  start_chars_hint: nameStarts,
  line_breaks: false,
});

// ---- words ---------------------------------------------------------------------------------------

export const If = word('If');
export const Then = word('Then');
export const Else = word('Else');
export const And = word('And', [Infix]);
export const Or = word('Or', [Infix]);
export const Not = word('Not');
export const True = word('True');
export const False = word('False');
export const Training = word('Training');

const reserved: Record<string, TokenType> = {
  if: If,
  then: Then,
  else: Else,
  and: And,
  or: Or,
  not: Not,
  true: True,
  false: False,
  training: Training,
};

const soft = (name: string): TokenType => word(name, [Name]);

export const Import = soft('Import');
export const From = soft('From');
export const Fn = soft('Fn');
export const Layer = soft('Layer');
export const Model = soft('Model');
export const Optimizer = soft('Optimizer');
export const Gradient = soft('Gradient');
export const Input = soft('Input');
export const Output = soft('Output');
export const Loss = soft('Loss');
export const Metric = soft('Metric');
export const Train = soft('Train');
export const Param = soft('Param');
export const Frozen = soft('Frozen');
export const State = soft('State');
export const Observe = soft('Observe');
export const Slot = soft('Slot');
export const Require = soft('Require');
export const Return = soft('Return');
export const Emit = soft('Emit');
export const Scan = soft('Scan');
export const In = soft('In');
export const Along = soft('Along');
export const Backwards = soft('Backwards');

/** Words with a meaning in some places; all but the reserved ones may be names elsewhere. */
export const words: ReadonlyMap<string, TokenType> = new Map([
  ...Object.entries(reserved),
  ...[
    ...[Import, From, Fn, Layer, Model, Optimizer, Gradient, Input, Output, Loss, Metric, Train, Param, Frozen],
    ...[State, Observe, Slot, Require, Return, Emit, Scan, In, Along, Backwards],
  ].map((type): [string, TokenType] => [type.name.toLowerCase(), type]),
]);

export const reservedTypes: ReadonlySet<TokenType> = new Set(Object.values(reserved));

// ---- signs ---------------------------------------------------------------------------------------

export const NumberLiteral = createToken({ name: 'NumberLiteral', pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/ });
export const StringLiteral = createToken({ name: 'StringLiteral', pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/ });

export const LeftParen = sign('LeftParen', '(');
export const RightParen = sign('RightParen', ')');
export const LeftBracket = sign('LeftBracket', '[');
export const RightBracket = sign('RightBracket', ']');
export const LeftBrace = sign('LeftBrace', '{');
export const RightBrace = sign('RightBrace', '}');
export const Comma = sign('Comma', ',');
export const Assign = sign('Assign', ':=');
export const Colon = sign('Colon', ':');
export const Tilde = sign('Tilde', '~');
export const Arrow = sign('Arrow', '->');
export const Ellipsis = sign('Ellipsis', '...');
export const Equals = sign('Equals', '=');

export const Range = sign('Range', '..', [Infix]);
export const Pipe = sign('Pipe', '|>', [Infix]);
export const Compose = sign('Compose', '>>', [Infix]);
export const EqualTo = sign('EqualTo', '==', [Infix]);
export const NotEqual = sign('NotEqual', '!=', [Infix]);
export const LessEqual = sign('LessEqual', '<=', [Infix]);
export const GreaterEqual = sign('GreaterEqual', '>=', [Infix]);
export const Less = sign('Less', '<', [Infix]);
export const Greater = sign('Greater', '>', [Infix]);
export const Plus = sign('Plus', '+', [Infix]);
export const Minus = sign('Minus', '-', [Infix]);
export const Star = sign('Star', '*', [Infix]);
export const Slash = sign('Slash', '/', [Infix]);
export const At = sign('At', '@', [Infix]);
export const Caret = sign('Caret', '^', [Infix]);

// ---- outside the grammar -------------------------------------------------------------------------

const Space = createToken({ name: 'Space', pattern: /[\s\uFEFF\u200B]+/, group: Lexer.SKIPPED, line_breaks: true });
const Doc = createToken({ name: 'Doc', pattern: /\/\/\/(?!\/)[^\r\n]*/, group: 'docs' });
const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\r\n]*/, group: 'comments' });

/** Signs of other languages: the lexer reports them and goes on with what was meant. */
export const Foreign = createToken({
  name: 'Foreign',
  pattern: /\*\*|=>|&&?|\|\|?|===|!==|!(?!=)|[−×·÷≤≥≠¬→]/,
  line_breaks: false,
});
export const ForeignComment = createToken({
  name: 'ForeignComment',
  pattern: /#[^\r\n]*|\/\*[^]*?(?:\*\/|$)/,
  line_breaks: true,
});
export const ForeignString = createToken({ name: 'ForeignString', pattern: /'[^'\r\n]*'|[“”][^“”\r\n]*[“”]/ });
export const OpenString = createToken({ name: 'OpenString', pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*\\?/ });
export const MalformedNumber = createToken({
  name: 'MalformedNumber',
  pattern: /\d+\.(?:[eE][+-]?\d+)?(?![.\d])|\.\d+(?:[eE][+-]?\d+)?/,
});
export const Semicolon = sign('Semicolon', ';');
/** Anything else. */
export const Unknown = createToken({
  name: 'Unknown',
  pattern: /[\uD800-\uDBFF][\uDC00-\uDFFF]|[^]/,
  line_breaks: false,
});

/** Stands after the last token of every file. */
export const End = word('End');

/** In the order in which they are tried. */
const patterns: TokenType[] = [
  ...[Space, Doc, Comment, ForeignComment, Name, MalformedNumber, NumberLiteral, StringLiteral, OpenString],
  ...[Ellipsis, Range, Arrow, Pipe, Compose, Foreign, EqualTo, NotEqual, LessEqual, GreaterEqual, Assign],
  ...[LeftParen, RightParen, LeftBracket, RightBracket, LeftBrace, RightBrace, Comma, Colon, Tilde, Equals],
  ...[Less, Greater, Plus, Minus, Star, Slash, At, Caret, ForeignString, Semicolon, Unknown],
];

/** All token types the grammar speaks of. */
export const vocabulary: TokenType[] = [Infix, ...patterns, ...words.values(), End];

export const lexer = new Lexer([Infix, ...patterns], {
  positionTracking: 'onlyStart',
  skipValidations: true,
});
