// The derivative of what is centred: its mean goes off all terms but multiples of centred values, whose mean is 0 already.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf, mul as times, one, product, type Index } from '../../../ir/index.js';
import { add, div, mul, neg, sub } from '../../../ir/ops/arithmetic.js';
import { filled } from '../../../ir/ops/calls.js';
import { broadcast, reshape } from '../../../ir/ops/movement.js';
import { sum } from '../../../ir/ops/reductions.js';
import type { Dim, TensorType } from '../../../ir/types.js';
import { narrowFactor } from './reductions.js';
import { given, type SimplifyRule } from './rule.js';
import { rebuilt, scaleOf, type Scaled } from './scale.js';

export const normalisedRules: readonly SimplifyRule[] = [
  {
    equation: 'a * d - q * c - mean(a * d - q * c) = a * (d - mean(d) - q / a * c), where c = x - mean(x)',
    given: given.finite,
    ops: [add, sub],
    rewrite: centredTwice,
  },
];

/** How deep in a sum both are looked for; beyond, a residual stream goes on through all layers. */
const deepest = 3;

/** A term of a sum: a multiple of a node. */
interface Term extends Scaled {
  readonly core: Node;
}

const once: Scaled = { number: 1, up: one, down: one };

function centredTwice(node: Node, g: Builder): Node | undefined {
  // What is centred is a sum within the sum.
  if (node.kept || !node.inputs.some((input) => isOp(input, add, sub))) return undefined;
  const addends = addendsOf(node, 1, deepest);
  for (const mean of addends) {
    const scale = scaleOf(mean.node, g);
    const inner = scale.core && meanIn({ ...scale, number: mean.sign * scale.number, core: scale.core }, g);
    if (!inner) continue;
    for (const centred of addends) {
      const made = isOp(centred.node, add, sub) ? withoutMean(centred, inner, node.type, g) : undefined;
      if (!made) continue;
      const signed = centred.sign < 0 ? g.make(neg, [made], {}) : made;
      return replaced(
        node,
        new Map([
          [mean.node, undefined],
          [centred.node, signed],
        ]),
        deepest,
        g,
      );
    }
  }
  return undefined;
}

interface Addend {
  readonly node: Node;
  readonly sign: number;
}

/** The parts of a sum, sums within it among them. */
function addendsOf(node: Node, sign: number, depth: number): Addend[] {
  if (depth === 0 || !isOp(node, add, sub) || node.kept) return [];
  const [a, b] = node.inputs;
  const second = isOp(node, sub) ? -sign : sign;
  return [
    { node: a, sign },
    { node: b, sign: second },
    ...addendsOf(a, sign, depth - 1),
    ...addendsOf(b, second, depth - 1),
  ];
}

/** Two terms and the opposite of their mean, as one. */
function withoutMean(
  { node, sign }: Addend,
  { axes, parts }: { readonly axes: readonly number[]; readonly parts: readonly Term[] },
  type: TensorType,
  g: Builder,
): Node | undefined {
  const terms = twoTerms(node, { ...once, number: sign }, g, true);
  if (!terms) return undefined;
  const [first, second] = parts.map((part) => terms.find((term) => isOpposite(term, part)));
  if (!first || !second || first === second) return undefined;
  return together(first, second, axes, type, g) ?? together(second, first, axes, type, g);
}

/** A sum with other nodes in the place of its parts, or without them. */
function replaced(node: Node, by: ReadonlyMap<Node, Node | undefined>, depth: number, g: Builder): Node | undefined {
  if (by.has(node)) return by.get(node);
  if (depth === 0 || !isOp(node, add, sub) || node.kept) return node;
  const [a, b] = node.inputs.map((input) => replaced(input, by, depth - 1, g));
  if (a && b) return a === node.inputs[0] && b === node.inputs[1] ? node : g.make(node.op, [a, b], {});
  return a ?? (b && isOp(node, sub) ? g.make(neg, [b], {}) : b);
}

/** The two terms of a sum, what multiplies it multiplied out; undefined where there are others, or one is a mere number. */
function twoTerms(node: Node, by: Scaled, g: Builder, top = false): Term[] | undefined {
  const terms: Term[] = [];
  return collectTerms(node, by, terms, g, top) && terms.length === 2 ? terms : undefined;
}

/** False where there are more than two: a residual stream has them of all layers. */
function collectTerms(node: Node, by: Scaled, into: Term[], g: Builder, top: boolean): boolean {
  const scale = scaleOf(node, g, top);
  const { core } = scale;
  if (!core) return false;
  const all = multiplied(by, scale);
  if (!isOp(core, add, sub) || (core.kept && !top)) {
    into.push({ ...all, core });
    return into.length <= 2;
  }
  const [a, b] = core.inputs;
  const second = { ...all, number: isOp(core, sub) ? -all.number : all.number };
  return collectTerms(a, all, into, g, false) && collectTerms(b, second, into, g, false);
}

function multiplied(a: Scaled, b: Scaled): Scaled {
  return { number: a.number * b.number, up: times(a.up, b.up), down: times(a.down, b.down) };
}

/** The terms whose mean a term is, repeated along the axes of the mean. */
function meanIn(
  term: Term,
  g: Builder,
): { readonly axes: readonly number[]; readonly parts: readonly Term[] } | undefined {
  const { core } = term;
  if (!isOp(core, broadcast)) return undefined;
  const total = bare(core.inputs[0]);
  const axes = longAxes(core.attrs.axes, core.type);
  if (!isOp(total, sum) || total.kept || !isSumAlong(total, axes, core.type)) return undefined;
  const parts = twoTerms(total.inputs[0], { ...term, up: times(term.up, countOf(core.type, axes)) }, g);
  return parts && { axes, parts };
}

/** Axes of one element are not seen. */
function longAxes(axes: readonly number[], { shape }: TensorType): readonly number[] {
  return axes.filter((axis) => isLong(shape[axis]));
}

const isLong = ({ size }: Dim): boolean => constantOf(size) !== 1;

function isSumAlong({ attrs, inputs: [x] }: NodeOf<typeof sum>, axes: readonly number[], whole: TensorType): boolean {
  return (
    axes.length > 0 && x.type.shape.length === whole.shape.length && longAxes(attrs.axes, x.type).join() === axes.join()
  );
}

const long = ({ shape }: TensorType): Dim[] => shape.filter(isLong);

/** A node as it is but for axes of one element. */
function bare(node: Node): Node {
  const keyOf = ({ type }: Node): string =>
    long(type)
      .map(({ size }) => size.key)
      .join();
  let at = node;
  while (isOp(at, reshape) && keyOf(at) === keyOf(at.inputs[0])) at = at.inputs[0];
  return at;
}

/** A node without axes of one element. */
function squeezed(node: Node, g: Builder): Node {
  const at = bare(node);
  return long(at.type).length === at.type.shape.length ? at : g.make(reshape, [at], { shape: long(at.type) });
}

/** What is the same along axes, without them and axes of one element. */
function narrowed(node: Node, axes: readonly number[], g: Builder): Node | undefined {
  if (!isOp(node, broadcast)) return undefined;
  const { shape } = node.type;
  const ones = shape.flatMap((dim, axis) => (isLong(dim) ? [] : [axis]));
  const all = [...new Set([...node.attrs.axes, ...ones])].sort((x, y) => x - y);
  const wide =
    all.length === node.attrs.axes.length
      ? node
      : g.make(broadcast, [squeezed(node.inputs[0], g)], { shape, axes: all });
  if (!isOp(wide, broadcast)) return undefined;
  const narrow = narrowFactor(
    wide,
    [...new Set([...axes, ...ones])].sort((x, y) => x - y),
    g,
  );
  return narrow && bare(narrow);
}

/** The opposite: repeated along the axes. */
function widened(node: Node, axes: readonly number[], { shape }: TensorType, g: Builder): Node {
  const all = shape.flatMap((dim, axis) => (!isLong(dim) || axes.includes(axis) ? [axis] : []));
  return g.make(broadcast, [squeezed(node, g)], { shape, axes: all });
}

function countOf({ shape }: TensorType, axes: readonly number[]): Index {
  return product(axes.map((axis) => shape[axis].size));
}

function isOpposite(a: Term, b: Term): boolean {
  return a.core === b.core && isNumber(ratioOf(a, b), -1);
}

function ratioOf(a: Scaled, b: Scaled): Scaled {
  return { number: a.number / b.number, up: times(a.up, b.down), down: times(a.down, b.up) };
}

function isNumber({ number, up, down }: Scaled, value: number): boolean {
  const [above, below] = [constantOf(up), constantOf(down)];
  const found = up.key === down.key ? number : (number * (above ?? NaN)) / (below ?? NaN);
  if (Number.isNaN(found))
    return times(up, Math.abs(number)).key === down.key && Math.sign(number) === Math.sign(value);
  return Math.abs(found - value) < 1e-9;
}

/** The sum of p and q without its mean, where p is d · a and q a multiple of centred values: a · (d - mean(d) + q / a). */
function together(p: Term, q: Term, axes: readonly number[], type: TensorType, g: Builder): Node | undefined {
  const [own, other] = [factorsOf(p.core, axes, g), factorsOf(q.core, axes, g)];
  const [centred, ...more] = other.wide;
  if (!centred || centred.down || more.length > 0 || !isCentred(centred.node, axes, g)) return undefined;
  const d = joined(own.wide, g);
  if (!d) return undefined;
  const wide = (node: Node): Node => widened(node, axes, type, g);
  const total = squeezed(g.make(sum, [d], { axes }), g);
  const mean = rebuilt({ ...once, down: countOf(type, axes), core: total }, total.type, g);
  const { values, narrow } = normalIn(centred.node, without(other.narrow, own.narrow), axes, g);
  const rest = joined(
    narrow.map((factor) => ({ ...factor, node: squeezed(factor.node, g) })),
    g,
  );
  const core = rest ? g.make(mul, [values, wide(rest)], {}) : values;
  const ratio = ratioOf(q, p);
  const term = rebuilt({ ...ratio, number: Math.abs(ratio.number), core }, type, g);
  const inner = g.make(ratio.number < 0 ? sub : add, [g.make(sub, [d, wide(mean)], {}), term], {});
  const scaled = own.narrow.reduce(
    (left, { node, down }) => (down ? g.make(div, [left, wide(node)], {}) : g.make(mul, [wide(node), left], {})),
    inner,
  );
  return rebuilt({ ...p, core: scaled }, type, g);
}

interface Factor {
  readonly node: Node;
  /** Does it divide? */
  readonly down: boolean;
}

interface Factors {
  readonly wide: readonly Factor[];
  /** Those that are the same along the axes, without them. */
  readonly narrow: readonly Factor[];
}

function factorsOf(node: Node, axes: readonly number[], g: Builder): Factors {
  const [wide, narrow]: [Factor[], Factor[]] = [[], []];
  const visit = (of: Node, down: boolean): void => {
    const inner = narrowed(of, axes, g);
    if (inner) narrow.push(...narrowFactors(inner, down, axes, node.type, g));
    else if (isOp(of, mul, div) && isOurs(of)) {
      visit(of.inputs[0], down);
      visit(of.inputs[1], isOp(of, div) ? !down : down);
    } else wide.push({ node: of, down });
  };
  visit(node, false);
  return { wide, narrow };
}

/** What the same factor in all terms of a sum multiplies is taken out of the sum. */
function narrowFactors(of: Node, down: boolean, axes: readonly number[], whole: TensorType, g: Builder): Factor[] {
  const node = bare(of);
  if (!isOurs(node)) return [{ node, down }];
  const inside = (each: Node, turned: boolean): Factor[] => narrowFactors(each, turned, axes, whole, g);
  if (isOp(node, mul, div))
    return [...inside(node.inputs[0], down), ...inside(node.inputs[1], isOp(node, div) !== down)];
  if (!isOp(node, sum) || !isSumAlong(node, axes, whole)) return [{ node, down }];
  const inner = factorsOf(node.inputs[0], axes, g);
  const term = joined(inner.wide, g);
  if (!term || inner.narrow.length === 0) return [{ node, down }];
  const outside = inner.narrow.map((factor) => ({ ...factor, down: factor.down !== down }));
  return [{ node: g.make(sum, [term], node.attrs), down }, ...outside];
}

/** Values of the model are taken as they are. */
function isOurs({ role, kept }: Node): boolean {
  return role.kind !== 'forward' && !kept;
}

/** The factors as one node, products first; undefined where nothing is multiplied. */
function joined(factors: readonly Factor[], g: Builder): Node | undefined {
  const [first, ...up] = factors.filter(({ down }) => !down).map(({ node }) => node);
  const under = factors.filter(({ down }) => down).map(({ node }) => node);
  const head = first ?? (under[0] && filled(g, 1, under[0].type));
  if (!head) return undefined;
  const above = up.reduce((left, node) => g.make(mul, [left, node], {}), head);
  return under.reduce((left, node) => g.make(div, [left, node], {}), above);
}

/** Some factors without others; what the others have alone divides. */
function without(factors: readonly Factor[], others: readonly Factor[]): Factor[] {
  const left = [...factors];
  for (const { node, down } of others) {
    const at = left.findIndex((factor) => factor.node === node && factor.down === down);
    if (at < 0) left.push({ node, down: !down });
    else left.splice(at, 1);
  }
  return left;
}

/** c / s, where the model has it, rather than c and 1 / s. */
function normalIn(
  centred: Node,
  narrow: readonly Factor[],
  axes: readonly number[],
  g: Builder,
): { readonly values: Node; readonly narrow: readonly Factor[] } {
  const known = narrow.flatMap(({ node }) => (isOp(node, sum) ? factorsOf(node.inputs[0], axes, g).wide : []));
  for (const { node } of known) {
    const by = isOp(node, div) && node.inputs[0] === centred ? narrowed(node.inputs[1], axes, g) : undefined;
    const at = narrow.findIndex((factor) => factor.down && factor.node === by);
    if (at >= 0) return { values: node, narrow: narrow.filter((_, i) => i !== at) };
  }
  return { values: centred, narrow };
}

/** Is it x - mean(x) over the axes? */
function isCentred(node: Node, axes: readonly number[], g: Builder): boolean {
  if (!isOp(node, sub)) return false;
  const [x, mean] = node.inputs;
  const narrow = narrowed(mean, axes, g);
  if (!narrow) return false;
  const { core, ...scale } = scaleOf(narrow, g, true);
  const total = core && bare(core);
  if (!total || !isOp(total, sum) || total.inputs[0] !== x || !isSumAlong(total, axes, node.type)) return false;
  return isNumber(multiplied(scale, { ...once, up: countOf(node.type, axes) }), 1);
}
