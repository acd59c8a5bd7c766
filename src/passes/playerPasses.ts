// What the pass of each player computes beside its updates: losses, metrics and states.
import { isOp, type Node } from '../ir/graph.js';
import type { Mode, ModelGraph, Named, Player } from '../ir/model.js';
import { counter, input, parameter } from '../ir/ops/leaves.js';
import { random } from '../ir/ops/random.js';
import { reachable } from '../ir/reachable.js';

export interface Pass {
  /** The player's number. */
  readonly player: number;
  /** Its total loss first. */
  readonly results: readonly Named[];
  readonly states: readonly Named[];
}

/** The passes of a step, in their order. A metric or a state that no pass computes is the last one's. */
export function passesOf({ players, training }: ModelGraph): Pass[] {
  const own = players.map((player) => partOf(player, training));
  const last = players.length - 1;
  const computes = own.map(({ loss }) => reachedBy(loss.map(({ node }) => node)));
  const inPass = (player: number, node: Node): boolean =>
    last === 0 || computes[player](node) || (player === last && !computes.some((by) => by(node)));
  return own.map(({ loss, losses }, player) => ({
    player,
    results: [...loss, ...losses, ...training.metrics.filter(({ node }) => inPass(player, node))],
    states: training.states.filter(({ node }) => inPass(player, node)),
  }));
}

/** The total of a mode's losses, as it is reported. */
export function total({ loss }: Mode): Named[] {
  return loss ? [{ name: 'loss', node: loss }] : [];
}

function partOf({ name, losses }: Player, training: Mode): { loss: Named[]; losses: readonly Named[] } {
  const own = training.totals.find((t) => t.name === name);
  if (!own) return { loss: total(training), losses: training.losses };
  return {
    loss: [{ name: 'loss', node: own.node }],
    losses: training.losses.filter((l) => losses?.includes(l.name) ?? true),
  };
}

/** Whether a node follows from what these are computed from: no input, parameter or draw is needed that they do not need. */
function reachedBy(roots: readonly Node[]): (node: Node) => boolean {
  const reached = new Set(reachable(roots));
  const known = new Map<Node, boolean>();
  return (root) => {
    for (const node of reachable([root]))
      known.set(
        node,
        reached.has(node) ||
          (!isOp(node, input, parameter, counter, random) && node.inputs.every((part) => known.get(part))),
      );
    return known.get(root) ?? false;
  };
}
