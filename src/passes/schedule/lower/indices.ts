// Several axes counted by one, and taken apart again by quotients.
import { axis as newAxis, constantOf, div, mod, product, toIndex, type Axis } from '../../../ir/index.js';
import type { Indices } from './loops.js';
import type { Writer } from './writer.js';

/** One axis over all indices of several. */
export function together(axes: readonly Axis[]): Axis {
  const [first] = axes;
  if (axes.length === 1) return first;
  return newAxis(axes.length === 0 ? 'once' : 'place', product(axes.map((a) => a.extent)));
}

/** The axes that `index` counts together, the last fastest, as integer lets in the innermost scope. */
export function bindAxes(writer: Writer, axes: readonly Axis[], index: Axis): Map<Axis, Indices> {
  const bound = new Map<Axis, Indices>();
  let rest = toIndex(index);
  for (const axis of [...axes].reverse()) {
    const value = axis === axes[0] ? rest : mod(rest, axis.extent);
    const plain = axes.length === 1 || constantOf(value) !== undefined;
    const base = plain ? value : toIndex(writer.index(writer.depth, value.key, axis.name, value, axis.extent));
    bound.set(axis, { base, count: 1 });
    rest = div(rest, axis.extent);
  }
  return bound;
}
