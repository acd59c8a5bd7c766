// Puts other nodes in the place of some nodes of a graph, rebuilding what reads them.
import { standFor } from '../../ir/builder.js';
import type { Builder, Node } from '../../ir/graph.js';

/** The roots with every node for which `replace` gives another one replaced. Roles, names and origins stay. */
export function substituteNodes(roots: readonly Node[], replace: (node: Node) => Node | undefined, g: Builder): Node[] {
  const done = new Map<Node, Node>();
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
      const missing = node.inputs.filter((i) => !done.has(i));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      done.set(node, rebuild(node, done, g));
    }
    return done.get(root) ?? root;
  };
  return roots.map(visit);
}

function rebuild(node: Node, done: ReadonlyMap<Node, Node>, g: Builder): Node {
  const inputs = node.inputs.map((i) => done.get(i) ?? i);
  if (inputs.every((input, i) => input === node.inputs[i])) return node;
  const made = g.like(node, () => g.make(node.op, inputs, node.attrs));
  standFor(node, made);
  return made;
}
