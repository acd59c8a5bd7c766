// What is noted of a derivation while it is made, for who wants to read it. A compilation notes nothing.
import type { Node } from '../../ir/graph.js';

/** One use of the chain rule: what flows to an input of a node from the node's own cotangent. */
export interface ChainStep {
  /** The input. */
  readonly of: Node;
  /** The node whose derivative is used. */
  readonly through: Node;
  /** Its cotangent. */
  readonly upstream: Node;
  /** What flows on: of several uses of the input, this one's share. */
  readonly part: Node;
}

/** One equation of the simplifier as it was used. */
export interface Rewrite {
  readonly from: Node;
  readonly to: Node;
  readonly equation: string;
}

export interface Trace {
  readonly steps: ChainStep[];
  /** By the node that is rewritten. */
  readonly rewrites: Map<Node, Rewrite>;
  /** What nodes were rebuilt as, before and after rewriting. */
  readonly became: Map<Node, Node>;
}

export function createTrace(): Trace {
  return { steps: [], rewrites: new Map(), became: new Map() };
}
