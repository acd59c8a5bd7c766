// Changes of a nest's axes that keep what it computes: neighbouring axes that lie densely in every access become one.
import { div, mod, mul, toIndex, type Atom, type Index } from '../../ir/index.js';
import type { Nest } from '../../ir/program.js';
import { specialise, specialiseIndex } from '../lower/specialise.js';
import type { Coalesce } from './types.js';

/** The nest over the coalesced axes. */
export function reshape(nest: Nest, steps: readonly Coalesce[]): Nest {
  return steps.reduce(coalesce, nest);
}

function coalesce(nest: Nest, { axes, into }: Coalesce): Nest {
  let rest: Index = toIndex(into);
  const parts = new Map<Atom, Index>();
  for (const axis of [...axes].reverse().slice(0, -1)) {
    parts.set(axis, mod(rest, axis.extent));
    rest = div(rest, axis.extent);
  }
  parts.set(axes[0], rest);
  const replace = (part: Atom): Index | undefined => parts.get(part);
  const memo = new Map();
  return {
    ...nest,
    axes: nest.axes.flatMap((a) => (a === axes[0] ? [into] : axes.includes(a) ? [] : [a])),
    stores: nest.stores.map((s) => ({
      to: s.to,
      at: specialiseIndex(s.at, replace, memo),
      value: specialise(s.value, replace, memo),
    })),
  };
}

/** The extent of the coalesced axis. */
export function extentOf(axes: readonly { extent: Index }[]): Index {
  return axes.reduce<Index>((all, a) => mul(all, a.extent), toIndex(1));
}
