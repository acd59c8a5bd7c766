// Plans for nests that go along one axis in order: along the others elements are apart from one another.
import { printIndex, type Axis } from '../../../ir/index.js';
import { roundsOf } from '../../../ir/nest/ordered.js';
import type { NestPlan, OrderedPlan, WorkPlan } from '../../../ir/nest/plans.js';
import type { Nest } from '../../../ir/program.js';

/**
 * Along an axis that varies fastest what is carried stands in a let. Where others vary faster, all of their elements make one round after
 * another, which reads what the round before it has stored.
 */
export function planOrdered(nest: Nest, planNest: (nest: Nest) => NestPlan): OrderedPlan | undefined {
  const { ordered } = nest;
  if (!ordered) return undefined;
  const { outer, inner, first, next } = roundsOf(nest, ordered);
  const rounds = inner.length > 0 ? { first: planNest(first), next: planNest(next) } : undefined;
  const text = textOf(ordered.axis, [...outer, ...inner]);
  return { kind: 'ordered', outer, ...(rounds && { rounds }), text: rounds ? `${text}: ${rounds.next.text}` : text };
}

/** A thread for each run. */
export function planOrderedThreads({ ordered, axes }: Nest): Extract<WorkPlan, { kind: 'ordered' }> | undefined {
  if (!ordered) return undefined;
  const others = axes.filter((a) => a !== ordered.axis);
  return { kind: 'ordered', threads: 64, axes: others, text: `${textOf(ordered.axis, others)}, a thread each` };
}

function textOf(along: Axis, others: readonly Axis[]): string {
  const show = (a: Axis): string => `${a.name}:${printIndex(a.extent)}`;
  const each = others.length > 0 ? [`for each ${others.map(show).join(' ')}`] : [];
  return [`in order along ${show(along)}`, ...each].join(', ');
}
