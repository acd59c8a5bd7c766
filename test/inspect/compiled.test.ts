// Generated code in double precision computes what the reference evaluator does, to the bit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/index.js';
import { createBuilder } from '../../src/ir/builder.js';
import { evaluate, prepare, type Feed } from '../../src/ir/evaluate.js';
import type { Node, Op } from '../../src/ir/graph.js';
import { contract } from '../../src/ir/ops/contract.js';
import { input, parameter } from '../../src/ir/ops/leaves.js';
import { isOp } from '../../src/ir/graph.js';
import { ops } from '../../src/ir/ops/registry.js';
import { compiledElements } from '../../src/inspect/check/compiled.js';
import { leafAt, pointOf } from '../../src/inspect/check/point.js';
import { lossOf } from '../support/loss.js';
import { randomModel } from '../support/randomModel.js';
import { createDraws, fillType, readType } from '../support/sampleTypes.js';

/** The elements of nodes by generated code, and by the evaluator. */
function both(nodes: readonly Node[], leaf: Feed['leaf'], rows = 1): [Float64Array[], Float64Array[]] {
  const elements = compiledElements(new Int32Array(1));
  const { values, steps } = prepare(nodes, { leaf, sizeOf: () => rows, rounded: (x) => x, elements });
  for (const { run } of steps) run();
  const found = nodes.map((node) => values.get(node) ?? new Float64Array(0));
  return [found, evaluate(nodes, { leaf, sizes: new Proxy({}, { get: () => rows }) })];
}

describe('generated code', () => {
  const samples = ops.flatMap((op) =>
    op.samples.map((sample, n) => ({ title: `${op.name} ${n}`, op: op as Op, sample })),
  );
  it.each(samples)('is $title', ({ op, sample }) => {
    const g = createBuilder();
    const draw = createDraws(1);
    const inputs = sample.inputs.map((text, i) => g.make(input, [], { name: `x${i}`, type: readType(text) }));
    const of = new Map<Node, number[]>(inputs.map((leaf) => [leaf, fillType(leaf.type, draw, sample.domain)]));
    const [found, wanted] = both([g.make(op, inputs, sample.attrs)], (node) => of.get(node) ?? []);
    expect(found).toEqual(wanted);
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 9])('is a contraction of any size: %i', (size) => {
    const g = createBuilder();
    const draw = createDraws(size);
    for (const [m, n, k] of [
      [size, 3, 2],
      [3, size, 5],
      [1, size, 3],
      [size, size + 1, 1],
    ]) {
      const x = g.make(input, [], { name: 'x', type: readType(`f32[2, ${m}, ${k}]`) });
      const y = g.make(input, [], { name: 'y', type: readType(`f32[${k}, ${n}]`) });
      const node = g.make(contract, [x, y], { left: ['b', 'i', 'k'], right: ['k', 'j'], out: ['b', 'i', 'j'] });
      const of = new Map<Node, number[]>([x, y].map((leaf) => [leaf, fillType(leaf.type, draw)]));
      const [found, wanted] = both([node], (leaf) => of.get(leaf) ?? []);
      expect(found).toEqual(wanted);
    }
  });

  it('is whole models with their gradients', () => {
    fc.assert(
      fc.property(randomModel, fc.integer({ min: 1, max: 5 }), ({ text, inputs }, rows) => {
        const { model } = check({ file: 'model.nn', text });
        if (!model) throw new Error(text);
        const { gradients } = differentiateModel(model);
        const leaf = leafAt(pointOf(model, { inputs: inputs(rows, 1), sizeOf: () => rows }, 1));
        const [found, wanted] = both([lossOf(model.training), ...gradients.values()], leaf, rows);
        expect(found).toEqual(wanted);
      }),
      { numRuns: 8, seed: 1 },
    );
  });
});

describe('what is decided on the way', () => {
  it.each([
    ['relu(w)', -0.5, -0.25, 0.5],
    ['abs(w)', -0.5, -0.25, 0.5],
    ['max(w, x[0] * w^2)', 0.5, 0.25, 2],
    ['if w > 1 then w else 2 * w', 0.5, 0.75, 2],
    ['max(concat([w + 0 * x, x], axis = 0))', 0.5, 0.25, 2],
    ['floor(w) * w', 0.5, 0.75, 1.5],
    ['sum(scan xt in x, s = w { s := abs(xt - s) emit s })', 0.25, 0.125, 1.5],
  ])('in %s', (formula, at, near, far) => {
    const text = `model m {\n  input x: [1]\n  param w: f32 = ${at}\n  loss = ${formula} + x[0]\n}\n`;
    const { model, diagnostics } = check({ file: 'model.nn', text });
    if (!model) throw new Error(diagnostics.map((d) => d.message).join());
    const decided = new Int32Array(1);
    const decisionsAt = (w: number): number => {
      const leaf: Feed['leaf'] = (node) => (isOp(node, parameter) ? [w] : [1]);
      const elements = compiledElements(decided);
      decided[0] = 0;
      const roots = [lossOf(model.training)];
      for (const { run } of prepare(roots, { leaf, sizeOf: Number, rounded: (x) => x, elements }).steps) run();
      return decided[0];
    };
    expect(decisionsAt(near)).toBe(decisionsAt(at));
    expect(decisionsAt(far)).not.toBe(decisionsAt(at));
  });
});
