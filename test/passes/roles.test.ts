// What simplify may take for granted: nothing of values, which keep NaN, infinities and signed zeros; of derived nodes what its rules say.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBuilder, markCotangent, nameNode, standFor } from '../../src/ir/builder.js';
import type { Builder, Node } from '../../src/ir/graph.js';
import { constant } from '../../src/ir/index.js';
import { ownName } from '../../src/ir/labels.js';
import { add, div, mul, neg, sub } from '../../src/ir/ops/arithmetic.js';
import { filled } from '../../src/ir/ops/calls.js';
import { input } from '../../src/ir/ops/leaves.js';
import { equalTo } from '../../src/ir/ops/logic.js';
import { broadcast } from '../../src/ir/ops/movement.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { printGraph } from '../../src/ir/print.js';
import { dim, tensor } from '../../src/ir/types.js';
import { simplify } from '../../src/passes/derive/simplify.js';
import { run } from '../support/centralDifferences.js';
import { randomGraph, type RandomGraph } from '../support/randomGraph.js';
import { createDraws } from '../support/sampleTypes.js';

const runs = process.env.FULL === '1' ? { numRuns: 3000 } : { numRuns: 300, seed: 1 };

const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1];

/** The graph with every third number of its f32 leaves NaN, infinite, a zero of either sign, or 1 or -1. */
function withSpecials(graph: RandomGraph, seed: number): RandomGraph {
  const draw = createDraws(seed);
  const of = [...graph.of].map(([leaf, values]): [Node, readonly number[]] => [
    leaf,
    graph.floats.includes(leaf)
      ? values.map((v) => (draw() < 1 / 3 ? special[Math.floor(draw() * special.length)] : v))
      : values,
  ]);
  return { ...graph, of: new Map(of) };
}

/** The same NaN, infinity or zero; other numbers but for rounding. */
function same(a: number, b: number): boolean {
  if (!Number.isFinite(a) || !Number.isFinite(b) || (a === 0 && b === 0)) return Object.is(a, b);
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));
}

describe('values', () => {
  it('are the same before and after at NaN, infinities and zeros of either sign', () => {
    fc.assert(
      fc.property(randomGraph(), fc.nat(1000), (drawn, seed) => {
        const graph = withSpecials(drawn, seed);
        const after = simplify(graph.outputs, graph.g, 'value');
        const [before, found] = [run(graph.outputs, graph), run(after, graph)];
        const faults = before.flatMap((values, n) =>
          [...values].flatMap((v, i) =>
            same(v, found[n][i]) ? [] : [`output ${n}[${i}]: ${v} became ${found[n][i]}`],
          ),
        );
        expect(faults, `${printGraph(graph.outputs)}\n--\n${printGraph(after)}`).toEqual([]);
      }),
      runs,
    );
  });
});

/** What one role makes of a node over x, y: [2]. */
function made(build: (g: Builder, x: Node, y: Node) => Node, role: 'value' | 'derived'): string {
  const g = createBuilder();
  const [x, y] = ['x', 'y'].map((name) => g.make(input, [], { name, type: tensor([dim(constant(2))]) }));
  return printGraph(simplify([build(g, x, y)], g, role)).replace(/^.*= input.*\n/gm, '');
}

const number = (g: Builder, value: number, like: Node): Node => filled(g, value, like.type);

const algebra: readonly [string, (g: Builder, x: Node, y: Node) => Node][] = [
  ['x - x', (g, x) => g.make(sub, [x, x], {})],
  ['x + 0', (g, x) => g.make(add, [x, number(g, 0, x)], {})],
  ['0 - x', (g, x) => g.make(sub, [number(g, 0, x), x], {})],
  ['x + y - x', (g, x, y) => g.make(sub, [g.make(add, [x, y], {}), x], {})],
  [
    '3x - 2x',
    (g, x) => g.make(sub, [g.make(mul, [number(g, 3, x), x], {}), g.make(mul, [number(g, 2, x), x], {})], {}),
  ],
  ['-(x - y)', (g, x, y) => g.make(neg, [g.make(sub, [x, y], {})], {})],
  ['-x - y', (g, x, y) => g.make(sub, [g.make(neg, [x], {}), y], {})],
  ['x / 1e30 * y', (g, x, y) => g.make(mul, [g.make(div, [x, number(g, 1e30, x)], {}), y], {})],
  ['sum(-x)', (g, x) => g.make(sum, [g.make(neg, [x], {})], { axes: [0] })],
  [
    'sum(s * x)',
    (g, x, y) => {
      const s = g.make(broadcast, [g.make(sum, [y], { axes: [0] })], { shape: x.type.shape, axes: [0] });
      return g.make(sum, [g.make(mul, [s, x], {})], { axes: [0] });
    },
  ],
];

describe('what a node is there for', () => {
  const x = (g: Builder): Node => g.make(input, [], { name: 'x', type: tensor([dim(constant(2))]) });

  it('is what it was first: a value that a derivative needs as well stays a value', () => {
    const g = createBuilder();
    const value = g.make(neg, [x(g)], {});
    const again = g.at(undefined, () => g.make(neg, [x(g)], {}), { kind: 'cotangent', from: value });
    markCotangent(again, x(g));
    expect(again).toBe(value);
    expect(value.role).toEqual({ kind: 'forward' });
    expect(ownName(value)).toBeUndefined();
  });

  it('makes a label: a cotangent is called by what it is of, rather by a name than by a place', () => {
    const g = createBuilder();
    const [placed, named] = [g.make(neg, [x(g)], {}), g.make(mul, [x(g), x(g)], {})];
    placed.place = 'h.dense';
    nameNode(named, 'd_y');
    const cotangent = g.at(undefined, () => g.make(add, [x(g), x(g)], {}), { kind: 'cotangent', from: named });
    expect(ownName(cotangent)).toBeUndefined();
    markCotangent(cotangent, placed);
    expect(ownName(cotangent)).toBe('d_h_dense');
    markCotangent(cotangent, named);
    expect(ownName(cotangent)).toBe('d_d_y');
    markCotangent(cotangent, placed);
    expect(ownName(cotangent)).toBe('d_d_y');
    expect([named.kept, cotangent.kept, placed.kept]).toEqual([true, false, false]);
  });

  it('passes to what stands for it, and not to what is made on the way', () => {
    const g = createBuilder();
    const value = g.make(neg, [x(g)], {});
    nameNode(value, 'h');
    const of = g.at(undefined, () => g.make(add, [x(g), x(g)], {}), { kind: 'cotangent', from: value });
    markCotangent(of, value);
    const [term, better] = g.like(of, () => [g.make(mul, [x(g), x(g)], {}), g.make(sub, [x(g), x(g)], {})]);
    standFor(of, better);
    expect(term.role).toEqual({ kind: 'cotangent', from: value });
    expect(better.role).toEqual({ kind: 'cotangent', from: value, of: value });
  });
});

describe('derived nodes', () => {
  it.each(algebra)('%s is simplified there, and stays where it is a value', (_, build) => {
    expect(made(build, 'value')).toBe(printedAsBuilt(build));
    expect(made(build, 'derived')).not.toBe(made(build, 'value'));
  });

  it('stand on values that stay as they are', () => {
    const g = createBuilder();
    const x = g.make(input, [], { name: 'x', type: tensor([dim(constant(2))]) });
    const nothing = g.make(sub, [x, x], {});
    const isNothing = g.make(equalTo, [nothing, number(g, 0, x)], {});
    expect(simplify([isNothing], g, 'derived', [x, nothing, isNothing])).toEqual([isNothing]);
    expect(simplify([isNothing], g, 'derived')).not.toEqual([isNothing]);
  });
});

function printedAsBuilt(build: (g: Builder, x: Node, y: Node) => Node): string {
  const g = createBuilder();
  const [x, y] = ['x', 'y'].map((name) => g.make(input, [], { name, type: tensor([dim(constant(2))]) }));
  return printGraph([build(g, x, y)]).replace(/^.*= input.*\n/gm, '');
}
