// The loops that compute exits of a region: their bodies are the nodes of the region over a part of the rows, batches and heads.
import type { Group, Level } from './levels.js';
import { columns, keyOf, rows, type Exit, type Places, type Survey } from './region.js';
import { standFor } from '../../../ir/builder.js';
import { isOp, type Builder, type Node } from '../../../ir/graph.js';
import { constant as whole, constantOf, mul, scale, sizeUntil, zero, type Index } from '../../../ir/index.js';
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
    sizes.set(level.along, dim(whole(group.block)));
    if (group.part) sizes.set(columns, dim(widthOf(group.part, outer.depth)));
    const source = remembered((node, places) => this.cut(outer.operand(node, places), places, group, outer.depth));
    const scope = { operand: source, sizes, depth: outer.depth };
    if (constantOf(group.count) === 1)
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
      if (!places[level.along]) {
        const leaf = leafOf(name, source.type);
        captured.push({ leaf, source });
        return leaf;
      }
      const leaf = leafOf(name, partOf(source.type, places, new Map([[level.along, dim(whole(group.block))]])));
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
      length: dim(group.count),
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
  private cut(node: Node, places: Places, { part, count, block }: Group, depth: number): Node {
    if (!part) return node;
    const [from] = part.seen;
    const ranges = new Map<number, readonly [number, Index]>();
    const [ofRows, ofColumns] = [places[rows], places[columns]];
    if (ofRows) ranges.set(ofRows.axis, [part.from, mul(count, block)]);
    if (ofColumns) ranges.set(ofColumns.axis, [from, widthOf(part, depth)]);
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
  private sequence(node: Node, places: Places, { along }: Level, { count, block }: Group): Node {
    const { g } = this;
    const { axis = 0, times = 1 } = places[along] ?? {};
    const { shape } = node.type;
    const parts = [dim(count), dim(whole(block * times))];
    const apart = g.make(reshape, [node], { shape: [...shape.slice(0, axis), ...parts, ...shape.slice(axis + 1)] });
    return this.moved(apart, axis, 0);
  }

  /** What rounds have given, along the axis that they went along. */
  private merged(stack: Node, { node, places }: Exit, { along }: Level, { count }: Group): Node {
    const { g } = this;
    const { axis = 0 } = places[along] ?? {};
    const shape = stack.type.shape.slice(1);
    const size = mul(count, shape[axis].size);
    const all = node.type.shape[axis];
    shape[axis] = size.key === all.size.key ? all : dim(size);
    return g.make(reshape, [this.moved(stack, 0, axis)], { shape });
  }

  /** With an axis at another place. */
  private moved(node: Node, from: number, to: number): Node {
    if (from === to) return node;
    const order = node.type.shape.map((_, i) => i);
    order.splice(to, 0, ...order.splice(from, 1));
    return this.g.make(permute, [node], { order });
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

/** The columns of a group. */
function widthOf({ seen: [from, to], until }: NonNullable<Group['part']>, depth: number): Index {
  return until ? sizeUntil(to - from, { ...until, depth }) : whole(to - from);
}

function isSum({ folded }: Exit, { along }: Level): boolean {
  return folded.has(along);
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
