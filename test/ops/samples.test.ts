// Every op by its samples: types, elements, first and second derivatives.
import { describe, expect, it } from 'vitest';
import { createBuilder } from '../../src/ir/builder.js';
import type { Node, Op } from '../../src/ir/graph.js';
import { add } from '../../src/ir/ops/arithmetic.js';
import { input } from '../../src/ir/ops/leaves.js';
import * as leaves from '../../src/ir/ops/leaves.js';
import { ops } from '../../src/ir/ops/registry.js';
import { printGraph } from '../../src/ir/print.js';
import { printType } from '../../src/ir/types.js';
import { verifyGraph } from '../../src/ir/verify.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { gradientFaults, run, weighted, type Values } from '../support/centralDifferences.js';
import { createDraws, fillType, readType } from '../support/sampleTypes.js';

/** A loop and a declared derivative are ops of their bodies, which samples cannot write: they have tests of their own. */
const loops: readonly Op[] = ops.filter(({ name }) => ['bound', 'scan', 'argument', 'ownGradient'].includes(name));
const inner = ops.filter((op) => !loops.includes(op) && !Object.values(leaves).some((leaf) => leaf.name === op.name));

const samples = inner.flatMap((op) =>
  op.samples.map((sample, n) => ({
    title: `${op.name}(${sample.inputs.join(', ')}) ${n}`,
    op: op as Op,
    sample,
    seed: n,
  })),
);

type Case = (typeof samples)[number];

/** The sample as a graph over inputs, with values for them. */
function built({ op, sample, seed }: Case) {
  const g = createBuilder();
  const draw = createDraws(seed);
  const inputs = sample.inputs.map((text, i) => g.make(input, [], { name: `x${i}`, type: readType(text) }));
  const node = g.make(op, inputs, sample.attrs);
  const of = new Map<Node, readonly number[]>(
    inputs.map((leaf) => [leaf, leaf.attrs.type === undefined ? [] : fillType(leaf.type, draw, sample.domain)]),
  );
  return { g, draw, node, of, floats: inputs.filter((leaf) => leaf.type.element.kind === 'f32') };
}

describe('the registry', () => {
  it('has ops of different names, each with a sentence and a sample', () => {
    expect(new Set(ops.map((op) => op.name)).size).toBe(ops.length);
    for (const op of ops) expect(op.summary).toMatch(/\.$/);
    for (const op of inner) expect(op.samples.length, op.name).toBeGreaterThan(0);
  });
});

describe('samples', () => {
  it.each(samples)('$title is well formed', (sample) => {
    const { node, of } = built(sample);
    expect(verifyGraph([node])).toEqual([]);
    expect(printGraph([node])).toContain(`${printType(node.type)} = ${node.op.name}(`);
    const [values] = run([node], { of });
    expect([...values].every(Number.isFinite)).toBe(true);
  });

  const smooth = samples.filter((s) => s.sample.smooth !== false && built(s).node.type.element.kind === 'f32');
  /** The loss that weighs the result, and those that weigh its gradients. */
  const weightedTwice = (sample: (typeof samples)[number]) => {
    const { g, draw, node, of, floats } = built(sample);
    const first = weighted(node, 'w', draw, g);
    const seconds = differentiate(first.loss, floats, g).flatMap((d, i) => (d ? [weighted(d, `v${i}`, draw, g)] : []));
    return { g, of, floats, first, seconds };
  };
  const curved = smooth.filter((sample) => weightedTwice(sample).seconds.length > 0);

  it.each(smooth)('$title has the derivative that differences give', (sample) => {
    const { g, draw, node, of, floats } = built(sample);
    const { loss, weights, data } = weighted(node, 'w', draw, g);
    const values: Values = { of: new Map([...of, [weights, data]]) };
    expect(gradientFaults(loss, floats, values, g)).toEqual([]);
    expect(verifyGraph(differentiate(loss, floats, g).filter((d) => d !== undefined))).toEqual([]);
  });

  it.each(curved)('$title has the second derivative that differences give', (sample) => {
    const { g, of, floats, first, seconds } = weightedTwice(sample);
    const loss = seconds.map((s) => s.loss).reduce((a, b) => g.make(add, [a, b], {}));
    const values: Values = {
      of: new Map([...of, [first.weights, first.data], ...seconds.map((s) => [s.weights, s.data] as const)]),
    };
    expect(gradientFaults(loss, [...floats, first.weights], values, g)).toEqual([]);
  });
});
