// Rows of items, brackets, and finding the way after a fault: one that cannot be read is reported and passed over.
import type { IToken, TokenType } from 'chevrotain';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';
import { describe, expecting, hintFor } from './hints.js';
import { Lookahead, type Place } from './lookahead.js';
import type { InfixOperator, Piece } from './precedence.js';
import { declaring, isName, isStatementWord, startsOperand } from './starts.js';
import * as T from './tokens.js';

const closers: ReadonlyMap<TokenType, string> = new Map([
  [T.LeftParen, ')'],
  [T.LeftBracket, ']'],
  [T.LeftBrace, '}'],
]);
const closing: ReadonlyMap<string, TokenType> = new Map([
  [')', T.RightParen],
  [']', T.RightBracket],
  ['}', T.RightBrace],
]);

export class Recovery extends Lookahead {
  /** The source that is searched for braces that took another's. */
  private searched?: object;
  /** From this token on none has. */
  private noneTakenFrom = 0;
  /** The column that each line begins at. */
  private readonly indents = new Map<number, number>();

  /** `a, b, c` up to the closing bracket, with or without a last comma. */
  protected separated<Item>(closer: TokenType, item: () => Item): Item[] {
    const items: Item[] = [];
    const next = (): boolean => {
      items.push(item());
      const more = this.LA(1).tokenType === T.Comma;
      if (more) this.CONSUME9(T.Comma);
      return more;
    };
    this.reading(
      () => {
        while (this.LA(1).tokenType !== closer && next());
      },
      () => {
        item();
        this.CONSUME9(T.Comma);
      },
    );
    return items;
  }

  /** Reads a closing bracket, or tells which one it lacks. */
  protected close(open: IToken, consume: () => unknown, only = false): void {
    const closer = closers.get(open.tokenType) ?? ')';
    const token = this.LA(1);
    this.ACTION(() => {
      if (token.image === closer) return;
      if (this.lacksPartner(open)) throw new Fault(this.unclosed(open, token));
      throw this.faultAt(token, expecting(only ? closer : `, or ${closer}`, closing.get(closer) ?? T.RightParen));
    });
    consume();
  }

  /** As `close`, but what is in the braces is kept. */
  protected closeBlock(open: IToken, consume: () => unknown): void {
    const closes = this.reading(
      () => this.LA(1).tokenType === T.RightBrace,
      () => true,
    );
    if (closes) consume();
    else this.report(this.unclosed(open, this.LA(1)));
  }

  /** Where it does not hold, the token stands where something else was expected. */
  protected demand(holds: () => boolean, token: IToken, expected: string): void {
    this.ACTION(() => {
      if (!holds()) throw this.faultAt(token, expected);
    });
  }

  /** Whether an optional token was there. */
  protected wasRead(token: IToken | undefined): boolean {
    return this.reading(
      () => token !== undefined,
      () => false,
    );
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
    if (this.searched !== this.source) this.startSearch();
    const start = Number(open.payload);
    for (let at = start; at < this.noneTakenFrom; at++) {
      const { tokenType, startColumn = 1 } = tokens[at];
      if (tokenType !== T.RightBrace || startColumn !== this.indentOf(tokens[at]) || partners[at] < 0) continue;
      const opener = tokens[partners[at]];
      if (startColumn < this.indentOf(opener)) return [opener, tokens[at]];
    }
    this.noneTakenFrom = Math.min(this.noneTakenFrom, start);
    return undefined;
  }

  private startSearch(): void {
    this.searched = this.source;
    this.noneTakenFrom = this.source.tokens.length;
    this.indents.clear();
    for (const { startLine = 0, startColumn = 1 } of this.source.tokens)
      if (!this.indents.has(startLine)) this.indents.set(startLine, startColumn);
  }

  /** The column that the token's line begins at. */
  private indentOf({ startLine = 0 }: IToken): number {
    return this.indents.get(startLine) ?? 1;
  }

  // ---- operands and operators ------------------------------------------------------------------------

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

  // ---- going on after a fault ------------------------------------------------------------------------

  /** Reads items until a closing token; one that cannot be read is reported and passed over. */
  protected items(place: Place, read: () => void, open?: IToken): void {
    this.reading(() => this.readItems(place, read, open), read);
  }

  private readItems(place: Place, read: () => void, open?: IToken): void {
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
        if (place === 'train' && this.LA(1).tokenType === T.Comma) this.SKIP_TOKEN();
        else {
          this.checkEnd(place);
          if (place === 'train') this.checkApart();
        }
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
      const states = !this.startsForeign(index) && (this.mayStart(index, 'model') || this.startsNames(index));
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
    throw this.faultAt(token, expecting('an operator or the end of the line', T.Infix));
  }

  /** Settings stand apart; one that begins in the line of another is read all the same. */
  private checkApart(): void {
    const token = this.LA(1);
    if (token.tokenType === T.End || token.tokenType === T.RightBrace || !this.onSameLine()) return;
    this.report(say.settingsTogether({ span: this.spanOf(token), name: token.image }));
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
      if (index > start && index >= failed && this.mayFollow(index, place)) {
        const outside = index > closedAt || (token.startColumn ?? 1) <= indent;
        if (outside && (this.mayStart(index, place) || (place !== 'file' && this.startsNames(index)))) break;
      }
      const partner = this.source.partners[index];
      closedAt = Math.max(closedAt, partner);
      index = token.tokenType === T.LeftBrace && partner > index ? partner + 1 : index + 1;
    }
    while (this.position() < index) this.SKIP_TOKEN();
  }

  /** Whether an item can stand here after another one: on a line of its own, a setting also behind a comma. */
  private mayFollow(index: number, place: Place): boolean {
    return this.firstOfLine(index) || (place === 'train' && this.tokenAt(index - 1).tokenType === T.Comma);
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
