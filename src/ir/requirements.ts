// Conditions over run-time sizes: what can be told of them beforehand.
import { evaluateSizes, rangeOf, sizesOf, sub } from './index.js';
import type { ModelGraph, SizeCondition } from './model.js';

type Comparison = Extract<SizeCondition, { kind: 'compare' }>;

/** Whether the condition holds for all sizes, or for none; undefined where that depends on them. Every size is at least 1. */
export function knownOf({ operator, left, right }: Comparison): boolean | undefined {
  // Where right - left lies.
  const { min, max } = rangeOf(sub(right, left));
  switch (operator) {
    case '<':
      return min > 0 ? true : max <= 0 ? false : undefined;
    case '<=':
      return min >= 0 ? true : max < 0 ? false : undefined;
    case '>':
      return max < 0 ? true : min >= 0 ? false : undefined;
    case '>=':
      return max <= 0 ? true : min > 0 ? false : undefined;
    case '==':
      return min === 0 && max === 0 ? true : min > 0 || max < 0 ? false : undefined;
    case '!=':
      return min === 0 && max === 0 ? false : min > 0 || max < 0 ? true : undefined;
    default:
      return operator satisfies never;
  }
}

/** The comparison of two numbers. */
export function compareNumbers(operator: Comparison['operator'], a: number, b: number): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
      return operator satisfies never;
  }
}

/** Every run-time size that the condition speaks of, in its order. */
export function sizesOfCondition(condition: SizeCondition, into: Set<string> = new Set()): Set<string> {
  if (condition.kind === 'compare') {
    sizesOf(condition.left, into);
    sizesOf(condition.right, into);
  } else if (condition.kind === 'not') sizesOfCondition(condition.of, into);
  else for (const part of condition.parts) sizesOfCondition(part, into);
  return into;
}

/** What a model requires of run-time sizes when it trains, and when it does not. */
export function conditionsOf({ training, evaluation }: ModelGraph): SizeCondition[] {
  return [...training.requirements, ...evaluation.requirements].map(({ condition }) => condition);
}

/** Does the condition hold where run-time sizes are these? */
export function holdsAt(condition: SizeCondition, sizes: (name: string) => number): boolean {
  switch (condition.kind) {
    case 'compare': {
      const [a, b] = [evaluateSizes(condition.left, sizes), evaluateSizes(condition.right, sizes)];
      return compareNumbers(condition.operator, a, b);
    }
    case 'and':
      return condition.parts.every((part) => holdsAt(part, sizes));
    case 'or':
      return condition.parts.some((part) => holdsAt(part, sizes));
    case 'not':
      return !holdsAt(condition.of, sizes);
    default:
      return condition satisfies never;
  }
}
