// The layers that a node stands in, by the bindings, instances and calls that lead to it.
import type { Node } from '../../ir/graph.js';

/** `h.block.3.dense` called by `dense` is h, block.3, dense; what a function's call makes stands in a layer of the function's name. */
export function layersOf(node: Node): string[] {
  const { path = '', calls = [] } = node.origin ?? {};
  const segments = path === '' ? [] : path.split('.');
  const others = [...calls];
  for (const segment of segments) if (others[0] === segment.replace(/_\d+$/, '')) others.shift();
  const { op } = node;
  const called = op.notation?.kind === 'call' ? op.notation.name : op.name;
  if (others.at(-1) === called) others.pop();
  return [...withNumbers(segments), ...others];
}

/** The number of a copy stands with what it is a copy of. */
function withNumbers(segments: readonly string[]): string[] {
  const layers: string[] = [];
  for (const segment of segments)
    if (/^\d+$/.test(segment) && layers.length > 0) layers.push(`${layers.pop() ?? ''}.${segment}`);
    else layers.push(segment);
  return layers;
}
