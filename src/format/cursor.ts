// A place among the tokens of a file, with the comments before each: all of a text is taken from it in order, but for white space.
import { builders } from 'prettier/doc';
import { spellsName } from '../diagnostics/name.js';
import { statementHere } from '../diagnostics/foreign.js';
import type { Tokens } from '../parser/lex.js';
import { isName } from '../parser/starts.js';
import { words } from '../parser/tokens.js';

export type Doc = builders.Doc;
type Token = Tokens['tokens'][number];

const { breakParent, hardline, line, lineSuffix, softline } = builders;

/** What may stand between two tokens: nothing, a space, or a break where it does not fit. */
export type Separator = '' | ' ' | typeof line | typeof softline;

export class Cursor {
  private at = 0;
  /** Before the token of the same index. */
  private readonly comments: readonly (readonly Token[])[];
  private readonly indices: ReadonlyMap<number, number>;
  /** The comments before this token have been written already. */
  private told = -1;
  /** This token stays on a line of its own: behind the word before it, which a comment put on its line, it would make a statement of it. */
  private apart = -1;

  constructor(private readonly source: Tokens) {
    this.comments = commentsBefore(source);
    this.indices = new Map(source.tokens.map(({ startOffset }, index) => [startOffset, index]));
  }

  // ---- taking ----------------------------------------------------------------------------------------

  /** The next token, after what separates it from the one before. */
  protected take(separator: Separator = ''): Doc {
    return [this.space(separator), this.word()];
  }

  protected word(): string {
    return this.source.tokens[this.at++].image;
  }

  /** So many words and commas on one line: what a statement begins with. */
  protected head(count: number): Doc {
    const parts: Doc[] = [];
    for (let i = 0; i < count; i++) parts.push(this.take(i === 0 || this.is(',') ? '' : ' '));
    return parts;
  }

  /** What stands before the next token: its comments, which end their lines, or else the separator. */
  protected space(separator: Separator): Doc {
    const comments = this.tell();
    const apart = this.apart === this.at;
    if (apart) this.apart = -1;
    return comments.length > 0 || apart ? [...comments, hardline] : separator;
  }

  /** What stands before a closing bracket: comments, which belong inside, and what separates them from the bracket. */
  protected spaceInside(separator: Separator): { readonly inside: Doc; readonly after: Doc } {
    const inside = this.tell();
    return { inside, after: inside.length === 0 ? separator : hardline };
  }

  /** Before an operand: a word that would read as the beginning of a statement at the beginning of a line does not go there. */
  protected spaceBefore(separator: Separator): Doc {
    if (typeof separator === 'string' || !this.readsAsStatement()) return this.space(separator);
    return this.space(separator === line ? ' ' : '');
  }

  protected readsAsStatement(): boolean {
    const { image } = this.token;
    if (!isName(this.token) || !(words.has(image) || statementHere(image) !== undefined)) return false;
    return this.source.tokens[this.at + 1].image !== '=';
  }

  /** The comments before the next token, unless they have been written. */
  private tell(): Doc[] {
    const comments = this.hasComments() ? this.comments[this.at] : [];
    if (comments.length > 0 && this.readsAsStatement()) this.keepApart(this.source.tokens[this.at + 1]);
    this.told = this.at;
    return comments.map((comment) => this.commented(comment));
  }

  private keepApart(next: Token): void {
    if (lineOf(next) !== lineOf(this.token) && spellsName(next.image)) this.apart = this.at + 1;
  }

  /** A comment behind what it follows on its line, else on a line of its own. */
  private commented(comment: Token): Doc {
    return this.trails(comment) ? trailing(comment) : [hardline, textOf(comment)];
  }

  // ---- items -----------------------------------------------------------------------------------------

  /**
   * What stands before an item of a row, or before the end of the row: comments, and a line between each and the next. One blank line
   * stays where there are some, but not at the beginning of the row, nor at its end.
   */
  protected between(begins: boolean, separator: Doc = hardline): Doc {
    const parts: Doc[] = [];
    let first = begins;
    let above = this.lineBefore();
    const ends = this.is('}') || this.token.image === '';
    for (const comment of this.comments[this.at]) {
      if (this.trails(comment)) parts.push(trailing(comment));
      else {
        parts.push(this.rowsApart(above, lineOf(comment), first), textOf(comment), breakParent);
        first = false;
      }
      above = lineOf(comment);
    }
    if (!ends) parts.push(this.rowsApart(above, lineOf(this.token), first, separator));
    this.told = this.at;
    this.apart = -1;
    return parts;
  }

  private rowsApart(above: number, below: number, first: boolean, separator: Doc = hardline): Doc {
    // A file begins without a line end.
    if (first && this.at === 0) return '';
    return !first && below - above > 1 ? [hardline, separator] : separator;
  }

  /** Do the next two items, which begin at these offsets, stand on neighbouring lines, with nothing between them? */
  protected areNeighbours(before: number, offset: number): boolean {
    const index = this.indices.get(offset) ?? 0;
    const comments = this.comments[index];
    const last = comments.at(-1) ?? this.source.tokens[index - 1];
    const own = comments.some((comment) => !this.trailsAt(index, comment));
    return before < offset && !own && lineOf(this.source.tokens[index]) - lineOf(last) <= 1;
  }

  // ---- looking ---------------------------------------------------------------------------------------

  protected get token(): Token {
    return this.source.tokens[this.at];
  }

  protected is(image: string): boolean {
    return this.token.image === image;
  }

  /** The token before the one at this offset. */
  protected imageBefore(offset: number): string | undefined {
    return this.source.tokens[(this.indices.get(offset) ?? 0) - 1]?.image;
  }

  /** Whether the next token stands on a line below that of the one before, or comments stand between them. */
  protected beginsLine(): boolean {
    return this.comments[this.at].length > 0 || lineOf(this.token) !== this.lineBefore();
  }

  protected hasComments(): boolean {
    return this.told !== this.at && this.comments[this.at].length > 0;
  }

  /** Of the token before; 0 at the beginning. */
  private lineBefore(): number {
    return this.at === 0 ? 0 : lineOf(this.source.tokens[this.at - 1]);
  }

  private trails(comment: Token): boolean {
    return this.trailsAt(this.at, comment);
  }

  private trailsAt(index: number, comment: Token): boolean {
    return index > 0 && lineOf(comment) === lineOf(this.source.tokens[index - 1]);
  }
}

function commentsBefore({ tokens, comments }: Tokens): Token[][] {
  let next = 0;
  return tokens.map(({ startOffset }) => {
    const first = next;
    while (next < comments.length && comments[next].startOffset < startOffset) next++;
    return comments.slice(first, next);
  });
}

/** Two spaces and the comment. It does not count for what fits on its line. */
function trailing(comment: Token): Doc {
  return [lineSuffix(`  ${textOf(comment)}`), breakParent];
}

function textOf({ image }: Token): string {
  return image.trimEnd();
}

function lineOf({ startLine }: Token): number {
  return startLine ?? 0;
}
