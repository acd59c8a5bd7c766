// Plans for nests that go along one axis in order: along the others elements are apart from one another.
import { constantOf, printIndex, type Axis } from '../../../ir/index.js';
import { addedInOrder, roundsOf } from '../../../ir/nest/ordered.js';
import { iterationsOf, type Estimate } from '../../../ir/nest/sizes.js';
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

/** Shorter runs are a thread's. */
const longRun = 256;
/** So many runs keep threads busy by themselves. */
const manyRuns = 4_096;

/** A thread for each run; where a few long ones add up what costs little to read twice, a workgroup. */
export function planOrderedThreads(nest: Nest, estimate: Estimate): Extract<WorkPlan, { kind: 'ordered' }> | undefined {
  const { ordered, axes } = nest;
  if (!ordered) return undefined;
  const others = axes.filter((a) => a !== ordered.axis);
  const text = textOf(ordered.axis, others);
  const term = addedInOrder(nest);
  // What is known at run time alone may be any length.
  const length = constantOf(ordered.axis.extent) ?? Infinity;
  if (!term || term.folds || length < longRun || iterationsOf(others, estimate) >= manyRuns)
    return { kind: 'ordered', threads: 64, axes: others, by: 'thread', text: `${text}, a thread each` };
  const threads = length >= 16_384 && others.length === 0 ? 256 : 64;
  return { kind: 'ordered', threads, axes: others, by: 'workgroup', text: `${text}, ${threads} threads each` };
}

function textOf(along: Axis, others: readonly Axis[]): string {
  const show = (a: Axis): string => `${a.name}:${printIndex(a.extent)}`;
  const each = others.length > 0 ? [`for each ${others.map(show).join(' ')}`] : [];
  return [`in order along ${show(along)}`, ...each].join(', ');
}
