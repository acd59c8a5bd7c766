// Gradients held against central differences in double precision.
import { evaluate, evaluationOf } from '../../src/ir/evaluate.js';
import type { Builder, Node } from '../../src/ir/graph.js';
import { mul } from '../../src/ir/ops/arithmetic.js';
import { input } from '../../src/ir/ops/leaves.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { createDraws, fillType } from './sampleTypes.js';

export interface Values {
  readonly of: ReadonlyMap<Node, readonly number[]>;
  readonly sizes?: Readonly<Record<string, number>>;
}

export function run(nodes: readonly Node[], { of, sizes }: Values): Float64Array[] {
  const leaf = (node: Node): readonly number[] => {
    const found = of.get(node);
    if (!found) throw new Error(`no values for ${String(node.attrs.name)}`);
    return found;
  };
  return evaluate(nodes, { leaf, sizes });
}

/** The sum of a node's elements times random weights: a scalar whose gradient tells every element's apart. */
export function weighted(
  node: Node,
  name: string,
  draw: () => number,
  g: Builder,
): { loss: Node; weights: Node; data: number[] } {
  const weights = g.make(input, [], { name, type: node.type });
  const loss = g.make(sum, [g.make(mul, [node, weights], {})], { axes: node.type.shape.map((_, i) => i) });
  return { loss, weights, data: fillType(node.type, draw, [0.5, 1.5]) };
}

/**
 * The places where d(loss)/d(wrt) as `differentiate` builds it is not what central differences give, in words. The error is
 * relative to the largest of the gradient's elements, at least 1.
 */
export function gradientFaults(
  loss: Node,
  wrt: readonly Node[],
  values: Values,
  g: Builder,
  tolerance = 1e-7,
): string[] {
  const nodes = differentiate(loss, wrt, g);
  const difference = differencesOf(loss, values);
  return wrt.flatMap((leaf, n) => {
    const start = values.of.get(leaf) ?? [];
    const d = nodes[n];
    // Nothing flows where no gradient was built.
    const found = d ? run([d], values)[0] : new Float64Array(start.length);
    const expected = start.map((_, i) => difference(leaf, i, steps[0]));
    const scale = Math.max(1, ...expected.map(Math.abs));
    const agrees = (e: number, i: number): boolean => Math.abs(found[i] - e) <= tolerance * scale;
    return expected.flatMap((e, i) =>
      agrees(e, i) || steps.slice(1).some((h) => agrees(difference(leaf, i, h), i))
        ? []
        : [`d_${String(leaf.attrs.name)}[${i}] is ${found[i]}, differences give ${e}`],
    );
  });
}

/** The same along a few directions, in which all leaves move at once: a tenth of the work, for many graphs. */
export function slopeFaults(loss: Node, wrt: readonly Node[], values: Values, g: Builder, tolerance: number): string[] {
  const nodes = differentiate(loss, wrt, g);
  const found = run(
    nodes.filter((d) => d !== undefined),
    values,
  );
  const moving = wrt.filter((_, n) => nodes[n] !== undefined);
  const evaluation = evaluationOf([loss], values);
  const draw = createDraws(wrt.length);
  return [0, 1, 2].flatMap((direction) => {
    // Leaves without a derivative move as well: the loss must not.
    const by = new Map(wrt.map((leaf) => [leaf, (values.of.get(leaf) ?? []).map(() => 2 * draw() - 1)]));
    const at = (offset: number): number =>
      evaluation((leaf) => {
        const start = values.of.get(leaf) ?? [];
        const ways = by.get(leaf);
        return ways ? start.map((x, i) => x + offset * ways[i]) : start;
      })[0][0];
    const terms = moving.flatMap((leaf, n) => (by.get(leaf) ?? []).map((way, i) => way * found[n][i]));
    const slope = terms.reduce((sum, term) => sum + term, 0);
    const scale = terms.reduce((most, term) => Math.max(most, Math.abs(term)), 1);
    const expected = steps.map((h) => differenceOf(at, h));
    return expected.some((e) => Math.abs(e - slope) <= tolerance * scale)
      ? []
      : [`the slope in direction ${direction} is ${slope}, differences give ${expected.join(', ')}`];
  });
}

/** A kink or a jump within a step, such as a maximum that changes hands, is out of a smaller step's reach. */
const steps = [2e-4, 2e-6, 2e-8];

/** Of fourth order: the error of the first step and that of rounding are both near 1e-12. */
const differenceOf = (at: (offset: number) => number, h: number): number =>
  (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);

/** The difference by one element of a leaf. */
function differencesOf(loss: Node, { of, sizes }: Values): (leaf: Node, i: number, h: number) => number {
  const evaluation = evaluationOf([loss], { sizes });
  return (leaf, i, h) =>
    differenceOf((offset) => {
      const moved = [...(of.get(leaf) ?? [])];
      moved[i] += offset;
      return evaluation((node) => (node === leaf ? moved : (of.get(node) ?? [])))[0][0];
    }, h);
}
