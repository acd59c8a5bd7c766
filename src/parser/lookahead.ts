// What begins where the reader stands: a name, a statement, a declaration, as far as two or three tokens tell.
import type { TokenType } from 'chevrotain';
import { statementHere } from '../diagnostics/foreign.js';
import { Reader } from './reader.js';
import { declaring, isName, startsOperand, stating } from './starts.js';
import * as T from './tokens.js';

/** Where items of one kind stand in a row. */
export type Place = 'file' | 'body' | 'model' | 'train';

export class Lookahead extends Reader {
  /** A word and, on its line, a name (or a reserved word in its place). */
  protected leadsName(index: number): boolean {
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
    if (this.LA(1).tokenType !== T.Train) return false;
    return this.LA(2).tokenType === T.LeftBrace || (isName(this.LA(2)) && this.LA(3).tokenType === T.LeftBrace);
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
  protected requires(index: number): boolean {
    const next = this.tokenAt(index + 1);
    const prefix = next.tokenType === T.Minus || next.tokenType === T.Not;
    return next.startLine === this.tokenAt(index).startLine && (prefix || startsOperand(next.tokenType));
  }

  protected startsDeclaration(index: number): boolean {
    const { tokenType } = this.tokenAt(index);
    if (!declaring.has(tokenType) || !this.firstOfLine(index)) return false;
    if (tokenType === T.Import) return this.tokenAt(index + 1).tokenType === T.LeftBrace;
    const third = this.tokenAt(index + 2).tokenType;
    return this.leadsName(index) && (third === T.LeftParen || third === T.LeftBrace);
  }

  /** Whether a statement (in a file, a declaration) may well begin here. */
  protected mayStart(index: number, place: Place): boolean {
    const token = this.tokenAt(index);
    const next = this.tokenAt(index + 1);
    if (this.startsDeclaration(index)) return true;
    if (T.reservedTypes.has(token.tokenType) && next.tokenType === T.Equals) return true;
    if (this.startsForeign(index)) return true;
    if (place === 'file') return isName(token) && next.tokenType === T.Equals;
    if (place === 'train' && token.tokenType === T.Optimizer && next.tokenType === T.StringLiteral) return true;
    if (!isName(token)) return false;
    if (next.tokenType === T.Equals || next.tokenType === T.Assign) return true;
    if (stating.has(token.tokenType) && this.leadsName(index)) return true;
    if (token.tokenType === T.Train) return next.tokenType === T.LeftBrace;
    if (token.tokenType === T.Require) return this.requires(index);
    if (token.tokenType === T.Scan && isName(next) && this.tokenAt(index + 2).tokenType === T.In) return true;
    return token.tokenType === T.Return || token.tokenType === T.Emit;
  }

  /** `import torch`, `let a`: two words, of which the first begins statements of other languages. */
  protected startsForeign(index: number): boolean {
    return this.firstOfLine(index) && this.leadsName(index) && statementHere(this.tokenAt(index).image) !== undefined;
  }

  /** `a, b =` */
  protected startsNames(index: number): boolean {
    let at = index;
    while (isName(this.tokenAt(at)) && this.tokenAt(at + 1).tokenType === T.Comma) at += 2;
    return at > index && isName(this.tokenAt(at)) && this.tokenAt(at + 1).tokenType === T.Equals;
  }
}
