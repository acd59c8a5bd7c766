// The loops that compute exits of a region: their bodies are the nodes of the region over a part of the rows, batches and heads.
import type { Group, Level } from './levels.js';
import { columns, keyOf, rows, type Exit, type Places, type Survey } from './region.js';
import { standFor } from '../../../ir/builder.js';
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, mul, product, scale, zero, type Index } from '../../../ir/index.js';
import { ownName } from '../../../ir/labels.js';
import { add } from '../../../ir/ops/arithmetic.js';
import { filled, numberOf } from '../../../ir/ops/calls.js';
import { again } from '../../../ir/ops/control.js';
import { broadcast, concat, permute, reshape, slice, spreadOut } from '../../../ir/ops/movement.js';
import { bound, createLoop, resultOf, type Bound } from '../../../ir/ops/scan.js';
import { dim, type Dim, type TensorType } from '../../../ir/types.js';

/** Where rounds of some loops are: what they read there, and how much of each class there is. */
interface Scope {
  readonly operand: (node: Node, places: Places) => Node;
  readonly sizes: ReadonlyMap<number, Dim>;
  /** Loops around. */
  readonly depth: number;
}

/**
 * Of each exit what stands for it, computed by such loops of what `operand` gives. `isAgain`: what the exits are made of is computed a
 * second time, of which a graph without loops knows nothing but by the op that says so.
 */
export function buildLoops(
  of: Survey,
  levels: readonly Level[],
  operand: (node: Node) => Node,
  isAgain: boolean,
  g: Builder,
): Node[] {
  return new Rounds(of, isAgain, g).results(levels, { operand, sizes: new Map(), depth: 0 });
}

class Rounds {
  constructor(
    private readonly survey: Survey,
    private readonly isAgain: boolean,
    private readonly g: Builder,
  ) {}

  /** The exits within a scope, of its parts of the axes. */
  results(levels: readonly Level[], scope: Scope): Node[] {
    const [level, ...inner] = levels;
    if (levels.length === 0) return this.computed(scope);
    const parts = level.groups.map((group) => this.inGroup(level, group, inner, scope));
    return this.survey.exits.map((exit, i) =>
      this.united(
        exit,
        level,
        parts.map((results) => results[i]),
        scope,
      ),
    );
  }

  /** The nodes of the region over what a round has. */
  private computed({ operand, sizes }: Scope): Node[] {
    const { exits, inside } = this.survey;
    const made = new Map<string, Node>();
    const visit = (node: Node, places: Places): Node => {
      const key = keyOf(node, places);
      const known = made.get(key);
      if (known) return known;
      const operands = inside.get(key);
      const found = operands
        ? this.remade(
            node,
            node.inputs.map((input, i) => visit(input, operands[i])),
            partOf(node.type, places, sizes).shape,
          )
        : operand(node, places);
      made.set(key, found);
      return found;
    };
    return exits.map(({ node, places }) => visit(node, places));
  }

  private remade(node: Node, inputs: readonly Node[], shape: readonly Dim[]): Node {
    const { g } = this;
    const made = g.like(node, () => {
      if (isOp(node, broadcast)) return g.make(broadcast, inputs, { ...node.attrs, shape });
      if (isOp(node, reshape)) return g.make(reshape, inputs, { ...node.attrs, shape });
      return g.make(node.op, inputs, node.attrs);
    });
    standFor(node, made);
    return made;
  }

  /** The exits of the rounds of a group together. */
  private inGroup(level: Level, group: Group, inner: readonly Level[], outer: Scope): Node[] {
    const sizes = new Map(outer.sizes);
    level.classes.forEach((one, i) => sizes.set(one, dim(whole(group.blocks[i]))));
    if (group.part) sizes.set(columns, dim(whole(group.part.seen[1] - group.part.seen[0])));
    const source = remembered((node, places) => this.cut(outer.operand(node, places), places, group));
    const scope = { operand: source, sizes, depth: outer.depth };
    if (group.counts.every((count) => constantOf(count) === 1))
      return this.results(inner, this.isAgain && scope.depth === 0 ? { ...scope, operand: this.again(source) } : scope);
    return this.inLoop(level, group, inner, { ...scope, depth: outer.depth + 1 });
  }

  /** `around`: what the loop reads is found there. */
  private inLoop(level: Level, group: Group, inner: readonly Level[], around: Scope): Node[] {
    const { g } = this;
    const slices: { readonly leaf: Bound; readonly source: Node }[] = [];
    const captured: { readonly leaf: Bound; readonly source: Node }[] = [];
    let number = 0;
    const depth = around.depth - 1;
    const leafOf = (name: string, type: TensorType): Bound =>
      g.make(bound, [], { depth, number: number++, name, type });
    const operand = remembered((node, places) => {
      const source = around.operand(node, places);
      if (numberOf(source) !== undefined && source.type.shape.length === 0) return source;
      const name = ownName(node) ?? 'operand';
      if (level.classes.every((one) => places[one] === undefined)) {
        const leaf = leafOf(name, source.type);
        captured.push({ leaf, source });
        return leaf;
      }
      const own = new Map(level.classes.map((one, i) => [one, dim(whole(group.blocks[i]))]));
      const leaf = leafOf(name, partOf(source.type, places, own));
      slices.push({ leaf, source: this.sequence(source, places, level, group) });
      return leaf;
    });
    const parts = this.results(inner, { ...around, operand });
    const sums = this.survey.exits.flatMap((exit, i) => (isSum(exit, level) ? [{ i, part: parts[i] }] : []));
    const carried = sums.map(({ i, part }) =>
      leafOf(`${ownName(this.survey.exits[i].node) ?? 'sum'}_so_far`, part.type),
    );
    const loop = createLoop({
      depth,
      length: dim(product([...group.counts])),
      slices: slices.map(({ leaf }) => leaf),
      carried,
      captured: captured.map(({ leaf }) => leaf),
      next: sums.map(({ i, part }, k) => g.like(this.survey.exits[i].node, () => g.make(add, [carried[k], part], {}))),
    });
    const starts = sums.map(({ part }) => filled(g, 0, part.type));
    const inputs = [...slices.map((s) => s.source), ...starts, ...captured.map((c) => c.source)];
    return parts.map((part, i) => {
      const k = sums.findIndex((sum) => sum.i === i);
      if (k >= 0) return resultOf(g, inputs, loop, { kind: 'final', of: k });
      return this.merged(resultOf(g, inputs, loop, { kind: 'emit', of: part }), this.survey.exits[i], level, group);
    });
  }

  private again(operand: Scope['operand']): Scope['operand'] {
    return remembered((node, places) => {
      const source = operand(node, places);
      const isComputed =
        source.op.kind !== 'leaf' && source.type.element.kind === 'f32' && source.type.shape.length > 0;
      return isComputed && numberOf(source) === undefined ? this.g.make(again, [source], {}) : source;
    });
  }

  /** The rows and columns of a group. */
  private cut(node: Node, places: Places, { part, counts, blocks }: Group): Node {
    if (!part) return node;
    const [from, to] = part.seen;
    const ranges = new Map<number, readonly [number, Index]>();
    const [ofRows, ofColumns] = [places[rows], places[columns]];
    if (ofRows) ranges.set(ofRows.axis, [part.from, mul(counts[0], blocks[0])]);
    if (ofColumns) ranges.set(ofColumns.axis, [from, whole(to - from)]);
    const { shape } = node.type;
    const isWhole = [...ranges].every(([at, [first, size]]) => first === 0 && size.key === shape[at].size.key);
    if (isWhole) return node;
    return this.g.make(slice, [node], {
      starts: shape.map((_, i) => whole(ranges.get(i)?.[0] ?? 0)),
      steps: shape.map(() => 1),
      sizes: shape.map((d, i) => {
        const range = ranges.get(i);
        return range ? dim(range[1], range[1].key === d.size.key ? d.name : undefined) : d;
      }),
    });
  }

  /** [rounds, …]: the parts of a node. */
  private sequence(node: Node, places: Places, { classes }: Level, { counts, blocks }: Group): Node {
    const { g } = this;
    const split: Dim[] = [];
    const countAt = new Map<number, number>();
    node.type.shape.forEach((d, i) => {
      const k = classes.findIndex((one) => places[one]?.axis === i);
      if (k < 0) split.push(d);
      else {
        countAt.set(k, split.length);
        split.push(dim(counts[k]), dim(whole(blocks[k] * (places[classes[k]]?.times ?? 1))));
      }
    });
    const present = classes.flatMap((_, k) => countAt.get(k) ?? []);
    const others = split.flatMap((_, i) => (present.includes(i) ? [] : [i]));
    let at: Node = g.make(reshape, [node], { shape: split });
    at = g.make(permute, [at], { order: [...present, ...others] });
    const missing = classes.flatMap((_, k) => (countAt.has(k) ? [] : [k]));
    const rest = others.map((i) => split[i]);
    if (missing.length > 0)
      at = g.make(broadcast, [at], { shape: [...counts.map((n) => dim(n)), ...rest], axes: missing });
    return classes.length === 1 ? at : g.make(reshape, [at], { shape: [dim(product([...counts])), ...rest] });
  }

  /** What rounds have given, along the axes that they went along. */
  private merged(stack: Node, { node, places }: Exit, { classes }: Level, { counts }: Group): Node {
    const { g } = this;
    const rest = stack.type.shape.slice(1);
    const n = classes.length;
    const apart = n === 1 ? stack : g.make(reshape, [stack], { shape: [...counts.map((c) => dim(c)), ...rest] });
    const order: number[] = [];
    const shape = rest.map((d, i) => {
      const k = classes.findIndex((one) => places[one]?.axis === i);
      if (k >= 0) order.push(k);
      order.push(n + i);
      if (k < 0) return d;
      const size = mul(counts[k], d.size);
      const whole = node.type.shape[i];
      return size.key === whole.size.key ? whole : dim(size);
    });
    return g.make(reshape, [g.make(permute, [apart], { order })], { shape });
  }

  /** What groups have given: one after another, or added up. */
  private united(exit: Exit, level: Level, parts: readonly Node[], { sizes }: Scope): Node {
    const { g } = this;
    const { node, places } = exit;
    const made = g.like(node, () => {
      const at = places[rows]?.axis;
      if (level.groups.length === 1 && !level.groups[0].part) return parts[0];
      if (at !== undefined) return parts.length === 1 ? parts[0] : g.make(concat, parts, { axis: at });
      const { shape } = partOf(node.type, places, sizes);
      return parts
        .map((part, i) => this.spread(part, shape, places[columns]?.axis, level.groups[i]))
        .reduce((sum, part) => g.make(add, [sum, part], {}));
    });
    standFor(node, made);
    return made;
  }

  /** Columns that are not seen add 0. */
  private spread(part: Node, shape: readonly Dim[], at: number | undefined, { part: of }: Group): Node {
    if (at === undefined || !of || part.type.shape[at].size.key === shape[at].size.key) return part;
    return this.g.make(spreadOut, [part], {
      starts: shape.map((_, i) => (i === at ? whole(of.seen[0]) : zero)),
      steps: shape.map(() => 1),
      shape,
    });
  }
}

function isSum({ folded }: Exit, { classes }: Level): boolean {
  return classes.some((one) => folded.has(one));
}

/** The type with as much of each class as there is. */
function partOf(type: TensorType, places: Places, sizes: ReadonlyMap<number, Dim>): TensorType {
  const shape = [...type.shape];
  for (const [one, size] of sizes) {
    const at = places[one];
    if (!at) continue;
    const { name } = size;
    const found = scale(size.size, at.times);
    if (shape[at.axis].size.key !== found.key) shape[at.axis] = dim(found, name);
  }
  return { ...type, shape };
}

function remembered(find: (node: Node, places: Places) => Node): (node: Node, places: Places) => Node {
  const known = new Map<string, Node>();
  return (node, places) => {
    const key = keyOf(node, places);
    const before = known.get(key);
    if (before) return before;
    const found = find(node, places);
    known.set(key, found);
    return found;
  };
}
