// The syntax tree of a .nn file. Every node has its span; nothing here has a meaning yet.
import type { Span } from '../diagnostics/diagnostic.js';

export interface Identifier {
  readonly name: string;
  readonly span: Span;
}

// ---- expressions ---------------------------------------------------------------------------------

export type BinaryOperator =
  '+' | '-' | '*' | '/' | '^' | '@' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'and' | 'or' | '|>' | '>>';
export type UnaryOperator = '-' | 'not';

export type Expression = { readonly span: Span } & (
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** pi, inf, none and training too are names here. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly operatorSpan: Span;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
  | { readonly kind: 'if'; readonly condition: Expression; readonly then: Expression; readonly else: Expression }
  | { readonly kind: 'call'; readonly callee: Expression; readonly arguments: readonly Argument[] }
  | { readonly kind: 'index'; readonly of: Expression; readonly items: readonly IndexItem[] }
  /** `0..63`, inclusive: columns of a data source. */
  | { readonly kind: 'range'; readonly from: Expression; readonly to: Expression }
  | Scan
);

export interface Scan {
  readonly kind: 'scan';
  readonly span: Span;
  /** `xt in x`, several side by side. */
  readonly sequences: readonly { readonly name: Identifier; readonly of: Expression }[];
  readonly along?: Expression;
  readonly backwards: boolean;
  /** `h = zeros(…)`: carried values and what they start from. */
  readonly carried: readonly { readonly name: Identifier; readonly start: Expression }[];
  readonly body: readonly Statement[];
}

export interface Argument {
  readonly name?: Identifier;
  readonly value: Expression;
}

export type IndexItem = { readonly span: Span } & (
  | { readonly kind: 'at'; readonly value: Expression } // x[i], x[ids], x[none]
  | { readonly kind: 'slice'; readonly from?: Expression; readonly to?: Expression; readonly step?: Expression }
  | { readonly kind: 'ellipsis' }
);

/** The expressions in an item. */
export function partsOfItem(item: IndexItem): Expression[] {
  switch (item.kind) {
    case 'at':
      return [item.value];
    case 'slice':
      return [item.from, item.to, item.step].filter((part) => part !== undefined);
    case 'ellipsis':
      return [];
    default:
      return item satisfies never;
  }
}

// ---- types ---------------------------------------------------------------------------------------

export interface TypeExpression {
  readonly span: Span;
  /** Absent in `[batch, 784]`, which means f32. index: its N. */
  readonly element?: { readonly kind: 'f32' | 'bool' } | { readonly kind: 'index'; readonly size: Expression };
  /** Absent in `f32` and `index(10)`: a scalar. */
  readonly shape?: readonly DimExpression[];
}

export type DimExpression =
  | { readonly kind: 'ellipsis'; readonly span: Span }
  | { readonly kind: 'size'; readonly span: Span; readonly value: Expression };

// ---- statements ----------------------------------------------------------------------------------

/** `= value` or `~ initialiser` */
export interface Started {
  readonly kind: 'value' | 'draw';
  readonly value: Expression;
}

export type Statement = { readonly span: Span; readonly doc?: string } &
  /** `a, b = split(…)`; one name for `a = e`. */
  (
    | { readonly kind: 'binding'; readonly names: readonly Identifier[]; readonly value: Expression }
    | {
        readonly kind: 'param';
        readonly frozen: boolean;
        readonly name: Identifier;
        readonly type: TypeExpression;
        readonly initial: Started;
      }
    | { readonly kind: 'state'; readonly name: Identifier; readonly type: TypeExpression; readonly initial: Started }
    | { readonly kind: 'slot'; readonly name: Identifier; readonly initial: Expression }
    /** `NAME := e` */
    | { readonly kind: 'replace'; readonly name: Identifier; readonly value: Expression }
    /** `observe mean := e` */
    | { readonly kind: 'observe'; readonly name: Identifier; readonly value: Expression }
    /** `require CONDITION, "text"` */
    | {
        readonly kind: 'require';
        readonly condition: Expression;
        readonly text: { readonly value: string; readonly span: Span };
      }
    | { readonly kind: 'return'; readonly values: readonly Expression[] }
    | { readonly kind: 'emit'; readonly values: readonly Expression[] }
    /** A scan for its carried values. */
    | { readonly kind: 'loop'; readonly scan: Scan }
    | { readonly kind: 'input'; readonly name: Identifier; readonly type: TypeExpression }
    /** `output NAME = e`, or `output NAME` of something bound before. */
    | { readonly kind: 'output'; readonly name: Identifier; readonly value?: Expression }
    | { readonly kind: 'loss'; readonly name?: Identifier; readonly value: Expression }
    | { readonly kind: 'metric'; readonly name: Identifier; readonly value: Expression }
    /** With a name: one of several players. */
    | { readonly kind: 'train'; readonly name?: Identifier; readonly settings: readonly Setting[] }
  );

/** `lr = 0.1`; `optimizer "*.b", "*.scale" = …` has patterns. */
export interface Setting {
  readonly span: Span;
  readonly name: Identifier;
  readonly patterns?: readonly { readonly value: string; readonly span: Span }[];
  readonly value: Expression;
}

// ---- declarations --------------------------------------------------------------------------------

export interface Parameter {
  readonly span: Span;
  readonly name: Identifier;
  readonly type?: TypeExpression;
  readonly default?: Expression;
}

export type Declaration = { readonly span: Span; readonly doc?: string } & (
  | {
      readonly kind: 'import';
      readonly names: readonly Identifier[];
      readonly path: { readonly value: string; readonly span: Span };
    }
  | Definition
  /** `gradient NAME(x, d) = dx, dy` */
  | {
      readonly kind: 'gradient';
      readonly name: Identifier;
      readonly parameters: readonly Parameter[];
      readonly body: Body;
    }
  | {
      readonly kind: 'optimizer';
      readonly name: Identifier;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Statement[];
    }
  | {
      readonly kind: 'model';
      readonly name: Identifier;
      readonly parameters: readonly Parameter[];
      readonly body: readonly Statement[];
    }
  | { readonly kind: 'constant'; readonly name: Identifier; readonly value: Expression }
);

/** A fn or layer. `configuration` is absent where it is written in one step. */
export interface Definition {
  readonly kind: 'fn' | 'layer';
  readonly span: Span;
  readonly doc?: string;
  readonly name: Identifier;
  readonly configuration?: readonly Parameter[];
  readonly parameters: readonly Parameter[];
  readonly result?: readonly TypeExpression[];
  readonly body: Body;
}

/** `= e, f` (values only), or a block that ends in return. */
export interface Body {
  readonly span: Span;
  readonly statements: readonly Statement[];
}

export interface File {
  readonly file: string;
  readonly text: string;
  readonly declarations: readonly Declaration[];
}
