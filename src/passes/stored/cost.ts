// What one element of a node costs by its own rule, and how often it reads each input: the figures that fuse decides by.
import { axesOf, axis, toIndex, type Index } from '../../ir/index.js';
import { costOfOp } from '../../ir/nest/cost.js';
import { iterationsOf, type Estimate } from '../../ir/nest/sizes.js';
import { partsOf } from '../../ir/walk.js';
import { isOp, type Node } from '../../ir/graph.js';
import { recurrence } from '../../ir/ops/recurrence.js';
import { addressOf, loadElement } from '../../ir/elements.js';
import type { Buffer, Scalar, ScalarOp } from '../../ir/scalar.js';
import { elementCount } from '../../ir/types.js';

export interface RuleCost {
  /** Of one element, inputs taken as loads: load 1, arithmetic 1, select 2, exp and the like 10, fold = extent × (1 + body). */
  readonly cost: number;
  /** How often one element reads each input. */
  readonly reads: readonly number[];
  readonly folds: boolean;
  /** Does it read at coordinates that quotients take apart? */
  readonly divides: boolean;
}

/** The cost of a node's own element rule; zero for leaves and for results of loops, whose bodies have costs of their own. */
export function costOf(node: Node, estimate: Estimate): RuleCost {
  const { op } = node;
  // A nest of its own: what it reads of sums is stored.
  if (isOp(node, recurrence)) return { cost: 2, reads: node.inputs.map(() => 1), folds: true, divides: false };
  if (op.kind !== 'element') return { cost: 0, reads: [], folds: false, divides: false };
  const placeholders = node.inputs.map((input): Buffer => ({
    name: 'in',
    space: 'arena',
    dtype: input.type.element.kind === 'f32' ? 'f32' : 'i32',
    length: elementCount(input.type),
  }));
  const counter = new Map<Buffer, number>();
  let folds = false;
  let divides = false;
  const at = node.type.shape.map((d, i) => toIndex(axis(`i${i}`, d.size)));
  const value = op.element(
    at,
    node.inputs.map((input, i) => (where) => {
      divides ||= where.some(isTakenApart);
      return loadElement(placeholders[i], addressOf(input.type, where), input.type);
    }),
    node,
  );

  const visit = (scalar: Scalar, times: number, seen: Set<string>): number => {
    if (seen.has(scalar.key)) return 0;
    seen.add(scalar.key);
    if (scalar.kind === 'fold') {
      folds = true;
      const extent = iterationsOf(scalar.over, estimate);
      return extent * (1 + visit(scalar.body, times * extent, new Set(seen)));
    }
    // A truth is kept as a number: that it is compared with 0 is part of loading it.
    const kept = loadedTruth(scalar);
    if (kept) return visit(kept, times, seen);
    let own = 0;
    if (scalar.kind === 'load') {
      counter.set(scalar.from, (counter.get(scalar.from) ?? 0) + times);
      own = 1;
    } else if (scalar.kind === 'apply' && !conversions.has(scalar.op)) own = costOfOp(scalar.op);
    return partsOf(scalar).reduce((sum, part) => sum + visit(part, times, seen), own);
  };
  const cost = visit(value, 1, new Set());
  return { cost, reads: placeholders.map((p) => counter.get(p) ?? 0), folds, divides };
}

function isTakenApart({ terms }: Index): boolean {
  return terms.some(({ atoms }) => atoms.some((part) => part.kind === 'quotient' && axesOf(part.of).size > 0));
}

/** The load of what `loadElement` makes a truth. */
function loadedTruth(scalar: Scalar): Scalar | undefined {
  if (scalar.kind !== 'apply' || scalar.op !== 'not') return undefined;
  const [compared] = scalar.args;
  if (compared.kind !== 'apply' || compared.op !== 'eq') return undefined;
  const [loaded, zero] = compared.args;
  return loaded.kind === 'load' && zero.kind === 'number' && zero.value === 0 ? loaded : undefined;
}

const conversions: ReadonlySet<ScalarOp> = new Set(['f32', 'i32', 'u32']);
