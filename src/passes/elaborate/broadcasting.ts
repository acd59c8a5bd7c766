// NumPy's broadcasting made explicit: operands get one shape by reshape and broadcast nodes, so that ops never broadcast.
import type { Builder, Node } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import { broadcast, reshape } from '../../ir/ops/movement.js';
import type { Dim } from '../../ir/types.js';

/** The shape that two or more shapes broadcast to; undefined where they do not fit. Trailing dimensions align, size 1 stretches. */
export function commonShape(shapes: readonly (readonly Dim[])[]): Dim[] | undefined {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    let found: Dim | undefined;
    for (const shape of shapes) {
      const d = shape[i - rank + shape.length];
      if (i - rank + shape.length < 0 || !d) continue;
      if (!found || (constantOf(found.size) === 1 && constantOf(d.size) !== 1)) found = d;
      else if (constantOf(d.size) !== 1 && d.size.key !== found.size.key) return undefined;
      else if (found.name === undefined && d.size.key === found.size.key) found = d;
    }
    if (found) result.push(found);
  }
  return result;
}

/** A node in a shape that it broadcasts to. */
export function stretch(g: Builder, node: Node, shape: readonly Dim[]): Node {
  const own = node.type.shape;
  const offset = shape.length - own.length;
  const stretched = own.map((d, i) => constantOf(d.size) === 1 && constantOf(shape[i + offset].size) !== 1);
  const axes = shape.map((_, i) => i).filter((i) => i < offset || stretched[i - offset]);
  if (axes.length === 0) return node;
  const kept = own.filter((_, i) => !stretched[i]);
  const narrow = kept.length === own.length ? node : g.make(reshape, [node], { shape: kept });
  return g.make(broadcast, [narrow], { shape, axes });
}
