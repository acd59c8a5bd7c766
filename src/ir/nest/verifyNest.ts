// What must hold of a nest: its axes are bound, its types agree, every element is stored once, and rows keep to themselves.
import { axesOf, coefficient, constantOf, type Axis, type Index } from '../index.js';
import { carried } from '../ops/recurrence.js';
import { printAddress } from '../printProgram.js';
import type { AnyNest, Nest, Rows } from '../program.js';
import { elementType, isLanes, type Buffer, type Scalar } from '../scalar.js';
import { faultsOfTypes } from '../verifyScalar.js';
import { partsOf } from '../walk.js';
import { faultsOfBounds, type Sizes } from './bounds.js';
import { rowStride, withinRound } from './rowStride.js';
import { loadsOf } from '../loads.js';

/** Nests by their stores: under another name, or with another text, one is what it was. */
const sound = new WeakMap<object, { readonly outer: ReadonlySet<Axis>; readonly axes: readonly Axis[] }>();

/**
 * What is wrong with a nest, a sentence each. `outer` are the axes that are bound around it: numbers that calls give, and loops that
 * run it. Addresses are tried at these run-time sizes where they are not proved to be in range.
 */
export function faultsOfNest(nest: AnyNest, outer: ReadonlySet<Axis>, sizes: readonly Sizes[]): string[] {
  const [of, axes] = nest.kind === 'rows' ? [nest, nest.parts[0].axes] : [nest.stores, nest.axes];
  const before = sound.get(of);
  if (before?.axes === axes && [...before.outer].every((axis) => outer.has(axis))) return [];
  const faults = [...(nest.kind === 'rows' ? faultsOfRows(nest, outer) : faultsOfOne(nest, outer))];
  // Where axes are not bound, addresses mean nothing.
  if (faults.length === 0) faults.push(...faultsOfBounds(nest, sizes));
  if (faults.length === 0) sound.set(of, { outer, axes });
  return faults.map((fault) => `${nest.name}: ${fault}`);
}

function faultsOfOne(nest: Nest, outer: ReadonlySet<Axis>): string[] {
  return [...faultsOfAxes(nest, outer), ...faultsOfStores(nest, new Set())];
}

/** Each axis is bound once, and what mentions it stands within. */
function faultsOfAxes({ axes, stores, ordered }: Nest, outer: ReadonlySet<Axis>): string[] {
  const twice = axes.filter((axis, i) => outer.has(axis) || axes.indexOf(axis) !== i);
  const bound = new Set([...outer, ...axes]);
  const known = ordered ? [carried] : [];
  return [
    ...twice.map((axis) => `goes over ${axis.name} twice`),
    ...axes.flatMap((axis) => faultsOfAddress(axis.extent, outer)),
    ...stores.flatMap(({ at, value }) => [
      ...faultsOfAddress(at, bound),
      ...faultsOfScopes(value, bound, new Set(known)),
    ]),
    ...(ordered && !axes.includes(ordered.axis)
      ? [`goes in order along ${ordered.axis.name}, which is no axis of it`]
      : []),
    ...(ordered && stores.length !== 1 ? ['stores several values in order'] : []),
  ];
}

function faultsOfAddress(at: Index, bound: ReadonlySet<Axis>): string[] {
  return [...axesOf(at)].flatMap((axis) =>
    bound.has(axis) ? [] : [`${printAddress(at)} mentions ${axis.name}, over which nothing goes`],
  );
}

/** Axes of folds are bound within their bodies alone. */
function faultsOfScopes(value: Scalar, bound: ReadonlySet<Axis>, seen: Set<Scalar>): string[] {
  if (seen.has(value)) return [];
  seen.add(value);
  const inParts = (): string[] => partsOf(value).flatMap((part) => faultsOfScopes(part, bound, seen));
  switch (value.kind) {
    case 'index':
      return faultsOfAddress(value.of, bound);
    case 'load':
      return [...faultsOfAddress(value.at, bound), ...inParts()];
    case 'fold': {
      const { over, body } = value;
      const twice = over.filter((axis, i) => bound.has(axis) || over.indexOf(axis) !== i);
      return [
        ...twice.map((axis) => `folds over ${axis.name}, which is bound already`),
        ...over.flatMap((axis) => faultsOfAddress(axis.extent, bound)),
        ...faultsOfScopes(body, new Set([...bound, ...over]), new Set()),
      ];
    }
    case 'local':
      return [`reads the let ${value.name}, and a nest has none`];
    case 'number':
    case 'apply':
    case 'splat':
    case 'lane':
      return inParts();
    default:
      return value satisfies never;
  }
}

const fixed: ReadonlySet<Buffer['space']> = new Set(['input', 'counter', 'constant']);

/** Stores have the type of their buffers, and another element for each iteration of the nest. */
function faultsOfStores({ axes, stores }: Nest, outer: ReadonlySet<Axis>): string[] {
  const looped = [...axes, ...outer].filter((axis) => constantOf(axis.extent) !== 1);
  const typed = new Set<Scalar>();
  return stores.flatMap(({ to, at, value }) => {
    const missing = looped.filter((axis) => coefficient(at, axis)?.terms.length === 0);
    return [
      ...faultsOfTypes(value, typed),
      ...(value.type === elementType(to) ? [] : [`stores ${value.type} into ${to.name}, which holds ${to.dtype}`]),
      ...(isLanes(value) ? [`stores four lanes into ${to.name} before it is lowered`] : []),
      ...(fixed.has(to.space) ? [`stores into ${to.name}, which is given`] : []),
      ...missing.map((axis) => `stores into ${to.name} the same place for every ${axis.name}`),
    ];
  });
}

/**
 * What a nest overwrites while it still reads it, a sentence each. Until nests are in order that may be: then, such results are computed
 * beside.
 */
export function faultsOfOverwriting(nest: AnyNest, outer: ReadonlySet<Axis>): string[] {
  return nest.kind === 'rows' ? [] : faultsOfOwnReads(nest, outer).map((fault) => `${nest.name}: ${fault}`);
}

/** What a nest reads of its own results is the element that it is about to store, or what another round of a loop around it has stored. */
function faultsOfOwnReads({ stores }: Nest, outer: ReadonlySet<Axis>): string[] {
  const places = new Map<Buffer, { readonly keys: Set<string>; readonly rows: Set<string> }>();
  for (const { to, at } of stores) {
    const known = places.get(to) ?? { keys: new Set(), rows: new Set() };
    known.keys.add(at.key);
    known.rows.add(withinRound(at, outer).row);
    places.set(to, known);
  }
  return stores.flatMap(({ value }) =>
    loadsOf(value).flatMap(({ from, at }) =>
      places.get(from)?.keys.has(at.key) === false && places.get(from)?.rows.has(withinRound(at, outer).row)
        ? [`reads ${from.name}[${printAddress(at)}], while it stores other places of it`]
        : [],
    ),
  );
}

/** Parts follow one another in each row; what they share is one row's, and totals are added up over rows. */
function faultsOfRows({ row, parts, totals = [], rowLocal }: Rows, outer: ReadonlySet<Axis>): string[] {
  const inRow = new Set([...outer, row]);
  const local = new Set(rowLocal);
  const strides = new Map<Buffer, string>();
  const rounds = new Map<Buffer, Set<string>>();
  const faults: string[] = [];
  for (const { stores } of parts)
    for (const { to, at } of stores) {
      const seen = withinRound(at, outer);
      const stride = rowStride(seen, row);
      rounds.set(to, (rounds.get(to) ?? new Set()).add(seen.row));
      if (local.has(to)) {
        if (axesOf(at).has(row)) faults.push(`${to.name} holds one row, and is stored at ${printAddress(at)}`);
      } else if (!stride) faults.push(`${to.name}[${printAddress(at)}] is not in the row's own part`);
      else if (strides.has(to) && strides.get(to) !== stride.key) faults.push(`${to.name} has rows of two lengths`);
      else strides.set(to, stride.key);
    }
  for (const part of parts) {
    const stored = { ...part, stores: part.stores.filter(({ to }) => local.has(to)) };
    const wide = { ...part, stores: part.stores.filter(({ to }) => !local.has(to)) };
    faults.push(
      ...faultsOfAxes(part, inRow),
      ...faultsOfStores(stored, new Set()),
      ...faultsOfStores(wide, new Set([row])),
    );
  }
  for (const total of totals)
    faults.push(...faultsOfAxes(total, outer), ...faultsOfStores(total, new Set()), ...faultsOfOwnReads(total, outer));
  return [...faults, ...faultsOfSharing(parts, totals, { row, outer, local, strides, rounds })];
}

interface RowsKnown {
  readonly row: Axis;
  readonly outer: ReadonlySet<Axis>;
  readonly local: ReadonlySet<Buffer>;
  /** From row to row of what is stored. */
  readonly strides: ReadonlyMap<Buffer, string>;
  /** By which rounds' part of a longer tensor that is. */
  readonly rounds: ReadonlyMap<Buffer, ReadonlySet<string>>;
}

/** A row reads what it has stored itself, and nothing of another row. */
function faultsOfSharing(
  parts: readonly Nest[],
  totals: readonly Nest[],
  { row, outer, local, strides, rounds }: RowsKnown,
): string[] {
  const faults: string[] = [];
  const stored = new Set<Buffer>();
  const check = (value: Scalar): void => {
    for (const { from, at } of loadsOf(value)) {
      const text = `${from.name}[${printAddress(at)}]`;
      if (local.has(from)) {
        if (!stored.has(from)) faults.push(`reads ${text} before the row has stored it`);
        if (axesOf(at).has(row)) faults.push(`${from.name} holds one row, and is read at ${printAddress(at)}`);
        continue;
      }
      const seen = withinRound(at, outer);
      if (rounds.get(from)?.has(seen.row) && rowStride(seen, row)?.key !== strides.get(from))
        faults.push(`reads ${text}, which may be another row's`);
    }
  };
  for (const { stores } of parts) {
    for (const { value } of stores) check(value);
    for (const { to } of stores) stored.add(to);
  }
  for (const total of totals) for (const { value } of total.stores) checkTotal(value, row, local, check, faults);
  return faults;
}

/** Rows have passed when a total is stored: what one row held for itself is there in folds over the rows alone. */
function checkTotal(
  value: Scalar,
  row: Axis,
  local: ReadonlySet<Buffer>,
  check: (value: Scalar) => void,
  faults: string[],
): void {
  if (value.kind === 'fold' && value.over.includes(row)) return check(value);
  if (value.kind === 'load' && local.has(value.from))
    faults.push(`reads ${value.from.name}, which holds one row, after the last`);
  for (const part of partsOf(value)) checkTotal(part, row, local, check, faults);
}
