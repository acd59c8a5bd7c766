// Attention without its matrix of scores: softmax(q kᵀ) v by blocks of rows, forwards, and backwards from scores that are computed again.
import { buildLoops } from './build.js';
import { levelsOf, type Sizes } from './levels.js';
import { regionOf, survey, type Exit, type Region, type Survey } from './region.js';
import { becomesOf, withGradients, withRoots, withUpdates, type Gradients } from '../derive.js';
import { substituteNodes } from '../substituteNodes.js';
import { isOp, type Node } from '../../../ir/graph.js';
import { modeRoots } from '../../../ir/model.js';
import { contract } from '../../../ir/ops/contract.js';
import { readersAmong, type NodeTable } from '../../../ir/nodeTable.js';
import { reachable } from '../../../ir/reachable.js';

/** A loop, and which of its region's exits it computes. */
interface Part {
  readonly region: Region;
  readonly survey: Survey;
  /** It computes scores that the model has computed. */
  readonly isAgain: boolean;
}

/** The graphs with every attention of so many positions in blocks. */
export function blockAttention(derived: Gradients, sizes: Sizes): Gradients {
  const { model } = derived;
  const g = model.builder;
  const forward = modeRoots(model);
  const roots = [...forward, ...[...gradientsIn(derived), ...becomesOf(derived).map(({ node }) => node)]];
  const parts = partsOf(roots, forward, sizes.fewest);
  if (parts.size === 0) return derived;
  const done = new Map<Node, Node>();
  const all = (nodes: readonly Node[]): Node[] => substituteNodes(nodes, replace, g, done);
  const become = (node: Node): Node => all([node])[0];
  const replace = (node: Node): Node | undefined => {
    const part = parts.get(node);
    if (!part) return undefined;
    const { region, survey: of, isAgain } = part;
    // What is read comes first in the order of making, which nests follow.
    of.operands.forEach(become);
    const results = buildLoops(of, levelsOf(region, of, sizes), become, isAgain, g);
    of.exits.forEach((exit, i) => done.set(exit.node, results[i]));
    return done.get(node);
  };
  const own = withRoots(model, all(forward));
  const { gradients, players } = withGradients({ ...derived, model: own }, all);
  return {
    ...derived,
    model: own,
    gradients,
    players: players.map((player) => withUpdates(player, all)),
  };
}

function gradientsIn({ gradients, players }: Gradients): Node[] {
  return [...gradients.values(), ...players.flatMap((player) => [...player.gradients.values()])];
}

/** By exit the loop that computes it: one for what the model computes, one for what its derivatives do. */
function partsOf(roots: readonly Node[], forward: readonly Node[], fewest: number): Map<Node, Part> {
  const order = reachable(roots);
  const rootSet = new Set(roots);
  // Made when they are first asked for: most models have no product that is large enough.
  let readers: NodeTable<Node[]> | undefined;
  let values: ReadonlySet<Node> | undefined;
  const around = {
    readersOf: (n: Node) => (readers ??= readersAmong(order)).get(n) ?? [],
    isRoot: (n: Node) => rootSet.has(n),
    fewest,
  };
  const parts = new Map<Node, Part>();
  for (const node of order) {
    if (!isOp(node, contract) || parts.has(node)) continue;
    const region = regionOf(node, around);
    const found = region && partsOfRegion(region, (values ??= new Set(reachable(forward))));
    if (found?.some(({ survey: { exits } }) => exits.some((exit) => parts.has(exit.node))) === false)
      for (const part of found) for (const exit of part.survey.exits) parts.set(exit.node, part);
  }
  return parts;
}

/** Undefined where one of its loops cannot be: without it the matrix would be stored all the same. */
function partsOfRegion(region: Region, forward: ReadonlySet<Node>): Part[] | undefined {
  const exits = [...region.exits.values()];
  const isForward = ({ node }: Exit): boolean => forward.has(node);
  const parts: Part[] = [];
  for (const isAgain of [false, true]) {
    const own = exits.filter((exit) => isForward(exit) !== isAgain);
    const found = own.length > 0 ? survey(region, own) : undefined;
    if (found) parts.push({ region, survey: found, isAgain });
    else if (own.length > 0) return undefined;
  }
  return parts;
}
