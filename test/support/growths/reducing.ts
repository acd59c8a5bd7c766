// Growths by sums, contractions, running sums and elements that are looked up.
import { constant as whole, constantOf, evaluateSizes, size as sizeNamed } from '../../../src/ir/index.js';
import { div, sub as minus } from '../../../src/ir/ops/arithmetic.js';
import { filled, spread } from '../../../src/ir/ops/calls.js';
import { size } from '../../../src/ir/ops/constants.js';
import { contract } from '../../../src/ir/ops/contract.js';
import { isOp, type Node } from '../../../src/ir/graph.js';
import { gather, oneHot, scatterAdd, takeAlong } from '../../../src/ir/ops/indexing.js';
import { counter } from '../../../src/ir/ops/leaves.js';
import { random } from '../../../src/ir/ops/random.js';
import { recurrence } from '../../../src/ir/ops/recurrence.js';
import { prod, reduceMax, reduceMin, sum } from '../../../src/ir/ops/reductions.js';
import { exp, log, tanh } from '../../../src/ir/ops/transcendental.js';
import { dim, sameShape } from '../../../src/ir/types.js';
import { axesOf, back, isFloat, make, pick, pickLike, pickOf, type Growing } from './growing.js';

export function reduced(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const ops = [sum, sum, reduceMax, reduceMin, prod];
  return g.make(ops[choose(ops.length)], [x], { axes: axesOf(of, x) });
}

export function truthOfAll(of: Growing): Node | undefined {
  const { g, choose } = of;
  const x = pickOf(of, 'bool');
  return x && g.make([reduceMax, reduceMin][choose(2)], [x], { axes: axesOf(of, x) });
}

export function softmax(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const axes = axesOf(of, x);
  const shifted = make(g, minus, x, back(g, g.make(reduceMax, [x], { axes }), x, axes));
  const total = g.make(sum, [make(g, exp, shifted)], { axes });
  if (choose(2) === 0) return make(g, minus, shifted, back(g, make(g, log, total), x, axes));
  return make(g, div, make(g, exp, shifted), back(g, total, x, axes));
}

export function mean(of: Growing): Node {
  const { g, sizes } = of;
  const x = pick(of);
  const axes = axesOf(of, x);
  const total = g.make(sum, [x], { axes });
  const each = axes.reduce((n, a) => n * evaluateSizes(x.type.shape[a].size, (name) => sizes[name]), 1);
  const symbolic = axes.length === 1 && constantOf(x.type.shape[axes[0]].size) === undefined;
  const count = symbolic
    ? spread(g, g.make(size, [], { of: x.type.shape[axes[0]].size }), total.type)
    : filled(g, each, total.type);
  return make(g, div, total, count);
}

export function contracted(of: Growing): Node {
  const { g, choose } = of;
  const [a, b] = [pick(of), pick(of)];
  const left = a.type.shape.map((_, i) => `a${i}`);
  const kept = new Set(left);
  const right = b.type.shape.map((d, j) => {
    const partner = a.type.shape.findIndex((e, i) => e.size.key === d.size.key && left[i] === `a${i}`);
    if (partner < 0 || choose(4) === 0) {
      kept.add(`b${j}`);
      return `b${j}`;
    }
    const label = `k${partner}`;
    kept.delete(left[partner]);
    left[partner] = label;
    if (choose(3) === 0) kept.add(label);
    return label;
  });
  const out = [...kept];
  return g.make(contract, [a, b], { left, right, out: choose(2) === 0 ? out : out.reverse() });
}

/** Which of three rows an index counts; not the seed. */
function pickRow(of: Growing): Node | undefined {
  const ids = pickOf(of, 'index');
  if (ids?.type.element.kind !== 'index') return undefined;
  return constantOf(ids.type.element.size) === 3 ? ids : undefined;
}

export function taken(of: Growing): Node | undefined {
  const { g, pool, choose } = of;
  const ids = pickRow(of);
  if (!ids) return undefined;
  const shape = [...ids.type.shape, dim(whole(3))];
  const floats = pool.filter(isFloat);
  switch (choose(3)) {
    case 0: {
      const fitting = floats.filter(({ type }) => sameShape(type, { ...type, shape }));
      return fitting.length === 0 ? undefined : make(g, takeAlong, fitting[choose(fitting.length)], ids);
    }
    case 1:
      return g.make(oneHot, [ids], { classes: dim(whole(3)) });
    default: {
      const tables = floats.filter(({ type }) => type.shape.length > 0 && constantOf(type.shape[0].size) === 3);
      return tables.length === 0 ? undefined : make(g, gather, tables[choose(tables.length)], ids);
    }
  }
}

/** Rows added up where indices put them. */
export function scattered({ g, pool, choose }: Growing): Node | undefined {
  const chosen = pool.flatMap((ids) => {
    const { element, shape } = ids.type;
    if (element.kind !== 'index' || constantOf(element.size) !== 3) return [];
    const fits = (x: Node): boolean => isFloat(x) && shape.every((d, i) => x.type.shape[i]?.size.key === d.size.key);
    return pool.filter(fits).map((x) => [x, ids] as const);
  });
  const rows = dim(whole(3));
  return chosen.length === 0 ? undefined : g.make(scatterAdd, chosen[choose(chosen.length)], { rows });
}

/** Running sums and products along an axis, and y[i] = y[i-1] * f[i] + x[i]. */
export function running(of: Growing): Node | undefined {
  const { g, choose } = of;
  const x = pick(of);
  const rank = x.type.shape.length;
  if (rank === 0) return undefined;
  const along = { axis: choose(rank), reverse: choose(2) === 0 };
  switch (choose(3)) {
    case 0:
      return g.make(recurrence, [x], { ...along, form: 'sum' });
    case 1:
      return g.make(recurrence, [x], { ...along, form: 'product' });
    default:
      return g.make(recurrence, [make(g, tanh, pickLike(of, x)), x], { ...along, form: 'linear' });
  }
}

export function drawn({ g, leaves, choose }: Growing): Node | undefined {
  const seed = leaves.find((node) => isOp(node, counter));
  const shape = [dim(sizeNamed('batch'), 'batch'), dim(whole(3))];
  return seed && g.make(random, [seed, seed], { site: choose(3), shape });
}
