// Derivatives of loops of every kind, held against central differences in double precision; and those of the derivatives.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import { constantOf } from '../../src/ir/index.js';
import { add } from '../../src/ir/ops/arithmetic.js';
import { literal } from '../../src/ir/ops/constants.js';
import { input, parameter } from '../../src/ir/ops/leaves.js';
import { reachable } from '../../src/ir/reachable.js';
import { elementCount } from '../../src/ir/types.js';
import { verifyGraph } from '../../src/ir/verify.js';
import { simplify } from '../../src/passes/derive/simplify.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { gradientFaults, run, weighted } from '../support/centralDifferences.js';
import { createDraws } from '../support/sampleTypes.js';
import { scans } from '../support/scans.js';

const head =
  'model m {\n  input x: [2, 3, 2]\n  input z: [2, 2]\n  input w: [2, 2]\n  input s: f32\n  input p: [3, 2]\n';

/** y of a loop with the leaves that it reads, and values for them. */
function built(text: string, seed: number) {
  const { model, diagnostics } = check({ file: 'loop.nn', text: `${head}  ${text}\n  output y\n}` });
  if (!model) throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  const [{ node }] = model.training.outputs;
  const g = model.builder;
  const draw = createDraws(seed);
  const leaves = reachable([node]).filter((n) => isOp(n, input, parameter));
  const of = new Map<Node, readonly number[]>(
    leaves.map((leaf) => [
      leaf,
      Array.from({ length: constantOf(elementCount(leaf.type)) ?? 0 }, () => draw() * 2 - 1),
    ]),
  );
  for (const leaf of reachable([node])) if (isOp(leaf, literal)) of.set(leaf, leaf.attrs.values);
  const { loss, weights, data } = weighted(node, 'weights', draw, g);
  return { g, draw, node, leaves, of: new Map([...of, [weights, data]]), loss };
}

describe('the derivative of a loop', () => {
  it.each(Object.entries(scans))('%s', (_, text) => {
    const { g, leaves, of, loss } = built(text, 1);
    const found = differentiate(loss, leaves, g);
    expect(verifyGraph(found.filter((n) => n !== undefined))).toEqual([]);
    expect(found.some((n) => n !== undefined)).toBe(true);
    expect(gradientFaults(loss, leaves, { of }, g)).toEqual([]);
    const nodes = found.filter((n) => n !== undefined);
    const [value] = simplify([loss], g, 'value');
    const simple = simplify(nodes, g, 'derived', reachable([value]));
    expect(verifyGraph([value, ...simple])).toEqual([]);
    const [before, after] = [
      [loss, ...nodes],
      [value, ...simple],
    ].map((roots) => run(roots, { of }).map((v) => [...v]));
    before.forEach((values, i) => values.forEach((v, e) => expect(after[i][e]).toBeCloseTo(v, 10)));
  });

  it.each(Object.entries(scans))('%s, of second order', (_, text) => {
    const { g, draw, leaves, of, loss } = built(text, 2);
    const first = differentiate(loss, leaves, g);
    const weighed = first.flatMap((d, i) => (d ? [weighted(d, `weights ${i}`, draw, g)] : []));
    const both = weighed.map((w) => w.loss).reduce((a, b) => g.make(add, [a, b], {}));
    const values = new Map([...of, ...weighed.map(({ weights, data }) => [weights, data] as const)]);
    expect(verifyGraph([both])).toEqual([]);
    expect(gradientFaults(both, leaves, { of: values }, g, 1e-6)).toEqual([]);
  });
});
