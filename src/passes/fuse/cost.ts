// What one element of a node costs by its own rule, and how often it reads each input: the figures that fuse decides by.
import { add, axis, evaluate, mul, toIndex, type Index } from '../../ir/index.js';
import type { Node } from '../../ir/graph.js';
import { loadElement } from '../../ir/elements.js';
import type { Buffer, Scalar, ScalarOp } from '../../ir/scalar.js';
import { elementCount, stridesOf, type TensorType } from '../../ir/types.js';

/** The assumed value of a run-time size: the train block's batch, else 64. */
export type Estimate = (size: string) => number;

export interface RuleCost {
  /** Of one element, inputs taken as loads: load 1, arithmetic 1, select 2, exp and the like 10, fold = extent × (1 + body). */
  readonly cost: number;
  /** How often one element reads each input. */
  readonly reads: readonly number[];
  readonly folds: boolean;
}

const dear: ReadonlySet<ScalarOp> = new Set(['exp', 'log', 'log1p', 'expm1', 'sin', 'cos', 'tanh', 'erf', 'pow']);

/** The cost of a node's own element rule; zero for leaves. */
export function costOf(node: Node, estimate: Estimate): RuleCost {
  const { op } = node;
  if (op.kind === 'leaf') return { cost: 0, reads: [], folds: false };
  const placeholders = node.inputs.map((input): Buffer => ({
    name: 'in',
    space: 'arena',
    dtype: input.type.element.kind === 'f32' ? 'f32' : 'i32',
    length: elementCount(input.type),
  }));
  const counter = new Map<Buffer, number>();
  let folds = false;
  const at = node.type.shape.map((d, i) => toIndex(axis(`i${i}`, d.size)));
  const value = op.element(
    at,
    node.inputs.map((input, i) => (where) => loadElement(placeholders[i], flat(input.type, where), input.type)),
    node,
  );

  const visit = (scalar: Scalar, times: number, seen: Set<string>): number => {
    if (seen.has(scalar.key)) return 0;
    seen.add(scalar.key);
    switch (scalar.kind) {
      case 'number':
      case 'local':
        return 0;
      case 'index':
        return visitIndex(scalar.of, times, seen);
      case 'load':
        counter.set(scalar.from, (counter.get(scalar.from) ?? 0) + times);
        return 1 + visitIndex(scalar.at, times, seen);
      case 'apply': {
        const own = scalar.op === 'select' ? 2 : dear.has(scalar.op) ? 10 : conversions.has(scalar.op) ? 0 : 1;
        return scalar.args.reduce((sum, arg) => sum + visit(arg, times, seen), own);
      }
      case 'fold': {
        folds = true;
        const extent = scalar.over.reduce((n, a) => n * valueOf(a.extent, estimate), 1);
        return extent * (1 + visit(scalar.body, times * extent, new Set(seen)));
      }
      case 'splat':
      case 'lane':
        return visit(scalar.of, times, seen);
      default:
        return scalar satisfies never;
    }
  };
  const visitIndex = (index: Index, times: number, seen: Set<string>): number => {
    let sum = 0;
    for (const term of index.terms)
      for (const part of term.atoms) if (part.kind === 'element') sum += visit(part.of, times, seen);
    return sum;
  };
  const cost = visit(value, 1, new Set());
  return { cost, reads: placeholders.map((p) => counter.get(p) ?? 0), folds };
}

const conversions: ReadonlySet<ScalarOp> = new Set(['f32', 'i32', 'u32']);

/** The row-major address of a coordinate. */
export function flat(type: TensorType, at: readonly Index[]): Index {
  const strides = stridesOf(type);
  return add(...at.map((coordinate, i) => mul(coordinate, strides[i])));
}

/** A size or extent with run-time sizes as estimated. */
export function valueOf(size: Index, estimate: Estimate): number {
  return evaluate(size, (part) => {
    if (part.kind === 'size') return estimate(part.name);
    if (part.kind === 'quotient') return Math.floor(valueOf(part.of, estimate) / valueOf(part.by, estimate));
    throw new Error(`an extent has no ${part.kind}`);
  });
}
