// What the grammar stands on: positions, spans, leaves of the tree, depth, and faults in plain words.
import { EmbeddedActionsParser, MismatchedTokenException, NoViableAltException, type IToken } from 'chevrotain';
import { Fault, type Diagnostic, type Span } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';
import { describe, hintFor, phrase } from './hints.js';
import type { Tokens } from './lex.js';
import { unescape } from './strings.js';
import * as T from './tokens.js';
import type { Expression, Identifier } from './tree.js';

/** Deeper trees than this could exhaust the stack of a later phase. */
const tallest = 400;
/** Nested brackets cost the parser itself more than a level of the tree. */
const deepestNesting = 120;
/** Of one file. */
export const mostErrors = 100;

/** Thrown to leave a file that has nothing but errors. */
export class TooManyErrors extends Error {}

const nowhere = (): Span => ({ file: '', start: 0, end: 0 });

export class Reader extends EmbeddedActionsParser {
  protected file = '';
  protected text = '';
  protected source: Tokens = {
    tokens: [],
    partners: new Int32Array(0),
    docs: new Map(),
    comments: [],
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

  /**
   * Runs `read`, but for the one time when chevrotain runs all rules without input, to record their shape: then tokens mean nothing, and
   * `recorded` stands in. Where nothing has to, ACTION leaves out what reads tokens.
   */
  protected reading<Value>(read: () => Value, recorded: () => Value): Value {
    return this.RECORDING_PHASE ? recorded() : read();
  }

  // ---- spans and leaves ------------------------------------------------------------------------------

  protected spanOf(token: IToken): Span {
    const { startOffset, image } = token;
    return this.reading(() => ({ file: this.file, start: startOffset, end: startOffset + image.length }), nowhere);
  }

  /** From a token to the last one read. */
  protected from(start: IToken): Span {
    const last = this.LA(0);
    return this.reading(
      () => ({ file: this.file, start: start.startOffset, end: last.startOffset + last.image.length }),
      nowhere,
    );
  }

  protected identifier(token: IToken): Identifier {
    return { name: token.image, span: this.spanOf(token) };
  }

  protected quoted(token: IToken): { value: string; span: Span } {
    const span = this.spanOf(token);
    const value = (): string => unescape(token.image, span, (diagnostic) => this.report(diagnostic));
    return { value: this.reading(value, () => ''), span };
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

  /** The comment lines right above a token, where that is the first of its line. */
  protected docAbove(token: IToken): string | undefined {
    const { docs } = this.source;
    if (docs.size === 0 || !this.firstOfLine(Number(token.payload))) return undefined;
    const lines: string[] = [];
    for (let line = (token.startLine ?? 0) - 1; ; line--) {
      const doc = docs.get(line);
      if (doc === undefined) break;
      lines.unshift(doc);
    }
    return lines.length === 0 ? undefined : lines.join('\n');
  }

  // ---- positions -------------------------------------------------------------------------------------

  protected position(): number {
    return Number(this.LA(1).payload);
  }

  protected tokenAt(index: number): IToken {
    return this.source.tokens[Math.min(index, this.source.tokens.length - 1)];
  }

  protected onSameLine(): boolean {
    return this.LA(1).startLine === this.LA(0).startLine;
  }

  protected firstOfLine(index: number): boolean {
    return index === 0 || this.tokenAt(index - 1).startLine !== this.tokenAt(index).startLine;
  }

  // ---- depth -----------------------------------------------------------------------------------------

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

  // ---- faults ----------------------------------------------------------------------------------------

  protected report(diagnostic: Diagnostic): void {
    this.ACTION(() => {
      this.diagnostics.push(diagnostic);
      if (this.diagnostics.length > mostErrors) throw new TooManyErrors();
    });
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

  protected faultOf(error: unknown): Diagnostic {
    if (error instanceof Fault) return error.diagnostic;
    if (error instanceof MismatchedTokenException || error instanceof NoViableAltException) {
      return this.faultAt(error.token, error.message).diagnostic;
    }
    throw error;
  }
}
