// Tables whose gradient reaches few rows: a step updates those, where the optimizer leaves the others as they are.
import { isElementwise, isOp, through, type Builder, type Node, type NodeOf } from '../../ir/graph.js';
import { product } from '../../ir/index.js';
import type { ModelGraph, Player, Update } from '../../ir/model.js';
import { estimated } from '../../ir/nest/sizes.js';
import { abs, mul } from '../../ir/ops/arithmetic.js';
import { gather, putRows, scatterAdd, sumAlike } from '../../ir/ops/indexing.js';
import { gradient, input, parameter, slot } from '../../ir/ops/leaves.js';
import { broadcast, permute, reshape, slice } from '../../ir/ops/movement.js';
import { sum } from '../../ir/ops/reductions.js';
import { mapNode, reachable } from '../../ir/reachable.js';
import { dim, type Dim } from '../../ir/types.js';
import { atZero } from './atZero.js';
import type { Gradients, Played, TableUpdate } from './derive.js';
import { substituteNodes } from './substituteNodes.js';
import type { Becomes } from './update.js';

type Scattered = NodeOf<typeof scatterAdd>;

/** A table, of which only the rows are updated that the indices name. */
interface Table {
  readonly gradient: Scattered;
  /** index(V)[P], and what is added to the rows at each of these positions. */
  readonly ids: Node;
  readonly terms: Node;
  /** At each position, the gradient of its row. */
  readonly rows: Node;
}

/** Every player with the updates of tables by rows, where that is the same, or what the model asks for. */
export function updateTables(derived: Gradients): Gradients {
  const { model } = derived;
  const { builder: g } = model;
  const players = derived.players.map((player, i) =>
    within(undefined, g, () => withRows(player, model.players[i], model)),
  );
  return { ...derived, players };
}

/** Makes nodes of updates, which come from where this node does. */
function within<T>(node: Node | undefined, g: Builder, make: () => T): T {
  return g.at(node?.origin, make, { kind: 'update' });
}

function withRows(player: Played, rule: Player, model: ModelGraph): Played {
  const { builder: g } = model;
  const found = new Map<string, TableUpdate>();
  const tables = new Map<string, Table>();
  for (const update of rule.updates) {
    const of = player.gradients.get(update.parameter);
    if (!of || !readsScattered(of)) continue;
    const why = reasonForAll(update, of, rule, model);
    if (why === undefined && isOp(of, scatterAdd))
      tables.set(
        update.parameter,
        within(of, g, () => tableOf(update.parameter, of, g)),
      );
    found.set(update.parameter, why === undefined ? { kind: 'named' } : { kind: 'all', why });
  }
  if (tables.size === 0) return found.size === 0 ? player : { ...player, tables: found };
  const norms = new Map([...tables.values()].map((table) => [table.gradient, table]));
  const nodes = substituteNodes(
    player.step.map(({ node }) => node),
    (node) => normOf(node, norms, g),
    g,
  );
  const step = player.step.map((becomes, i) => {
    const table = tables.get(becomes.parameter);
    if (!table) return { ...becomes, node: nodes[i] };
    const leaf = leafOf(becomes, rule.name, g);
    return { ...becomes, node: within(table.gradient, g, () => putInto(nodes[i], table, leaf, nameOf(becomes), g)) };
  });
  return { ...player, step, tables: found };
}

/** Is the gradient made, element by element, of what was added to rows? */
function readsScattered(of: Node): boolean {
  return reachable([of], (node) => (isElementwise(node) ? node.inputs : [])).some((node) => isOp(node, scatterAdd));
}

const severalUses = 'its gradient is the sum of several uses';

/** Where the rows of a table are so many times the positions of a batch, few of them are reached. */
const fewReached = 8;

/** Why a step goes over all rows; undefined where it need not. */
function reasonForAll(update: Update, of: Node, { accumulate }: Player, model: ModelGraph): string | undefined {
  const { train } = model;
  if (!isOp(of, scatterAdd)) return severalUses;
  const ids = of.inputs[1];
  if (!isOp(through(ids, [reshape, slice, permute]), input)) return 'its indices are computed';
  if (accumulate > 1) return 'accumulate adds up the gradients of all rows';
  if (train.ema !== undefined) return 'ema averages all rows';
  const nodes = [update.weight, ...update.slots.map(({ node }) => node)];
  if (!nodes.every(isByElement)) return 'its optimizer computes with the whole tensor';
  if (update.lazy) return undefined;
  if (!leavesOthers(update, nodes)) return 'its optimizer moves rows whose gradient is 0 too';
  const estimate = (): number => train.batch;
  const [rows, positions] = [[of.attrs.rows], ids.type.shape].map((shape) => estimated(sizeOf(shape).size, estimate));
  return rows < fewReached * positions ? 'its rows are not many times the positions of a batch' : undefined;
}

/** Does each element come of elements at its own coordinates, and of numbers? */
function isByElement(root: Node): boolean {
  return reachable([root], insideOf).every(
    (node) =>
      node.type.shape.length === 0 || isOp(node, parameter, slot, gradient) || isSpread(node) || isElementwise(node),
  );
}

/** What an element of an update is made of at its own coordinates. */
function insideOf(node: Node): readonly Node[] {
  return isElementwise(node) && node.type.shape.length > 0 ? node.inputs : [];
}

/** One number, for all elements. */
function isSpread(node: Node): boolean {
  return isOp(node, broadcast) && node.inputs[0].type.shape.length === 0;
}

/** Do rows whose gradient is 0 stay as they are, with their slots? */
function leavesOthers({ slots }: Update, nodes: readonly Node[]): boolean {
  const [weight, ...kept] = atZero(nodes);
  const stays = kept.every((node, i) => node !== 0 && isOp(node, slot) && node.attrs.name === slots[i].name);
  return weight !== 0 && isOp(weight, parameter) && stays;
}

/** All of these dimensions as one. */
function sizeOf(shape: readonly Dim[]): Dim {
  return shape.length === 1 ? shape[0] : dim(product(shape.map(({ size }) => size)));
}

function tableOf(parameter: string, of: Scattered, g: Builder): Table {
  const [terms, ids] = of.inputs;
  const rank = ids.type.shape.length;
  const flat = (node: Node): Node => {
    const { shape } = node.type;
    return rank === 1 ? node : g.make(reshape, [node], { shape: [sizeOf(shape.slice(0, rank)), ...shape.slice(rank)] });
  };
  const given = { gradient: of, ids: flat(ids), terms: flat(terms) };
  const rows = g.make(sumAlike, [given.terms, given.ids], {});
  rows.place ??= `d_${parameter}_rows`;
  return { ...given, rows };
}

/** Σ g² of a table's gradient: Σ terms · rows, since each row is the sum of its terms. Σ |g| is at most Σ |terms|. */
function normOf(node: Node, tables: ReadonlyMap<Node, Table>, g: Builder): Node | undefined {
  if (!isOp(node, sum) || node.type.shape.length > 0) return undefined;
  const [squares] = node.inputs;
  // Whether the gradient is finite is asked of its terms.
  const asked = isOp(squares, abs) && tables.get(squares.inputs[0]);
  if (asked) return g.make(sum, [g.make(abs, [asked.terms], {})], { axes: asked.terms.type.shape.map((_, i) => i) });
  const table = isOp(squares, mul) && squares.inputs[0] === squares.inputs[1] && tables.get(squares.inputs[0]);
  if (!table) return undefined;
  const { terms, rows } = table;
  const total = g.make(sum, [g.make(mul, [terms, rows], {})], { axes: terms.type.shape.map((_, i) => i) });
  // Rounding may leave less than nothing where terms cancel one another.
  return g.make(abs, [total], {});
}

/** What becomes of a table, or of a slot of it: other rows where the indices say so. */
function putInto(root: Node, { gradient: of, ids, rows }: Table, whole: Node, called: string, g: Builder): Node {
  const made = new Map<Node, Node>();
  const inRows = (node: Node): Node => {
    let row = made.get(node);
    if (!row) made.set(node, (row = rowsOf(node)));
    return row;
  };
  const rowsOf = (node: Node): Node => {
    if (node === of) return rows;
    if (node.type.shape.length === 0) return node;
    if (isOp(node, parameter, slot)) return g.make(gather, [node, ids], {});
    if (isSpread(node))
      return g.make(broadcast, [node.inputs[0]], { shape: rows.type.shape, axes: rows.type.shape.map((_, i) => i) });
    if (isElementwise(node)) return mapNode(node, inRows, g);
    throw new Error(`${node.op.name} is of a whole table`);
  };
  const row = inRows(root);
  row.place ??= `${called}_rows`;
  return g.make(putRows, [whole, ids, row], {});
}

function nameOf({ parameter: of, slot: name }: Becomes): string {
  return name === undefined ? of : `${of}.${name}`;
}

/** The leaf that a step gives another value. */
function leafOf({ parameter: of, slot: name, node }: Becomes, player: string | undefined, g: Builder): Node {
  const { type } = node;
  if (name === undefined) return g.make(parameter, [], { name: of, type });
  return g.make(slot, [], { parameter: of, name, ...(player !== undefined && { player }), type });
}
