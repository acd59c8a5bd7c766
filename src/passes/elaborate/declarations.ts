// Declarations as scopes: what a file defines and imports, each value made when first asked for.
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { circular, definedTwice, notExported } from '../../diagnostics/elaboration.js';
import type { Outline } from '../../parser/outline.js';
import type { Declaration, File } from '../../parser/tree.js';
import { evaluate } from './expressions.js';
import { atStatement, fail, Naming, traced, type Context, type Frame } from './frame.js';
import { importPath } from './imports.js';
import { nearest } from './names.js';
import { guarded } from './bodies.js';
import { gradientsIn } from './ownGradients.js';
import { Scope, unknown, type GradientDeclaration, type Value } from './values.js';

/** The scope of the standard library: all of its files see one another. */
export function libraryScope(library: readonly Outline[], outer: Scope, context: Context): Scope {
  const scope = new Scope(outer);
  for (const { definitions } of library)
    for (const { name, read } of definitions)
      scope.defineLazily(name.name, () => valueOf(read(), undefined, scope, context), name.span);
  return scope;
}

/** The scope of a file: what it defines, and what it imports from other files. */
export function fileScope(entry: File, files: ReadonlyMap<string, File>, outer: Scope, context: Context): Scope {
  const made = new Map<File, Scope>();
  const scopeOf = (file: File): Scope => {
    const known = made.get(file);
    if (known) return known;
    const scope = new Scope(outer);
    made.set(file, scope);
    declareAll(file.declarations, scope, context);
    for (const declaration of file.declarations) {
      if (declaration.kind !== 'import') continue;
      const path = importPath(file.file, declaration.path.value);
      const other = files.get(path);
      if (!other) continue;
      const theirs = scopeOf(other);
      for (const { name, span } of declaration.names) {
        const frame = frameIn(scope, context);
        guarded(frame, [{ name, span }], () => {
          const first = scope.own(name);
          if (first) fail(frame, definedTwice({ name, span, first: first.span }));
          if (!defines(other, name))
            fail(frame, notExported({ name, path, span, help: importHint(name, other, outer) }));
          scope.defineLazily(name, () => theirs.find(name) ?? unknown, span);
        });
      }
    }
    return scope;
  };
  return scopeOf(entry);
}

/** All that a file defines by itself. */
function declareAll(declarations: readonly Declaration[], scope: Scope, context: Context): void {
  const frame = frameIn(scope, context);
  const report = (diagnostic: Diagnostic): void => context.report(traced(frame, diagnostic));
  const gradients = gradientsIn(declarations, report);
  for (const declaration of declarations) {
    if (declaration.kind === 'import' || declaration.kind === 'model' || declaration.kind === 'gradient') continue;
    const { name, span } = declaration.name;
    const first = scope.own(name);
    if (first) report(definedTwice({ name, span, first: first.span }));
    else scope.defineLazily(name, () => valueOf(declaration, gradients.get(name), scope, context), span);
  }
}

function valueOf(
  declaration: Exclude<Declaration, { kind: 'import' | 'model' | 'gradient' }>,
  gradient: GradientDeclaration | undefined,
  scope: Scope,
  context: Context,
): Value {
  switch (declaration.kind) {
    case 'fn':
    case 'layer':
      return { kind: 'function', definition: declaration, scope, ...(gradient && { gradient }) };
    case 'optimizer':
      return { kind: 'optimizer', declaration, scope };
    case 'constant':
      return constant(declaration, scope, context);
    default:
      return declaration satisfies never;
  }
}

/** A constant's value carries its name, so that dimensions are called by it. */
function constant(
  { name, value, span }: Extract<Declaration, { kind: 'constant' }>,
  scope: Scope,
  context: Context,
): Value {
  let found: Value = unknown;
  const frame = atStatement(frameIn(scope, context), span);
  // While it is made, the name stands for something that depends on itself.
  scope.defineLazily(name.name, () => fail(frame, circular({ name: name.name, span: name.span })), name.span);
  guarded(frame, [], () => (found = evaluate(value, frame)));
  const named: Value = found.kind === 'number' && found.name === undefined ? { ...found, name: name.name } : found;
  scope.define(name.name, named, name.span);
  return named;
}

/** Where declarations are evaluated: outside of any model. */
function frameIn(scope: Scope, context: Context): Frame {
  return { context, scope, naming: new Naming('') };
}

function importHint(name: string, { declarations }: File, library: Scope): string | undefined {
  const known = nearest(name, namesOf({ declarations }));
  if (known !== undefined) return `did you mean ${known}?`;
  if (declarations.some((d) => d.kind === 'model' && d.name.name === name)) return 'a model cannot be imported';
  return library.has(name) ? `${name} is in scope everywhere: it needs no import` : undefined;
}

function defines(file: File, name: string): boolean {
  return namesOf(file).includes(name);
}

function namesOf({ declarations }: Pick<File, 'declarations'>): string[] {
  return declarations.flatMap((d) =>
    d.kind === 'import' || d.kind === 'gradient' || d.kind === 'model' ? [] : [d.name.name],
  );
}
