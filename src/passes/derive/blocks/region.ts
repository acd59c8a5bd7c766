// What is computed of a large matrix of scores, and where its axes are in all of it: the part of a graph that goes over blocks of rows.
import { alongOf, isInParts, samePlace, withinOf, type Place } from './axes.js';
import { isOp, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import { contract } from '../../../ir/ops/contract.js';
import { reduceMax, reduceMin, sum } from '../../../ir/ops/reductions.js';
import { exp } from '../../../ir/ops/transcendental.js';

/** The classes of axes of scores: their rows, their columns, and each axis that both operands of the product have. */
export const [rows, columns, firstShared] = [0, 1, 2];

/** Where the axes of each class are in a node; undefined where it has none of that class. */
export type Places = readonly (Place | undefined)[];

/** A node that reads a matrix like the scores and is none: a sum or a product of it. */
export interface Exit {
  readonly node: Node;
  /** Classes that are in the matrix and not in the node are added up. */
  readonly places: Places;
  readonly folded: ReadonlySet<number>;
  /** Where the axes are in each operand. */
  readonly operands: readonly Places[];
}

export interface Region {
  readonly seed: NodeOf<typeof contract>;
  /** Matrices that are computed of the scores. */
  readonly matrices: ReadonlyMap<Node, Places>;
  readonly exits: ReadonlyMap<Node, Exit>;
  /** Classes that some node mixes with others: rounds do not go along them. */
  readonly mixed: ReadonlySet<number>;
}

/** The graph that a product stands in. */
export interface Around {
  readonly readersOf: (node: Node) => readonly Node[];
  readonly isRoot: (node: Node) => boolean;
  /** Matrices of fewer rows or columns stay as they are. */
  readonly fewest: number;
}

/** The region of a product, where it is that of softmax(q kᵀ) v: exponentials of what comes of it are added up along columns, and multiplied. */
export function regionOf(seed: NodeOf<typeof contract>, around: Around): Region | undefined {
  const start = placesOfScores(seed, around.fewest);
  if (!start) return undefined;
  const [ofLeft, ofRight, ...shared] = start;
  return regionFrom(seed, start, around) ?? regionFrom(seed, [ofRight, ofLeft, ...shared], around);
}

function regionFrom(seed: NodeOf<typeof contract>, start: Places, { readersOf, isRoot }: Around): Region | undefined {
  const matrices = new Map<Node, Places>([[seed, start]]);
  const exits = new Map<Node, Exit>();
  const mixed = new Set<number>();
  const open: Node[] = [seed];
  for (let node = open.pop(); node; node = open.pop()) {
    if (isRoot(node)) return undefined;
    const places = matrices.get(node) ?? [];
    for (const reader of readersOf(node)) {
      if (!isInParts(reader)) return undefined;
      for (const [operand, input] of reader.inputs.entries()) {
        if (input !== node) continue;
        const found = placesBehind(reader, operand, places, mixed);
        if (!found) return undefined;
        const { places: now, folded } = found;
        if (now[rows] === undefined || now[columns] === undefined) {
          if (folded.size > 0 && isExtreme(reader) && folded.has(rows)) return undefined;
          if (!exits.has(reader))
            exits.set(reader, {
              node: reader,
              places: now,
              folded,
              operands: placesOfOperands(reader, operand, places),
            });
          continue;
        }
        for (const one of folded) mixed.add(one);
        const before = matrices.get(reader);
        if (!before) {
          matrices.set(reader, now);
          open.push(reader);
        } else if (before.some((place, i) => !samePlace(place, now[i]))) return undefined;
      }
    }
  }
  return isSoftmax(matrices, exits) ? { seed, matrices, exits, mixed } : undefined;
}

function isSoftmax(matrices: ReadonlyMap<Node, Places>, exits: ReadonlyMap<Node, Exit>): boolean {
  const list = [...exits.values()];
  const keepsRows = ({ places, folded }: Exit): boolean => places[rows] !== undefined && folded.has(columns);
  return (
    list.some(
      (e) => isOp(e.node, sum) && isOp(e.node.inputs[0], exp) && keepsRows(e) && matrices.has(e.node.inputs[0]),
    ) && list.some((e) => isOp(e.node, contract) && keepsRows(e))
  );
}

function isExtreme(node: Node): boolean {
  return isOp(node, reduceMax, reduceMin);
}

/** Where rows, columns and shared axes are in a product that is large in both; undefined in any other. */
function placesOfScores(
  { attrs: { left, right, out }, type }: NodeOf<typeof contract>,
  fewest: number,
): Places | undefined {
  const only = (labels: readonly string[], others: readonly string[]): number[] =>
    out.flatMap((label, i) =>
      labels.includes(label) && !others.includes(label) && (constantOf(type.shape[i].size) ?? 0) >= fewest ? [i] : [],
    );
  const [ofLeft, ofRight] = [only(left, right), only(right, left)];
  if (ofLeft.length !== 1 || ofRight.length !== 1) return undefined;
  const shared = out.flatMap((label, i) =>
    left.includes(label) && right.includes(label) && constantOf(type.shape[i].size) !== 1 ? [i] : [],
  );
  return [ofLeft[0], ofRight[0], ...shared].map((axis) => ({ axis, times: 1 }));
}

/** Where classes are in what reads a matrix; undefined where its rows or columns are mixed. */
function placesBehind(
  reader: Node,
  operand: number,
  places: Places,
  mixed: Set<number>,
): { readonly places: Places; readonly folded: ReadonlySet<number> } | undefined {
  const folded = new Set<number>();
  const found = places.map((place, one) => {
    const to = place && alongOf(reader, operand, place);
    if (to === 'folded') folded.add(one);
    if (to === 'mixed' || (one < firstShared && typeof to === 'object' && to.times !== 1)) mixed.add(one);
    return typeof to === 'object' ? to : undefined;
  });
  return mixed.has(rows) || mixed.has(columns) ? undefined : { places: found, folded };
}

/** Where classes are in all operands of what reads a matrix, by where they are in that. */
function placesOfOperands(reader: Node, operand: number, places: Places): Places[] {
  if (!isOp(reader, contract)) return reader.inputs.map(() => places);
  const { left, right } = reader.attrs;
  const [own, other] = operand === 0 ? [left, right] : [right, left];
  const others = places.map((place) => {
    const found = place ? other.indexOf(own[place.axis]) : -1;
    return place && found >= 0 ? { axis: found, times: place.times } : undefined;
  });
  return operand === 0 ? [places, others] : [others, places];
}

/** What a loop computes in its rounds: exits, and all that they are made of down to what it reads. */
export interface Survey {
  readonly exits: readonly Exit[];
  /** By `keyOf`: of a node that rounds compute, where classes are in its operands. Whatever else is read is an operand of the loop. */
  readonly inside: ReadonlyMap<string, readonly Places[]>;
  readonly operands: ReadonlySet<Node>;
  readonly mixed: ReadonlySet<number>;
}

/** A node as its elements are read in rounds. */
export function keyOf({ id }: Node, places: Places): string {
  return `${id}@${places.map((place) => (place ? `${place.axis}*${place.times}` : '')).join()}`;
}

/** What the rounds compute that give these exits; undefined where that does not go by rows. */
export function survey({ matrices, mixed: known }: Region, exits: readonly Exit[]): Survey | undefined {
  const byNode = new Map(exits.map((exit) => [exit.node, exit]));
  const first = Math.min(...exits.map(({ node }) => node.id));
  const depends = dependence(byNode, first);
  const inside = new Map<string, readonly Places[]>();
  const read = new Set<Node>();
  const mixed = new Set(known);
  const open: { readonly node: Node; readonly places: Places; readonly isRoot: boolean }[] = exits.map(
    ({ node, places }) => ({ node, places, isRoot: true }),
  );
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, places, isRoot } = next;
    const key = keyOf(node, places);
    const exit = byNode.get(node);
    // Within a round nothing is known of sums over all of them.
    if (exit && !isRoot)
      for (const [one, place] of exit.places.entries())
        if (one !== columns && (exit.folded.has(one) || !samePlace(place, places[one]))) mixed.add(one);
    if (inside.has(key)) continue;
    const isMatrix = places[rows] !== undefined && places[columns] !== undefined;
    // A matrix may be given, or the same for all of a batch.
    const isOperand = isMatrix
      ? !isInParts(node) && (node.op.kind === 'leaf' || places.slice(firstShared).includes(undefined))
      : !exit && !depends(node);
    if (isOperand) {
      read.add(node);
      continue;
    }
    if (!isInParts(node)) return undefined;
    const operands = exit?.operands ?? node.inputs.map((_, i) => placesWithin(node, i, places, mixed));
    if (mixed.has(rows) || mixed.has(columns)) return undefined;
    inside.set(key, operands);
    for (const [i, input] of node.inputs.entries()) open.push({ node: input, places: operands[i], isRoot: false });
  }
  return matrices.size > 0 ? { exits, inside, operands: read, mixed } : undefined;
}

function placesWithin(node: Node, operand: number, places: Places, mixed: Set<number>): Places {
  return places.map((place, one) => {
    const found = place && withinOf(node, operand, place);
    if (found === 'mixed') mixed.add(one);
    return found === 'mixed' ? undefined : found;
  });
}

/** Is a node computed of one of the exits? None that was made before the first of them is. */
function dependence(exits: ReadonlyMap<Node, Exit>, first: number): (node: Node) => boolean {
  const known = new Map<Node, boolean>();
  const visit = (node: Node): boolean => {
    if (node.id < first) return false;
    const before = known.get(node);
    if (before !== undefined) return before;
    const found = exits.has(node) || node.inputs.some(visit);
    known.set(node, found);
    return found;
  };
  return visit;
}
