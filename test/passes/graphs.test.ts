// Properties of the passes over graphs, on random graphs: meaning is kept, derivatives are right, work does not grow.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node } from '../../src/ir/graph.js';
import { constant, size } from '../../src/ir/index.js';
import { add, mul, pow, sub } from '../../src/ir/ops/arithmetic.js';
import { filled, numberOf, spread } from '../../src/ir/ops/calls.js';
import { size as sizeOp } from '../../src/ir/ops/constants.js';
import { input } from '../../src/ir/ops/leaves.js';
import { printGraph } from '../../src/ir/print.js';
import { reachable } from '../../src/ir/reachable.js';
import { dim, tensor } from '../../src/ir/types.js';
import { verifyGraph } from '../../src/ir/verify.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { simplify } from '../../src/passes/derive/simplify.js';
import { gradientFaults, run } from '../support/centralDifferences.js';
import { randomGraph, showsDerivatives, type RandomGraph } from '../support/randomGraph.js';

/** Under FULL=1 many more graphs, and other ones each time. */
const runs = process.env.FULL === '1' ? { numRuns: 1000 } : { numRuns: 100, seed: 1 };

/** The largest magnitude among all values on the way: what rounding is relative to; undefined where one is not finite. */
function magnitudeOf(nodes: readonly Node[], graph: RandomGraph): number | undefined {
  const all = run(reachable(nodes), graph).map((values) => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0));
  const largest = Math.max(1, ...all);
  return largest < 1e5 ? largest : undefined;
}

/** Where the values of `after` are not those of `before`, in words. */
function differences(before: readonly Node[], after: readonly Node[], graph: RandomGraph, tolerance: number): string[] {
  const [expected, found] = [run(before, graph), run(after, graph)];
  return expected.flatMap((values, n) =>
    [...values].flatMap((value, i) =>
      Math.abs(value - found[n][i]) <= tolerance ? [] : [`output ${n}[${i}] is ${found[n][i]}, was ${value}`],
    ),
  );
}

function shown(before: readonly Node[], after: readonly Node[] = []): string {
  return `\n${printGraph(before)}\n--\n${printGraph(after)}\n`;
}

describe('random graphs', () => {
  it('are well formed', () => {
    fc.assert(
      fc.property(randomGraph(), ({ outputs, loss }) => {
        expect(verifyGraph([...outputs, loss])).toEqual([]);
      }),
      runs,
    );
  });
});

describe('simplify', () => {
  it('keeps the values of every output', () => {
    fc.assert(
      fc.property(randomGraph(), (graph) => {
        const magnitude = magnitudeOf(graph.outputs, graph);
        fc.pre(magnitude !== undefined);
        const after = simplify(graph.outputs, graph.g, 'value');
        expect(verifyGraph(after)).toEqual([]);
        expect(differences(graph.outputs, after, graph, 1e-11 * magnitude), shown(graph.outputs, after)).toEqual([]);
      }),
      runs,
    );
  });

  it('keeps the values of gradients', () => {
    fc.assert(
      fc.property(randomGraph({ steps: 8 }), (graph) => {
        const gradients = differentiate(graph.loss, graph.floats, graph.g).filter((d) => d !== undefined);
        const magnitude = magnitudeOf(gradients, graph);
        fc.pre(magnitude !== undefined);
        const after = simplify(gradients, graph.g, 'derived', reachable([graph.loss]));
        expect(verifyGraph(after)).toEqual([]);
        expect(differences(gradients, after, graph, 1e-10 * magnitude), shown(gradients, after)).toEqual([]);
      }),
      runs,
    );
  });

  it('makes n * (1 / y) a division once and for all', () => {
    const g = createBuilder();
    const batch = dim(size('batch'));
    const y = g.make(input, [], { name: 'y', type: tensor([batch]) });
    const n = spread(g, g.make(sizeOp, [], { of: size('batch') }), y.type);
    const [node] = simplify([g.make(mul, [n, g.make(pow, [y, filled(g, -1, y.type)], {})], {})], g, 'value');
    expect(node.op.name).toBe('div');
    expect(node.inputs[1]).toBe(y);
  });

  it('adds up terms that differ in a number alone', () => {
    const g = createBuilder();
    const [x, y] = ['x', 'y'].map((name) => g.make(input, [], { name, type: tensor([dim(constant(3))]) }));
    const times = (number: number, node: Node): Node => g.make(mul, [filled(g, number, node.type), node], {});
    const square = g.make(mul, [x, x], {});
    const terms = [times(2, g.make(mul, [square, y], {})), g.make(mul, [x, g.make(mul, [y, x], {})], {})];
    const [sum, difference, gone] = simplify(
      [g.make(add, terms, {}), g.make(sub, terms, {}), g.make(sub, [terms[1], g.make(mul, [y, square], {})], {})],
      g,
      'derived',
    );
    expect(printGraph([sum]).match(/mul|add/g)).toEqual(['mul', 'mul', 'mul']);
    expect(printGraph([difference]).match(/mul|sub/g)).toEqual(['mul', 'mul']);
    expect(numberOf(gone)).toBe(0);
  });

  it('leaves nothing to simplify', () => {
    fc.assert(
      fc.property(randomGraph(), ({ outputs, g }) => {
        const once = simplify(outputs, g, 'value');
        expect(printGraph(simplify(once, g, 'value'))).toBe(printGraph(once));
      }),
      runs,
    );
  });
});

describe('differentiate', () => {
  it('gives what central differences give', () => {
    fc.assert(
      fc.property(randomGraph({ steps: 6 }), (graph) => {
        const magnitude = magnitudeOf([graph.loss], graph);
        fc.pre(magnitude !== undefined && magnitude < 1e3);
        fc.pre(showsDerivatives(graph));
        expect(gradientFaults(graph.loss, graph.floats, graph, graph.g, 1e-6 * magnitude), shown([graph.loss])).toEqual(
          [],
        );
      }),
      { ...runs, numRuns: runs.numRuns / 2 },
    );
  });
});
