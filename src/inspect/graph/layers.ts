// The layers that a node stands in, by the bindings, instances and calls that lead to it.
import type { Node } from '../../ir/graph.js';

/**
 * `h.block.3.dense` called by `dense` is h, block.3, dense; what a function's call makes stands in a layer of the function's name, with
 * the call's number.
 */
export function layersOf(node: Node): string[] {
  const { path = '', calls = [], sites = [] } = node.origin ?? {};
  const segments = path === '' ? [] : path.split('.');
  let first = 0;
  for (const segment of segments) if (calls[first] === segment.replace(/_\d+$/, '')) first++;
  const { op } = node;
  const called = op.notation?.kind === 'call' ? op.notation.name : op.name;
  const last = calls.at(-1) === called ? -1 : undefined;
  return [...withNumbers(segments), ...sites.slice(first, last)];
}

/** The number of a copy stands with what it is a copy of. */
function withNumbers(segments: readonly string[]): string[] {
  const layers: string[] = [];
  for (const segment of segments)
    if (/^\d+$/.test(segment) && layers.length > 0) layers.push(`${layers.pop() ?? ''}.${segment}`);
    else layers.push(segment);
  return layers;
}
