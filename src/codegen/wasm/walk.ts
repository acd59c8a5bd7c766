// Questions about statements before they are written: what they read, which values they use twice, what they do not bind.
import { sizesOf, axesOf, type Axis, type Index } from '../../ir/index.js';
import type { Kernel, Statement } from '../../ir/program.js';
import type { Buffer, Scalar } from '../../ir/scalar.js';

export interface Access {
  readonly buffer: Buffer;
  readonly at: Index;
  /** Made only where a condition holds. */
  readonly guarded: boolean;
}

/** Every load of the value, those in addresses included. */
export function loadsOf(value: Scalar, found: (access: Access) => void): void {
  visitLoads(value, false, found, new Set());
}

function visitLoads(value: Scalar, guarded: boolean, found: (access: Access) => void, seen: Set<string>): void {
  const key = guarded ? `?${value.key}` : value.key;
  if (seen.has(key) || seen.has(value.key)) return;
  seen.add(key);
  const again = (part: Scalar): void => visitLoads(part, guarded, found, seen);
  switch (value.kind) {
    case 'number':
    case 'local':
      return;
    case 'index':
      return elementsOf(value.of, again);
    case 'load':
      elementsOf(value.at, again);
      return found({ buffer: value.from, at: value.at, guarded });
    case 'apply': {
      const lazy = value.op === 'select' || value.op === 'and' || value.op === 'or';
      value.args.forEach((arg, i) => visitLoads(arg, guarded || (lazy && i > 0), found, seen));
      return;
    }
    case 'fold':
      return again(value.body);
    case 'splat':
    case 'lane':
      return again(value.of);
    default:
      return value satisfies never;
  }
}

function elementsOf(index: Index, found: (value: Scalar) => void): void {
  for (const term of index.terms)
    for (const part of term.atoms) {
      if (part.kind === 'element') found(part.of);
      else if (part.kind === 'quotient') {
        elementsOf(part.of, found);
        elementsOf(part.by, found);
      }
    }
}

/** How often the statements of a block, not those nested in it, use each value. */
export function countUses(body: readonly Statement[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const count = (value: Scalar): void => {
    const before = uses.get(value.key) ?? 0;
    uses.set(value.key, before + 1);
    if (before > 0) return;
    if (value.kind === 'apply') value.args.forEach(count);
    else if (value.kind === 'splat' || value.kind === 'lane') count(value.of);
  };
  for (const statement of body)
    if (statement.kind === 'let' || statement.kind === 'set' || statement.kind === 'store') count(statement.value);
  return uses;
}

/** The run-time sizes that the kernel mentions and the axes that it does not bind itself. */
export function freeIn(
  kernel: Kernel,
  offsets: ReadonlyMap<Buffer, Index>,
): { readonly sizes: ReadonlySet<string>; readonly axes: ReadonlySet<Axis> } {
  const sizes = new Set<string>();
  const used = new Set<Axis>();
  const bound = new Set<Axis>();
  const index = (of: Index): void => {
    sizesOf(of, sizes);
    axesOf(of, used);
    elementsOf(of, value);
  };
  const access = ({ buffer, at }: { buffer: Buffer; at: Index }): void => {
    const start = offsets.get(buffer);
    if (start) sizesOf(start, sizes);
    sizesOf(at, sizes);
    axesOf(at, used);
  };
  const value = (of: Scalar): void => {
    loadsOf(of, access);
    coordinates(of, index, new Set());
  };
  const visit = (statement: Statement): void => {
    switch (statement.kind) {
      case 'loop':
        bound.add(statement.axis);
        for (const limit of [statement.from, statement.to, statement.last]) if (limit) index(limit);
        return statement.body.forEach(visit);
      case 'index':
        bound.add(statement.axis);
        return index(statement.value);
      case 'let':
      case 'set':
        return value(statement.value);
      case 'store':
        value(statement.value);
        index(statement.at);
        return access({ buffer: statement.to, at: statement.at });
      case 'if':
        statement.less.forEach(index);
        statement.then.forEach(visit);
        return statement.else.forEach(visit);
      case 'transpose':
      case 'barrier':
        return;
      default:
        return statement satisfies never;
    }
  };
  kernel.body.forEach(visit);
  for (const axis of bound) used.delete(axis);
  return { sizes, axes: used };
}

function coordinates(value: Scalar, found: (index: Index) => void, seen: Set<string>): void {
  if (seen.has(value.key)) return;
  seen.add(value.key);
  if (value.kind === 'index') found(value.of);
  else if (value.kind === 'apply') for (const arg of value.args) coordinates(arg, found, seen);
  else if (value.kind === 'splat' || value.kind === 'lane') coordinates(value.of, found, seen);
  else if (value.kind === 'load') elementsOf(value.at, (element) => coordinates(element, found, seen));
}
