// Random loops: whatever bodies carry, hand on and emit, targets agree with the reference evaluator, and nothing that lives at once overlaps.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Builder, Node } from '../../src/ir/graph.js';
import { constant as whole } from '../../src/ir/index.js';
import { add, mul, neg } from '../../src/ir/ops/arithmetic.js';
import { contract } from '../../src/ir/ops/contract.js';
import { less, select } from '../../src/ir/ops/logic.js';
import { broadcast, concat, slice } from '../../src/ir/ops/movement.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { tanh } from '../../src/ir/ops/transcendental.js';
import { verifyProgram } from '../../src/ir/verifyProgram.js';
import { dim, type Dim } from '../../src/ir/types.js';
import { run } from '../support/centralDifferences.js';
import { batch, flipped, loop, modelOfLoops, type LoopCase } from '../support/loops.js';
import { valuesFor } from '../support/outputsModel.js';
import { runnable } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { targets } from '../../src/targets.js';
import { constant, evaluateSizes, zero } from '../../src/ir/index.js';

const width: Dim = dim(whole(4));
const rounds: Dim = dim(whole(3), 'T');
const plain = {};

/** What a body is grown from: numbers that choose operations, operands and results. */
interface Recipe {
  readonly steps: readonly (readonly [number, number, number])[];
  readonly carried: number;
  readonly next: readonly number[];
  readonly emits: readonly number[];
  readonly wanted: readonly number[];
  readonly inner?: Recipe;
}

const natural = fc.nat(1000);
const recipeOf = (inner: fc.Arbitrary<Recipe | undefined>): fc.Arbitrary<Recipe> =>
  fc.record({
    steps: fc.array(fc.tuple(natural, natural, natural), { minLength: 1, maxLength: 7 }),
    carried: fc.integer({ min: 1, max: 3 }),
    next: fc.array(natural, { minLength: 3, maxLength: 3 }),
    emits: fc.array(natural, { maxLength: 2 }),
    wanted: fc.array(natural, { minLength: 1, maxLength: 3 }),
    inner,
  });
const recipe = recipeOf(fc.oneof(fc.constant(undefined), recipeOf(fc.constant(undefined))));

/** One more node of [batch, 4] from two others. */
function grow(g: Builder, kind: number, a: Node, b: Node, weights: Node): Node {
  const half = (from: number, of: Node): Node =>
    g.make(slice, [of], { starts: [zero, constant(from)], steps: [1, 1], sizes: [batch, dim(whole(2))] });
  switch (kind % 8) {
    case 0:
      return g.make(add, [a, b], plain);
    case 1:
      return g.make(mul, [a, b], plain);
    case 2:
      return g.make(tanh, [a], plain);
    case 3:
      return g.make(neg, [b], plain);
    case 4:
      return g.make(
        tanh,
        [g.make(contract, [a, weights], { left: ['b', 'i'], right: ['i', 'o'], out: ['b', 'o'] })],
        plain,
      );
    case 5:
      return g.make(broadcast, [g.make(sum, [a], { axes: [1] })], { shape: a.type.shape, axes: [1] });
    case 6:
      return g.make(select, [g.make(less, [a, b], plain), b, a], plain);
    default:
      return g.make(concat, [half(2, a), half(0, b)], { axis: 1 });
  }
}

interface Outside {
  readonly sequences: readonly Node[];
  readonly starts: readonly Node[];
  readonly weights: Node;
  readonly depth: number;
}

/** The results that the recipe wants of its loop: those of [batch, 4], and longer ones. */
function resultsOf(g: Builder, made: Recipe, { sequences, starts, weights, depth }: Outside): Node[] {
  const first = starts.slice(0, made.carried);
  const results = loop(
    g,
    { depth, length: rounds, sequences, starts: first, captured: [weights] },
    (slices, carried, [w]) => {
      const pool = [...slices, ...carried];
      const pick = (at: number): Node => pool[at % pool.length];
      for (const [kind, a, b] of made.steps) pool.push(grow(g, kind, pick(a), pick(b), w));
      if (made.inner) {
        // What the inner loop goes over is the same in each of its rounds.
        const rows = g.make(broadcast, [pick(made.steps[0][1])], { shape: [rounds, batch, width], axes: [0] });
        const inside = { sequences: [rows], starts: [pick(1), pick(2), pick(3)], weights: w, depth: depth + 1 };
        pool.push(...resultsOf(g, made.inner, inside).filter(({ type }) => type.shape.length === 2));
      }
      return { next: first.map((_, k) => pick(made.next[k] + 3)), emits: made.emits.map((at) => pick(at + 2)) };
    },
  );
  return made.wanted.map((at) => {
    const k = at % made.carried;
    if (at % 3 === 0 && made.emits.length > 0) return results.emit(at % made.emits.length);
    return at % 3 === 1 ? results.stack(k) : results.final(k);
  });
}

function caseOf(made: Recipe, second: Recipe): LoopCase {
  return {
    name: 'random',
    build({ g, fed }) {
      const [x, y] = [fed('x', [rounds, batch, width]), fed('y', [rounds, batch, width])];
      const starts = ['a', 'b', 'c'].map((name) => fed(name, [batch, width]));
      const weights = fed('W', [width, width]);
      const results = resultsOf(g, made, { sequences: [x, flipped(g, y)], starts, weights, depth: 0 });
      const last = results.filter(({ type }) => type.shape.length === 2);
      const again = resultsOf(g, second, { sequences: [y], starts: [...last, ...starts], weights, depth: 0 });
      return Object.fromEntries([...new Set([...results, ...again])].map((node, i) => [`r${i}`, node]));
    },
  };
}

const size = { batch: 3, time: 1 };

it('agree with the evaluator', { timeout: 170_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(recipe, recipe, async (made, second) => {
      const model = modelOfLoops(caseOf(made, second));
      const values = valuesFor(model, size);
      const of = new Map([...values].map(([node, data]) => [node, data.map(Math.fround)]));
      const wanted = run(
        model.outputs.map(({ node }) => node),
        { of, sizes: size },
      );
      const inputs = Object.fromEntries(
        [...of].map(([node, data]) => [
          String(node.attrs.name),
          { data: Float32Array.from(data), shape: node.type.shape.map((d) => evaluateSizes(d.size, () => size.batch)) },
        ]),
      );
      for (const target of ['ts', 'wasm'] as const) {
        const program = model.program(targets[target]);
        expect(verifyProgram(program)).toEqual([]);
        const trainer = await (await importCode(await runnable(program, { target }))).createTrainer();
        const found = trainer.predict(inputs);
        model.outputs.forEach(({ name }, i) =>
          wanted[i].forEach((value, at) => {
            // What grows far has lost as much.
            const apart = Math.abs(found[name][at] - value) / Math.max(1, Math.abs(value));
            if (!(apart < 1e-3)) expect.fail(`${name}[${at}] is ${found[name][at]}, not ${value}`);
          }),
        );
      }
    }),
    { numRuns: 25, seed: 4 },
  );
});
