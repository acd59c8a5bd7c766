// Substitutes other nodes for some nodes of a graph, rebuilding what reads them.
import type { Builder, Node } from '../../ir/graph.js';
import { mapNode, partsOfNode } from '../../ir/reachable.js';

/**
 * The roots with every node for which `replace` gives another one replaced. Roles, names and origins stay. `done`: what nodes have become
 * in calls before, and in those that `replace` makes.
 */
export function substituteNodes(
  roots: readonly Node[],
  replace: (node: Node) => Node | undefined,
  g: Builder,
  done: Map<Node, Node> = new Map(),
): Node[] {
  const visit = (root: Node): Node => {
    // Without recursion: graphs of deep networks are long chains.
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (done.has(node)) {
        stack.pop();
        continue;
      }
      const replaced = replace(node);
      if (replaced) {
        done.set(node, replaced);
        continue;
      }
      const height = stack.length;
      for (const part of partsOfNode(node)) if (!done.has(part)) stack.push(part);
      if (stack.length > height) continue;
      done.set(
        node,
        mapNode(node, (part) => done.get(part) ?? part, g),
      );
    }
    return done.get(root) ?? root;
  };
  return roots.map(visit);
}
