// rearrange: axes split, moved and joined by their names.
import { counted } from '../../../diagnostics/quote.js';
import { unknownArgument } from '../../../diagnostics/elaboration.js';
import type { Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, div, mod, printIndex, product } from '../../../ir/index.js';
import { permute, reshape } from '../../../ir/ops/movement.js';
import { dim, printType, type Dim } from '../../../ir/types.js';
import { fail } from '../frame.js';
import { nearest } from '../names.js';
import { wantedDim } from '../patterns.js';
import { tensorValue, type BuiltinCall, type BuiltinDefinition } from '../values.js';
import { node } from './arguments.js';
import { bad, sidesOf } from './patterns.js';

export const rearrangeBuiltin: BuiltinDefinition = {
  name: 'rearrange',
  kind: 'shape',
  forms: ['(x, pattern, sizes…)'],
  summary:
    'Axes split, moved and joined by their names; sizes that do not follow from x are given by name. `...` stands for all other axes, 1 for an axis of that size.',
  example: 'rearrange(x, "b (h d) -> b h d", h = 2)',
  apply: (call) => tensorValue(rearrange(call)),
};

/**
 * `b t (h d)`: groups of names, in order. A 1 is a group of none. `...` outside of a group stands for the groups of these names, inside for
 * the names.
 */
function groupsOf(call: BuiltinCall, side: string, others: readonly string[]): string[][] {
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
    } else {
      const names: readonly string[] = token === ellipsis ? others : token === '1' ? [] : [token];
      if (open) open.push(...names);
      else groups.push(...(token === ellipsis ? others.map((name) => [name]) : [[...names]]));
    }
  }
  return open ? bad(call, 'a ( without its )') : groups;
}

const ellipsis = '...';

function rearrange(call: BuiltinCall): Node {
  const { g } = call.frame.context;
  const x = node(call, 'x');
  const [left, right] = groupsOfBoth(call, x);
  const sizes = sizesOfNames(call, x, left);
  const names = left.flat();
  requireNamed(call, names);
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

/** The groups of both sides, of which those on the left are the axes of x. */
function groupsOfBoth(call: BuiltinCall, x: Node): [string[][], string[][]] {
  const [from, to] = sidesOf(call);
  if (from.split(ellipsis).length > 2 || to.split(ellipsis).length > 2)
    return bad(call, '... stands twice on one side');
  const many = x.type.shape.length - groupsOf(call, from, []).length;
  const others = from.includes(ellipsis) ? Array.from({ length: Math.max(0, many) }, (_, i) => `${ellipsis}${i}`) : [];
  const [left, right] = [groupsOf(call, from, others), groupsOf(call, to, others)];
  if (left.length !== x.type.shape.length)
    return bad(call, `its left side names ${counted(left.length, 'axis', 'axes')} of ${printType(x.type)}`);
  if (from.includes(ellipsis) !== to.includes(ellipsis)) return bad(call, 'both sides should have the ...');
  if (left.some((group) => group.length > 1 && group.some((name) => name.startsWith(ellipsis))))
    return bad(call, '... stands for whole axes of x');
  return [left, right];
}

/** The size of each name: those that are given, and of a group the one that follows from the axis that it makes up. */
function sizesOfNames(call: BuiltinCall, x: Node, groups: readonly (readonly string[])[]): ReadonlyMap<string, Dim> {
  const sizes = new Map<string, Dim>();
  for (const [name, { value, span }] of givenSizes(call))
    sizes.set(name, { ...wantedDim(call.frame, value, span), name });
  groups.forEach((group, i) => {
    const axis = x.type.shape[i];
    const open = group.filter((name) => !sizes.has(name));
    if (open.length > 1)
      return bad(call, `the sizes of ${open.join(' and ')} are not known: give one, as in ${open[0]} = 4`);
    const known = product(group.flatMap((name) => sizes.get(name)?.size ?? []));
    if (open.length === 0 ? known.key !== axis.size.key : constantOf(mod(axis.size, known)) !== 0)
      return bad(call, `${group.join(' times ') || 1} does not make up an axis of ${printIndex(axis.size)}`);
    for (const name of open) {
      if (name.startsWith(ellipsis)) sizes.set(name, axis);
      else if (group.length === 1) sizes.set(name, { ...axis, name: axis.name ?? name });
      else sizes.set(name, dim(div(axis.size, known), name));
    }
  });
  return sizes;
}

/** Sizes are given to names of the pattern. */
function requireNamed(call: BuiltinCall, names: readonly string[]): void {
  for (const [name, { place, span }] of givenSizes(call))
    if (!names.includes(name)) {
      const { frame, name: callee } = call;
      const [known, meant] = [names, nearest(name, names)];
      fail(frame, unknownArgument({ callee, name, span: place ?? span, known, nearest: meant }));
    }
}

function givenSizes({ given }: BuiltinCall) {
  return [...given].flatMap(([key, size]) =>
    key === 'x' || key === 'pattern' ? [] : [[size.name ?? key, size] as const],
  );
}
