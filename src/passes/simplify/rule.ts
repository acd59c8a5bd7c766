// What a rewrite rule is.
import type { Builder, Node } from '../../ir/graph.js';

export interface SimplifyRule {
  /** Left to right: the right side is never worse. */
  readonly equation: string;
  /** The ops whose nodes it may rewrite. */
  readonly ops: readonly string[];
  /** The better node, or undefined where the rule does not apply. The node's inputs are simplified. */
  rewrite(node: Node, g: Builder): Node | undefined;
}

/** Does the user's own name stand on this node? Its expression is then kept as written; cotangents may be taken apart. */
export function isKept(node: Node): boolean {
  return node.name !== undefined && !node.name.startsWith('d_');
}
