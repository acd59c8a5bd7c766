// From gradients to updates: accumulation, clipping, and the optimizer's graph with the gradient put in its place.
import { nameNode } from '../../ir/builder.js';
import { isOp, type Builder, type Node, type Origin } from '../../ir/graph.js';
import { average, type Player } from '../../ir/model.js';
import { tensor, type TensorType } from '../../ir/types.js';
import { abs, add, div, maximum, minimum, mul, sqrt } from '../../ir/ops/arithmetic.js';
import { constant } from '../../ir/ops/constants.js';
import { slot, gradient } from '../../ir/ops/leaves.js';
import { broadcast } from '../../ir/ops/movement.js';
import { sum } from '../../ir/ops/reductions.js';
import { whereFinite } from './lossScale.js';
import { substituteNodes } from './substituteNodes.js';

/** What becomes of one tensor that lives across steps. */
export interface Becomes {
  readonly parameter: string;
  /** Absent: the parameter itself. */
  readonly slot?: string;
  /** It is the average of the parameter's weights. */
  readonly average?: true;
  readonly node: Node;
}

export interface Updates {
  /** What an updating step does. */
  readonly step: readonly Becomes[];
  /** What the steps before it do, where `accumulate` > 1. */
  readonly accumulate: readonly Becomes[];
}

export const accumulated = 'accumulated';

/**
 * Clipping follows PyTorch: clip_norm scales by min(1, c / (‖g‖ + 1e-6)), the norm over all trained parameters; clip_value clamps
 * each element. With accumulate = n, n calls of step average their gradients and the last one updates. `originOf`: where a parameter is
 * declared.
 */
export function update(
  player: Player,
  gradients: ReadonlyMap<string, Node>,
  g: Builder,
  originOf: (parameter: string) => Origin | undefined = () => undefined,
  { ema, mixed }: { readonly ema?: number | undefined; readonly mixed?: boolean } = {},
): Updates {
  const { name: whose, accumulate: calls, clipNorm, clipValue } = player;
  const parts = new Map<string, Node>();
  const accumulate: Becomes[] = [];
  const cleared: Becomes[] = [];
  for (const [parameter, gradient] of gradients) {
    if (calls === 1) {
      parts.set(parameter, gradient);
      continue;
    }
    const before = g.make(slot, [], {
      parameter,
      name: accumulated,
      ...(whose !== undefined && { player: whose }),
      type: gradient.type,
    });
    const total = g.make(add, [before, g.make(div, [gradient, filled(calls, gradient.type, g)], {})], {});
    parts.set(parameter, total);
    accumulate.push({ parameter, slot: accumulated, node: total });
    cleared.push({ parameter, slot: accumulated, node: filled(0, gradient.type, g) });
  }
  const clipped = clip(parts, clipNorm, clipValue, g, originOf);
  const nodes = player.updates.flatMap((u) => [u.weight, ...u.slots.map((s) => s.node)]);
  // Leaves that stand for gradients already are those of the optimizers.
  const asGiven = [...clipped.values()].every((node) => isOp(node, gradient));
  const results = asGiven
    ? nodes
    : substituteNodes(nodes, (node) => (isOp(node, gradient) ? clipped.get(node.attrs.parameter) : undefined), g);
  let at = 0;
  const step = player.updates.flatMap((u): Becomes[] => {
    const weight = { parameter: u.parameter, node: results[at++] };
    const slots = u.slots.map((s) => ({ parameter: u.parameter, slot: s.name, node: results[at++] }));
    return [weight, ...slots, ...(ema === undefined ? [] : [averageOf(weight, ema, g)])];
  });
  const made = mixed
    ? whereFinite(
        step,
        totalOf(parts, g, originOf, (d) => g.make(abs, [d], {})),
        whose,
        g,
      )
    : step;
  return { step: [...made, ...cleared], accumulate };
}

/** ema · average + (1 - ema) · weight, after the update. */
function averageOf({ parameter, node }: Becomes, ema: number, g: Builder): Becomes {
  const { type } = node;
  const before = g.make(slot, [], { parameter, ...average, type });
  const part = (share: number, of: Node): Node => g.make(mul, [filled(share, type, g), of], {});
  return {
    parameter,
    average: true,
    slot: average.name,
    node: g.make(add, [part(ema, before), part(1 - ema, node)], {}),
  };
}

function clip(
  gradients: ReadonlyMap<string, Node>,
  norm: number | undefined,
  value: number | undefined,
  g: Builder,
  originOf: (parameter: string) => Origin | undefined,
): ReadonlyMap<string, Node> {
  let result = gradients;
  if (norm !== undefined) {
    const total = g.make(sqrt, [totalOf(gradients, g, originOf, (d) => g.make(mul, [d, d], {}))], {});
    nameNode(total, 'gradient_norm');
    const limit = g.make(div, [number(norm, g), g.make(add, [total, number(1e-6, g)], {})], {});
    const scale = g.make(minimum, [number(1, g), limit], {});
    nameNode(scale, 'clip_scale');
    result = mapValues(result, (d) => g.make(mul, [d, spread(scale, d.type, g)], {}));
  }
  if (value !== undefined)
    result = mapValues(result, (d) =>
      g.make(maximum, [filled(-value, d.type, g), g.make(minimum, [filled(value, d.type, g), d], {})], {}),
    );
  return result;
}

/** The sum of what is made of every element. Each is its parameter's, so that those of the copies of a layer are copies too. */
function totalOf(
  gradients: ReadonlyMap<string, Node>,
  g: Builder,
  originOf: (parameter: string) => Origin | undefined,
  termOf: (d: Node) => Node,
): Node {
  const terms = [...gradients].map(([parameter, d]): Node => {
    const origin = originOf(parameter);
    return g.at(origin && { ...origin, path: parameter }, () =>
      g.make(sum, [termOf(d)], { axes: d.type.shape.map((_, i) => i) }),
    );
  });
  return terms.reduce((a, b) => g.make(add, [a, b], {}));
}

function mapValues(of: ReadonlyMap<string, Node>, change: (node: Node) => Node): Map<string, Node> {
  return new Map([...of].map(([name, node]) => [name, change(node)]));
}

function number(value: number, g: Builder): Node {
  return g.make(constant, [], { value });
}

function filled(value: number, type: TensorType, g: Builder): Node {
  return spread(number(value, g), type, g);
}

function spread(scalar: Node, type: TensorType, g: Builder): Node {
  if (type.shape.length === 0) return scalar;
  return g.make(broadcast, [scalar], { shape: tensor(type.shape).shape, axes: type.shape.map((_, i) => i) });
}
