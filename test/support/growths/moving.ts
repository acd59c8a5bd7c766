// Growths that move elements: reshaping, slices, padding and windows.
import type { Node } from '../../../src/ir/graph.js';
import {
  add as plus,
  constant as whole,
  constantOf,
  evaluateSizes,
  scale,
  size as sizeNamed,
  sub,
  zero,
} from '../../../src/ir/index.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from '../../../src/ir/ops/movement.js';
import { overlapAdd, positionsIn, reachOf, window, type Windows } from '../../../src/ir/ops/windows.js';
import { dim, elementCount, type Dim } from '../../../src/ir/types.js';
import { keepOrder, pick, pickLike, type Growing } from './growing.js';

export function repeated(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const added: Dim[] = [dim(sizeNamed('batch'), 'batch'), dim(whole(1)), dim(whole(3), 'copies')];
  const at = choose(x.type.shape.length + 1);
  const shape = [...x.type.shape.slice(0, at), added[choose(3)], ...x.type.shape.slice(at)];
  return g.make(broadcast, [x], { shape, axes: [at] });
}

export function reshaped(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const { shape } = x.type;
  switch (choose(3)) {
    case 0:
      return g.make(reshape, [x], { shape: [dim(elementCount(x.type))] });
    case 1: {
      const at = choose(shape.length + 1);
      return g.make(reshape, [x], { shape: [...shape.slice(0, at), dim(whole(1)), ...shape.slice(at)] });
    }
    default:
      return g.make(reshape, [x], { shape: [...shape].reverse() });
  }
}

export function permuted(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const left = keepOrder(x);
  const order = keepOrder(x).map(() => left.splice(choose(left.length), 1)[0]);
  return g.make(permute, [x], { order });
}

export function cut(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const known = x.type.shape.map((d) => constantOf(d.size));
  const steps = known.map(() => [1, 1, 2, -1][choose(4)]);
  const starts = x.type.shape.map((d, i) =>
    steps[i] < 0 ? sub(d.size, 1) : whole(known[i] === undefined ? 0 : choose(Math.min(2, known[i]))),
  );
  const sizes = x.type.shape.map((d, i) => {
    const n = known[i];
    if (n === undefined) return d;
    const room = steps[i] < 0 ? n : Math.ceil((n - (constantOf(starts[i]) ?? 0)) / steps[i]);
    return dim(whole(1 + choose(room)));
  });
  // A run-time axis is taken whole, or turned around.
  return g.make(slice, [x], { starts, steps: steps.map((s, i) => (known[i] === undefined && s === 2 ? 1 : s)), sizes });
}

export function padded(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const [low, high] = [keepOrder(x).map(() => choose(2)), keepOrder(x).map(() => choose(2))];
  return g.make(pad, [x], { low, high, value: [0, 0, 1.5][choose(3)] });
}

export function spreadApart(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const known = x.type.shape.map((d) => constantOf(d.size));
  const [from, steps] = [
    known.map((n) => (n === undefined ? 0 : choose(2))),
    known.map((n) => (n === undefined ? 1 : 1 + choose(2))),
  ];
  const shape = x.type.shape.map((d, i) => {
    const n = known[i];
    return n === undefined ? d : dim(whole(from[i] + (n - 1) * steps[i] + 1 + choose(2)));
  });
  return g.make(spreadOut, [x], { starts: from.map((n) => (n === 0 ? zero : whole(n))), steps, shape });
}

/** Windows along one axis or two that are long enough; of a run-time axis, which is at least 2, of two neighbours. */
function windowsAlong({ choose, sizes }: Growing, x: Node): Windows | undefined {
  const lengths = x.type.shape.map((d) => evaluateSizes(d.size, (name) => sizes[name]));
  const axes = keepOrder(x).filter((a) => lengths[a] >= 2 && choose(3) > 0);
  if (axes.length === 0 || axes.length > 2) return undefined;
  const known = axes.map((a) => constantOf(x.type.shape[a].size));
  const windows = known.map((n) => 1 + choose(Math.min(3, n ?? 2)));
  const dilations = known.map((n, i) => (n !== undefined && reachOf(windows[i], 2) <= n ? 1 + choose(2) : 1));
  return { axes, sizes: windows, strides: axes.map(() => 1 + choose(3)), dilations };
}

export function windowed(of: Growing): Node | undefined {
  const x = pick(of);
  const windows = windowsAlong(of, x);
  return windows && of.g.make(window, [x], windows);
}

/** Windows put back where they were, or along axes that are longer than those that they were taken of. */
export function overlapped(of: Growing): Node | undefined {
  const { g, choose } = of;
  const x = pick(of);
  const windows = windowsAlong(of, x);
  if (!windows) return undefined;
  const { axes, sizes, strides, dilations } = windows;
  const positions = axes.map((a, n) => positionsIn(x.type.shape[a].size, sizes[n], strides[n], dilations[n]));
  const lengths = positions.map((p, n) => {
    const least = plus(scale(sub(p, 1), strides[n]), reachOf(sizes[n], dilations[n]));
    return dim(plus(least, choose(strides[n])));
  });
  const shape = x.type.shape.map((d, i) => lengths[axes.indexOf(i)] ?? d);
  return g.make(overlapAdd, [g.make(window, [x], windows)], { ...windows, shape });
}

export function joined(of: Growing): Node | undefined {
  const { g, choose } = of;
  const x = pick(of);
  if (x.type.shape.length === 0) return undefined;
  return g.make(concat, [x, pickLike(of, x)], { axis: choose(x.type.shape.length) });
}
