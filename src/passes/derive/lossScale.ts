// The scale of the loss, and steps that are left out: what an update becomes where gradients are stored as halves.
import { nameNode } from '../../ir/builder.js';
import type { Builder, Node } from '../../ir/graph.js';
import { lossScale } from '../../ir/model.js';
import { add, maximum, minimum, mul } from '../../ir/ops/arithmetic.js';
import { filled, spread } from '../../ir/ops/calls.js';
import { parameter, slot } from '../../ir/ops/leaves.js';
import { less, select } from '../../ir/ops/logic.js';
import type { TensorType } from '../../ir/types.js';
import { substituteNodes } from './substituteNodes.js';
import type { Becomes } from './update.js';

const scalar: TensorType = { element: { kind: 'f32' }, shape: [] };

/** Up to here f32 is a finite number. */
const largest = 3e38;

/**
 * The updates where `total`, the sum of the magnitudes of all gradients, is finite; else everything stays, and the scale is halved.
 * What is made of a slot reads what the slot becomes, as it would without the choice: so they are one loop.
 */
export function whereFinite(
  updates: readonly Becomes[],
  total: Node,
  player: string | undefined,
  g: Builder,
): Becomes[] {
  const finite = g.make(less, [total, filled(g, largest, scalar)], {});
  nameNode(finite, 'gradients_finite');
  const chosen = new Map<Node, Node>();
  const made = new Map<Becomes, Node>();
  // Slots first: weights are made of them.
  for (const becomes of [...updates].sort((a, b) => Number(a.slot === undefined) - Number(b.slot === undefined))) {
    const { node } = becomes;
    const [value] = substituteNodes([node], (of) => (of === node ? undefined : chosen.get(of)), g);
    const choice = g.make(select, [spread(g, finite, node.type), value, before(becomes, player, g)], {});
    if (becomes.slot !== undefined) chosen.set(node, choice);
    made.set(becomes, choice);
  }
  return [
    ...updates.map((becomes) => ({ ...becomes, node: made.get(becomes) ?? becomes.node })),
    ...scaleAfter(finite, g),
  ];
}

function before(
  { parameter: of, slot: name, average: isAverage, node: { type } }: Becomes,
  player: string | undefined,
  g: Builder,
): Node {
  if (name === undefined) return g.make(parameter, [], { name: of, type });
  const whose = isAverage ? '' : player;
  return g.make(slot, [], { parameter: of, name, ...(whose !== undefined && { player: whose }), type });
}

/** As PyTorch's GradScaler: half of it after a step that was left out, twice it after so many that were not. */
function scaleAfter(finite: Node, g: Builder): Becomes[] {
  const { parameter: of, interval, least, most } = lossScale;
  const leaf = (name: keyof typeof lossScale.slots): Node => g.make(slot, [], { parameter: of, name, type: scalar });
  const number = (value: number): Node => filled(g, value, scalar);
  const [value, steps] = [leaf('value'), leaf('steps')];
  const good = g.make(add, [g.make(maximum, [steps, number(0)], {}), number(1)], {});
  const goesOn = g.make(less, [good, number(interval)], {});
  const twice = g.make(minimum, [g.make(mul, [number(2), value], {}), number(most)], {});
  const half = g.make(maximum, [g.make(mul, [number(0.5), value], {}), number(least)], {});
  const choose = (condition: Node, a: Node, b: Node): Node => g.make(select, [condition, a, b], {});
  return [
    { parameter: of, slot: 'value', node: choose(finite, choose(goesOn, value, twice), half) },
    { parameter: of, slot: 'steps', node: choose(finite, choose(goesOn, good, number(0)), number(-1)) },
  ];
}
