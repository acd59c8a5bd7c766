// How much arithmetic an operation of the graph is on its own, read off its element rule: what a kernel's work is divided by among those it fuses.
import { addressOf, loadElement } from '../../ir/elements.js';
import { isOp, type Element, type Node } from '../../ir/graph.js';
import { axis, constantOf, evaluateSizes, toIndex, zero, type Index } from '../../ir/index.js';
import { recurrence } from '../../ir/ops/recurrence.js';
import { isLanes, type Buffer, type Scalar } from '../../ir/scalar.js';
import { elementCount } from '../../ir/types.js';
import { partsOf } from '../../ir/walk.js';
import { counted, type SizeOf } from '../flops.js';

/** What all elements of a node take, its inputs being there. */
export interface Arithmetic {
  /** Additions, multiplications, divisions and functions. */
  readonly all: number;
  /** So many of them add the first term of a sum to nothing: where a sum is written out, they are not done. */
  readonly first: number;
  /** How many terms the longest sum has. */
  readonly terms: number;
}

const none: Arithmetic = { all: 0, first: 0, terms: 0 };

export function arithmeticOf(node: Node, sizeOf: SizeOf): Arithmetic {
  const elements = evaluateSizes(elementCount(node.type), sizeOf);
  // Each element is one product or sum with the one before.
  if (isOp(node, recurrence)) return { ...none, all: elements };
  const { op, inputs, type } = node;
  if (op.kind !== 'element' || inputs.length === 0) return none;
  const at = type.shape.map(({ size }, i): Index => (constantOf(size) === 1 ? zero : toIndex(axis(`i${i}`, size))));
  const read = inputs.map(({ type: of }, n): Element => {
    const from: Buffer = {
      name: `input ${n}`,
      space: 'input',
      dtype: of.element.kind === 'f32' ? 'f32' : 'i32',
      length: elementCount(of),
    };
    return (place) => loadElement(from, addressOf(of, place), of);
  });
  const { all, first, terms } = inScalar(op.element(at, read, node), sizeOf, new Set());
  return { all: elements * all, first: elements * first, terms };
}

function inScalar(value: Scalar, sizeOf: SizeOf, seen: Set<string>): Arithmetic {
  if (seen.has(value.key)) return none;
  seen.add(value.key);
  const inside = partsOf(value)
    .map((part) => inScalar(part, sizeOf, seen))
    .reduce((a, b) => ({ all: a.all + b.all, first: a.first + b.first, terms: Math.max(a.terms, b.terms) }), none);
  if (value.kind === 'fold') {
    const terms = value.over.reduce((n, { extent }) => n * evaluateSizes(extent, sizeOf), 1);
    const added = value.type === 'f32' ? 1 : 0;
    return {
      all: terms * (inside.all + added),
      first: terms * inside.first + added,
      terms: Math.max(terms, inside.terms),
    };
  }
  const own = value.kind === 'apply' && value.type === 'f32' && counted.has(value.op);
  return own ? { ...inside, all: inside.all + (isLanes(value) ? 4 : 1) } : inside;
}
