// What stands within the network for some rows: weights, values on the way, and the gradient of the loss by each of them.
import { sizesOfInputs } from '../../../src/inspect/check/point.js';
import { derivationOf } from '../../../src/inspect/derivation/derivation.js';
import type { CotangentStep, Derivation, Step } from '../../../src/inspect/derivation/data.js';
import { valuesAt, type At } from '../../../src/inspect/derivation/numbers.js';
import { weightsIn } from '../../../src/inspect/derivation/weights.js';
import { evaluateSizes } from '../../../src/ir/index.js';
import { elementCount } from '../../../src/ir/types.js';
import type { Node } from '../../../src/ir/graph.js';
import type { ModelGraph } from '../../../src/ir/model.js';
import { firstRows } from '../data/rows.js';
import { running, type Run } from './run.js';

/** A tensor as a picture shows it. */
export interface Shown {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

export interface Pair {
  readonly name: string;
  /** Lines of the model, from 1. */
  readonly lines: readonly number[];
  readonly value: Shown;
  readonly gradient?: Shown & { readonly name: string };
}

export interface Inside {
  readonly rows: number;
  readonly parameters: readonly Pair[];
  readonly activations: readonly Pair[];
}

/** Larger tensors are left out. */
const most = 2 ** 18;

/** So many numbers that belong to rows are worked in a moment, by the reference evaluator: a transformer shows one row, a digit 16. */
const mostOfRows = 2 ** 19;

/** Derivations of the models that were asked for: the last one. */
let known: { readonly model: ModelGraph; readonly derivation: Derivation } | undefined;

/** For the first rows: `mostRows`, or as many as are worked in a moment. */
export async function inside(mostRows: number): Promise<Inside> {
  const run = running();
  const { model } = run;
  if (known?.model !== model) known = { model, derivation: derivationOf(model) };
  const { forward, backward, parameters } = known.derivation;
  const at = await pointOf(run, Math.min(mostRows, rowsWithin(known.derivation)));
  const sizeOf = (name: string): number => at.sizes[name] ?? 1;
  const shapeOf = (node: Node): number[] => node.type.shape.map(({ size }) => evaluateSizes(size, sizeOf));
  const isShown = ({ node }: Step): boolean =>
    node !== undefined && shapeOf(node).reduce((product, size) => product * size, 1) <= most;
  const [before, after, ends] = [forward, backward, parameters].map((steps) => steps.filter(isShown));
  const nodes = [...before, ...after, ...ends].flatMap(({ node }) => node ?? []);
  const numbers = valuesAt([...new Set(nodes)], model, at);
  const shown = ({ node }: Step): Shown | undefined => {
    const found = node && numbers.get(node);
    return found && { shape: shapeOf(node), values: Float32Array.from(found) };
  };
  const gradients = new Map(
    [...after, ...ends].flatMap((step) => (isCotangent(step) ? [[step.value, step] as const] : [])),
  );
  const pairOf = (name: string, lines: readonly number[], value: Shown): Pair => {
    const step = gradients.get(name);
    const gradient = step && shown(step);
    return { name, lines, value, ...(step && gradient && { gradient: { ...gradient, name: step.name } }) };
  };
  return {
    rows: Object.values(at.sizes)[0] ?? 1,
    parameters: model.parameters.flatMap(({ name, type }) => {
      const values = at.tensors.get(name);
      if (!values || values.length > most) return [];
      const shape = type.shape.map(({ size }) => evaluateSizes(size, sizeOf));
      const lines = gradients.get(name)?.lines.map(({ line }) => line) ?? [];
      return [pairOf(name, lines, { shape, values: Float32Array.from(values) })];
    }),
    activations: before.flatMap((step) => {
      const value = shown(step);
      return value && value.values.length > 1
        ? [
            pairOf(
              step.name,
              step.lines.map(({ line }) => line),
              value,
            ),
          ]
        : [];
    }),
  };
}

function rowsWithin({ forward, backward }: Derivation): number {
  const nodes = [...forward, ...backward].flatMap(({ node }) => node ?? []);
  const numbers = (rows: number): number =>
    nodes.reduce((sum, { type }) => sum + evaluateSizes(elementCount(type), () => rows), 0);
  const each = numbers(2) - numbers(1);
  return Math.max(1, Math.floor(mostOfRows / Math.max(1, each)));
}

function isCotangent(step: Step): step is CotangentStep {
  return 'value' in step;
}

async function pointOf({ model, rows, trainer }: Run, count: number): Promise<At> {
  const inputs = firstRows(rows, count);
  const taken = Math.min(count, rows.data.rows);
  const sizes = Object.fromEntries(sizesOfInputs(model).map((name) => [name, taken]));
  const bytes = await trainer.save();
  return { name: 'now', inputs, sizes, ...weightsIn(bytes, model.train.seed, (reason) => new Error(reason)) };
}
