// Writes the nodes that some values need, each once, in the order in which they were made.
import { isElementwise, isOp, through, type Node } from '../../ir/graph.js';
import { ownName } from '../../ir/labels.js';
import { constant, size } from '../../ir/ops/constants.js';
import { counter } from '../../ir/ops/leaves.js';
import { broadcast, reshape } from '../../ir/ops/movement.js';
import { runsAmong, runKey } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import type { Block, Value } from './block.js';
import { isRun, writeRun } from './loops.js';
import { dimsOf, type Spelled } from './spelled.js';
import { spellingOf } from './spellings.js';
import { type, type SizeOf } from './types.js';

/** The values of some nodes, over values of leaves. */
export function writeNodes(
  to: Block,
  roots: readonly Node[],
  leaves: ReadonlyMap<Node, Value>,
  sizeOf: SizeOf,
): readonly Value[] {
  const spelled = new Map<Node, Spelled>();
  const spelledOf = (node: Node): Spelled => {
    const known = spelled.get(node) ?? spellingOf(node, sizeOf);
    spelled.set(node, known);
    return known;
  };
  const isGiven = (node: Node): boolean => leaves.has(node) || numberIn(node, sizeOf) !== undefined;
  const order = reachable(roots, (node) => (isGiven(node) ? [] : spelledOf(node).reads));
  const runs = runsAmong(order);
  const isNumber = numbersAmong(order);
  const values = new Map<Node, Value>(leaves);
  const singles = new Map<Node, Value>();
  const valueOf = (node: Node, wide = false): Value => {
    const value = numberIn(node, sizeOf);
    const { element } = node.type;
    if (value !== undefined) return to.constant(value, type(wide ? 'f64' : 'f32', dimsOf(node, sizeOf)));
    const found = values.get(node);
    if (!found) throw new Error(`${node.op.name} has no value yet`);
    if (element.kind !== 'f32') return found;
    if (wide) return to.convert(found, 'f64');
    const single = singles.get(node) ?? to.convert(found, 'f32');
    singles.set(node, single);
    return single;
  };
  for (const node of order) {
    if (values.has(node) || numberIn(node, sizeOf) !== undefined) continue;
    if (isRun(node)) {
      const results = runs.get(runKey(node)) ?? [];
      const made = writeRun(to, results, valueOf, sizeOf, (inside, body, own) => writeNodes(inside, body, own, sizeOf));
      results.forEach((result, i) => values.set(result, made[i]));
      continue;
    }
    const { reads, write } = spelledOf(node);
    const wide = isNumber(node);
    const operands = reads.map((read) => valueOf(read, wide));
    const before = to.lines.length;
    const made = write(to, operands, wide);
    values.set(node, to.lines.length === before ? made : to.called(made, ownName(node), placeOf(node)));
  }
  return roots.map((root) => valueOf(root));
}

/** The number that a node is at every place, such as 1 / batch once that is known. */
function numberIn(node: Node, sizeOf: SizeOf): number | undefined {
  const of = through(node, [broadcast, reshape]);
  if (isOp(of, constant)) return of.attrs.value;
  return isOp(of, size) ? sizeOf(of.attrs.of) : undefined;
}

/**
 * The numbers of schedules and optimizers: scalars that follow from counters alone. In f32 1 - 0.999^t would be wrong in the fifth digit, so
 * that they are f64, as they are in a trainer.
 */
function numbersAmong(order: readonly Node[]): (node: Node) => boolean {
  const found = new Set<Node>();
  for (const node of order)
    if (node.type.shape.length === 0 && (isOp(node, constant, size, counter) || follows(node, found))) found.add(node);
  return (node) => found.has(node);
}

function follows(node: Node, found: ReadonlySet<Node>): boolean {
  return isElementwise(node) && node.inputs.length > 0 && node.inputs.every((input) => found.has(input));
}

/** `"mnist.nn":9:1`, which profilers show. */
function placeOf({ origin }: Node): string | undefined {
  return origin && `${JSON.stringify(origin.file)}:${origin.line}:1`;
}
