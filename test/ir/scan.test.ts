// Loops made by hand: what the reference evaluator, the verifier and the printer make of them.
import { describe, expect, it } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node } from '../../src/ir/graph.js';
import { constant as whole, size } from '../../src/ir/index.js';
import { add, mul } from '../../src/ir/ops/arithmetic.js';
import { input } from '../../src/ir/ops/leaves.js';
import { bound, createLoop, scan, type Bound, type LoopResult } from '../../src/ir/ops/scan.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { printGraph } from '../../src/ir/print.js';
import { dim, tensor, type TensorType } from '../../src/ir/types.js';
import { verifyGraph } from '../../src/ir/verify.js';
import { run } from '../support/centralDifferences.js';

const rows = dim(whole(2));
const row = tensor([rows]);
const length = dim(whole(3), 'T');
const g = createBuilder();
const leaf = (number: number, name: string, type: TensorType = row, depth = 0): Bound =>
  g.make(bound, [], { depth, number, name, type });
const fed = (name: string, type: TensorType): Node => g.make(input, [], { name, type });

/** h becomes h · w + x, from h0. */
const x = fed('x', tensor([length, rows]));
const h0 = fed('h0', row);
const w = fed('w', row);
const [xt, h, wt] = [leaf(0, 'xt'), leaf(1, 'h'), leaf(2, 'w')];
const product = g.make(mul, [h, wt], {});
const next = g.make(add, [product, xt], {});
const loop = createLoop({ depth: 0, length, slices: [xt], carried: [h], captured: [wt], next: [next] });
const result = (of: LoopResult): Node => g.make(scan, [x, h0, w], { loop, result: of });

const values = {
  of: new Map<Node, number[]>([
    [x, [1, 2, 3, 4, 5, 6]],
    [h0, [1, 0]],
    [w, [2, -1]],
  ]),
};

describe('a loop', () => {
  it('gives what it emits, what it carries before each round and after the last, and the last', () => {
    const results = [
      result({ kind: 'emit', of: product }),
      result({ kind: 'stack', of: 0 }),
      result({ kind: 'final', of: 0 }),
    ];
    expect(verifyGraph(results)).toEqual([]);
    expect(run(results, values).map((r) => [...r])).toEqual([
      [2, -0, 6, -2, 18, -2],
      [1, 0, 3, 2, 9, 2, 23, 4],
      [23, 4],
    ]);
  });

  it('has a length of the call, and rows of it', () => {
    const steps = dim(size('steps'), 'steps');
    const s = fed('s', tensor([steps]));
    const [st, total] = [leaf(0, 'st', tensor([])), leaf(1, 'total', tensor([]))];
    const start = fed('start', tensor([]));
    const sums = createLoop({
      depth: 0,
      length: steps,
      slices: [st],
      carried: [total],
      captured: [],
      next: [g.make(add, [total, st], {})],
    });
    const last = g.make(scan, [s, start], { loop: sums, result: { kind: 'final', of: 0 } });
    const fedValues = (data: number[]) => ({
      of: new Map<Node, number[]>([
        [s, data],
        [start, [0.5]],
      ]),
      sizes: { steps: data.length },
    });
    expect([...run([last], fedValues([1, 2, 3, 4]))[0]]).toEqual([10.5]);
    expect([...run([last], fedValues([7]))[0]]).toEqual([7.5]);
  });

  it('stands in the body of another', () => {
    // total becomes total + (the sum of the last value of a loop over x whose start is total · w)
    const [outerX, total, outerW] = [leaf(0, 'x', tensor([length, rows])), leaf(1, 'total'), leaf(2, 'w')];
    const [inX, inH, inW] = [leaf(0, 'xt', row, 1), leaf(1, 'h', row, 1), leaf(2, 'w', row, 1)];
    const step = g.make(add, [g.make(mul, [inH, inW], {}), inX], {});
    const inner = createLoop({ depth: 1, length, slices: [inX], carried: [inH], captured: [inW], next: [step] });
    const last = g.make(scan, [outerX, total, outerW], { loop: inner, result: { kind: 'final', of: 0 } });
    const twice = dim(whole(2), 'n');
    const outer = createLoop({
      depth: 0,
      length: twice,
      slices: [outerX],
      carried: [total],
      captured: [outerW],
      next: [last],
    });
    const xs = fed('xs', tensor([twice, length, rows]));
    const final = g.make(scan, [xs, h0, w], { loop: outer, result: { kind: 'final', of: 0 } });
    const sums = g.make(scan, [xs, h0, w], {
      loop: outer,
      result: { kind: 'emit', of: g.make(sum, [last], { axes: [0] }) },
    });
    expect(verifyGraph([final, sums])).toEqual([]);
    const data = { of: new Map([...values.of, [xs, [1, 2, 3, 4, 5, 6, 0, 1, 0, 1, 0, 0]]]) };
    expect(run([final, sums], data).map((r) => [...r])).toEqual([
      [184, -4],
      [27, 180],
    ]);
    expect(printGraph([final, sums])).toMatchInlineSnapshot(`
      "%0: [2] = input(name = h0)
      %1: [2] = input(name = w)
      %2: [n=2, T=3, 2] = input(name = xs)
      loop a: n=2 rounds, x in %2, total = %0 becomes %a3, w: %1
        %a0: [2] = bound(depth = 0, number = 2, name = w)
        %a1: [T=3, 2] = bound(depth = 0, number = 0, name = x)
        %a2: [2] = bound(depth = 0, number = 1, name = total)
        loop b: T=3 rounds, xt in %a1, h = %a2 becomes %b4, w: %a0
          %b0: [2] = bound(depth = 1, number = 0, name = xt)
          %b1: [2] = bound(depth = 1, number = 1, name = h)
          %b2: [2] = bound(depth = 1, number = 2, name = w)
          %b3: [2] = mul(%b1, %b2)
          %b4: [2] = add(%b3, %b0)
        %a3: [2] = final h of loop b
        %a4: f32 = sum(%a3, axes = [0])
      %3: [2] = final total of loop a
      %4: [n=2] = emit %a4 of loop a"
    `);
  });

  it('is one where body and inputs are equal, and another where they are not', () => {
    const again = createLoop({ depth: 0, length, slices: [xt], carried: [h], captured: [wt], next: [next] });
    expect(g.make(scan, [x, h0, w], { loop: again, result: { kind: 'final', of: 0 } })).toBe(
      result({ kind: 'final', of: 0 }),
    );
    const other = createLoop({ depth: 0, length, slices: [xt], carried: [h], captured: [wt], next: [product] });
    expect(g.make(scan, [x, h0, w], { loop: other, result: { kind: 'final', of: 0 } })).not.toBe(
      result({ kind: 'final', of: 0 }),
    );
  });

  it('reads nothing that is not a leaf of its own', () => {
    const open = createLoop({
      depth: 0,
      length,
      slices: [xt],
      carried: [h],
      captured: [],
      next: [g.make(add, [g.make(mul, [h, w], {}), xt], {})],
    });
    const node = g.make(scan, [x, h0], { loop: open, result: { kind: 'final', of: 0 } });
    expect(verifyGraph([node]).join()).toContain('input, which is no leaf of its loop');
  });

  it('refuses what does not fit it', () => {
    expect(() => g.make(scan, [h0, h0, w], { loop, result: { kind: 'final', of: 0 } })).toThrow('a sequence is [2]');
    const narrow = createLoop({
      depth: 0,
      length,
      slices: [xt],
      carried: [h],
      captured: [],
      next: [g.make(sum, [next], { axes: [0] })],
    });
    expect(() => g.make(scan, [x, h0], { loop: narrow, result: { kind: 'final', of: 0 } })).toThrow('becomes is f32');
  });
});
