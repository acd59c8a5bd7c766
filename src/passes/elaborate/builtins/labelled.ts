// einsum and rearrange: movement and products written with labels.
import { badPattern } from '../../../diagnostics/types.js';
import { counted } from '../../../diagnostics/quote.js';
import { unknownArgument } from '../../../diagnostics/elaboration.js';
import type { Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, div, mod, printIndex, product, zero } from '../../../ir/index.js';
import { mul } from '../../../ir/ops/arithmetic.js';
import { contract, sumAlone } from '../../../ir/ops/contract.js';
import { permute, reshape, slice } from '../../../ir/ops/movement.js';
import { dim, printDim, printType, type Dim } from '../../../ir/types.js';
import { stretch } from '../broadcasting.js';
import { fail } from '../frame.js';
import { nearest } from '../names.js';
import { wantedDim } from '../patterns.js';
import { asF32 } from '../tensors.js';
import { tensorValue, type BuiltinCall, type BuiltinDefinition } from '../values.js';
import { given, node, text } from './arguments.js';

export const labelledBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'einsum',
    kind: 'shape',
    forms: ['(pattern, a, b)', '(pattern, a)'],
    summary: 'Sums of products over the labels that the result lacks, of one tensor or two.',
    example: 'einsum("bi,bj->bij", x, z)',
    apply: (call) => tensorValue(einsum(call)),
  },
  {
    name: 'rearrange',
    kind: 'shape',
    forms: ['(x, pattern, sizes…)'],
    summary: 'Axes split, moved and joined by their names; sizes that do not follow from x are given by name.',
    example: 'rearrange(x, "b (h d) -> b h d", h = 2)',
    apply: (call) => tensorValue(rearrange(call)),
  },
];

function bad(call: BuiltinCall, why: string): never {
  return fail(call.frame, badPattern({ pattern: text(call, 'pattern'), why, span: given(call, 'pattern').span }));
}

// ---- einsum --------------------------------------------------------------------------------------

interface Labelled {
  readonly node: Node;
  readonly labels: string[];
}

function einsum(call: BuiltinCall): Node {
  const { g } = call.frame.context;
  const pattern = text(call, 'pattern').replace(/\s/g, '');
  const [from, to, more] = pattern.split('->');
  if (to === undefined || more !== undefined) return bad(call, 'it needs one ->');
  const names = call.given.has('b') ? ['a', 'b'] : ['a'];
  const sides = from.split(',');
  if (sides.length !== names.length)
    return bad(
      call,
      `it is for ${sides.length === 1 ? 'one tensor' : `${sides.length} tensors`}, and ${names.length === 1 ? 'one is' : `${names.length} are`} given`,
    );
  const sizes = new Map<string, Dim>();
  const operands = names.map((name, i): Labelled => {
    const x = asF32(call.frame, node(call, name), given(call, name).span);
    const labels = [...sides[i]];
    if (labels.length !== x.type.shape.length)
      return bad(call, `${sides[i]} names ${counted(labels.length, 'axis', 'axes')} of ${printType(x.type)}`);
    labels.forEach((label, k) => {
      const known = sizes.get(label);
      if (known && known.size.key !== x.type.shape[k].size.key)
        return bad(call, `${label} is ${printDim(known)} and ${printDim(x.type.shape[k])}`);
      if (!known) sizes.set(label, x.type.shape[k]);
    });
    return diagonal(call, { node: x, labels });
  });
  const out = [...to];
  const missing = out.find((label) => !sizes.has(label));
  if (missing !== undefined) return bad(call, `${missing} is in no operand`);
  if (new Set(out).size !== out.length) return bad(call, 'a label stands twice in the result');
  if (operands.length === 1)
    return ordered(
      call,
      alone(call, operands[0], (l) => out.includes(l)),
      out,
    );
  const [a, b] = operands.map((o, i) => alone(call, o, (l) => out.includes(l) || operands[1 - i].labels.includes(l)));
  if (a.labels.length === 0 || b.labels.length === 0) {
    const shape = (a.labels.length === 0 ? b : a).node.type.shape;
    return ordered(
      call,
      {
        node: g.make(mul, [stretch(g, a.node, shape), stretch(g, b.node, shape)], {}),
        labels: [...a.labels, ...b.labels],
      },
      out,
    );
  }
  return g.make(contract, [a.node, b.node], { left: a.labels, right: b.labels, out });
}

/** A label that stands twice in one operand takes its diagonal. */
function diagonal(call: BuiltinCall, x: Labelled): Labelled {
  const { g } = call.frame.context;
  const twice = x.labels.find((l, i) => x.labels.indexOf(l) !== i);
  if (twice === undefined) return x;
  const places = x.labels.flatMap((l, i) => (l === twice ? [i] : []));
  const others = x.labels.map((_, i) => i).filter((i) => !places.slice(0, 2).includes(i));
  const size = x.node.type.shape[places[0]];
  const n = constantOf(size.size);
  if (n === undefined) return bad(call, `${twice} stands twice, and its size is not known while compiling`);
  const moved = g.make(permute, [x.node], { order: [...others, places[0], places[1]] });
  const rest = others.map((i) => x.node.type.shape[i]);
  const flat = g.make(reshape, [moved], { shape: [...rest, dim(whole(n * n))] });
  const node = g.make(slice, [flat], {
    starts: [...rest.map(() => zero), zero],
    steps: [...rest.map(() => 1), n + 1],
    sizes: [...rest, size],
  });
  return diagonal(call, { node, labels: [...others.map((i) => x.labels[i]), twice] });
}

/** Sums over the labels that nothing else needs. */
function alone(call: BuiltinCall, x: Labelled, keep: (label: string) => boolean): Labelled {
  return sumAlone(call.frame.context.g, x.node, x.labels, keep);
}

function ordered(call: BuiltinCall, x: Labelled, out: readonly string[]): Node {
  const order = out.map((label) => x.labels.indexOf(label));
  return order.every((a, i) => a === i) ? x.node : call.frame.context.g.make(permute, [x.node], { order });
}

// ---- rearrange -----------------------------------------------------------------------------------

/** `b t (h d)`: groups of names, in order. */
function groupsOf(call: BuiltinCall, side: string): string[][] {
  const groups: string[][] = [];
  let open: string[] | undefined;
  for (const token of side.match(/[()]|[^\s()]+/g) ?? []) {
    if (token === '(') {
      if (open) return bad(call, 'groups do not nest');
      open = [];
    } else if (token === ')') {
      if (!open) return bad(call, 'a ) without its (');
      groups.push(open);
      open = undefined;
    } else if (open) open.push(token);
    else groups.push([token]);
  }
  return open ? bad(call, 'a ( without its )') : groups;
}

function rearrange(call: BuiltinCall): Node {
  const { g } = call.frame.context;
  const x = node(call, 'x');
  const [from, to, more] = text(call, 'pattern').split('->');
  if (to === undefined || more !== undefined) return bad(call, 'it needs one ->');
  const [left, right] = [groupsOf(call, from), groupsOf(call, to)];
  if (left.length !== x.type.shape.length)
    return bad(call, `its left side names ${counted(left.length, 'axis', 'axes')} of ${printType(x.type)}`);
  const sizes = new Map<string, Dim>();
  for (const [name, argument] of call.given)
    if (name !== 'x' && name !== 'pattern')
      sizes.set(name, { ...wantedDim(call.frame, argument.value, argument.span), name });
  left.forEach((group, i) => {
    const whole1 = x.type.shape[i];
    const open = group.filter((name) => !sizes.has(name));
    if (open.length > 1)
      return bad(call, `the sizes of ${open.join(' and ')} are not known: give one, as in ${open[0]} = 4`);
    const known = product(group.flatMap((name) => sizes.get(name)?.size ?? []));
    if (open.length === 0 ? known.key !== whole1.size.key : constantOf(mod(whole1.size, known)) !== 0)
      return bad(call, `${group.join(' times ')} does not make up an axis of ${printIndex(whole1.size)}`);
    for (const name of open)
      sizes.set(
        name,
        group.length === 1 ? { ...whole1, name: whole1.name ?? name } : dim(div(whole1.size, known), name),
      );
  });
  const names = left.flat();
  for (const [name, argument] of call.given)
    if (name !== 'x' && name !== 'pattern' && !names.includes(name))
      return fail(
        call.frame,
        unknownArgument({
          callee: call.name,
          name,
          span: argument.place ?? argument.span,
          known: names,
          nearest: nearest(name, names),
        }),
      );
  const wanted = right.flat();
  if (new Set(names).size !== names.length || [...names].sort().join() !== [...wanted].sort().join())
    return bad(call, 'both sides should have the same names, each once');
  const sizeOf = (name: string): Dim => sizes.get(name) ?? dim(whole(1));
  const split = g.make(reshape, [x], { shape: names.map(sizeOf) });
  const moved = g.make(permute, [split], { order: wanted.map((name) => names.indexOf(name)) });
  return g.make(reshape, [moved], {
    shape: right.map((group) =>
      group.length === 1 ? sizeOf(group[0]) : dim(product(group.map((name) => sizeOf(name).size))),
    ),
  });
}
