// What expressions stand for while a model is elaborated: static values, and tensors as graph nodes.
import type { Span } from '../../diagnostics/diagnostic.js';
import { counted, shortened } from '../../diagnostics/quote.js';
import type { Node } from '../../ir/graph.js';
import { constant as whole, constantOf, printIndex, type Index } from '../../ir/index.js';
import type { DataSource, Initial } from '../../ir/model.js';
import type { OwnGradient } from '../../ir/ops/ownGradient.js';
import { dim, printType, type Dim } from '../../ir/types.js';
import type { Declaration, Definition, Expression } from '../../parser/tree.js';
import { Follows, type Frame, type Naming } from './frame.js';

export type Value =
  /** A static number. `name` is the dimension name that travels with it; `dimension` tells that a pattern bound it. */
  | { readonly kind: 'number'; readonly value: number; readonly name?: string; readonly dimension?: true }
  /** A run-time size: batch, 4 * batch. */
  | { readonly kind: 'size'; readonly index: Index; readonly name?: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  /** `count` is of what the list holds, that of the lists within it too. */
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly count: number }
  | { readonly kind: 'tensor'; readonly node: Node }
  | { readonly kind: 'tuple'; readonly items: readonly Value[] }
  | FunctionValue
  | { readonly kind: 'builtin'; readonly builtin: Builtin }
  | Composition
  | Repeat
  | Wrapped
  | { readonly kind: 'initial'; readonly initial: Initial }
  | {
      readonly kind: 'optimizer';
      readonly declaration: OptimizerDeclaration;
      readonly scope: Scope;
      readonly arguments?: readonly Given[];
      /** The call that gave them. */
      readonly configuredAt?: Span;
    }
  | { readonly kind: 'data'; readonly source: DataSource }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }
  /** What follows from an error that has been reported: silences further ones. */
  | { readonly kind: 'unknown' };

export type OptimizerDeclaration = Extract<Declaration, { kind: 'optimizer' }>;
export type GradientDeclaration = Extract<Declaration, { kind: 'gradient' }>;

/** An argument with its value. */
export interface Given {
  readonly name?: string;
  readonly value: Value;
  readonly span: Span;
  /** Where its name stands, if it has one. */
  readonly place?: Span;
  /** How its author wrote it, for messages. */
  readonly written?: Expression;
}

/** A fn or layer, with its configuration where it has been given. */
export interface FunctionValue {
  readonly kind: 'function';
  readonly definition: Definition;
  /** Where the definition stands. */
  readonly scope: Scope;
  /** Its derivative, where its author declared one. */
  readonly gradient?: GradientDeclaration;
  /** Absent: not configured yet, or written in one step. */
  readonly configuration?: readonly Given[];
  /** The call that gave the configuration. */
  readonly configuredAt?: Span;
  /** What parameters are shared by: one for each configured or bound layer. */
  readonly instance?: Instance;
}

/** A declared derivative for arguments of some kind: static values, and types of tensors. */
export interface MadeGradient {
  readonly declaration: GradientDeclaration;
  readonly given: readonly Value[];
  /** It is there before its parts are, so that its own body may call the function. */
  readonly gradient: { -readonly [K in keyof OwnGradient]: OwnGradient[K] };
  underWay: boolean;
  usesItself?: true;
}

export interface Instance {
  /** Its full name, once it is bound or first applied. */
  path?: string;
  /** The names of what stands beside it. */
  beside?: Naming;
}

/** f >> g */
export interface Composition {
  readonly kind: 'composition';
  readonly parts: readonly Value[];
  readonly instance: Instance;
}

/** repeat(n, block), not applied yet. */
export interface Repeat {
  readonly kind: 'repeat';
  readonly copies: readonly Value[];
  /** The block's own name, where it is a single layer. */
  readonly blockName?: string;
  readonly instance: Instance;
}

/** A layer around another, which adds nothing to the path of its block. */
export interface Wrapped {
  readonly kind: 'wrapped';
  readonly manner: Manner;
  readonly block: Value;
}

export type Manner =
  /** frozen(block): the block, whose parameters are not trained. */
  | { readonly kind: 'frozen'; readonly name: string }
  /** beside(block, other): other(x, block(x)), whose parameters stand under the block's path and this name. */
  | { readonly kind: 'beside'; readonly name: string; readonly other: FunctionValue }
  /** with_weights(block, by): by(W, M) in the place of each weight W of two or more axes. */
  | { readonly kind: 'weights'; readonly name: string; readonly by: FunctionValue };

/** What the name of a layer is kept with: that of a wrapped one is the block's. */
export function instanceOf(value: Value): Instance | undefined {
  if (value.kind === 'wrapped') return instanceOf(value.block);
  return value.kind === 'function' || value.kind === 'composition' || value.kind === 'repeat'
    ? value.instance
    : undefined;
}

/** The layers that a layer is made of. */
export function partsOf(value: Value): readonly Value[] {
  if (value.kind === 'wrapped') return [value.block];
  return value.kind === 'composition' ? value.parts : value.kind === 'repeat' ? value.copies : [];
}

/** The name of a single layer, wrapped or not. */
export function layerName(value: Value): string | undefined {
  if (value.kind === 'wrapped') return layerName(value.block);
  return value.kind === 'function' && value.definition.kind === 'layer' ? value.definition.name.name : undefined;
}

/** What a builtin is for, as `nnc ops` and the library's page group it. */
export type BuiltinKind =
  | 'activation'
  | 'elementwise'
  | 'reduction'
  | 'shape'
  | 'making tensors'
  | 'indexing'
  | 'initialiser'
  | 'schedule'
  | 'static'
  | 'data source'
  | 'syntax';

/** Names that are texts in a call of a builtin, where nothing else bears them. */
export interface Words {
  readonly names: readonly string[];
  /** In an argument of this name they are words, whatever else bears them. */
  isFor(argument: string): boolean;
}

/** A builtin as it is written down: all that is said of it stands here. */
export interface BuiltinDefinition {
  readonly name: string;
  /** Absent where it is not supported yet. */
  readonly kind?: BuiltinKind;
  /** How it is called, as in `(x, axis = all, keep = false)`; of several forms the first names all parameters. `…` takes the rest. */
  readonly forms: readonly string[];
  /** A sentence or two; the first line stands in lists. */
  readonly summary: string;
  /** A use of it, over the names that inspect/examples.ts declares. */
  readonly example?: string;
  readonly words?: Words;
  apply(call: BuiltinCall): Value;
}

export interface Builtin extends BuiltinDefinition {
  /** The names of its parameters, in order; a trailing `…` takes the rest. */
  readonly parameters: readonly string[];
  /** How many must be given. */
  readonly required: number;
}

export interface BuiltinCall {
  readonly name: string;
  /** By parameter name; absent ones were not given. */
  readonly given: ReadonlyMap<string, Given>;
  readonly span: Span;
  readonly frame: Frame;
}

/** What `:=` replaces: a state, or a value that a scan carries. Its name means what it is now. */
export interface Variable {
  readonly kind: 'state' | 'carried';
  readonly name: string;
  now: Node;
  /** Of what is carried: where its start stands, and whether that is a number, which grows to the type of what replaces it. */
  readonly start?: { readonly span: Span; readonly grows: boolean };
}

interface Entry {
  value?: Value;
  readonly make?: () => Value;
  readonly variable?: Variable;
  readonly span?: Span;
  /** A scan left its last value here: another one may as well. */
  readonly carried?: true;
  used: boolean;
}

/** Names in scope; inner ones shadow outer ones. Declarations are values made when first asked for. */
export class Scope {
  private readonly values = new Map<string, Entry>();
  /** Names that the statements of this body will define. */
  private readonly coming = new Map<string, Span>();
  /** `part`: the body of a scan, which replaces what the body around it may. */
  constructor(
    readonly parent?: Scope,
    private readonly part?: true,
  ) {}

  /** Is it the body of a scan? */
  get isPart(): boolean {
    return this.part === true;
  }

  announce(name: string, span: Span): void {
    if (!this.coming.has(name)) this.coming.set(name, span);
  }

  /** Where this body, or one around it, is going to define a name. */
  later(name: string): Span | undefined {
    return this.coming.get(name) ?? this.parent?.later(name);
  }

  define(name: string, value: Value, span?: Span): void {
    this.values.set(name, { value, span, used: false });
  }

  defineLazily(name: string, make: () => Value, span?: Span): void {
    this.values.set(name, { make, span, used: false });
  }

  defineVariable(name: string, variable: Variable, span?: Span): void {
    this.values.set(name, { variable, span, used: false });
  }

  /** A name that need not be used, such as a run-time size. */
  defineUsed(name: string, value: Value, span: Span): void {
    this.values.set(name, { value, span, used: true });
  }

  /** The last value of what a scan carried. */
  defineCarried(name: string, value: Value, span: Span): void {
    this.values.set(name, { value, span, carried: true, used: true });
  }

  /** What a name of this body stands for, if `:=` may replace it. */
  variable(name: string): Variable | undefined {
    const entry = this.values.get(name);
    return entry ? entry.variable : this.part && this.parent?.variable(name);
  }

  /** The value of a name, here or further out. */
  find(name: string): Value | undefined {
    const entry = this.values.get(name);
    if (!entry) return this.parent?.find(name);
    entry.used = true;
    if (entry.variable) return tensorValue(entry.variable.now);
    entry.value ??= entry.make?.();
    return entry.value;
  }

  /** Does this scope, or one around it, have the name? Asking does not count as a use. */
  has(name: string): boolean {
    return this.values.has(name) || (this.parent?.has(name) ?? false);
  }

  /** Where a name of this very scope was defined; undefined where it is not. */
  own(name: string): Pick<Entry, 'span' | 'used' | 'carried'> | undefined {
    return this.values.get(name);
  }

  names(): string[] {
    return [...this.values.keys(), ...(this.parent?.names() ?? [])];
  }

  /** The tensors that this very scope has names for. Asking does not count as a use. */
  tensors(): { name: string; node: Node }[] {
    return [...this.values].flatMap(([name, { value, variable }]) => {
      const known = variable ? tensorValue(variable.now) : value;
      return known?.kind === 'tensor' ? [{ name, node: known.node }] : [];
    });
  }

  /** The names of this very scope that nothing has asked for. */
  unused(): { name: string; span: Span }[] {
    return [...this.values].flatMap(([name, entry]) => (entry.used || !entry.span ? [] : [{ name, span: entry.span }]));
  }
}

/** A list of values. Made of names it is small, however much it holds: lists of one list twice double it. */
export function listValue(items: readonly Value[]): Extract<Value, { kind: 'list' }> {
  return { kind: 'list', items, count: items.reduce((sum, item) => sum + (item.kind === 'list' ? item.count : 1), 0) };
}

export const unknown: Value = { kind: 'unknown' };

export function tensorValue(node: Node): Value {
  return { kind: 'tensor', node };
}

export function numberValue(value: number, name?: string): Value {
  return name === undefined ? { kind: 'number', value } : { kind: 'number', value, name };
}

/** A size as a value: a number where it is known. */
export function sizeValue(index: Index, name?: string): Value {
  const known = constantOf(index);
  return known === undefined ? { kind: 'size', index, ...(name !== undefined && { name }) } : numberValue(known, name);
}

/** A value that can be a dimension. */
export function dimOf(value: Value): Dim | undefined {
  if (value.kind === 'size') return dim(value.index, value.name);
  if (value.kind !== 'number' || !Number.isSafeInteger(value.value) || value.value < 1) return undefined;
  return { size: whole(value.value), ...(value.name !== undefined && { name: value.name }) };
}

export function isCallable(value: Value): boolean {
  return ['function', 'builtin', 'composition', 'repeat', 'wrapped'].includes(value.kind);
}

/** A number as the language writes it. */
export function printNumber(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? 'inf' : '-inf';
}

/** What a value is, for messages: `a tensor [batch, 10]`, `the number 3`. */
export function describe(value: Value): string {
  switch (value.kind) {
    case 'number':
      return `the number ${printNumber(value.value)}`;
    case 'size':
      return `the size ${printIndex(value.index)}`;
    case 'boolean':
      return String(value.value);
    case 'string':
      return `the text "${shortened(value.value)}"`;
    case 'none':
    case 'all':
      return value.kind;
    case 'list':
      return 'a list';
    case 'tensor':
      return value.node.type.shape.length === 0
        ? `a scalar ${printType(value.node.type)}`
        : `a tensor ${printType(value.node.type)}`;
    case 'tuple':
      return counted(value.items.length, 'value');
    case 'function':
      return `the ${value.definition.kind === 'layer' ? 'layer' : 'function'} ${value.definition.name.name}`;
    case 'builtin':
      return `the function ${value.builtin.name}`;
    case 'composition':
    case 'repeat':
    case 'wrapped':
      return 'a layer';
    case 'initial':
      return 'an initialiser';
    case 'optimizer':
      return `the optimizer ${value.declaration.name.name}`;
    case 'data':
      return 'a data source';
    case 'range':
      return 'a range of columns';
    case 'unknown':
      throw new Follows();
    default:
      return value satisfies never;
  }
}
