// A graph computed at a point in double precision, and again wherever some of its leaves are moved to.
import { asItIs } from '../../ir/evaluateScalar.js';
import { prepare } from '../../ir/evaluate.js';
import { isOp, type Node } from '../../ir/graph.js';
import { stopGradient } from '../../ir/ops/control.js';
import { compiledElements } from './compiled.js';
import { leafAt, type Point } from './point.js';

export interface Ground {
  /** The elements of a node, where the leaves now are. */
  of(node: Node): Float64Array;
  /** What it takes to move these leaves. */
  mover(leaves: readonly Node[]): Mover;
}

export interface Mover {
  /** What depends on them. */
  readonly moves: readonly Node[];
  /** Where each leaf stands. */
  readonly from: readonly Float64Array[];
  /** What is decided on the way where nothing is moved. */
  readonly decisions: number;
  /** Puts the leaves where `place` says, from where they stand, and computes what depends on them. Tells what was decided on the way. */
  to(place: (leaves: readonly Float64Array[]) => void): number;
  /** All is again as it was; what is decided on the way there. */
  settle(): number;
}

/**
 * Nothing moves what no gradient flows through: it keeps the values that it has at the point, so that differences tell what the gradient
 * is to be. Random draws stay as well.
 */
export function groundOf(roots: readonly Node[], point: Point): Ground {
  const decided = new Int32Array(1);
  const elements = compiledElements(decided);
  const { values, steps } = prepare(roots, {
    leaf: leafAt(point),
    sizeOf: point.sizeOf,
    rounded: asItIs,
    elements,
    held: true,
  });
  for (const { run } of steps) run();
  const of = (node: Node): Float64Array => {
    const room = values.get(node);
    if (!room) throw new Error(`${node.op.name} is not part of the graph`);
    return room;
  };
  return {
    of,
    mover(leaves) {
      const moving = new Set<Node>(leaves);
      const later = steps.filter(({ node }) => {
        const moves = !isOp(node, stopGradient) && node.inputs.some((i) => moving.has(i));
        if (moves) moving.add(node);
        return moves;
      });
      const rooms = leaves.map(of);
      const from = rooms.map((room) => room.slice());
      const to = (place: (leaves: readonly Float64Array[]) => void): number => {
        rooms.forEach((room, i) => room.set(from[i]));
        place(rooms);
        decided[0] = 0;
        for (const { run } of later) run();
        return decided[0];
      };
      const settle = (): number => to(() => undefined);
      return { moves: later.map(({ node }) => node), from, decisions: settle(), to, settle };
    },
  };
}
