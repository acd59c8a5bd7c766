// einsum: sums of products written with labels, of any number of tensors.
import { counted } from '../../../diagnostics/quote.js';
import { unknownArgument } from '../../../diagnostics/elaboration.js';
import type { Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, evaluateSizes, zero } from '../../../ir/index.js';
import { mul } from '../../../ir/ops/arithmetic.js';
import { filled } from '../../../ir/ops/calls.js';
import { iota } from '../../../ir/ops/constants.js';
import { contract, sumAlone } from '../../../ir/ops/contract.js';
import { equalTo, select } from '../../../ir/ops/logic.js';
import { broadcast, permute, reshape, slice } from '../../../ir/ops/movement.js';
import { sum } from '../../../ir/ops/reductions.js';
import { dim, printDim, printType, type Dim } from '../../../ir/types.js';
import { stretch } from '../broadcasting.js';
import { fail } from '../frame.js';
import { asF32 } from '../tensors.js';
import { tensorValue, type BuiltinCall, type BuiltinDefinition } from '../values.js';
import { node, text } from './arguments.js';
import { contractionOrder } from './contractionOrder.js';
import { bad, sidesOf } from './patterns.js';

export const einsumBuiltin: BuiltinDefinition = {
  name: 'einsum',
  kind: 'shape',
  forms: ['(pattern, tensors…)'],
  summary:
    'Sums of products over the labels that the result lacks, of any number of tensors, in the order that takes the least arithmetic. A label that a tensor has twice means its diagonal; `...` stands for axes that broadcast.',
  example: 'einsum("bi,bj->bij", x, z)',
  apply: (call) => tensorValue(einsum(call)),
};

interface Labelled {
  readonly node: Node;
  readonly labels: string[];
}

/** A run-time size, where orders are compared. */
const assumedSize = 32;

function einsum(call: BuiltinCall): Node {
  const { g } = call.frame.context;
  const [from, to] = sidesOf(call).map((side) => side.replace(/\s/g, ''));
  const given = operandsOf(call, from.split(','));
  const sizes = sizesOf(call, given);
  const out = resultLabels(call, to, given, sizes);
  const operands = given.map((x) => diagonal(call, fitted(call, x, sizes)));
  const within =
    (labels: readonly string[]) =>
    (label: string): boolean =>
      labels.includes(label);
  const others = (n: number): string[] => operands.flatMap((o, i) => (i === n ? [] : o.labels));
  const parts = operands.map((o, i) => sumAlone(g, o.node, o.labels, within([...out, ...others(i)])));
  const steps = contractionOrder(
    parts.map(({ labels }) => new Set(labels)),
    new Set(out),
    (label) => evaluateSizes(sizes.get(label)?.size ?? whole(1), () => assumedSize),
  );
  const open = new Set(parts.keys());
  for (const [a, b] of steps) {
    open.delete(a);
    open.delete(b);
    const needed = open.size === 0 ? out : undefined;
    const elsewhere = [...out, ...[...open].flatMap((i) => parts[i].labels)];
    open.add(parts.length);
    parts.push(productOf(call, parts[a], parts[b], needed, within(elsewhere)));
  }
  return ordered(call, parts[parts.length - 1], out);
}

/** The product of two: `out` orders what is left of their labels, else those that both have come first. */
function productOf(
  call: BuiltinCall,
  a: Labelled,
  b: Labelled,
  out: readonly string[] | undefined,
  keep: (label: string) => boolean,
): Labelled {
  const { g } = call.frame.context;
  if (a.labels.length === 0 || b.labels.length === 0) {
    const shape = (a.labels.length === 0 ? b : a).node.type.shape;
    const node = g.make(mul, [stretch(g, a.node, shape), stretch(g, b.node, shape)], {});
    return { node, labels: [...a.labels, ...b.labels] };
  }
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const own = [...a.labels, ...b.labels].filter((label) => !shared.includes(label));
  const labels = [...(out ?? [...shared, ...own].filter(keep))];
  const [left, right, result] = [a.labels, b.labels, labels].map((all) => all.map((label) => shown(call, label)));
  return { node: g.make(contract, [a.node, b.node], { left, right, out: result }), labels };
}

/** A letter that the pattern has not, for an axis of `...`. */
function shown(call: BuiltinCall, label: string): string {
  if (!label.startsWith(ellipsis)) return label;
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !text(call, 'pattern').includes(letter));
  return letters[Number(label.slice(ellipsis.length))] ?? label;
}

// ---- labels --------------------------------------------------------------------------------------

/** The tensors with the labels of their axes; `...` stands for axes whose labels end in their number from the last of them. */
function operandsOf(call: BuiltinCall, sides: readonly string[]): Labelled[] {
  const [, named] = [...call.given].find(([key, argument]) => argument.name !== undefined && key !== 'pattern') ?? [];
  if (named?.name !== undefined)
    fail(
      call.frame,
      unknownArgument({ callee: call.name, name: named.name, span: named.place ?? named.span, known: ['pattern'] }),
    );
  const names = [...call.given.keys()].filter((name) => name !== 'pattern');
  if (sides.length !== names.length)
    return bad(
      call,
      `it is for ${sides.length === 1 ? 'one tensor' : `${sides.length} tensors`}, and ${names.length === 1 ? 'one is' : `${names.length} are`} given`,
    );
  return names.map((name, i) => {
    const x = asF32(call.frame, node(call, name), call.given.get(name)?.span ?? call.span);
    const rank = x.type.shape.length;
    const labels = labelsOf(call, sides[i], rank);
    if (labels.length !== rank)
      return bad(call, `${sides[i]} names ${counted(labels.length, 'axis', 'axes')} of ${printType(x.type)}`);
    return { node: x, labels };
  });
}

const ellipsis = '...';
/** The label of the axis that is the n-th from the last of those that `...` stands for. */
const hidden = (n: number): string => `${ellipsis}${n}`;

/** One label a character; `...` stands for as many as are left of the rank. */
function labelsOf(call: BuiltinCall, side: string, rank: number): string[] {
  const [before, after, more] = side.split(ellipsis);
  if (more !== undefined) return bad(call, '... stands twice in one place');
  if (after === undefined) return [...before];
  const many = Math.max(0, rank - [...before, ...after].length);
  return [...before, ...Array.from({ length: many }, (_, i) => hidden(many - 1 - i)), ...after];
}

/** The size of each label. Axes of `...` broadcast: size 1 stretches. */
function sizesOf(call: BuiltinCall, operands: readonly Labelled[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  for (const { node: x, labels } of operands)
    labels.forEach((label, i) => {
      const own = x.type.shape[i];
      const known = sizes.get(label);
      const stretches = (d: Dim): boolean => label.startsWith(ellipsis) && constantOf(d.size) === 1;
      if (!known || stretches(known)) sizes.set(label, own);
      else if (known.size.key !== own.size.key && !stretches(own))
        bad(
          call,
          `${label.startsWith(ellipsis) ? 'an axis of ...' : label} is ${printDim(known)} and ${printDim(own)}`,
        );
    });
  return sizes;
}

function resultLabels(
  call: BuiltinCall,
  side: string,
  operands: readonly Labelled[],
  sizes: ReadonlyMap<string, Dim>,
): string[] {
  const many = Math.max(0, ...operands.map(({ labels }) => labels.filter((l) => l.startsWith(ellipsis)).length));
  if (many > 0 && !side.includes(ellipsis)) return bad(call, 'the result lacks the ... of the tensors');
  const out = labelsOf(call, side, many + [...side.replace(ellipsis, '')].length);
  const missing = out.find((label) => !sizes.has(label));
  if (missing !== undefined) return bad(call, `${missing} is in no operand`);
  if (new Set(out).size !== out.length) return bad(call, 'a label stands twice in the result');
  return out;
}

/** Without the axes of size 1 that stretch. */
function fitted(call: BuiltinCall, x: Labelled, sizes: ReadonlyMap<string, Dim>): Labelled {
  const stays = x.labels.map((label, i) => sizes.get(label)?.size.key === x.node.type.shape[i].size.key);
  if (stays.every((does) => does)) return x;
  const shape = x.node.type.shape.filter((_, i) => stays[i]);
  return {
    node: call.frame.context.g.make(reshape, [x.node], { shape }),
    labels: x.labels.filter((_, i) => stays[i]),
  };
}

/** A label that stands twice in one operand takes its diagonal. */
function diagonal(call: BuiltinCall, x: Labelled): Labelled {
  const { g } = call.frame.context;
  const twice = x.labels.find((l, i) => x.labels.indexOf(l) !== i);
  if (twice === undefined) return x;
  const places = x.labels.flatMap((l, i) => (l === twice ? [i] : []));
  const others = x.labels.map((_, i) => i).filter((i) => !places.slice(0, 2).includes(i));
  const size = x.node.type.shape[places[0]];
  const moved = g.make(permute, [x.node], { order: [...others, places[0], places[1]] });
  const rest = others.map((i) => x.node.type.shape[i]);
  const labels = [...others.map((i) => x.labels[i]), twice];
  const n = constantOf(size.size);
  if (n === undefined) return diagonal(call, { node: chosenDiagonal(call, moved), labels });
  const flat = g.make(reshape, [moved], { shape: [...rest, dim(whole(n * n))] });
  const node = g.make(slice, [flat], {
    starts: [...rest.map(() => zero), zero],
    steps: [...rest.map(() => 1), n + 1],
    sizes: [...rest, size],
  });
  return diagonal(call, { node, labels });
}

/** The diagonal of the last two axes, whose size each call tells: a sum that has one term. */
function chosenDiagonal(call: BuiltinCall, x: Node): Node {
  const { g } = call.frame.context;
  const { shape } = x.type;
  const last = shape.length - 1;
  const count = g.make(iota, [], { size: shape[last].size });
  const [row, column] = [last - 1, last].map((axis) =>
    g.make(broadcast, [count], { shape, axes: shape.flatMap((_, i) => (i === axis ? [] : [i])) }),
  );
  const chosen = g.make(select, [g.make(equalTo, [row, column], {}), x, filled(g, 0, x.type)], {});
  return g.make(sum, [chosen], { axes: [last] });
}

function ordered(call: BuiltinCall, x: Labelled, out: readonly string[]): Node {
  const order = out.map((label) => x.labels.indexOf(label));
  return order.every((a, i) => a === i) ? x.node : call.frame.context.g.make(permute, [x.node], { order });
}
