// Sums of products: as a product of matrices where they are one, else as ONNX's Einsum.
import type { NodeOf } from '../../ir/graph.js';
import type { contract } from '../../ir/ops/contract.js';
import { labelOf } from './elementwise.js';
import { transposed } from './movement.js';
import type { Value, Writer } from './writer.js';

type Contract = NodeOf<typeof contract>;

export function contracted(node: Contract, writer: Writer): Value {
  const [a, b] = node.inputs.map((input) => writer.of(input));
  const matrices = matricesOf(node);
  if (!matrices)
    return writer.add('Einsum', [a, b], {
      attributes: { equation: { text: equationOf(node) } },
      name: labelOf(node, 'Einsum'),
    });
  const { left, right, result } = matrices;
  const { attrs } = node;
  const name = labelOf(node, 'MatMul');
  if (isGemm(node, matrices)) {
    const attributes = {
      ...(attrs.left[0] !== left[0] && { transA: { int: 1 } }),
      ...(attrs.right[0] !== right[0] && { transB: { int: 1 } }),
    };
    return transposed(writer.add('Gemm', [a, b], { attributes, name }), orderOf(result, attrs.out), writer);
  }
  // A vector is a column or a row, since engines err where they put one together with what is transposed.
  const column = right.length === 1 ? [1] : [];
  const row = left.length === 1 ? [0] : [];
  const added = [...(row.length > 0 ? [0] : []), ...(column.length > 0 ? [result.length + row.length] : [])];
  const product = writer.add(
    'MatMul',
    [
      widened(transposed(a, orderOf(attrs.left, left), writer), row, writer),
      widened(transposed(b, orderOf(attrs.right, right), writer), column, writer),
    ],
    { name },
  );
  const squeezed = added.length === 0 ? product : writer.add('Squeeze', [product, writer.list(added)]);
  return transposed(squeezed, orderOf(result, attrs.out), writer);
}

/** Of two matrices one stands on its side: Gemm turns it. */
function isGemm({ attrs }: Contract, { left, right }: Matrices): boolean {
  return left.length === 2 && right.length === 2 && (attrs.left[0] !== left[0] || attrs.right[0] !== right[0]);
}

function widened(value: Value, axes: readonly number[], writer: Writer): Value {
  return axes.length === 0 ? value : writer.add('Unsqueeze', [value, writer.list(axes)]);
}

interface Matrices {
  /** The labels of each operand and of the result in the order that MatMul has them. */
  readonly left: readonly string[];
  readonly right: readonly string[];
  readonly result: readonly string[];
}

/** A product of matrices: one label is summed over, and each side has one of its own, or any number where nothing is batched. */
export function matricesOf({ attrs: { left, right, out } }: Contract): Matrices | undefined {
  const batch = out.filter((l) => left.includes(l) && right.includes(l));
  const folded = left.filter((l) => right.includes(l) && !out.includes(l));
  const rows = out.filter((l) => !right.includes(l));
  const columns = out.filter((l) => !left.includes(l));
  if (folded.length !== 1 || columns.length > 1) return undefined;
  if (batch.length > 0 && (rows.length !== 1 || columns.length !== 1)) return undefined;
  return {
    left: [...batch, ...rows, ...folded],
    right: [...batch, ...folded, ...columns],
    result: [...batch, ...rows, ...columns],
  };
}

/** The order of axes by which labels become others. */
export function orderOf(from: readonly string[], to: readonly string[]): number[] {
  return to.map((label) => from.indexOf(label));
}

/** `abc,cd->abd` */
function equationOf({ attrs: { left, right, out } }: Contract): string {
  const all = [...new Set([...left, ...right])];
  const spelled = (labels: readonly string[]): string =>
    labels.map((l) => String.fromCharCode(97 + all.indexOf(l))).join('');
  return `${spelled(left)},${spelled(right)}->${spelled(out)}`;
}
