// Random graphs and models for as long as NNC_MINUTES says, 30 if it says nothing, from the seed NNC_SEED, or another one each time, which is printed.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Node } from '../../src/ir/graph.js';
import { add, mul } from '../../src/ir/ops/arithmetic.js';
import { filled } from '../../src/ir/ops/calls.js';
import { input } from '../../src/ir/ops/leaves.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { reachable } from '../../src/ir/reachable.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import { simplify } from '../../src/passes/derive/simplify.js';
import { passes } from '../../src/passes.js';
import { agree } from '../support/agree.js';
import { agreeOnGraph } from '../support/agreeOnGraph.js';
import { agreeOnComparisons } from '../support/agreeOnComparisons.js';
import { slopeFaults, run } from '../support/centralDifferences.js';
import { comparingModel } from '../support/comparingModel.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { networkModel } from '../support/networkModel.js';
import { randomGraph, showsDerivatives, type RandomGraph } from '../support/randomGraph.js';
import { randomModel, type RandomModel } from '../support/randomModel.js';
import { createDraws, fillType } from '../support/sampleTypes.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const minutes = Number(process.env.NNC_MINUTES ?? 30);
const seed = Number(process.env.NNC_SEED ?? Date.now() % 2 ** 31);
const optional = passes.filter((pass) => pass.optional).map(({ name }) => name);

/** How many of each kind have held, printed at the end. */
const held: Record<string, number> = {};

/** Draws until its share of the time is over, and counts what holds; `holds` is false of what cannot be judged. */
async function forShare<T>(
  name: string,
  share: number,
  arbitrary: fc.Arbitrary<T>,
  holds: (drawn: T, seed: number) => Promise<boolean | void> | boolean | void,
): Promise<void> {
  const until = Date.now() + minutes * 60_000 * share;
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.nat(1000), async (drawn, start) => {
      if (Date.now() > until) return;
      if ((await holds(drawn, start)) !== false) held[name] = (held[name] ?? 0) + 1;
    }),
    { seed, numRuns: 1e9, interruptAfterTimeLimit: minutes * 60_000 * share, markInterruptAsFailure: false },
  );
  expect(held[name]).toBeGreaterThan(0);
}

const timeout = minutes * 60_000 + 600_000;

beforeAll(() => process.stderr.write(`random graphs and models from seed ${seed}, for ${minutes} minutes\n`));
afterAll(() => process.stderr.write(`${JSON.stringify(held)}\n`));

/** The largest magnitude on the way to the nodes: what rounding is relative to. Undefined where something overflows. */
function magnitudeOf(nodes: readonly Node[], graph: RandomGraph): number | undefined {
  let largest = 1;
  for (const values of run(reachable(nodes), graph)) for (const x of values) largest = Math.max(largest, Math.abs(x));
  return largest < 1e5 ? largest : undefined;
}

function expectAlike(before: readonly Node[], after: readonly Node[], graph: RandomGraph, tolerance: number): void {
  const [expected, found] = [run(before, graph), run(after, graph)];
  expected.forEach((values, n) =>
    values.forEach((value, i) => {
      if (!(Math.abs(value - found[n][i]) <= tolerance))
        expect.fail(`output ${n}[${i}] is ${found[n][i]}, was ${value}`);
    }),
  );
}

describe('graphs', () => {
  it('keep their values, and have the derivatives that differences show', { timeout }, async () => {
    await forShare('graphs through the evaluator', 0.2, randomGraph({ steps: 10 }), (graph) => {
      const { g, loss, floats, outputs } = graph;
      const magnitude = magnitudeOf([loss], graph);
      if (magnitude === undefined) return false;
      expectAlike(outputs, simplify(outputs, g, 'value'), graph, 1e-11 * magnitude);
      const gradients = differentiate(loss, floats, g).filter((d) => d !== undefined);
      const steep = magnitudeOf(gradients, graph);
      if (steep === undefined) return false;
      expectAlike(gradients, simplify(gradients, g, 'derived', reachable([loss])), graph, 1e-10 * steep);
      linear(graph, steep);
      if (magnitude < 1e3 && showsDerivatives(graph))
        expect(slopeFaults(loss, floats, graph, g, 1e-6 * magnitude)).toEqual([]);
      return true;
    });
  });

  it('are the same as programs of ts and wasm, fused or not', { timeout }, () =>
    forShare('graphs on ts and wasm', 0.15, randomGraph({ steps: 10 }), (graph) =>
      agreeOnGraph(graph, { targets: ['ts', 'wasm'], without: [[], optional] }),
    ),
  );
});

/** The derivative of a weighted output is linear in the weights: that of u + 2·v is that of u, and twice that of v. */
function linear(graph: RandomGraph, steep: number): void {
  const { g, floats, of, sizes } = graph;
  const output = graph.outputs.find((node) => node.type.element.kind === 'f32' && node.inputs.length > 0);
  if (!output) return;
  const weights = ['first', 'second'].map((name) => g.make(input, [], { name: `${name} weights`, type: output.type }));
  const [u, v] = weights;
  const draw = createDraws(7);
  const values = {
    sizes,
    of: new Map([...of, ...weights.map((w) => [w, fillType(w.type, draw, undefined, sizes)] as const)]),
  };
  const both = g.make(add, [u, g.make(mul, [filled(g, 2, v.type), v], {})], {});
  const [one, other, together] = [u, v, both].map((w) => {
    const total = g.make(sum, [g.make(mul, [output, w], {})], { axes: output.type.shape.map((_, i) => i) });
    return differentiate(total, floats, g);
  });
  together.forEach((d, i) => {
    const [a, b] = [one[i], other[i]];
    if (!d || !a || !b) return expect([d, a, b]).toEqual([undefined, undefined, undefined]);
    const [sums, first, second] = run([d, a, b], values);
    sums.forEach((value, n) => {
      const expected = first[n] + 2 * second[n];
      if (!(Math.abs(value - expected) <= 1e-9 * Math.max(steep, Math.abs(expected))))
        expect.fail(`the derivative by ${String(floats[i].attrs.name)}[${n}] is ${value}, its parts give ${expected}`);
    });
  });
}

describe('models on ts and wasm', () => {
  it('agree with the evaluator', { timeout }, () =>
    forShare('models on ts and wasm', 0.07, randomModel, (model, start) => agree(model, start)),
  );

  it('agree with it when they are full of comparisons', { timeout }, () => {
    const judged = { calls: 0, judged: 0 };
    return forShare('models of comparisons on ts and wasm', 0.08, comparingModel, (model, start) =>
      agreeOnComparisons(model, start, judged),
    );
  });

  it('agree with it as networks of all layers', { timeout }, () =>
    forShare('networks on ts and wasm', 0.15, networkModel, (model, start) =>
      agree(model, start, { batches: [3, 1, 8], singles: true }),
    ),
  );

  it('agree with it when no optional pass runs', { timeout }, () =>
    forShare('networks without optional passes', 0.05, networkModel, (model, start) =>
      agree(model, start, { batches: [3], singles: true, without: optional }),
    ),
  );

  it('accumulate two halves to the whole', { timeout }, () =>
    forShare('halves that accumulate', 0.05, networkModel, accumulates),
  );
});

/** Two steps that accumulate halves of a batch change parameters as one step of all of it does. */
async function accumulates({ text, inputs }: RandomModel, start: number): Promise<void | false> {
  // Masks differ between the halves, statistics are of each, and a clamp of a cotangent is of one twice as large.
  if (/dropout|batch_norm|clipped/.test(text.slice(text.indexOf('model ')))) return false;
  for (const target of ['ts', 'wasm'] as const) {
    const whole = await importCode(await runnableText(text, { target }));
    const halves = await importCode(await runnableText(text.replace('train {', 'train { accumulate = 2 '), { target }));
    const [one, two] = [await whole.createTrainer({ seed: start }), await halves.createTrainer({ seed: start })];
    const all = inputs(6, start);
    one.step(all);
    for (const half of [0, 1])
      two.step(
        Object.fromEntries(
          Object.entries(all).map(([name, values]) => {
            const size = values.length / 2;
            return [name, values.slice(half * size, (half + 1) * size)];
          }),
        ),
      );
    for (const [name, values] of Object.entries(one.parameters))
      values.forEach((value, i) => {
        if (!(Math.abs(value - two.parameters[name][i]) <= 2e-5 * Math.max(1, Math.abs(value))))
          expect.fail(`${target}: ${name}[${i}] is ${two.parameters[name][i]}, of the whole ${value}, of:\n${text}`);
      });
  }
}

describe('on wgsl', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it('graphs are the same', { timeout }, () =>
    forShare('graphs on wgsl', 0.1, randomGraph({ steps: 10 }), async (graph) => {
      const judged = await agreeOnGraph(graph, { targets: ['wgsl'], gpu });
      expect(await gpu.errors()).toEqual([]);
      return judged;
    }),
  );

  it('networks agree with the evaluator', { timeout }, () =>
    forShare('networks on wgsl', 0.15, networkModel, async (model, start) => {
      await agree(model, start, { targets: ['wgsl'], gpu, batches: [3, 5], singles: true });
      expect(await gpu.errors()).toEqual([]);
    }),
  );
});
