// One random graph on several targets: its values and derivatives, as programs, are those of the reference evaluator.
import { expect } from 'vitest';
import { evaluate } from '../../src/ir/evaluate.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import { evaluateSizes } from '../../src/ir/index.js';
import { counter, input } from '../../src/ir/ops/leaves.js';
import { printGraph } from '../../src/ir/print.js';
import { reachable } from '../../src/ir/reachable.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { simplify } from '../../src/passes/derive/simplify.js';
import { targets as traits, type Target } from '../../src/targets.js';
import type { GpuProcess } from './gpu.js';
import { modelOfOutputs } from './outputsModel.js';
import type { RandomGraph } from './randomGraph.js';
import { runnable } from './runnable.js';
import { importCode } from './trainer.js';

/** Rounding of a few steps in f32, by the largest value on the way. */
const tolerance = 1e-5;

export interface GraphAgreement {
  readonly targets: readonly Target[];
  /** Where wgsl runs. */
  readonly gpu?: GpuProcess;
  /** Lists of passes that are left out, a program for each. */
  readonly without?: readonly (readonly string[])[];
}

/**
 * Fails where a program of the graph gives another number than the evaluator does, in double precision and in f32, by which comparisons
 * may turn out otherwise. False where numbers grow so large that rounding tells nothing, or no input says what the batch is.
 */
export async function agreeOnGraph(
  graph: RandomGraph,
  { targets, gpu, without = [[]] }: GraphAgreement,
): Promise<boolean> {
  const { g, loss, floats, outputs, sizes = {} } = graph;
  const derived = differentiate(loss, floats, g).filter((d) => d !== undefined);
  const gradients = simplify(derived, g, 'derived', reachable([loss]));
  const nodes = [...new Set([...outputs, ...gradients])];
  const leaves = reachable(nodes).filter((node) => isOp(node, input));
  if (!leaves.some(({ type }) => type.shape.some((d) => d.name === 'batch'))) return false;
  const of = new Map([...graph.of].map(([node, data]) => [node, isOp(node, input) ? data.map(Math.fround) : data]));
  const leaf = (node: Node): readonly number[] => of.get(node) ?? [];
  const [whole, single] = [
    evaluate(reachable(nodes), { leaf, sizes }),
    evaluate(nodes, { leaf, sizes, singles: true }),
  ];
  const magnitude = whole.reduce((most, values) => values.reduce((m, x) => Math.max(m, Math.abs(x)), most), 1);
  if (!(magnitude < 1e3)) return false;
  const wanted = [evaluate(nodes, { leaf, sizes }), single];
  const model = modelOfOutputs(g, leaves, Object.fromEntries(nodes.map((node, i) => [`y${i}`, node])));
  const inputs = Object.fromEntries(leaves.map((node) => [String(node.attrs.name), given(node, leaf(node), sizes)]));
  const seed = [...of].find(([node]) => isOp(node, counter))?.[1][0] ?? 0;
  for (const target of targets)
    for (const left of without) {
      const js = await runnable(model.program(traits[target], left), { target });
      const trainer = await (gpu ? gpu.createTrainer(js, { seed }) : (await importCode(js)).createTrainer({ seed }));
      const found = await trainer.predict(inputs);
      await trainer.dispose();
      const faults = wanted.map((want) => faultOf(found, want, tolerance * magnitude));
      if (faults.every((fault) => fault !== undefined))
        expect.fail(`${target} without ${left.join() || 'nothing'}: ${faults.join(', ')}, of\n${printGraph(nodes)}`);
    }
  return true;
}

/** An input as trainers take it. */
function given(node: Node, data: readonly number[], sizes: Readonly<Record<string, number>>): object {
  const { element, shape } = node.type;
  const array = { f32: Float32Array, index: Int32Array, bool: Uint8Array }[element.kind].from(data);
  return { data: array, shape: shape.map((d) => evaluateSizes(d.size, (name) => sizes[name])) };
}

/** The first number that is not the one that is wanted, in words. */
function faultOf(
  found: Readonly<Record<string, ArrayLike<number> | number | boolean>>,
  wanted: readonly Float64Array[],
  allowed: number,
): string | undefined {
  for (const [n, want] of wanted.entries()) {
    const values = found[`y${n}`];
    const got = typeof values === 'object' ? values : [Number(values)];
    for (const [i, value] of want.entries())
      if (!(Math.abs(got[i] - value) <= allowed)) return `y${n}[${i}] is ${got[i]}, not ${value}`;
  }
  return undefined;
}
