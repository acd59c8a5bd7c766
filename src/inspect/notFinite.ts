// The first value of a step that is not finite, in the order in which it is computed: forward, then backward.
import { elementsByClosures, prepare } from '../ir/evaluate.js';
import { formulaOf } from '../ir/formula.js';
import { evaluateSizes } from '../ir/index.js';
import { isOp, type Node, type Origin } from '../ir/graph.js';
import { labelOf, titleText } from '../ir/labels.js';
import { input, parameter, state } from '../ir/ops/leaves.js';
import type { Gradients } from '../passes/derive/derive.js';
import { leafAt, type Point } from './check/point.js';

export interface NotFiniteValue {
  /** What it is called, where it has a name. */
  readonly name?: string;
  readonly formula: string;
  readonly value: number;
  /** Where in it. */
  readonly at: readonly number[];
  /** What was computed with, there: the inputs of the same shape, and numbers. */
  readonly of: readonly { readonly formula: string; readonly value: number }[];
  readonly backward: boolean;
  readonly leaf: boolean;
  readonly origin?: Origin;
}

/**
 * Computes a step anew with every value rounded to f32. An infinity that its author wrote, and what it alone makes negative
 * infinite (what a mask hides), is no fault.
 */
export function firstNotFinite({ model, gradients }: Gradients, point: Point): NotFiniteValue | undefined {
  const { loss, metrics } = model.training;
  const roots = [...(loss ? [loss] : []), ...metrics.map(({ node }) => node), ...gradients.values()];
  const around = {
    leaf: leafAt(point),
    sizeOf: (name: string) => point.sizeOf(name),
    rounded: Math.fround,
    elements: elementsByClosures,
  };
  const { steps, values } = prepare(roots, around);
  for (const { run } of steps) run();
  const written = new Set<Node>();
  const faults = steps.flatMap(({ node }) => {
    const found = values.get(node) ?? new Float64Array(0);
    const at = found.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return [];
    const hidden = node.inputs.length === 0 || node.inputs.some((of) => written.has(of));
    if (hidden && !isData(node) && found.every((value) => Number.isFinite(value) || value === -Infinity)) {
      written.add(node);
      return [];
    }
    return [{ node, at, value: found[at] }];
  });
  const forward = faults.find(({ node }) => node.role.kind === 'forward');
  const first = forward ?? faults.at(0);
  return first && described(first.node, first.at, first.value, values, point);
}

/** Data, parameters and states may be at fault; constants are what their author wrote. */
function isData(node: Node): boolean {
  return isOp(node, input, parameter, state);
}

function described(
  node: Node,
  at: number,
  value: number,
  values: ReadonlyMap<Node, Float64Array>,
  point: Point,
): NotFiniteValue {
  const named = (of: Node): string | undefined => {
    const label = of === node ? undefined : labelOf(of);
    return label?.named ? titleText(label) : undefined;
  };
  const own = labelOf(node);
  const count = values.get(node)?.length ?? 0;
  const of = node.inputs.flatMap((read) => {
    const found = values.get(read);
    if (!found || (found.length !== count && found.length !== 1)) return [];
    return [{ formula: formulaOf(read, named), value: found[found.length === 1 ? 0 : at] }];
  });
  return {
    ...(own?.named && { name: titleText(own) }),
    formula: formulaOf(node, named),
    ...{ value, at: placeIn(node, at, count, point), of },
    backward: node.role.kind !== 'forward',
    leaf: node.op.kind === 'leaf',
    ...(node.origin && { origin: node.origin }),
  };
}

/** Coordinates of a row-major position. */
function placeIn({ type: { shape } }: Node, at: number, count: number, point: Point): readonly number[] {
  let rest = at;
  let stride = count;
  return shape.map(({ size }) => {
    stride /= evaluateSizes(size, (name) => point.sizeOf(name));
    const coordinate = Math.floor(rest / stride);
    rest %= stride;
    return coordinate;
  });
}
