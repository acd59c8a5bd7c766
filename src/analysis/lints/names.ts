// Lints of names: unused ones, ones that hide the library's, dimensions that look like others.
import { misspeltDimension, shadowed } from '../../diagnostics/lints.js';
import { unused } from '../../diagnostics/elaboration.js';
import type { Diagnostic, Fix, Span } from '../../diagnostics/diagnostic.js';
import { nearest } from '../../passes/elaborate/names.js';
import type { Declaration, Identifier, Statement } from '../../parser/tree.js';
import { statementsOf } from '../../parser/walk.js';
import type { Analysis } from '../analyze.js';
import { isSame, type Entity, type Use } from '../entities.js';
import { everywhere } from '../library.js';

type Named = Pick<Analysis, 'file' | 'source' | 'names'>;

/** How often the value of what is defined at a place is asked for. */
function readsOf({ names }: Named): ReadonlyMap<number, number> {
  const reads = new Map<number, number>();
  for (const { entity, role } of names.uses)
    if (role === 'reads' && entity?.span) reads.set(entity.span.start, (reads.get(entity.span.start) ?? 0) + 1);
  return reads;
}

// ---- unused ------------------------------------------------------------------------------------------

/** Imports, parameters, and names in bodies of functions, layers and optimizers. Of a model's body elaboration tells. */
export function unusedNames(analysis: Named): Diagnostic[] {
  const { file, names } = analysis;
  const reads = readsOf(analysis);
  const isRead = ({ span }: Identifier): boolean => (reads.get(span.start) ?? 0) > 0;
  const values = asValues(names.uses, analysis.source.text);
  return file.declarations.flatMap((declaration): Diagnostic[] => {
    if (declaration.kind === 'import') return unusedImports(declaration, analysis);
    if (declaration.kind === 'constant' || declaration.kind === 'gradient') return [];
    const inner = bound(statementsOf(declaration), declaration.kind).filter(({ name }) => !isRead(name));
    const given = parametersIn(declaration, values).filter((name) => !isRead(name) && !name.name.startsWith('_'));
    return [
      ...given.map(({ name, span }) => unused({ name, what: 'parameter', span })),
      ...inner.map(({ name: { name, span }, what, statement }) =>
        unused({ name, what, span, fix: what === 'name' ? without(statement, name, analysis) : undefined }),
      ),
    ];
  });
}

/** Functions that are handed on as values: their parameters are what their callers give. */
function asValues(uses: readonly Use[], text: string): ReadonlySet<string> {
  const called = /^\s*\(/;
  return new Set(
    uses.flatMap(({ name, span, role, entity }) =>
      role === 'reads' &&
      (entity?.kind === 'fn' || entity?.kind === 'layer') &&
      !called.test(text.slice(span.end, span.end + 20))
        ? [name]
        : [],
    ),
  );
}

/** Those that their author is free to leave out. */
function parametersIn(
  declaration: Exclude<Declaration, { kind: 'import' | 'constant' | 'gradient' }>,
  values: ReadonlySet<string>,
): Identifier[] {
  const { parameters } = declaration;
  if (declaration.kind === 'model') return parameters.map(({ name }) => name);
  // `lazy` is read by the trainer.
  if (declaration.kind === 'optimizer') return parameters.flatMap(({ name }) => (name.name === 'lazy' ? [] : [name]));
  const data = values.has(declaration.name.name) ? [] : parameters;
  return [...(declaration.configuration ?? []), ...data].map(({ name }) => name);
}

interface Bound {
  readonly name: Identifier;
  readonly what: string;
  readonly statement: Statement;
}

function bound(statements: readonly Statement[], kind: Declaration['kind']): Bound[] {
  if (kind === 'model') return [];
  return statements.flatMap((statement): Bound[] => {
    switch (statement.kind) {
      case 'binding': {
        const [name, ...others] = statement.names;
        return others.length === 0 && !name.name.startsWith('_') ? [{ name, what: 'name', statement }] : [];
      }
      case 'param':
        return [{ name: statement.name, what: 'parameter', statement }];
      case 'state':
      case 'slot':
        return [{ name: statement.name, what: statement.kind, statement }];
      default:
        return [];
    }
  });
}

function unusedImports(declaration: Extract<Declaration, { kind: 'import' }>, analysis: Named): Diagnostic[] {
  const { names, source } = analysis;
  const isRead = ({ entity, span }: Use): boolean =>
    names.uses.some(
      (other) =>
        other.span.start !== span.start &&
        (other.role === 'reads' || other.role === 'names') &&
        other.entity !== undefined &&
        entity !== undefined &&
        isSame(other.entity, entity),
    );
  const idle = declaration.names.filter((name) => {
    const use = names.uses.find(({ span }) => span.start === name.span.start);
    return use?.entity !== undefined && !isRead(use);
  });
  const all = idle.length === declaration.names.length;
  return idle.map(({ name, span }): Diagnostic => {
    const title = `leave out the import of ${name}`;
    const cut = all ? wholeLines(declaration.span, source.text) : withComma(span, source.text);
    return unused({ name, what: 'import', span, fix: { title, edits: [{ span: cut, text: '' }] } });
  });
}

/** A name of a list with the comma that sets it apart. */
function withComma({ file, start, end }: Span, text: string): Span {
  const after = /^\s*,\s*/.exec(text.slice(end))?.[0].length;
  if (after !== undefined) return { file, start, end: end + after };
  const before = /,\s*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  return { file, start: start - before, end };
}

function without({ span }: Statement, name: string, { source }: Named): Fix {
  return { title: `leave out ${name}`, edits: [{ span: wholeLines(span, source.text), text: '' }] };
}

/** A stretch with the lines that would be left empty. */
function wholeLines({ file, start, end }: Span, text: string): Span {
  const before = /(?:^|\n)([ \t]*)$/.exec(text.slice(0, start))?.[1];
  const behind = text.slice(end);
  const after = /^[ \t]*(?:\r?\n|$)/.exec(behind)?.[0];
  if (before === undefined) return { file, start, end };
  // A comment that stood behind stays, and begins where the line did.
  if (after === undefined) return { file, start, end: end + (/^[ \t]+(?=\/\/)/.exec(behind)?.[0].length ?? 0) };
  return { file, start: start - before.length, end: end + after.length };
}

/** The fix of what elaboration finds unused: of a name that is bound alone, to leave it out. */
export function withFix(diagnostic: Diagnostic, analysis: Named): Diagnostic {
  if (diagnostic.code !== unused.code || diagnostic.fix) return diagnostic;
  const { start } = diagnostic.labels[0].span;
  for (const declaration of analysis.file.declarations) {
    if (declaration.kind !== 'model') continue;
    const statement = declaration.body.find((each) => each.kind === 'binding' && each.names[0].span.start === start);
    if (statement?.kind === 'binding' && statement.names.length === 1)
      return { ...diagnostic, fix: without(statement, statement.names[0].name, analysis) };
  }
  return diagnostic;
}

// ---- hidden ------------------------------------------------------------------------------------------

const hiding: ReadonlySet<string> = new Set(['fn', 'layer', 'optimizer']);

/** Definitions, own ones and imported, that bear the name of one of the library that its page tells of. */
export function shadowing({ names }: Named): Diagnostic[] {
  const [own] = names.scopes;
  return names.uses.flatMap(({ name, span, entity, role }) => {
    if (!entity || !hiding.has(entity.kind) || (role !== 'defines' && role !== 'names')) return [];
    if (role === 'names' && own.known(name) !== entity) return [];
    const library = everywhere().known(name);
    if (!library || isSame(library, entity) || library.doc?.() === undefined) return [];
    return [shadowed({ kind: entity.kind, name, span, library: library.span })];
  });
}

// ---- dimensions --------------------------------------------------------------------------------------

/** Shorter names differ in a letter on purpose. */
const shortest = 4;

/** Run-time dimensions that differ in a letter from another, or from a static name, which stands in for what was meant. */
export function misspeltDimensions({ names }: Named): Diagnostic[] {
  const reads = new Map<Entity, number>();
  for (const { entity } of names.uses) if (entity) reads.set(entity, (reads.get(entity) ?? 0) + 1);
  return names.scopes.slice(1).flatMap((scope) => {
    const all = [...scope.entities()];
    if (!all.some(({ kind }) => kind === 'input')) return [];
    const known = [...all, ...(scope.parent?.entities() ?? [])].filter(
      ({ kind }) => kind === 'dimension' || kind === 'parameter' || kind === 'constant',
    );
    return all.flatMap((entity) => {
      const { kind, name, span } = entity;
      if (kind !== 'dimension' || !span || name.length < shortest) return [];
      // Of two dimensions the rarer is misspelt, or else the later.
      const others = known.filter((other) => other !== entity && isStronger(other, entity, reads));
      const near = nearest(
        name,
        others.map((other) => other.name).filter((other) => isAlike(other, name)),
      );
      const other = others.find((each) => each.name === near);
      return near === undefined ? [] : [misspeltDimension({ name, near, span, other: other?.span })];
    });
  });
}

function isStronger(other: Entity, entity: Entity, reads: ReadonlyMap<Entity, number>): boolean {
  if (other.kind !== 'dimension') return true;
  const [theirs, own] = [reads.get(other) ?? 0, reads.get(entity) ?? 0];
  return theirs > own || (theirs === own && (other.span?.start ?? 0) < (entity.span?.start ?? 0));
}

/** Long enough, and not told apart by numbers alone: width1 and width2 are two. */
function isAlike(a: string, b: string): boolean {
  const plain = (name: string): string => name.replace(/\d+/g, '');
  return a.length >= shortest && Math.abs(a.length - b.length) <= 1 && plain(a) !== plain(b);
}
