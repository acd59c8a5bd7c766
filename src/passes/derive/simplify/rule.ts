// What a rewrite rule is.
import type { Attrs, Builder, Node, Op } from '../../../ir/graph.js';

/**
 * A value is what the model says: rules for it keep NaN, infinities and the signs of zeros. A derived node, a cotangent or an update, is
 * ours to choose: rules for it may take for granted that its parts are finite.
 */
export type Role = 'value' | 'derived';

export interface SimplifyRule {
  /** Left to right: the right side is never worse. */
  readonly equation: string;
  /**
   * What must be so for both sides to be equal; the rule is then for derived nodes alone. Absent: both sides are equal for all numbers, NaN,
   * infinities and signed zeros among them, but for rounding.
   */
  readonly given?: string;
  /** The ops whose nodes it may rewrite. */
  readonly ops: readonly Op[];
  /** The better node, or undefined where the rule does not apply. The node's inputs are simplified. */
  rewrite(node: Node, g: Builder): Node | undefined;
}

/** A rule whose rewrite reads the attributes of its ops. */
export function rule<A extends readonly Attrs[]>(of: {
  readonly equation: string;
  readonly given?: string;
  readonly ops: { readonly [I in keyof A]: Op<A[I]> };
  readonly rewrite: (node: Node<A[number]>, g: Builder) => Node | undefined;
}): SimplifyRule {
  return of;
}

const signOfZero = 'the sign of a zero does not matter';
const finite = 'all parts are finite, and the sign of a zero does not matter';
const range = 'no product on the way overflows or underflows';

/** What rules take for granted. */
export const given = { signOfZero, finite, range } as const;
