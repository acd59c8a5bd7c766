// What each name of a file stands for, by the rules of scopes alone: it needs no types, and holds where a file has errors.
import type { Span } from '../diagnostics/diagnostic.js';
import { boundBy } from '../passes/elaborate/bodies.js';
import { dataSourceNamed } from '../passes/elaborate/builtins.js';
import { importPath } from '../passes/elaborate/imports.js';
import { wordIn } from '../passes/elaborate/words.js';
import { partsOfItem } from '../parser/tree.js';
import type {
  Argument,
  Body,
  Declaration,
  Expression,
  File,
  Identifier,
  Parameter,
  Scan,
  Setting,
  Statement,
  TypeExpression,
} from '../parser/tree.js';
import { declared, Names, type Entity, type EntityKind, type Use } from './entities.js';
import { exported } from './exports.js';
import { builtinOf, everywhere } from './library.js';

export interface Resolved {
  /** In the order of the text. */
  readonly uses: readonly Use[];
  /** Outer ones first: that of the file, then those of its definitions and loops. */
  readonly scopes: readonly Names[];
}

/** Resolves the names of a file; `files` are those that it imports, by their paths. */
export function resolve(file: File, files: ReadonlyMap<string, File>): Resolved {
  const resolver = new Resolver(file, files);
  resolver.file();
  return { uses: resolver.uses.sort((a, b) => a.span.start - b.span.start), scopes: resolver.scopes };
}

const implicit: Readonly<Record<string, string>> = {
  w: 'The parameter that is updated.',
  g: 'Its gradient.',
  t: 'The number of this update, from 1.',
};

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

class Resolver {
  readonly uses: Use[] = [];
  readonly scopes: Names[] = [];
  private scope: Names;

  constructor(
    private readonly of: File,
    private readonly files: ReadonlyMap<string, File>,
  ) {
    this.scope = this.opened(everywhere(), { file: of.file, start: 0, end: of.text.length });
  }

  private opened(parent: Names, span: Span): Names {
    const scope = new Names(parent, span);
    this.scopes.push(scope);
    return scope;
  }

  /** Runs `within` in a scope of its own. */
  private inside(span: Span, within: () => void): void {
    const outer = this.scope;
    this.scope = this.opened(outer, span);
    within();
    this.scope = outer;
  }

  // ---- declarations ----------------------------------------------------------------------------------

  file(): void {
    for (const declaration of this.of.declarations)
      if (declaration.kind !== 'import' && declaration.kind !== 'gradient' && declaration.kind !== 'model')
        this.scope.define(declared(declaration));
    for (const declaration of this.of.declarations) if (declaration.kind === 'import') this.imported(declaration);
    for (const declaration of this.of.declarations) this.declaration(declaration);
  }

  private imported({ names, path }: Extract<Declaration, { kind: 'import' }>): void {
    const other = this.files.get(importPath(this.of.file, path.value));
    for (const { name, span } of names) {
      const entity = other && exported(other, name, this.files);
      if (entity) this.scope.define(entity);
      this.uses.push({ span, name, entity, role: 'names' });
    }
  }

  private declaration(node: Declaration): void {
    switch (node.kind) {
      case 'import':
        return;
      case 'constant':
        this.defines(node.name, this.scope.known(node.name.name));
        return this.expression(node.value);
      case 'fn':
      case 'layer':
        this.defines(node.name, declared(node));
        return this.inside(node.span, () => {
          const all = [...(node.configuration ?? []), ...node.parameters];
          for (const parameter of all) this.parameter(parameter);
          for (const { type } of [...node.parameters, ...(node.configuration ?? [])]) if (type) this.pattern(type);
          this.defaults(all);
          this.body(node.body);
          for (const type of node.result ?? []) this.pattern(type);
        });
      case 'gradient':
        this.read(node.name);
        return this.inside(node.span, () => {
          for (const parameter of node.parameters) this.parameter(parameter);
          for (const { type } of node.parameters) if (type) this.pattern(type);
          this.defaults(node.parameters);
          this.body(node.body);
        });
      case 'optimizer':
        this.defines(node.name, declared(node));
        return this.inside(node.span, () => {
          for (const parameter of node.parameters) this.parameter(parameter);
          this.defaults(node.parameters);
          for (const [name, doc] of Object.entries(implicit))
            this.scope.define({ kind: 'builtin', name, doc: () => doc });
          this.statements(node.body);
        });
      case 'model':
        this.defines(node.name, declared(node));
        return this.inside(node.span, () => {
          for (const parameter of node.parameters) this.parameter(parameter);
          this.defaults(node.parameters);
          this.statements(node.body);
        });
      default:
        return node satisfies never;
    }
  }

  private parameter({ name, span }: Parameter): void {
    this.bind(name, 'parameter', span);
  }

  private defaults(parameters: readonly Parameter[]): void {
    for (const { default: value } of parameters) if (value) this.expression(value);
  }

  private body({ statements }: Body): void {
    this.statements(statements);
  }

  // ---- names -----------------------------------------------------------------------------------------

  /** Defines a name in this body, where it has none yet. */
  private bind(name: Identifier, kind: EntityKind, whole: Span, doc?: string): void {
    const announced = this.scope.announced(name.name);
    const made: Entity = announced ?? entityOf(name, kind, whole, doc);
    this.defines(name, this.scope.define(made));
  }

  private defines({ name, span }: Identifier, entity: Entity | undefined): void {
    this.uses.push({ span, name, entity, role: 'defines' });
  }

  private read({ name, span }: Identifier): void {
    this.uses.push({ span, name, entity: this.scope.find(name), role: 'reads' });
  }

  // ---- types -----------------------------------------------------------------------------------------

  /** In a signature names bind what they meet. */
  private pattern(type: TypeExpression): void {
    const size = (value: Expression): void => {
      if (value.kind !== 'name' || this.scope.has(value.name)) this.expression(value);
      else this.bind(value, 'dimension', value.span);
    };
    if (type.element?.kind === 'index') size(type.element.size);
    for (const dim of type.shape ?? []) if (dim.kind === 'size') size(dim.value);
  }

  /** In an input's type names that nothing binds are run-time dimensions. */
  private inputType(type: TypeExpression): void {
    if (type.element?.kind === 'index') this.expression(type.element.size);
    for (const dim of type.shape ?? []) if (dim.kind === 'size') this.runtime(dim.value);
  }

  private runtime(value: Expression): void {
    if (value.kind === 'binary') {
      this.runtime(value.left);
      this.runtime(value.right);
    } else if (value.kind === 'unary') this.runtime(value.operand);
    else if (value.kind === 'name') {
      const known = this.scope.known(value.name);
      const callable = known && (known.kind === 'fn' || known.kind === 'layer' || builtinOf(known.name) !== undefined);
      if (!known || callable) this.bind(value, 'dimension', value.span);
      else this.read(value);
    } else this.expression(value);
  }

  private type({ element, shape = [] }: TypeExpression): void {
    if (element?.kind === 'index') this.expression(element.size);
    for (const dim of shape) if (dim.kind === 'size') this.expression(dim.value);
  }

  // ---- statements ------------------------------------------------------------------------------------

  private statements(all: readonly Statement[]): void {
    for (const statement of all)
      for (const name of boundBy(statement))
        this.scope.announce(entityOf(name, kindOf(statement, name), statement.span, statement.doc));
    for (const statement of all) this.statement(statement);
  }

  private statement(node: Statement): void {
    switch (node.kind) {
      case 'binding':
        this.expression(node.value);
        for (const name of node.names) this.bind(name, 'value', node.span, node.doc);
        return;
      case 'param':
      case 'state':
        this.type(node.type);
        this.expression(node.initial.value);
        return this.bind(node.name, node.kind, node.span, node.doc);
      case 'slot':
        this.expression(node.initial);
        return this.bind(node.name, 'slot', node.span, node.doc);
      case 'replace':
      case 'observe':
        this.uses.push({
          span: node.name.span,
          name: node.name.name,
          entity: this.scope.find(node.name.name),
          role: 'writes',
        });
        return this.expression(node.value);
      case 'require':
        return this.expression(node.condition);
      case 'return':
      case 'emit':
        return node.values.forEach((value) => this.expression(value));
      case 'loop':
        return this.scan(node.scan);
      case 'input':
        this.inputType(node.type);
        return this.bind(node.name, 'input', node.span, node.doc);
      case 'output':
        if (!node.value) return this.read(node.name);
        this.expression(node.value);
        return this.bind(node.name, 'output', node.span, node.doc);
      case 'loss':
        return this.loss(node);
      case 'metric':
        this.expression(node.value);
        return this.bind(node.name, 'metric', node.span, node.doc);
      case 'train':
        if (node.name) this.defines(node.name, entityOf(node.name, 'player', node.span, node.doc));
        return node.settings.forEach((setting) => this.setting(setting, node.name !== undefined));
      default:
        return node satisfies never;
    }
  }

  /** `loss` is the name of their sum. */
  private loss({ name, value, span, doc }: Of<'loss'>): void {
    this.expression(value);
    const word: Identifier = { name: 'loss', span: { ...span, end: span.start + 'loss'.length } };
    if (!this.scope.has('loss')) this.scope.define(entityOf(word, 'loss', span, doc));
    if (name) return this.bind(name, 'loss', span, doc);
    this.defines(word, this.scope.known('loss'));
  }

  private setting({ name, value }: Setting, ofPlayer: boolean): void {
    this.uses.push({ ...name, entity: { kind: 'setting', name: name.name }, role: 'names' });
    // The losses of a player are named, also in quotes, which stay as they are.
    if (ofPlayer && name.name === 'loss' && value.kind === 'string') return;
    if (value.kind === 'call' && ['data', 'validation', 'test'].includes(name.name)) this.call(value, true);
    else this.expression(value);
  }

  // ---- expressions -----------------------------------------------------------------------------------

  private expression(node: Expression): void {
    switch (node.kind) {
      case 'number':
      case 'string':
      case 'boolean':
        return;
      case 'name':
        return this.read(node);
      case 'list':
        return node.items.forEach((item) => this.expression(item));
      case 'binary':
        this.expression(node.left);
        return this.expression(node.right);
      case 'unary':
        return this.expression(node.operand);
      case 'if':
        this.expression(node.condition);
        this.expression(node.then);
        return this.expression(node.else);
      case 'call':
        return this.call(node);
      case 'index':
        this.expression(node.of);
        return node.items.flatMap(partsOfItem).forEach((part) => this.expression(part));
      case 'range':
        this.expression(node.from);
        return this.expression(node.to);
      case 'scan':
        return this.scan(node);
      default:
        return node satisfies never;
    }
  }

  private call({ callee, arguments: list }: Extract<Expression, { kind: 'call' }>, ofSetting = false): void {
    const called = callee.kind === 'name' ? this.called(callee.name, ofSetting) : undefined;
    if (callee.kind === 'name') this.uses.push({ span: callee.span, name: callee.name, entity: called, role: 'reads' });
    else this.expression(callee);
    const builtin = called?.kind === 'builtin' ? builtinOf(called.name) : undefined;
    const parameters = parametersOf(callee, this.scope);
    for (const given of list) {
      if (given.name) this.argument(given.name, parameters, callee);
      const word = builtin && wordIn(given, builtin, (name) => this.scope.find(name) !== undefined);
      if (word) this.uses.push({ ...word, entity: { kind: 'builtin', name: word.name }, role: 'reads' });
      else this.expression(given.value);
    }
  }

  /** In `data = text(…)` an input called text is not meant. */
  private called(name: string, ofSetting: boolean): Entity | undefined {
    const known = this.scope.find(name);
    return ofSetting && !known?.callable?.() && dataSourceNamed(name) ? everywhere().known(name) : known;
  }

  /** The name of an argument is that of a parameter; of a data source, that of an input. */
  private argument(name: NonNullable<Argument['name']>, parameters: readonly Parameter[], callee: Expression): void {
    const parameter = parameters.find((each) => each.name.name === name.name);
    const entity = parameter
      ? entityOf(parameter.name, 'parameter', parameter.span)
      : callee.kind === 'name' && builtinOf(callee.name)?.kind === 'data source'
        ? this.inputNamed(name.name)
        : undefined;
    this.uses.push({ ...name, entity: entity ?? { kind: 'builtin', name: name.name }, role: 'names' });
  }

  private inputNamed(name: string): Entity | undefined {
    const entity = this.scope.find(name);
    return entity?.kind === 'input' ? entity : undefined;
  }

  private scan({ sequences, along, carried, body, span }: Scan): void {
    for (const { of } of sequences) this.expression(of);
    if (along) this.expression(along);
    for (const { start } of carried) this.expression(start);
    const outer = this.scope;
    // After the scan, and within it, a carried name is one.
    const kept = carried.map(({ name }) => outer.announced(name.name) ?? entityOf(name, 'carried', name.span));
    this.inside(span, () => {
      for (const { name } of sequences) this.bind(name, 'slice', name.span);
      carried.forEach(({ name }, i) => this.defines(name, this.scope.define(kept[i])));
      this.statements(body);
    });
    for (const entity of kept) outer.define(entity);
  }
}

/** The parameters that a call's arguments are for: of a definition in two steps those of its configuration come first. */
export function parametersOf(callee: Expression, scope: Names): readonly Parameter[] {
  const inner = callee.kind === 'call' ? callee.callee : callee;
  if (inner.kind !== 'name') return [];
  const callable = scope.find(inner.name)?.callable?.();
  if (!callable) return [];
  return callee.kind === 'name' ? (callable.configuration ?? callable.parameters) : callable.parameters;
}

function entityOf({ name, span }: Identifier, kind: EntityKind, whole: Span, doc?: string): Entity {
  return { kind, name, span, whole, ...(doc !== undefined && { doc: () => doc }) };
}

function kindOf(statement: Statement, name: Identifier): EntityKind {
  switch (statement.kind) {
    case 'binding':
      return statement.names.includes(name) ? 'value' : 'carried';
    case 'loop':
      return 'carried';
    case 'input':
    case 'param':
    case 'state':
    case 'slot':
    case 'metric':
    case 'output':
    case 'loss':
      return statement.kind;
    default:
      return 'value';
  }
}
