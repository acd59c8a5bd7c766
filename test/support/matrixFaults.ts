// Holds a case of the matrix to central differences, at each of the run-time sizes and to the second order.
import { check } from '../../src/compile.js';
import { isOp, type Node, type Op } from '../../src/ir/graph.js';
import { add } from '../../src/ir/ops/arithmetic.js';
import { input, parameter, state } from '../../src/ir/ops/leaves.js';
import { reachable } from '../../src/ir/reachable.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { gradientFaults, weighted, type Values } from './centralDifferences.js';
import { matrixSizes, type MatrixCase } from './matrix.js';
import { createDraws, fillType } from './sampleTypes.js';

/** Which ops a case is made of, and its first derivatives. */
export function opsOf(one: MatrixCase): ReadonlySet<Op> {
  const { model } = check({ file: 'one.nn', text: textOf(one) });
  if (!model) return new Set();
  const [{ node }] = model.training.outputs;
  const leaves = reachable([node]).filter((n) => isOp(n, input, parameter) && n.type.element.kind === 'f32');
  const slopes = differentiate(node, leaves, model.builder).filter((d) => d !== undefined);
  return new Set(reachable([node, ...slopes]).map(({ op }) => op));
}

function textOf({ expression, inputs }: MatrixCase): string {
  const declared = Object.entries(inputs).map(([name, type]) => `input ${name}: ${type}`);
  return `model one {\n${declared.join('\n')}\nresult = ${expression}\noutput result\nloss = sum(result)\n}\n`;
}

/** What is wrong with the derivatives of a case, in words. */
export function matrixFaults(one: MatrixCase, order: 1 | 2): string[] {
  const { expression, inputs, domain = [-2, 2], once } = one;
  const { model, diagnostics } = check({ file: 'one.nn', text: textOf(one) });
  const title = `${expression} of ${Object.values(inputs).join(', ')}`;
  if (!model) return [`${title}: ${diagnostics.map(({ message }) => message).join('; ')}`];
  const { builder: g, training } = model;
  const [{ node }] = training.outputs;
  const runtime = Object.values(inputs).some((type) => /batch|T/.test(type));
  return (runtime ? matrixSizes : matrixSizes.slice(0, 1)).flatMap((sizes) => {
    const draw = createDraws(expression.length);
    const leaves = reachable([node]).filter((n) => isOp(n, input, parameter, state));
    const of = new Map<Node, number[]>(leaves.map((leaf) => [leaf, fillType(leaf.type, draw, domain, sizes)]));
    const floats = leaves.filter((leaf) => leaf.type.element.kind === 'f32' && !isOp(leaf, state));
    const first = weighted(node, 'w', draw, g);
    const values = (more: readonly { readonly weights: Node }[]): Values => ({
      of: new Map([
        ...of,
        ...more.map(({ weights }) => [weights, fillType(weights.type, draw, [0.5, 1.5], sizes)] as const),
      ]),
      sizes,
    });
    const at = (found: readonly string[], what: string): string[] =>
      found.map((fault) => `${title}, ${JSON.stringify(sizes)}, ${what}: ${fault}`);
    const faults = at(gradientFaults(first.loss, floats, values([first]), g), 'first order');
    if (order === 1 || once) return faults;
    const seconds = differentiate(first.loss, floats, g).flatMap((d, i) => (d ? [weighted(d, `v${i}`, draw, g)] : []));
    if (seconds.length === 0) return faults;
    const loss = seconds.map((s) => s.loss).reduce((a, b) => g.make(add, [a, b], {}));
    return [...faults, ...at(gradientFaults(loss, floats, values([first, ...seconds]), g), 'second order')];
  });
}
