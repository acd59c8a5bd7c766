// Axes of which each round of a loop needs a part: what is beyond is neither computed nor read.
import { axisUntil, type Axis } from '../../ir/index.js';
import { coalesceAxes, coalesceFolds } from '../../ir/nest/reshape.js';
import { foldsOf } from '../../ir/nest/strides.js';
import type { AnyNest, Nest } from '../../ir/program.js';

/** The loop whose rounds a nest stands in, and how many stand around it. */
export interface Round {
  readonly axis: Axis;
  readonly depth: number;
}

/** A nest of a loop's body, whose axes end where its round needs no more of them. */
export function withEnds(nest: AnyNest, round: Round): AnyNest {
  if (nest.kind === 'nest') return ending(nest, round);
  return { ...nest, parts: nest.parts.map((part) => ending(part, round)) };
}

function ending(nest: Nest, { axis: round, depth }: Round): Nest {
  const axes = new Set([...nest.axes, ...foldsOf(nest).flatMap((f) => f.over)]);
  const steps = [...axes].flatMap((axis) => {
    const { until } = axis.extent;
    return until?.depth === depth ? [{ axes: [axis], into: axisUntil(axis, until, round) }] : [];
  });
  return steps.length === 0 ? nest : coalesceFolds(coalesceAxes(nest, steps), steps);
}
