// What the grammar stands on: positions, spans, faults in plain words, and finding the way after a fault.
import {
  EmbeddedActionsParser,
  MismatchedTokenException,
  NoViableAltException,
  tokenMatcher,
  type IToken,
  type TokenType,
} from 'chevrotain';
import { Fault, type Diagnostic, type Span } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';
import type { Tokens } from './lex.js';
import type { InfixOperator, Piece } from './precedence.js';
import { unescape } from './strings.js';
import * as T from './tokens.js';
import type { Expression, Identifier } from './tree.js';

/** Deeper trees than this could exhaust the stack of a later phase. */
const tallest = 400;
/** Nested brackets cost the parser itself more than a level of the tree. */
const deepestNesting = 120;
/** Of one file. */
export const mostErrors = 100;

/** Where items of one kind stand in a row. */
export type Place = 'file' | 'body' | 'model' | 'train';

/** Thrown to leave a file that has nothing but errors. */
export class TooManyErrors extends Error {}

const closers: ReadonlyMap<TokenType, string> = new Map([
  [T.LeftParen, ')'],
  [T.LeftBracket, ']'],
  [T.LeftBrace, '}'],
]);
const declaring: ReadonlySet<TokenType> = new Set([T.Import, T.Fn, T.Layer, T.Model, T.Optimizer, T.Gradient]);
const stating: ReadonlySet<TokenType> = new Set([
  T.Input,
  T.Output,
  T.Loss,
  T.Metric,
  T.Param,
  T.Frozen,
  T.State,
  T.Slot,
]);

export class Reader extends EmbeddedActionsParser {
  protected file = '';
  protected text = '';
  protected source: Tokens = {
    tokens: [],
    partners: new Int32Array(0),
    docs: new Map(),
    unreadable: new Set(),
    diagnostics: [],
  };
  protected diagnostics: Diagnostic[] = [];
  protected nesting = 0;
  /** Of the nodes that have parts. */
  protected heights = new Map<Expression, number>();

  constructor() {
    super(T.vocabulary, {
      recoveryEnabled: false,
      maxLookahead: 1,
      skipValidations: true,
      // The text of an exception is only what was expected; `faultOf` makes the sentence.
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected }) => phrase(expected),
        buildNotAllInputParsedMessage: () => 'the end of the file',
        buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? 'something else',
        buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? 'something else',
      },
    });
  }

  protected begin(file: string, text: string, source: Tokens): void {
    this.file = file;
    this.text = text;
    this.source = source;
    this.diagnostics = [];
    this.nesting = 0;
    this.heights = new Map();
    this.input = [...source.tokens];
  }

  // ---- spans and leaves ----------------------------------------------------------------------------

  protected spanOf(token: IToken): Span {
    if (this.RECORDING_PHASE) return { file: '', start: 0, end: 0 };
    return { file: this.file, start: token.startOffset, end: token.startOffset + token.image.length };
  }

  /** From a token to the last one read. */
  protected from(start: IToken): Span {
    if (this.RECORDING_PHASE) return { file: '', start: 0, end: 0 };
    const last = this.LA(0);
    return { file: this.file, start: start.startOffset, end: last.startOffset + last.image.length };
  }

  protected identifier(token: IToken): Identifier {
    return { name: token.image, span: this.spanOf(token) };
  }

  protected quoted(token: IToken): { value: string; span: Span } {
    const span = this.spanOf(token);
    if (this.RECORDING_PHASE) return { value: '', span };
    return { value: unescape(token.image, span, (diagnostic) => this.report(diagnostic)), span };
  }

  protected number(token: IToken): Expression {
    const span = this.spanOf(token);
    const value = Number(token.image);
    if (value === Infinity) this.report(say.numberTooLarge({ span }));
    return {
      kind: 'number',
      value: Number.isFinite(value) || value === Infinity ? value : Number.parseFloat(token.image) || 0,
      span,
    };
  }

  /** The comment lines right above a token that is the first of its line. */
  protected docAbove(token: IToken): string | undefined {
    const { docs } = this.source;
    if (docs.size === 0) return undefined;
    const lines: string[] = [];
    for (let line = (token.startLine ?? 0) - 1; ; line--) {
      const doc = docs.get(line);
      if (doc === undefined) break;
      lines.unshift(doc);
    }
    return lines.length === 0 ? undefined : lines.join('\n');
  }

  // ---- looking ahead -------------------------------------------------------------------------------

  private position(): number {
    return Number(this.LA(1).payload);
  }

  private tokenAt(index: number): IToken {
    return this.source.tokens[Math.min(index, this.source.tokens.length - 1)];
  }

  protected onSameLine(): boolean {
    return this.LA(1).startLine === this.LA(0).startLine;
  }

  private firstOfLine(index: number): boolean {
    return index === 0 || this.tokenAt(index - 1).startLine !== this.tokenAt(index).startLine;
  }

  /** A word and, on its line, a name (or a reserved word in its place). */
  private leadsName(index: number): boolean {
    const next = this.tokenAt(index + 1);
    if (next.startLine !== this.tokenAt(index).startLine) return false;
    return isName(next) || (T.reservedTypes.has(next.tokenType) && next.tokenType !== T.Training);
  }

  protected leads(type: TokenType): boolean {
    return this.LA(1).tokenType === type && this.leadsName(this.position());
  }

  /** A declaration's word leads one unless it is itself the name of a constant. */
  protected declares(type: TokenType): boolean {
    return this.LA(1).tokenType === type && this.LA(2).tokenType !== T.Equals;
  }

  protected startsLoss(place: Place): boolean {
    if (this.LA(1).tokenType !== T.Loss) return false;
    return this.leadsName(this.position()) || (place === 'model' && this.LA(2).tokenType === T.Equals);
  }

  protected startsTrain(): boolean {
    return this.LA(1).tokenType === T.Train && this.LA(2).tokenType === T.LeftBrace;
  }

  /** Whether a word that expressions follow begins a statement here, rather than being a name. */
  protected startsSpoken(type: TokenType): boolean {
    const next = this.LA(2).tokenType;
    return this.LA(1).tokenType === type && next !== T.Equals && next !== T.Assign && next !== T.Comma;
  }

  protected startsScan(): boolean {
    return this.LA(1).tokenType === T.Scan && this.LA(3).tokenType === T.In && isName(this.LA(2));
  }

  /** `require` with something on its line to be required, which an operator does not begin. */
  private requires(index: number): boolean {
    const next = this.tokenAt(index + 1);
    const prefix = next.tokenType === T.Minus || next.tokenType === T.Not;
    return next.startLine === this.tokenAt(index).startLine && (prefix || startsOperand(next.tokenType));
  }

  private startsDeclaration(index: number): boolean {
    const { tokenType } = this.tokenAt(index);
    if (!declaring.has(tokenType) || !this.firstOfLine(index)) return false;
    if (tokenType === T.Import) return this.tokenAt(index + 1).tokenType === T.LeftBrace;
    const third = this.tokenAt(index + 2).tokenType;
    return this.leadsName(index) && (third === T.LeftParen || third === T.LeftBrace);
  }

  /** Whether a statement (in a file, a declaration) may well begin here. */
  private mayStart(index: number, place: Place): boolean {
    const token = this.tokenAt(index);
    const next = this.tokenAt(index + 1);
    if (this.startsDeclaration(index)) return true;
    if (T.reservedTypes.has(token.tokenType) && next.tokenType === T.Equals) return true;
    if (place === 'file') return isName(token) && next.tokenType === T.Equals;
    if (place === 'train' && token.tokenType === T.Optimizer && next.tokenType === T.StringLiteral) return true;
    if (!isName(token)) return false;
    if (next.tokenType === T.Equals || next.tokenType === T.Assign) return true;
    if (stating.has(token.tokenType) && this.leadsName(index)) return true;
    if (token.tokenType === T.Train) return next.tokenType === T.LeftBrace;
    if (token.tokenType === T.Require) return this.requires(index);
    return token.tokenType === T.Return || token.tokenType === T.Emit;
  }

  /** `a, b =` */
  private startsNames(index: number): boolean {
    let at = index;
    while (isName(this.tokenAt(at)) && this.tokenAt(at + 1).tokenType === T.Comma) at += 2;
    return at > index && isName(this.tokenAt(at)) && this.tokenAt(at + 1).tokenType === T.Equals;
  }

  // ---- rows and brackets ---------------------------------------------------------------------------

  /** `a, b, c` up to the closing bracket, with or without a last comma. */
  protected separated<Item>(closer: TokenType, item: () => Item): Item[] {
    const items: Item[] = [];
    if (this.RECORDING_PHASE) {
      item();
      this.CONSUME9(T.Comma);
      return items;
    }
    while (this.LA(1).tokenType !== closer) {
      items.push(item());
      if (this.LA(1).tokenType !== T.Comma) break;
      this.CONSUME9(T.Comma);
    }
    return items;
  }

  /** Reads a closing bracket, or tells which one it lacks. */
  protected close(open: IToken, consume: () => unknown, only = false): void {
    const closer = closers.get(open.tokenType) ?? ')';
    const token = this.LA(1);
    if (!this.RECORDING_PHASE && token.image !== closer) {
      if (this.lacksPartner(open)) throw new Fault(this.unclosed(open, token));
      throw this.faultAt(token, only ? closer : `, or ${closer}`);
    }
    consume();
  }

  /** As `close`, but what is in the braces is kept. */
  protected closeBlock(open: IToken, consume: () => unknown): void {
    if (this.RECORDING_PHASE || this.LA(1).tokenType === T.RightBrace) consume();
    else this.report(this.unclosed(open, this.LA(1)));
  }

  private lacksPartner(token: IToken): boolean {
    return this.source.partners[Number(token.payload)] === -1;
  }

  private unclosed(open: IToken, found: IToken): Diagnostic {
    const taken = found.tokenType === T.End ? this.taken(open) : undefined;
    if (taken) return this.unclosed(...taken);
    return say.unclosedBracket({
      span: this.spanOf(open),
      line: open.startLine ?? 0,
      open: open.image,
      close: closers.get(open.tokenType) ?? '',
      ...(found.tokenType === T.End ? {} : { found: { span: this.spanOf(found), text: describe(found) } }),
    });
  }

  /** A brace within this one that a line farther to the left closes: it took the closing brace of one around it. */
  private taken(open: IToken): [IToken, IToken] | undefined {
    const { tokens, partners } = this.source;
    if (open.tokenType !== T.LeftBrace) return undefined;
    for (let at = Number(open.payload); at < tokens.length; at++) {
      const opener = tokens[at].tokenType === T.RightBrace ? tokens[partners[at]] : undefined;
      const [left, first] = this.indentOf(tokens[at]);
      if (opener && first && left < this.indentOf(opener)[0]) return [opener, tokens[at]];
    }
    return undefined;
  }

  /** How far the token's line is indented, and whether the token stands first on it. */
  private indentOf({ startOffset }: IToken): [number, boolean] {
    const before = this.text.slice(this.text.lastIndexOf('\n', startOffset - 1) + 1, startOffset);
    const indent = before.length - before.trimStart().length;
    return [indent, indent === before.length];
  }

  // ---- depth ---------------------------------------------------------------------------------------

  /** Counts a level of brackets; whoever enters also decreases `nesting`. */
  protected enter(token: IToken): void {
    if (this.nesting >= deepestNesting) throw new Fault(say.nestedTooDeeply({ span: this.spanOf(token) }));
    this.nesting++;
  }

  protected over<Node extends Expression>(node: Node, parts: readonly Expression[]): Node {
    let height = 1;
    for (const part of parts) height = Math.max(height, (this.heights.get(part) ?? 0) + 1);
    if (height > tallest) throw new Fault(say.nestedTooDeeply({ span: { ...node.span, end: node.span.start + 1 } }));
    this.heights.set(node, height);
    return node;
  }

  // ---- faults --------------------------------------------------------------------------------------

  protected report(diagnostic: Diagnostic): void {
    if (this.RECORDING_PHASE) return;
    this.diagnostics.push(diagnostic);
    if (this.diagnostics.length > mostErrors) throw new TooManyErrors();
  }

  protected faultAt(token: IToken, expected: string, help = hintFor(token, this.LA(0), expected)): Fault {
    const before = this.LA(0);
    // What is missing is missing at the end of the line before.
    const lineEnded = token !== before && Number(token.payload) > 0 && token.startLine !== before.startLine;
    const end = before.startOffset + before.image.length;
    const span = lineEnded ? { file: this.file, start: end, end } : this.spanOf(token);
    const found = token.tokenType !== T.End && lineEnded ? 'the end of the line' : describe(token);
    return new Fault(say.unexpectedToken({ span, found, expected, help }));
  }

  private faultOf(error: unknown): Diagnostic {
    if (error instanceof Fault) return error.diagnostic;
    if (error instanceof MismatchedTokenException || error instanceof NoViableAltException) {
      return this.faultAt(error.token, error.message).diagnostic;
    }
    throw error;
  }

  /** Before an operand is read: whether one stands here at all. */
  protected checkOperand(pieces: readonly Piece[]): void {
    const token = this.LA(1);
    const index = this.position();
    const before = pieces.at(-1);
    if (token.tokenType === T.If && before !== undefined && before.kind !== 'operand') {
      this.report(say.operandNeedsParentheses({ span: this.spanOf(token), word: 'if', operator: before.operator }));
    }
    if (this.firstOfLine(index) && isName(token) && this.mayStart(index, 'body')) {
      const last = this.LA(0);
      throw new Fault(say.missingExpression({ span: this.spanOf(last), after: last.image }));
    }
    if (!startsOperand(token.tokenType)) throw this.faultAt(token, 'an expression');
  }

  /** `a == = b` and such are told by the operand; here, what an operator became by mending. */
  protected operatorOf(token: IToken): InfixOperator {
    const spelling = spellings.get(token.tokenType);
    if (spelling === undefined) throw new Error(`no operator: ${token.tokenType.name}`);
    return spelling;
  }

  // ---- going on after a fault ----------------------------------------------------------------------

  /** Reads items until a closing token; one that cannot be read is reported and passed over. */
  protected items(place: Place, read: () => void, open?: IToken): void {
    const enclosing = this.nesting;
    for (;;) {
      const start = this.position();
      const first = this.LA(1);
      if (first.tokenType === T.End || (open !== undefined && first.tokenType === T.RightBrace)) return;
      if (open !== undefined && this.startsDeclaration(start)) {
        if (this.lacksPartner(open)) return;
        this.report(say.declarationInBody({ span: this.spanOf(first), word: first.image }));
        this.skipFrom(start, place);
        continue;
      }
      try {
        if (!this.checkStart(start, place)) {
          this.skipFrom(start, place);
          continue;
        }
        read();
        this.checkEnd(place);
      } catch (error) {
        this.nesting = enclosing;
        const diagnostic = this.faultOf(error);
        // Where a character means nothing, what follows it is no news.
        if (!this.source.unreadable.has(this.LA(1).startLine ?? 0)) this.report(diagnostic);
        this.skipFrom(start, place);
      }
    }
  }

  /** Whether an item can begin here; if not, says so. */
  private checkStart(index: number, place: Place): boolean {
    const token = this.tokenAt(index);
    const next = this.tokenAt(index + 1);
    if (place === 'file') {
      if (declaring.has(token.tokenType) || (isName(token) && next.tokenType === T.Equals)) return true;
      const states = this.mayStart(index, 'model') || this.startsNames(index);
      if (states && isName(token)) {
        this.report(
          say.statementOutsideBody({ span: this.spanOf(token), word: isStatementWord(token) ? token.image : 'this' }),
        );
        return false;
      }
    } else if (isName(token)) return true;
    const closing =
      token.tokenType === T.RightParen || token.tokenType === T.RightBracket || token.tokenType === T.RightBrace;
    if (closing && this.lacksPartner(token)) {
      this.report(say.strayBracket({ span: this.spanOf(token), found: token.image }));
      return false;
    }
    if (T.reservedTypes.has(token.tokenType) && next.tokenType === T.Equals) {
      this.report(say.reservedWord({ span: this.spanOf(token), word: token.image }));
      return false;
    }
    const expected =
      place === 'file'
        ? 'a declaration (fn, layer, model, optimizer, import or a constant)'
        : place === 'train'
          ? 'a setting'
          : 'a statement';
    const span = this.spanOf(token);
    this.report(
      say.unexpectedToken({ span, found: describe(token), expected, help: hintFor(token, this.LA(0), expected) }),
    );
    return false;
  }

  /** After an item: the next one begins on a new line, or plainly begins here. */
  private checkEnd(place: Place): void {
    const token = this.LA(1);
    if (token.tokenType === T.End || token.tokenType === T.RightBrace || !this.onSameLine()) return;
    const index = this.position();
    if (this.mayStart(index, place) || this.startsNames(index)) return;
    if (this.lacksPartner(token) && (token.tokenType === T.RightParen || token.tokenType === T.RightBracket)) {
      throw new Fault(say.strayBracket({ span: this.spanOf(token), found: token.image }));
    }
    throw this.faultAt(token, 'an operator or the end of the line');
  }

  /**
   * Moves to where the next item may begin, on a line of its own: outside all brackets that the faulty one opened, or
   * indented no more than it, since the fault may be a bracket that is closed only by that of a later item.
   */
  private skipFrom(start: number, place: Place): void {
    const failed = this.position();
    const indent = this.tokenAt(start).startColumn ?? 1;
    let index = start;
    let closedAt = start;
    for (;;) {
      const token = this.tokenAt(index);
      if (token.tokenType === T.End) break;
      if (place !== 'file' && token.tokenType === T.RightBrace) break;
      if (index > start && index >= failed && this.firstOfLine(index)) {
        const outside = index > closedAt || (token.startColumn ?? 1) <= indent;
        if (outside && (this.mayStart(index, place) || (place !== 'file' && this.startsNames(index)))) break;
      }
      const partner = this.source.partners[index];
      closedAt = Math.max(closedAt, partner);
      index = token.tokenType === T.LeftBrace && partner > index ? partner + 1 : index + 1;
    }
    while (this.position() < index) this.SKIP_TOKEN();
  }
}

const spellings: ReadonlyMap<TokenType, InfixOperator> = new Map<TokenType, InfixOperator>([
  [T.Range, '..'],
  [T.Pipe, '|>'],
  [T.Compose, '>>'],
  [T.Or, 'or'],
  [T.And, 'and'],
  [T.EqualTo, '=='],
  [T.NotEqual, '!='],
  [T.LessEqual, '<='],
  [T.GreaterEqual, '>='],
  [T.Less, '<'],
  [T.Greater, '>'],
  [T.Plus, '+'],
  [T.Minus, '-'],
  [T.Star, '*'],
  [T.Slash, '/'],
  [T.At, '@'],
  [T.Caret, '^'],
]);

const operandStarts: ReadonlySet<TokenType> = new Set([
  ...[T.If, T.NumberLiteral, T.StringLiteral, T.Training, T.True, T.False, T.LeftParen, T.LeftBracket],
]);

function startsOperand(type: TokenType): boolean {
  return operandStarts.has(type) || type === T.Name || (type.CATEGORIES ?? []).includes(T.Name);
}

function isName(token: IToken): boolean {
  return tokenMatcher(token, T.Name);
}

function isStatementWord(token: IToken): boolean {
  return (
    stating.has(token.tokenType) ||
    token.tokenType === T.Require ||
    token.tokenType === T.Return ||
    token.tokenType === T.Emit ||
    token.tokenType === T.Train
  );
}

function describe(token: IToken): string {
  if (token.tokenType === T.End) return 'the end of the file';
  return token.image.length > 30 ? `${token.image.slice(0, 30)}…` : token.image;
}

/** What a token type is called where it was expected. */
function phrase(type: TokenType): string {
  if (type === T.Name) return 'a name';
  if (type === T.NumberLiteral) return 'a number';
  if (type === T.StringLiteral) return 'a string';
  if (type === T.Infix) return 'an operator';
  return typeof type.PATTERN === 'string' ? type.PATTERN : type.name.toLowerCase();
}

/** The usual reason why this stands there. */
function hintFor(found: IToken, before: IToken, expected: string): string | undefined {
  if (found.tokenType === T.Equals && /then|else|\)|\]|operator/.test(expected))
    return 'did you mean ==, which compares?';
  if (found.tokenType === T.Assign && expected.startsWith('=')) return 'did you mean = ?';
  if (found.tokenType === T.Assign) return ':= replaces a single name, as a statement of its own';
  if (found.tokenType === T.Colon && expected.startsWith('=')) return 'only inputs, parameters and states have a type';
  if (
    before.tokenType === T.NumberLiteral &&
    isName(found) &&
    found.startOffset === before.startOffset + before.image.length
  ) {
    return `did you mean ${before.image} * ${found.image}?`;
  }
  if (expected.startsWith('= and a value, or ~')) return '~ glorot_uniform() draws weights, = 0 begins with zeros';
  if (found.image === '%') return 'there is no remainder operator';
  return undefined;
}
