// Einsum of two: every matrix product, batched or not, and its derivatives.
import { contraction, infix, transposed, type Formula, type Letter } from '../formula/tree.js';
import { axis, printIndex, toIndex, type Axis } from '../index.js';
import type { Builder, Node, Op } from '../graph.js';
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
  rule: 'd(u v) = du v + u dv',
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
  notation: { kind: 'form', write: ([a, b], node) => contractFormula(a, b, node) },
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

/** A matrix product with transposes where it is one, else the sum over letters. */
function contractFormula(a: Formula, b: Formula, { inputs: [x, y], attrs }: Node<Labels>): Formula {
  const { left, right, out } = attrs;
  const product = matrixProduct(a, b, attrs) ?? matrixProduct(b, a, { left: right, right: left, out });
  if (product) return product;
  const letterOf = lettersOf([
    [left, x],
    [right, y],
  ]);
  const spelled = (labels: readonly string[]): Letter[] => labels.map(letterOf);
  return contraction({
    left: a,
    right: b,
    letters: { left: spelled(left), right: spelled(right) },
    over: spelled([...new Set([...left, ...right])].filter((label) => !out.includes(label))),
    free: spelled(out),
  });
}

/**
 * a b, with transposes; undefined where the labels say something else. As `@` has it: an operand is [k], or [batch…, i, k] on the left and
 * [batch…, k, j] on the right, its last two axes being the matrix's. So a batch of vectors is none: [b, k] would be one matrix.
 */
function matrixProduct(a: Formula, b: Formula, { left, right, out }: Labels): Formula | undefined {
  const batch = out.filter((l) => left.includes(l) && right.includes(l));
  const folded = left.filter((l) => !out.includes(l));
  const [rows, columns] = [left.filter((l) => !right.includes(l)), right.filter((l) => !left.includes(l))];
  if (folded.length !== 1 || columns.length > 1 || out.join() !== [...batch, ...rows, ...columns].join())
    return undefined;
  if (batch.length > 0 && (rows.length === 0 || columns.length === 0)) return undefined;
  const plain = rows.length <= 1 && startsWith(left, batch) && startsWith(right, batch);
  const broadcastRows = batch.length === 0 && left[left.length - 1] === folded[0];
  if (!plain && !broadcastRows) return undefined;
  const turnLeft = plain && rows.length === 1 && left[left.length - 1] !== folded[0];
  const turnRight = columns.length === 1 && right[right.length - 1] === folded[0];
  return infix('matrix', turnLeft ? transposed(a) : a, turnRight ? transposed(b) : b);
}

/** Letters for labels: their author's, else by the name of the axis, else the next that is free. */
function lettersOf(operands: readonly (readonly [readonly string[], Node])[]): (label: string) => Letter {
  const found = new Map<string, Letter>();
  const dims = new Map<string, Dim>();
  for (const [labels, { type }] of operands)
    labels.forEach((label, i) => {
      if (dims.get(label)?.name === undefined) dims.set(label, type.shape[i]);
    });
  const taken = new Set([...dims.keys()].filter((label) => label.length === 1));
  for (const [label, dim] of dims) {
    const named = /^\p{L}/u.exec(dim.name ?? printIndex(dim.size))?.[0].toLowerCase();
    const wanted = label.length === 1 ? [label] : [...(named === undefined ? [] : [named]), ...alphabet];
    const letter = label.length === 1 ? label : (wanted.find((each) => !taken.has(each)) ?? label);
    taken.add(letter);
    found.set(label, { letter, dim });
  }
  return (label) => found.get(label) ?? { letter: label, dim: dims.get(label) ?? unknownLabel(label) };
}

const alphabet = [...'ijlmnpqrsuvwxyzabcdefghkot'];

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
