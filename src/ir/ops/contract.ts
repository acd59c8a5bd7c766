// Einsum of two: every matrix product, batched or not, and its derivatives.
import { axis, toIndex, type Axis } from '../index.js';
import { binding, type Builder, type Node, type Op, type Written } from '../graph.js';
import { apply, fold } from '../scalar.js';
import { tensor, type Dim } from '../types.js';
import { broadcast } from './movement.js';
import { sum } from './reductions.js';

export type Labels = { left: readonly string[]; right: readonly string[]; out: readonly string[] };

/** Invariant: each label stands once in an operand, and in the other operand or in `out`. */
export const contract: Op<Labels> = {
  kind: 'element',
  name: 'contract',
  summary: 'The sum of products over the labels that `out` lacks: einsum of two tensors.',
  type: ([a, b], { left, right, out }) => {
    const dims = new Map<string, Dim>();
    const note = (labels: readonly string[], shape: readonly Dim[]): void =>
      labels.forEach((label, i) => {
        const known = dims.get(label);
        if (known && known.size.key !== shape[i].size.key) throw new Error(`contract: ${label} has two sizes`);
        if (!known || known.name === undefined) dims.set(label, shape[i]);
      });
    note(left, a.shape);
    note(right, b.shape);
    return tensor(out.map((label) => dims.get(label) ?? unknownLabel(label)));
  },
  element: (at, [a, b], { inputs: [x, y], attrs: { left, right, out } }) => {
    const axes = new Map<string, Axis>();
    for (const [labels, source] of [
      [left, x],
      [right, y],
    ] as const)
      labels.forEach((label, i) => {
        if (!out.includes(label) && !axes.has(label)) axes.set(label, axis(label, source.type.shape[i].size));
      });
    const place = (label: string) => {
      const folded = axes.get(label);
      return folded ? toIndex(folded) : at[out.indexOf(label)];
    };
    return fold('add', [...axes.values()], apply('mul', a(left.map(place)), b(right.map(place))));
  },
  // d(a·b) = da·b + a·db: each is a contraction with the labels exchanged.
  vjp: (d, { inputs: [a, b], attrs: { left, right, out } }, g) => [
    partial(d, out, b, right, a, left, g),
    partial(d, out, a, left, b, right, g, true),
  ],
  notation: { kind: 'form', write: ([a, b], node, style) => writeContract(a, b, node.attrs, style) },
  samples: [
    { inputs: ['f32[2, 3]', 'f32[3, 4]'], attrs: { left: ['i', 'k'], right: ['k', 'j'], out: ['i', 'j'] } },
    { inputs: ['f32[3, 2]', 'f32[3, 4]'], attrs: { left: ['k', 'i'], right: ['k', 'j'], out: ['i', 'j'] } },
    {
      inputs: ['f32[2, 3, 4]', 'f32[2, 5, 4]'],
      attrs: { left: ['b', 'i', 'k'], right: ['b', 'j', 'k'], out: ['b', 'i', 'j'] },
    },
    { inputs: ['f32[3]', 'f32[3]'], attrs: { left: ['k'], right: ['k'], out: [] } },
    { inputs: ['f32[2]', 'f32[3]'], attrs: { left: ['i'], right: ['j'], out: ['i', 'j'] } },
  ],
};

function unknownLabel(label: string): never {
  throw new Error(`contract: ${label} is in no operand`);
}

/** The cotangent of the operand `of`: d times the other operand, over the labels that `of` lacks. */
function partial(
  d: Node,
  out: readonly string[],
  other: Node,
  otherLabels: readonly string[],
  of: Node,
  labels: readonly string[],
  g: Builder,
  otherFirst = false,
): Node {
  // A label of `of` that is in neither d nor the other operand was summed alone: its derivative repeats.
  const reached = labels.filter((l) => out.includes(l) || otherLabels.includes(l));
  const product = otherFirst
    ? g.make(contract, [other, d], { left: otherLabels, right: out, out: reached })
    : g.make(contract, [d, other], { left: out, right: otherLabels, out: reached });
  if (reached.length === labels.length) return product;
  return g.make(broadcast, [product], {
    shape: of.type.shape,
    axes: labels.flatMap((l, i) => (reached.includes(l) ? [] : [i])),
  });
}

/** `a @ b` with transposes where it is a product of matrices, else einsum. */
function writeContract(a: Written, b: Written, { left, right, out }: Labels, style: 'nn' | 'math'): Written {
  const batch = out.filter((l) => left.includes(l) && right.includes(l));
  const folded = left.filter((l) => !out.includes(l));
  const [rows, columns] = [left.filter((l) => !right.includes(l)), right.filter((l) => !left.includes(l))];
  const plain =
    folded.length === 1 &&
    rows.length <= 1 &&
    columns.length <= 1 &&
    out.join() === [...batch, ...rows, ...columns].join() &&
    startsWith(left, batch) &&
    startsWith(right, batch);
  const broadcastRows =
    folded.length === 1 &&
    batch.length === 0 &&
    columns.length <= 1 &&
    out.join() === [...rows, ...columns].join() &&
    left[left.length - 1] === folded[0];
  if (!plain && !broadcastRows) {
    return {
      text: `einsum("${left.join('')},${right.join('')}->${out.join('')}", ${a.text}, ${b.text})`,
      level: binding.atom,
    };
  }
  const turn = (x: Written, turned: boolean): string => {
    // In mathematics a product is written side by side: what divides or multiplies otherwise stands in parentheses.
    const loosest = style === 'math' ? binding.negation : binding.product;
    if (!turned) return x.level < loosest ? `(${x.text})` : x.text;
    if (style === 'nn') return `transpose(${x.text})`;
    return `${x.level < binding.atom ? `(${x.text})` : x.text}ᵀ`;
  };
  const leftText = turn(a, plain && rows.length === 1 && left[left.length - 1] !== folded[0]);
  const turnRight = columns.length === 1 && right[right.length - 1] === folded[0];
  const rightText = turn(
    turnRight ? b : { ...b, level: b.level === binding.product ? binding.sum : b.level },
    turnRight,
  );
  return { text: `${leftText} ${style === 'math' ? '' : '@ '}${rightText}`, level: binding.product };
}

function startsWith(labels: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((l, i) => labels[i] === l);
}

/** The sum over the labels that only one operand has and `out` lacks, so that the invariant holds. */
export function sumAlone(
  g: Builder,
  x: Node,
  labels: readonly string[],
  keep: (label: string) => boolean,
): { node: Node; labels: string[] } {
  const alone = labels.flatMap((l, i) => (keep(l) ? [] : [i]));
  if (alone.length === 0) return { node: x, labels: [...labels] };
  return { node: g.make(sum, [x], { axes: alone }), labels: labels.filter(keep) };
}
