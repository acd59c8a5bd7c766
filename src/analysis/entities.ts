// What names stand for: definitions of a file, of those that it imports, of the library, and what the language itself knows.
import type { Span } from '../diagnostics/diagnostic.js';
import type { Declaration, Definition, Parameter } from '../parser/tree.js';

export type EntityKind =
  | 'model'
  | 'fn'
  | 'layer'
  | 'optimizer'
  | 'constant'
  /** Of a fn, layer, optimizer or model. */
  | 'parameter'
  | 'dimension'
  | 'input'
  | 'param'
  | 'state'
  | 'slot'
  | 'value'
  | 'output'
  | 'loss'
  | 'metric'
  /** What a scan goes along, and what it carries. */
  | 'slice'
  | 'carried'
  /** A train block with a name. */
  | 'player'
  /** Of a train block. */
  | 'setting'
  /** Made by the language: functions, numbers, w, g and t of an optimizer. */
  | 'builtin';

export interface Entity {
  readonly kind: EntityKind;
  readonly name: string;
  /** Where its name stands where it is defined; absent: the language has it. */
  readonly span?: Span;
  /** All of what defines it. */
  readonly whole?: Span;
  /** What its author says of it; of a definition of the library it is read when it is asked for. */
  doc?(): string | undefined;
  /** Of what can be called. */
  callable?(): Callable | undefined;
}

/** How something is called: its configuration, where it has one, and its data. */
export interface Callable {
  readonly name: string;
  readonly configuration?: readonly Parameter[];
  readonly parameters: readonly Parameter[];
}

type Declared = Extract<Declaration, { kind: 'fn' | 'layer' | 'optimizer' | 'model' | 'constant' }>;

/** The entity of a declaration. */
export function declared(declaration: Declared): Entity {
  const { kind, name, span, doc } = declaration;
  return {
    kind,
    name: name.name,
    span: name.span,
    whole: span,
    doc: () => doc,
    callable: () => callableOf(declaration),
  };
}

export function callableOf(declaration: Declared): Callable | undefined {
  switch (declaration.kind) {
    case 'fn':
    case 'layer':
      return calledAs(declaration);
    case 'optimizer':
    case 'model':
      return { name: declaration.name.name, parameters: declaration.parameters };
    case 'constant':
      return undefined;
    default:
      return declaration satisfies never;
  }
}

function calledAs({ name, configuration, parameters }: Definition): Callable {
  return { name: name.name, ...(configuration && { configuration }), parameters };
}

/** Are two entities the same? Each file is resolved by itself, so that one definition has several. */
export function isSame(a: Entity, b: Entity): boolean {
  if (!a.span || !b.span) return a.span === b.span && a.name === b.name && a.kind === b.kind;
  return a.span.file === b.span.file && a.span.start === b.span.start;
}

/** The names of a stretch of text, inside those of what is around it. */
export class Names {
  private readonly own = new Map<string, Entity>();
  /** What the statements of this body will define. */
  private readonly coming = new Map<string, Entity>();

  constructor(
    readonly parent: Names | undefined,
    readonly span: Span | undefined,
    /** What the library has is made when it is asked for. */
    private readonly lazily?: (name: string) => Entity | undefined,
  ) {}

  define(entity: Entity): Entity {
    const known = this.own.get(entity.name);
    if (known) return known;
    this.own.set(entity.name, entity);
    return entity;
  }

  announce(entity: Entity): void {
    if (!this.coming.has(entity.name)) this.coming.set(entity.name, entity);
  }

  announced(name: string): Entity | undefined {
    return this.coming.get(name);
  }

  has(name: string): boolean {
    return this.own.has(name);
  }

  /** By now, here or further out. */
  known(name: string): Entity | undefined {
    return this.own.get(name) ?? this.lazily?.(name) ?? this.parent?.known(name);
  }

  /** What will be defined, where nothing is yet. */
  find(name: string): Entity | undefined {
    return this.known(name) ?? this.later(name);
  }

  private later(name: string): Entity | undefined {
    return this.coming.get(name) ?? this.parent?.later(name);
  }

  entities(): IterableIterator<Entity> {
    return this.own.values();
  }
}

/** A name where it stands in a text. */
export interface Use {
  readonly span: Span;
  readonly name: string;
  /** Undefined: nothing bears the name. */
  readonly entity: Entity | undefined;
  /** `defines`: it begins here; `writes`: it is replaced by `:=`; `names`: it is said, and its value not asked for. */
  readonly role: 'defines' | 'writes' | 'reads' | 'names';
}
