// Random typed graphs over the primitive operations, with values for their leaves: what passes are held against.
import fc from 'fast-check';
import { createBuilder, nameNode } from '../../src/ir/builder.js';
import { isOp, type Builder, type Node } from '../../src/ir/graph.js';
import { constant, size } from '../../src/ir/index.js';
import { counter, input } from '../../src/ir/ops/leaves.js';
import { add } from '../../src/ir/ops/arithmetic.js';
import { constant as scalar } from '../../src/ir/ops/constants.js';
import { stopGradient } from '../../src/ir/ops/control.js';
import { ownGradient } from '../../src/ir/ops/ownGradient.js';
import { bodyRoots, scan } from '../../src/ir/ops/scan.js';
import { reachable } from '../../src/ir/reachable.js';
import { isUntrue } from './growths/structured.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { dim, f32, tensor, type Dim } from '../../src/ir/types.js';
import type { Values } from './centralDifferences.js';
import { growths } from './growths.js';
import { grown } from './growths/growing.js';
import { createDraws, fillType } from './sampleTypes.js';

export interface RandomGraph extends Values {
  readonly g: Builder;
  readonly outputs: readonly Node[];
  /** The f32 inputs: what can be differentiated by. */
  readonly floats: readonly Node[];
  /** A scalar that depends on every f32 output. */
  readonly loss: Node;
}

export interface RandomGraphOptions {
  /** How many operations at most; default 12. */
  readonly steps?: number;
  /** The size that `batch` stands for; default 2 or 3. */
  readonly batch?: number;
}

/** What one step of a recipe holds: which growth, on which nodes, with which details. */
const step = fc.tuple(fc.nat(), fc.array(fc.nat(4095), { minLength: 12, maxLength: 12 }));

/**
 * Graphs of every op over f32, index and bool inputs, with a run-time batch, loops and declared derivatives. Floor, sign and the like
 * stand on inputs only, and computed values are compared with what they do not come to, so that rounding decides nothing; what divides, or
 * whose logarithm is taken, is kept away from 0.
 */
export function randomGraph({ steps = 12, batch }: RandomGraphOptions = {}): fc.Arbitrary<RandomGraph> {
  const sizes = batch === undefined ? fc.constantFrom(2, 3) : fc.constant(batch);
  return fc
    .tuple(fc.array(step, { minLength: 1, maxLength: steps, size: 'max' }), sizes, fc.nat(1000))
    .map(([recipe, chosen, seed]) => grow(recipe, { batch: chosen }, seed));
}

function grow(
  recipe: readonly (readonly [number, readonly number[]])[],
  sizes: Readonly<Record<string, number>>,
  seed: number,
): RandomGraph {
  const g = createBuilder();
  const leaves = makeLeaves(g);
  const pool = [...leaves];
  for (const [kind, choices] of recipe) {
    const of = { g, pool, leaves, choose: createChoices(choices), sizes, depth: 0, growths };
    for (const made of grown(growths[kind % growths.length], of)) {
      if (choices[11] % 8 === 0 && made.inputs.length > 0) nameNode(made, `h${pool.length}`);
      pool.push(made);
    }
  }
  const read = new Set(pool.flatMap((node) => node.inputs));
  const ends = pool.filter((node) => node.inputs.length > 0 && !read.has(node));
  const outputs = ends.length > 0 ? ends : [pool[0]];
  const draw = createDraws(seed);
  return {
    g,
    outputs,
    floats: leaves.filter((leaf) => leaf.type.element.kind === 'f32'),
    loss: lossOf(outputs, g),
    of: new Map(leaves.map((leaf) => [leaf, fillType(leaf.type, draw, undefined, sizes)])),
    sizes,
  };
}

/** All nodes that some are made of, those in the bodies of loops among them. */
function within(nodes: readonly Node[]): Node[] {
  const found = reachable(nodes);
  const bodies = found.flatMap((node) => (isOp(node, scan) ? bodyRoots([node]) : []));
  return bodies.length > 0 ? [...found, ...within(bodies)] : found;
}

/** Whether differences show its derivatives: nothing keeps them back, and those that are declared are true. */
export function showsDerivatives({ loss }: RandomGraph): boolean {
  return !within([loss]).some(
    (node) => isOp(node, stopGradient) || (isOp(node, ownGradient) && isUntrue(node.attrs.gradient)),
  );
}

export const batch: Dim = dim(size('batch'), 'batch');

function makeLeaves(g: Builder): Node[] {
  const of = (n: number, name?: string): Dim => dim(constant(n), name);
  const three = { kind: 'index', size: constant(3) } as const;
  const leaf = (name: string, shape: readonly Dim[], element: Parameters<typeof tensor>[1] = f32): Node =>
    g.make(input, [], { name, type: tensor(shape, element) });
  return [
    leaf('x', [batch, of(3, 'n')]),
    leaf('y', [batch, of(3)]),
    leaf('w', [of(3), of(2, 'units')]),
    leaf('table', [of(3), of(1), of(2)]),
    leaf('s', []),
    leaf('v', [batch]),
    leaf('label', [batch], three),
    leaf('ids', [of(2)], three),
    leaf('mask', [batch, of(3)], { kind: 'bool' }),
    g.make(counter, [], { name: 'seed' }),
  ];
}

/** Choices one after another; where they are used again, they are other ones. */
function createChoices(choices: readonly number[]): (below: number) => number {
  let next = 0;
  return (below) => {
    if (below <= 1) return 0;
    const [at, lap] = [next % choices.length, Math.floor(next / choices.length)];
    next++;
    return (choices[at] * (2 * lap + 1) + 7 * lap) % below;
  };
}

/** The sum of all elements of the f32 outputs. */
function lossOf(outputs: readonly Node[], g: Builder): Node {
  const totals = outputs
    .filter((node) => node.type.element.kind === 'f32')
    .map((node) => g.make(sum, [node], { axes: node.type.shape.map((_, i) => i) }));
  const [first, ...rest] = totals.length > 0 ? totals : [g.make(scalar, [], { value: 0 })];
  return rest.reduce<Node>((a, b) => g.make(add, [a, b], {}), first);
}
