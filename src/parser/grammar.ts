// The grammar: declarations, statements, types and expressions, built into tree nodes as they are read.
import type { IToken } from 'chevrotain';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import * as say from '../diagnostics/syntax.js';
import type { Tokens } from './lex.js';
import { resolve, type Piece } from './precedence.js';
import { expecting } from './hints.js';
import type { Place } from './lookahead.js';
import { TooManyErrors } from './reader.js';
import { Recovery } from './recovery.js';
import * as T from './tokens.js';
import {
  partsOfItem,
  type Argument,
  type Body,
  type Declaration,
  type Definition,
  type DimExpression,
  type Expression,
  type Identifier,
  type IndexItem,
  type Parameter,
  type Scan,
  type Setting,
  type Statement,
  type TypeExpression,
} from './tree.js';

// A rule runs once with no input while the parser is constructed, to record its shape: reading the values of tokens and
// subrules is left to ACTION. Decisions need one token of lookahead, or a GATE that looks at two or three.
export class Grammar extends Recovery {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  /** All declarations of a file, as far as they can be read. */
  read(
    file: string,
    text: string,
    source: Tokens,
  ): { declarations: Declaration[]; diagnostics: readonly Diagnostic[] } {
    this.begin(file, text, source);
    const declarations: Declaration[] = [];
    try {
      this.declarations(declarations);
    } catch (error) {
      if (!(error instanceof TooManyErrors)) throw error;
    }
    return { declarations, diagnostics: this.diagnostics };
  }

  // ---- declarations --------------------------------------------------------------------------------

  private readonly declarations = this.RULE('declarations', (into: Declaration[]): void => {
    this.items('file', () => {
      const declaration = this.SUBRULE(this.declaration);
      this.ACTION(() => into.push(declaration));
    });
  });

  private readonly declaration = this.RULE('declaration', (): Declaration => {
    const start = this.LA(1);
    const doc = this.docAbove(start);
    const declared = this.OR([
      { GATE: () => this.declares(T.Import), ALT: () => this.SUBRULE(this.importing) },
      { GATE: () => this.declares(T.Fn), ALT: () => this.SUBRULE1(this.definition) },
      { GATE: () => this.declares(T.Layer), ALT: () => this.SUBRULE2(this.definition) },
      { GATE: () => this.declares(T.Gradient), ALT: () => this.SUBRULE(this.gradient) },
      { GATE: () => this.declares(T.Optimizer), ALT: () => this.SUBRULE1(this.program) },
      { GATE: () => this.declares(T.Model), ALT: () => this.SUBRULE2(this.program) },
      { ALT: () => this.SUBRULE(this.constant) },
    ]);
    return this.documented(declared, doc);
  });

  private readonly importing = this.RULE('importing', (): Declaration => {
    const start = this.CONSUME(T.Import);
    const open = this.CONSUME(T.LeftBrace);
    const names = this.separated(T.RightBrace, () => this.SUBRULE(this.name));
    this.close(open, () => this.CONSUME(T.RightBrace));
    this.CONSUME(T.From);
    const path = this.CONSUME(T.StringLiteral, { ERR_MSG: 'the path of a file in double quotes' });
    return { kind: 'import', names, path: this.quoted(path), span: this.from(start) };
  });

  private readonly definition = this.RULE('definition', (): Definition => {
    const start = this.LA(1);
    this.OR([{ ALT: () => this.CONSUME(T.Fn) }, { ALT: () => this.CONSUME(T.Layer) }]);
    const name = this.SUBRULE(this.name);
    const first = this.SUBRULE1(this.parameters);
    const second = this.OPTION1(() => this.SUBRULE2(this.parameters));
    const result = this.OPTION2(() => this.SUBRULE(this.result));
    const body = this.SUBRULE(this.body);
    return {
      kind: start.tokenType === T.Layer ? 'layer' : 'fn',
      name,
      ...(second === undefined ? { parameters: first } : { configuration: first, parameters: second }),
      ...(result === undefined ? {} : { result }),
      body,
      span: this.from(start),
    };
  });

  private readonly result = this.RULE('result', (): TypeExpression[] => {
    this.CONSUME(T.Arrow);
    const types = [this.SUBRULE1(this.type)];
    this.MANY(() => {
      this.CONSUME(T.Comma);
      types.push(this.SUBRULE2(this.type));
    });
    return types;
  });

  private readonly gradient = this.RULE('gradient', (): Declaration => {
    const start = this.CONSUME(T.Gradient);
    const name = this.SUBRULE(this.name);
    const parameters = this.SUBRULE(this.parameters);
    const body = this.SUBRULE(this.body);
    return { kind: 'gradient', name, parameters, body, span: this.from(start) };
  });

  /** A model or an optimizer. */
  private readonly program = this.RULE('program', (): Declaration => {
    const start = this.LA(1);
    this.OR([{ ALT: () => this.CONSUME(T.Optimizer) }, { ALT: () => this.CONSUME(T.Model) }]);
    const kind = start.tokenType === T.Model ? 'model' : 'optimizer';
    const name = this.SUBRULE(this.name);
    const parameters = this.OPTION(() => this.SUBRULE(this.parameters)) ?? [];
    const body = this.SUBRULE(this.block, { ARGS: [kind === 'model' ? 'model' : 'body'] });
    return { kind, name, parameters, body, span: this.from(start) };
  });

  private readonly constant = this.RULE('constant', (): Declaration => {
    const start = this.LA(1);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Equals);
    const value = this.SUBRULE(this.expression);
    return { kind: 'constant', name, value, span: this.from(start) };
  });

  private readonly parameters = this.RULE('parameters', (): Parameter[] => {
    const open = this.CONSUME(T.LeftParen);
    const parameters = this.separated(T.RightParen, () => this.SUBRULE(this.parameter));
    this.close(open, () => this.CONSUME(T.RightParen));
    return parameters;
  });

  private readonly parameter = this.RULE('parameter', (): Parameter => {
    const start = this.LA(1);
    const name = this.SUBRULE(this.name);
    const type = this.OPTION1(() => {
      this.CONSUME(T.Colon);
      return this.SUBRULE(this.type);
    });
    const value = this.OPTION2(() => {
      this.CONSUME(T.Equals);
      return this.SUBRULE(this.expression);
    });
    return {
      name,
      ...(type === undefined ? {} : { type }),
      ...(value === undefined ? {} : { default: value }),
      span: this.from(start),
    };
  });

  private readonly body = this.RULE('body', (): Body => {
    const start = this.LA(1);
    const statements = this.OR({
      DEF: [
        {
          ALT: (): readonly Statement[] => {
            this.CONSUME(T.Equals);
            const first = this.LA(1);
            const values = this.SUBRULE(this.values);
            return [{ kind: 'return', values, span: this.from(first) }];
          },
        },
        { ALT: () => this.SUBRULE(this.block, { ARGS: ['body'] }) },
      ],
      ERR_MSG: expecting('= and an expression, or a body in { }', T.Equals, T.LeftBrace),
    });
    return { statements, span: this.from(start) };
  });

  private readonly values = this.RULE('values', (): Expression[] => {
    const values = [this.SUBRULE1(this.expression)];
    this.MANY(() => {
      this.CONSUME(T.Comma);
      values.push(this.SUBRULE2(this.expression));
    });
    return values;
  });

  // ---- types ---------------------------------------------------------------------------------------

  private readonly type = this.RULE('type', (): TypeExpression => {
    const start = this.LA(1);
    const element = this.OPTION1(() => this.SUBRULE(this.element));
    const shape = this.OPTION2({
      GATE: () => this.LA(1) === start || this.onSameLine(),
      DEF: () => this.SUBRULE(this.shape),
    });
    this.demand(() => element !== undefined || shape !== undefined, start, 'a type');
    return {
      ...(element === undefined ? {} : { element }),
      ...(shape === undefined ? {} : { shape }),
      span: this.from(start),
    };
  });

  private readonly element = this.RULE('element', (): NonNullable<TypeExpression['element']> => {
    const word = this.CONSUME(T.Name);
    const size = this.OPTION({
      GATE: () => word.image === 'index',
      DEF: () => {
        const open = this.CONSUME(T.LeftParen);
        const value = this.SUBRULE(this.expression);
        this.close(open, () => this.CONSUME(T.RightParen));
        return value;
      },
    });
    if (size !== undefined) return { kind: 'index', size };
    switch (word.image) {
      case 'bool':
      case 'f32':
        return { kind: word.image };
      case 'index':
        throw this.faultAt(this.LA(1), '( and how many values there are, as in index(10)');
      default:
        this.report(say.unknownElementType({ span: this.spanOf(word), found: word.image }));
    }
    return { kind: 'f32' };
  });

  private readonly shape = this.RULE('shape', (): DimExpression[] => {
    const open = this.CONSUME(T.LeftBracket);
    const dims = this.separated(T.RightBracket, () => this.SUBRULE(this.dim));
    this.close(open, () => this.CONSUME(T.RightBracket));
    return dims;
  });

  private readonly dim = this.RULE('dim', (): DimExpression => {
    const start = this.LA(1);
    return this.OR({
      DEF: [
        {
          ALT: (): DimExpression => {
            this.CONSUME(T.Ellipsis);
            return { kind: 'ellipsis', span: this.from(start) };
          },
        },
        {
          ALT: (): DimExpression => {
            const value = this.SUBRULE(this.expression);
            return { kind: 'size', value, span: this.from(start) };
          },
        },
      ],
      ERR_MSG: 'a dimension',
    });
  });

  // ---- statements ----------------------------------------------------------------------------------

  private readonly block = this.RULE('block', (place: Place): Statement[] => {
    const open = this.CONSUME(T.LeftBrace);
    const statements: Statement[] = [];
    this.ACTION(() => this.enter(open));
    this.items(place, () => statements.push(this.SUBRULE(this.statement, { ARGS: [place] })), open);
    this.ACTION(() => this.nesting--);
    this.closeBlock(open, () => this.CONSUME(T.RightBrace));
    return statements;
  });

  private readonly statement = this.RULE('statement', (place: Place): Statement => {
    const start = this.LA(1);
    const doc = this.docAbove(start);
    const stated = this.OR([
      { GATE: () => this.leads(T.Input), ALT: () => this.SUBRULE(this.inputStatement) },
      { GATE: () => this.leads(T.Param), ALT: () => this.SUBRULE1(this.paramStatement) },
      { GATE: () => this.leads(T.Frozen), ALT: () => this.SUBRULE2(this.paramStatement) },
      { GATE: () => this.leads(T.State), ALT: () => this.SUBRULE(this.stateStatement) },
      { GATE: () => this.leads(T.Observe), ALT: () => this.SUBRULE(this.observeStatement) },
      { GATE: () => this.leads(T.Slot), ALT: () => this.SUBRULE(this.slotStatement) },
      { GATE: () => this.leads(T.Output), ALT: () => this.SUBRULE(this.outputStatement) },
      { GATE: () => this.leads(T.Metric), ALT: () => this.SUBRULE(this.metricStatement) },
      { GATE: () => this.startsLoss(place), ALT: () => this.SUBRULE(this.lossStatement) },
      { GATE: () => this.startsTrain(), ALT: () => this.SUBRULE(this.trainStatement) },
      { GATE: () => this.startsSpoken(T.Require), ALT: () => this.SUBRULE(this.requireStatement) },
      { GATE: () => this.startsSpoken(T.Return), ALT: () => this.SUBRULE1(this.givingStatement) },
      { GATE: () => this.startsSpoken(T.Emit), ALT: () => this.SUBRULE2(this.givingStatement) },
      { GATE: () => this.startsScan(), ALT: () => this.SUBRULE(this.scanStatement) },
      { ALT: () => this.SUBRULE(this.bindingStatement) },
    ]);
    return this.documented(stated, doc);
  });

  private readonly inputStatement = this.RULE('inputStatement', (): Statement => {
    const start = this.CONSUME(T.Input);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Colon, { ERR_MSG: `: and a type, as in input ${name?.name}: [batch, 4]` });
    const type = this.SUBRULE(this.type);
    return { kind: 'input', name, type, span: this.from(start) };
  });

  private readonly paramStatement = this.RULE('paramStatement', (): Statement => {
    const start = this.LA(1);
    const frozen = this.OPTION(() => this.CONSUME(T.Frozen)) !== undefined;
    this.CONSUME(T.Param);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Colon, { ERR_MSG: `: and a type, as in param ${name?.name}: [n, units] = 0` });
    const type = this.SUBRULE(this.type);
    const sign = this.LA(1);
    this.OR({
      DEF: [{ ALT: () => this.CONSUME(T.Equals) }, { ALT: () => this.CONSUME(T.Tilde) }],
      ERR_MSG: expecting('= and a value, or ~ and an initialiser', T.Equals, T.Tilde),
    });
    const value = this.SUBRULE(this.expression);
    const initial = { kind: sign.tokenType === T.Tilde ? ('draw' as const) : ('value' as const), value };
    return { kind: 'param', frozen, name, type, initial, span: this.from(start) };
  });

  private readonly stateStatement = this.RULE('stateStatement', (): Statement => {
    const start = this.CONSUME(T.State);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Colon, { ERR_MSG: `: and a type, as in state ${name?.name}: [n] = 0` });
    const type = this.SUBRULE(this.type);
    const sign = this.LA(1);
    this.OR({
      DEF: [{ ALT: () => this.CONSUME(T.Equals) }, { ALT: () => this.CONSUME(T.Tilde) }],
      ERR_MSG: expecting('= and a value, or ~ and an initialiser', T.Equals, T.Tilde),
    });
    const value = this.SUBRULE(this.expression);
    const initial = { kind: sign.tokenType === T.Tilde ? ('draw' as const) : ('value' as const), value };
    return { kind: 'state', name, type, initial, span: this.from(start) };
  });

  private readonly observeStatement = this.RULE('observeStatement', (): Statement => {
    const start = this.CONSUME(T.Observe);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Assign);
    const value = this.SUBRULE(this.expression);
    return { kind: 'observe', name, value, span: this.from(start) };
  });

  private readonly slotStatement = this.RULE('slotStatement', (): Statement => {
    const start = this.CONSUME(T.Slot);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Equals);
    const initial = this.SUBRULE(this.expression);
    return { kind: 'slot', name, initial, span: this.from(start) };
  });

  private readonly outputStatement = this.RULE('outputStatement', (): Statement => {
    const start = this.CONSUME(T.Output);
    const name = this.SUBRULE(this.name);
    const value = this.OPTION(() => {
      this.CONSUME(T.Equals);
      return this.SUBRULE(this.expression);
    });
    return { kind: 'output', name, ...(value === undefined ? {} : { value }), span: this.from(start) };
  });

  private readonly metricStatement = this.RULE('metricStatement', (): Statement => {
    const start = this.CONSUME(T.Metric);
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Equals);
    const value = this.SUBRULE(this.expression);
    return { kind: 'metric', name, value, span: this.from(start) };
  });

  private readonly lossStatement = this.RULE('lossStatement', (): Statement => {
    const start = this.CONSUME(T.Loss);
    const name = this.OPTION(() => this.SUBRULE(this.name));
    this.CONSUME(T.Equals);
    const value = this.SUBRULE(this.expression);
    return { kind: 'loss', ...(name === undefined ? {} : { name }), value, span: this.from(start) };
  });

  private readonly trainStatement = this.RULE('trainStatement', (): Statement => {
    const start = this.CONSUME(T.Train);
    const name = this.OPTION(() => this.SUBRULE(this.name));
    const open = this.CONSUME(T.LeftBrace);
    const settings: Setting[] = [];
    this.items('train', () => settings.push(this.SUBRULE(this.setting)), open);
    this.closeBlock(open, () => this.CONSUME(T.RightBrace));
    return { kind: 'train', ...(name && { name }), settings, span: this.from(start) };
  });

  private readonly setting = this.RULE('setting', (): Setting => {
    const start = this.LA(1);
    const name = this.SUBRULE(this.name);
    const patterns: IToken[] = [];
    this.MANY_SEP({ SEP: T.Comma, DEF: () => patterns.push(this.CONSUME(T.StringLiteral)) });
    this.CONSUME(T.Equals);
    const value = this.SUBRULE(this.expression);
    const quoted = this.ACTION(() => patterns.map((each) => this.quoted(each)));
    return { name, ...(patterns.length > 0 && { patterns: quoted }), value, span: this.from(start) };
  });

  private readonly requireStatement = this.RULE('requireStatement', (): Statement => {
    const start = this.CONSUME(T.Require);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(T.Comma, { ERR_MSG: ', and what is required, as in require rate < 1, "the rate is below 1"' });
    const text = this.CONSUME(T.StringLiteral, { ERR_MSG: 'what is required, in double quotes' });
    return { kind: 'require', condition, text: this.quoted(text), span: this.from(start) };
  });

  /** `return a, b` and `emit a, b`. */
  private readonly givingStatement = this.RULE('givingStatement', (): Statement => {
    const start = this.LA(1);
    this.OR([{ ALT: () => this.CONSUME(T.Return) }, { ALT: () => this.CONSUME(T.Emit) }]);
    const values = this.SUBRULE(this.values);
    return { kind: start.tokenType === T.Emit ? 'emit' : 'return', values, span: this.from(start) };
  });

  private readonly scanStatement = this.RULE('scanStatement', (): Statement => {
    const loop = this.SUBRULE(this.scan);
    return this.ACTION(() => ({ kind: 'loop', scan: loop, span: loop.span }));
  });

  /** `a = e`, `a, b = e` and `a := e`. */
  private readonly bindingStatement = this.RULE('bindingStatement', (): Statement => {
    const start = this.LA(1);
    const names = [this.SUBRULE1(this.name)];
    this.MANY(() => {
      this.CONSUME(T.Comma);
      names.push(this.SUBRULE2(this.name));
    });
    const sign = this.LA(1);
    this.OR({
      DEF: [
        { ALT: () => this.CONSUME(T.Equals) },
        { GATE: () => names.length === 1, ALT: () => this.CONSUME(T.Assign) },
      ],
      ERR_MSG: names.length === 1 ? expecting('= or :=', T.Equals, T.Assign) : expecting('=', T.Equals),
    });
    const value = this.SUBRULE(this.expression);
    const span = this.from(start);
    return sign.tokenType === T.Assign
      ? { kind: 'replace', name: names[0], value, span }
      : { kind: 'binding', names, value, span };
  });

  // ---- expressions ---------------------------------------------------------------------------------

  private readonly expression = this.RULE('expression', (): Expression => {
    const start = this.LA(1);
    this.ACTION(() => this.enter(start));
    const pieces: Piece[] = [];
    this.SUBRULE1(this.operand, { ARGS: [pieces] });
    this.MANY(() => {
      const operator = this.CONSUME(T.Infix);
      this.ACTION(() => {
        pieces.push({ kind: 'infix', operator: this.operatorOf(operator), span: this.spanOf(operator) });
      });
      this.SUBRULE2(this.operand, { ARGS: [pieces] });
    });
    return this.ACTION(() => {
      this.nesting--;
      return resolve(pieces, {
        report: (diagnostic) => this.report(diagnostic),
        over: (node, parts) => this.over(node, parts),
        text: ({ start: from, end }) => this.text.slice(from, end),
      });
    });
  });

  /** Prefixes and what they apply to, added to the row of pieces. */
  private readonly operand = this.RULE('operand', (pieces: Piece[]): void => {
    this.MANY(() => {
      const prefix = this.LA(1);
      this.OR1([{ ALT: () => this.CONSUME(T.Minus) }, { ALT: () => this.CONSUME(T.Not) }]);
      const operator = prefix.tokenType === T.Not ? 'not' : '-';
      this.ACTION(() => {
        pieces.push({ kind: 'prefix', operator, span: this.spanOf(prefix) });
      });
    });
    this.ACTION(() => this.checkOperand(pieces));
    const start = this.LA(1);
    const value = this.OR2([{ ALT: () => this.SUBRULE(this.conditional) }, { ALT: () => this.SUBRULE(this.postfix) }]);
    this.ACTION(() => {
      pieces.push({ kind: 'operand', value, span: this.from(start) });
    });
  });

  private readonly conditional = this.RULE('conditional', (): Expression => {
    const start = this.CONSUME(T.If);
    const condition = this.SUBRULE1(this.expression);
    this.CONSUME(T.Then);
    const then = this.SUBRULE2(this.expression);
    this.CONSUME(T.Else);
    const otherwise = this.SUBRULE3(this.expression);
    return this.ACTION(() =>
      this.over({ kind: 'if', condition, then, else: otherwise, span: this.from(start) }, [condition, then, otherwise]),
    );
  });

  private readonly postfix = this.RULE('postfix', (): Expression => {
    const start = this.LA(1);
    let value = this.SUBRULE(this.atom);
    this.MANY({
      GATE: () => this.onSameLine(),
      DEF: () => {
        value = this.OR([
          {
            ALT: (): Expression => {
              const args = this.SUBRULE(this.call);
              return this.ACTION(() =>
                this.over({ kind: 'call', callee: value, arguments: args, span: this.from(start) }, [
                  value,
                  ...args.map((argument) => argument.value),
                ]),
              );
            },
          },
          {
            ALT: (): Expression => {
              const items = this.SUBRULE(this.indexing);
              return this.ACTION(() =>
                this.over({ kind: 'index', of: value, items, span: this.from(start) }, [
                  value,
                  ...items.flatMap(partsOfItem),
                ]),
              );
            },
          },
        ]);
      },
    });
    return value;
  });

  private readonly call = this.RULE('call', (): Argument[] => {
    const open = this.CONSUME(T.LeftParen);
    let named: Identifier | undefined;
    const args = this.separated(T.RightParen, () => {
      const argument = this.SUBRULE(this.argument);
      return this.ACTION(() => {
        if (argument.name !== undefined) named = argument.name;
        else if (named !== undefined) {
          this.report(say.positionalAfterNamed({ span: argument.value.span, named: named.span }));
        }
        return argument;
      });
    });
    this.close(open, () => this.CONSUME(T.RightParen));
    return args;
  });

  private readonly argument = this.RULE('argument', (): Argument => {
    const name = this.OPTION({
      GATE: () => this.LA(2).tokenType === T.Equals,
      DEF: () => {
        const named = this.SUBRULE(this.name);
        this.CONSUME(T.Equals);
        return named;
      },
    });
    const value = this.SUBRULE(this.expression);
    return { ...(name === undefined ? {} : { name }), value };
  });

  private readonly indexing = this.RULE('indexing', (): IndexItem[] => {
    const open = this.CONSUME(T.LeftBracket);
    const items = this.separated(T.RightBracket, () => this.SUBRULE(this.indexItem));
    this.close(open, () => this.CONSUME(T.RightBracket));
    this.demand(() => items.length > 0, this.LA(0), 'an index or a slice');
    return items;
  });

  private readonly indexItem = this.RULE('indexItem', (): IndexItem => {
    const start = this.LA(1);
    const dots = this.OPTION1(() => this.CONSUME(T.Ellipsis));
    if (this.wasRead(dots)) return { kind: 'ellipsis', span: this.from(start) };
    const from = this.OPTION2({
      GATE: () => this.LA(1).tokenType !== T.Colon,
      DEF: () => this.SUBRULE1(this.expression),
    });
    let sliced = false;
    let to: Expression | undefined;
    let step: Expression | undefined;
    this.OPTION3(() => {
      this.CONSUME1(T.Colon);
      sliced = true;
      to = this.OPTION4(() => this.SUBRULE2(this.expression));
      this.OPTION5(() => {
        this.CONSUME2(T.Colon);
        step = this.OPTION6(() => this.SUBRULE3(this.expression));
      });
    });
    const span = this.from(start);
    if (!sliced && from !== undefined) return { kind: 'at', value: from, span };
    this.demand(() => sliced, this.LA(1), 'an index or a slice');
    return {
      kind: 'slice',
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(step === undefined ? {} : { step }),
      span,
    };
  });

  private readonly atom = this.RULE('atom', (): Expression => {
    const start = this.LA(1);
    return this.OR({
      DEF: [
        { GATE: () => this.startsScan(), ALT: () => this.SUBRULE(this.scan) },
        { ALT: () => this.named(this.CONSUME(T.Name)) },
        { ALT: () => this.number(this.CONSUME(T.NumberLiteral)) },
        {
          ALT: (): Expression => ({ kind: 'string', ...this.quoted(this.CONSUME(T.StringLiteral)) }),
        },
        { ALT: () => this.named(this.CONSUME(T.Training)) },
        { ALT: () => this.truth(this.CONSUME(T.True), true) },
        { ALT: () => this.truth(this.CONSUME(T.False), false) },
        {
          ALT: (): Expression => {
            const open = this.CONSUME(T.LeftParen);
            const value = this.SUBRULE(this.expression);
            this.close(open, () => this.CONSUME(T.RightParen), true);
            return value;
          },
        },
        {
          ALT: (): Expression => {
            const items = this.SUBRULE(this.list);
            return this.ACTION(() => this.over({ kind: 'list', items, span: this.from(start) }, items));
          },
        },
      ],
      ERR_MSG: 'an expression',
    });
  });

  private readonly list = this.RULE('list', (): Expression[] => {
    const open = this.CONSUME(T.LeftBracket);
    const items = this.separated(T.RightBracket, () => this.SUBRULE(this.expression));
    this.close(open, () => this.CONSUME(T.RightBracket));
    return items;
  });

  private readonly scan = this.RULE('scan', (): Scan => {
    const start = this.CONSUME(T.Scan);
    const sequences = [this.SUBRULE1(this.sequence)];
    this.MANY1({
      GATE: () => this.LA(3).tokenType === T.In,
      DEF: () => {
        this.CONSUME1(T.Comma);
        sequences.push(this.SUBRULE2(this.sequence));
      },
    });
    const along = this.OPTION1(() => {
      this.CONSUME(T.Along);
      return this.SUBRULE(this.expression);
    });
    const backwards = this.OPTION2(() => this.CONSUME(T.Backwards)) !== undefined;
    const carried: Scan['carried'][number][] = [];
    this.MANY2(() => {
      this.CONSUME2(T.Comma);
      carried.push(this.SUBRULE(this.carry));
    });
    const body = this.SUBRULE(this.block, { ARGS: ['body'] });
    return this.ACTION(() => ({
      kind: 'scan',
      sequences,
      ...(along === undefined ? {} : { along }),
      backwards,
      carried,
      body,
      span: this.from(start),
    }));
  });

  private readonly sequence = this.RULE('sequence', (): Scan['sequences'][number] => {
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.In);
    return { name, of: this.SUBRULE(this.expression) };
  });

  private readonly carry = this.RULE('carry', (): Scan['carried'][number] => {
    const name = this.SUBRULE(this.name);
    this.CONSUME(T.Equals);
    return { name, start: this.SUBRULE(this.expression) };
  });

  private readonly name = this.RULE('name', (): Identifier => {
    const token = this.LA(1);
    this.ACTION(() => {
      if (T.reservedTypes.has(token.tokenType) && T.words.has(token.image))
        throw new Fault(say.reservedWord({ span: this.spanOf(token), word: token.image }));
    });
    return this.identifier(this.CONSUME(T.Name));
  });

  private named(token: IToken): Expression {
    return { kind: 'name', name: token.image, span: this.spanOf(token) };
  }

  private truth(token: IToken, value: boolean): Expression {
    return { kind: 'boolean', value, span: this.spanOf(token) };
  }

  private documented<Node extends Declaration | Statement>(node: Node, doc: string | undefined): Node {
    return doc === undefined ? node : { ...node, doc };
  }
}
