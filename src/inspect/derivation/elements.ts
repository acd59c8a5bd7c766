// Formulas element by element: where a value repeats along axes that a reader cannot see, letters say which is which.
import { hasNames, isNumber, mathematical, turned } from '../../ir/formula/mathematics.js';
import { placedBy } from '../../ir/formula/places.js';
import {
  apply,
  cases,
  indexed,
  infix,
  name,
  number,
  partsOf,
  power,
  prefix,
  standingFor,
  total,
  type Formula,
  type FormulaOf,
  type Letter,
} from '../../ir/formula/tree.js';
import { isElementwise, isOp, type Node } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import { contract } from '../../ir/ops/contract.js';
import { gather } from '../../ir/ops/indexing.js';
import { broadcast, isSilentReshape } from '../../ir/ops/movement.js';
import { printDim, type Dim } from '../../ir/types.js';
import { placed } from './positions.js';

/** Letters for the axes of a shape: those that are said, of their names, y and x for an image's, else the next ones that are not taken. */
export function lettersFor(shape: readonly Dim[], taken: Set<string>, said: readonly string[] = []): Letter[] {
  return shape.map((dim, i): Letter => {
    const own = /^\p{L}/u
      .exec(dim.name ?? (constantOf(dim.size) === undefined ? printDim(dim) : ''))?.[0]
      .toLowerCase();
    // The axes of an image.
    const usual = shape.length === 4 && i > 1 ? ['', '', 'y', 'x'][i] : undefined;
    const letter = [said[i], own, usual, ...'ijkpqruvw'].find((each) => each !== undefined && !taken.has(each)) ?? 'i';
    taken.add(letter);
    return { letter, dim };
  });
}

/** Nobody follows more. */
const mostLetters = 4;

/** A formula with letters for the axes of its result, those of more than one element. */
export interface Lettered {
  readonly free: readonly string[];
  readonly formula: Formula;
}

/**
 * z[b, o, y, x] = u[b, o, y, x] + v[o] of z = u + v, where v repeats along axes other than the first ones; undefined where nothing does, or
 * where letters do not say it.
 */
export function byElements(formula: Formula, positions: readonly string[]): Lettered | undefined {
  const { node } = formula;
  if (!node || node.type.shape.length > mostLetters || !(hidesAxes(formula) || sumsUnnamed(formula))) return undefined;
  const taken = new Set(positions);
  const letters = lettersFor(node.type.shape, taken, lettersSaid(node));
  const at = letters.map(({ letter, dim }) => (isOne(dim) ? undefined : letter));
  const of = elementOf(formula, at, taken);
  return of && { free: at.filter((each) => each !== undefined), formula: total({ letters: [], of, plain: formula }) };
}

/** The letters by which the value that it derives is defined. */
function lettersSaid({ role }: Node): readonly string[] {
  const of = role.kind === 'cotangent' ? role.of : undefined;
  if (!of || !isOp(of, contract)) return [];
  const { out } = of.attrs;
  return out.every((label) => label.length === 1) ? out : [];
}

/** Has it sums over axes without names? */
function sumsUnnamed(formula: Formula): boolean {
  const of = mathematical(formula);
  if (of.kind === 'sum') return !hasNames(of) && of.shape.length <= mostLetters;
  return isPointwise(of) && partsOf(of).some(sumsUnnamed);
}

const isOne = ({ size }: Dim): boolean => constantOf(size) === 1;
const wide = (shape: readonly Dim[]): number[] => shape.flatMap((dim, i) => (isOne(dim) ? [] : [i]));

/** Does a value repeat along axes behind its own? Not one that says along which axes it is made: u - mean(u, axis = 1). */
function hidesAxes(formula: Formula): boolean {
  const { node } = formula;
  if (!node) return false;
  const repeated = repeatedIn(formula);
  if (repeated) {
    const { shape, axes } = repeated.node.attrs;
    const own = wide(shape).filter((axis) => !axes.includes(axis));
    const last = wide(shape).slice(-own.length);
    const isBehind = own.some((axis, i) => axis !== last[i]);
    const gone = axes.filter((axis) => !isOne(shape[axis]));
    if (isBehind && !isReducedAlong(repeated.inner, gone.join())) return true;
    return own.length > 0 && hidesAxes(repeated.inner);
  }
  if (formula.kind === 'silent' || formula.kind === 'sum' || isPointwise(formula))
    return partsOf(formula).some(hidesAxes);
  return false;
}

/** A value that is repeated: as it is, or by v[:, none]. */
function repeatedIn(formula: Formula): { readonly inner: Formula; readonly node: Node<Repeats> } | undefined {
  const { node } = formula;
  if ((formula.kind !== 'silent' && formula.kind !== 'index') || !node || !isOp(node, broadcast)) return undefined;
  return { inner: formula.of, node };
}

type Repeats = { shape: readonly Dim[]; axes: readonly number[] };

/** Is it made of sums, means or maxima along these axes, and says so? */
function isReducedAlong(formula: Formula, axes: string): boolean {
  const along = (of: readonly number[], shape: readonly Dim[]): boolean =>
    of.filter((axis) => !isOne(shape[axis])).join() === axes;
  if (formula.kind === 'sum') return along(formula.axes, formula.shape);
  if (formula.kind === 'apply') {
    const own = formula.settings.find(({ value }) => value.kind === 'axes')?.value;
    if (own?.kind === 'axes') return along(own.axes, own.shape);
  }
  return (
    (formula.kind === 'silent' || isPointwise(formula)) && partsOf(formula).some((part) => isReducedAlong(part, axes))
  );
}

/** Is it made of its parts element by element? */
function isPointwise(formula: Formula): boolean {
  const { kind, node } = formula;
  if (kind === 'infix') return formula.operator !== 'matrix';
  if (kind === 'prefix' || kind === 'power' || kind === 'cases') return true;
  if (kind !== 'apply' || !node || formula.settings.length > 0) return false;
  const { notation, name } = node.op;
  // relu is a choice by its own.
  return (
    formula.name === 'relu' ||
    (isElementwise(node) && formula.name === (notation?.kind === 'call' ? notation.name : name))
  );
}

type Places = readonly (string | undefined)[];

/** One element, by letters for the axes of its node; undefined where letters do not say it. */
function elementOf(formula: Formula, at: Places, taken: Set<string>): Formula | undefined {
  const { node } = formula;
  const rank = node?.type.shape.length ?? 0;
  if (rank === 0) return formula;
  if (!node || rank !== at.length) return undefined;
  const inner = (of: Formula, places: Places = at): Formula | undefined => elementOf(of, places, taken);
  const repeated = repeatedIn(formula);
  if (repeated)
    return inner(
      repeated.inner,
      at.filter((_, i) => !repeated.node.attrs.axes.includes(i)),
    );
  if (formula.kind === 'silent') {
    if (!isSilentReshape(node)) return inner(formula.of);
    const letters = at.filter((place) => place !== undefined);
    return inner(
      formula.of,
      node.inputs[0].type.shape.map((dim) => (isOne(dim) ? undefined : letters.shift())),
    );
  }
  if (formula.kind === 'sum') return summed(formula, node, at, taken);
  if (isPointwise(formula)) {
    const parts = partsOf(formula).map((part) => inner(part));
    const whole = parts.every((part) => part !== undefined) ? withElements(formula, parts) : undefined;
    return whole && standingFor(node, whole);
  }
  return standingFor(node, placedAt(formula, node, at, taken) ?? formula);
}

/** Of numbers a product is one of numbers. */
function withElements(formula: Formula, parts: readonly Formula[]): Formula {
  switch (formula.kind) {
    case 'infix':
      return infix(formula.operator === 'elementwise' ? 'times' : formula.operator, parts[0], parts[1]);
    case 'prefix':
      return prefix(formula.operator, parts[0]);
    case 'power':
      return power(parts[0], parts[1]);
    case 'cases':
      return chosen(parts[0], parts[1], parts[2]);
    case 'apply':
      return apply(formula.name, parts, { ...(formula.math !== undefined && { math: formula.math }) });
    default:
      return formula;
  }
}

/** 1[c] · a where the other case is 0. */
function chosen(condition: Formula, then: Formula, otherwise: Formula): Formula {
  const indicator = (when: Formula): Formula => cases(when, number(1), number(0));
  if (isNumber(then, 0)) return infix('times', indicator(turned(condition)), otherwise);
  if (isNumber(otherwise, 0)) return infix('times', indicator(condition), then);
  return cases(condition, then, otherwise);
}

/** Σ over letters of its own. */
function summed(of: FormulaOf<'sum'> & Formula, node: Node, at: Places, taken: Set<string>): Formula | undefined {
  const own = lettersFor(
    of.axes.map((axis) => of.shape[axis]),
    taken,
  );
  const left = [...at];
  const places = of.shape.map((dim, i) => {
    const letter = of.axes.includes(i) ? own[of.axes.indexOf(i)].letter : left.shift();
    return isOne(dim) ? undefined : letter;
  });
  const inner = elementOf(of.of, places, taken);
  const letters = own.filter(({ dim }) => !isOne(dim)).map(({ letter }) => letter);
  return inner && standingFor(node, letters.length === 0 ? inner : total({ letters, of: inner, plain: of }));
}

/** taste[person][b, f] is taste[person[b], f]; v[b] of a name, (x W)[b, o] of what is no element's. */
function placedAt(formula: Formula, node: Node, at: Places, taken: Set<string>): Formula | undefined {
  const letters = at.filter((place) => place !== undefined);
  if (letters.length === 0) return formula;
  if (formula.kind === 'index' && isOp(node, gather)) {
    const [ids] = formula.places;
    if (formula.places.length !== 1 || typeof ids === 'string') return indexed(formula, letters);
    const many = node.inputs[1].type.shape.length;
    const id = elementOf(ids, at.slice(0, many), taken);
    return id && indexed(formula.of, [id, ...at.slice(many).filter((place) => place !== undefined)]);
  }
  if (formula.kind === 'index') return placed(...filled(formula, letters));
  if (formula.kind === 'name') return placed(formula, letters);
  // What is at or below the diagonal.
  if (formula.kind === 'apply' && formula.name === 'lower_triangle' && letters.length === 2)
    return infix('lessEqual', name(letters[1]), name(letters[0]));
  return letters.length < at.length
    ? indexed(formula, letters)
    : placedBy(
        formula,
        letters.map((letter, i) => ({ letter, dim: node.type.shape[i] })),
      );
}

/** x[:, t] at b is x[b, t]; the letters that are left follow. */
function filled(formula: FormulaOf<'index'> & Formula, letters: readonly string[]): [Formula, readonly string[]] {
  const left = [...letters];
  const places = formula.places.map((place) => (place === ':' ? (left.shift() ?? place) : place));
  return [{ ...formula, places }, left];
}
