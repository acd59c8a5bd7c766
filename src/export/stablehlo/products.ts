// Sums of products: convolutions where an operand is windows, or windows are added up where they overlap; else products of tensors.
import { isOp, type NodeOf } from '../../ir/graph.js';
import { contract } from '../../ir/ops/contract.js';
import { reachOf, window, type overlapAdd } from '../../ir/ops/windows.js';
import type { Block, Convolution, Value } from './block.js';
import { dimsOf, type AttrsOf, type Spelled, type Spelling } from './spelled.js';
import { count, type SizeOf } from './types.js';
import { sourceOf, spellOverlapAdd } from './windows.js';

type Product = NodeOf<typeof contract>;

export const spellContract: Spelling<AttrsOf<typeof contract>> = (node, sizeOf) =>
  convolved(node, 0, sizeOf) ?? convolved(node, 1, sizeOf) ?? product(node);

/** A product of which windows are added up where they overlap is a convolution of what was spread by their strides. */
export const spellOverlaps: Spelling<AttrsOf<typeof overlapAdd>> = (node, sizeOf) =>
  transposed(node, sizeOf) ?? spellOverlapAdd(node, sizeOf);

function product(node: Product): Spelled {
  const { left, right, out } = node.attrs;
  const batch = out.filter((label) => left.includes(label) && right.includes(label));
  const summed = left.filter((label) => !out.includes(label));
  const places = (of: readonly string[], labels: readonly string[]): number[] => labels.map((l) => of.indexOf(l));
  const free = [left, right].flatMap((of) => of.filter((l) => !batch.includes(l) && !summed.includes(l)));
  const made = [...batch, ...free];
  return {
    reads: node.inputs,
    write: (to, [a, b]) =>
      to.transpose(
        to.dot(a, b, {
          batch: [places(left, batch), places(right, batch)],
          summed: [places(left, summed), places(right, summed)],
        }),
        places(made, out),
      ),
  };
}

/** What the labels of an image and of a filter are in a convolution. */
interface Roles {
  /** In the image and the result. */
  readonly batch: readonly string[];
  /** In all three. */
  readonly groups: readonly string[];
  /** In the image and the filter: summed over. */
  readonly features: readonly string[];
  /** In the filter and the result. */
  readonly out: readonly string[];
}

/** The roles of labels that are not spatial. */
function rolesOf(
  image: readonly string[],
  filter: readonly string[],
  result: readonly string[],
  spatial: ReadonlySet<string>,
): Roles {
  const of = (labels: readonly string[], inOther: boolean, other: readonly string[], inResult: boolean): string[] =>
    labels.filter((l) => !spatial.has(l) && other.includes(l) === inOther && result.includes(l) === inResult);
  return {
    batch: of(image, false, filter, true),
    groups: of(image, true, filter, true),
    features: of(image, true, filter, false),
    out: of(filter, false, image, true),
  };
}

/** A tensor and the labels of its axes. */
interface Labelled {
  readonly labels: readonly string[];
  readonly dims: readonly number[];
}

/** The axes of a value in another order, neighbours put together: each list of labels becomes one axis. */
function arranged(
  to: Block,
  x: Value,
  { labels }: Pick<Labelled, 'labels'>,
  axes: readonly (readonly string[])[],
): Value {
  const turned = to.transpose(
    x,
    axes.flat().map((label) => labels.indexOf(label)),
  );
  let at = 0;
  return to.reshape(
    turned,
    axes.map((of) => count(turned.type.dims.slice(at, (at += of.length)))),
  );
}

/** A convolution of an image by a filter, whose spatial labels are given in order, as a value with the labels of the result. */
function convolution(
  to: Block,
  image: { readonly value: Value; readonly labels: readonly string[]; readonly spatial: readonly string[] },
  filter: { readonly value: Value; readonly labels: readonly string[]; readonly spatial: readonly string[] },
  result: { readonly labels: readonly string[]; readonly spatial: readonly string[] },
  of: Omit<Convolution, 'groups'>,
): Value {
  const spatial = new Set([...image.spatial, ...filter.spatial, ...result.spatial]);
  const { batch, groups, features, out } = rolesOf(image.labels, filter.labels, result.labels, spatial);
  const sizeOf = (label: string): number => {
    const at = image.labels.indexOf(label);
    return at >= 0 ? image.value.type.dims[at] : filter.value.type.dims[filter.labels.indexOf(label)];
  };
  const each = (labels: readonly string[]): (readonly string[])[] => labels.map((label) => [label]);
  const made = to.convolution(
    arranged(to, image.value, image, [batch, [...groups, ...features], ...each(image.spatial)]),
    arranged(to, filter.value, filter, [[...groups, ...out], features, ...each(filter.spatial)]),
    { ...of, groups: count(groups.map(sizeOf)) },
  );
  const labels = [...batch, ...groups, ...out, ...result.spatial];
  const apart = to.reshape(made, [...[...batch, ...groups, ...out].map(sizeOf), ...of.sizes]);
  return to.transpose(
    apart,
    result.labels.map((label) => labels.indexOf(label)),
  );
}

/**
 * Windows times a filter: their positions stay and their offsets are summed over. Or, where it is the other way round, the derivative by the
 * filter: an image by what stands at the positions, which are as far apart as the windows.
 */
function convolved(node: Product, side: 0 | 1, sizeOf: SizeOf): Spelled | undefined {
  const windows = node.inputs[side];
  const other = node.inputs[1 - side];
  if (!isOp(windows, window)) return undefined;
  const { left, right, out } = node.attrs;
  const [own, others] = side === 0 ? [left, right] : [right, left];
  const { axes, sizes, strides, dilations } = windows.attrs;
  const rank = windows.inputs[0].type.shape.length;
  const positions = axes.map((axis) => own[axis]);
  const offsets = own.slice(rank);
  const stay = (labels: readonly string[]): boolean => labels.every((l) => out.includes(l) && !others.includes(l));
  const go = (labels: readonly string[]): boolean => labels.every((l) => !out.includes(l) && others.includes(l));
  const forward = stay(positions) && go(offsets);
  if (!forward && !(stay(offsets) && go(positions))) return undefined;
  const source = sourceOf(windows, 0);
  const [low, high] = [source.low, source.high].map((of) => axes.map((axis) => of[axis]));
  const made = dimsOf(windows, sizeOf);
  const count = axes.map((axis) => made[axis]);
  const image = dimsOf(source.of, sizeOf);
  // What no window holds is cut off.
  const end = axes.map((_, n) => (count[n] - 1) * strides[n] + reachOf(sizes[n], dilations[n]));
  const until = high.map((h, n) => Math.min(h, end[n] - low[n] - image[axes[n]]));
  const ones = axes.map(() => 1);
  const labels = own.slice(0, rank);
  return {
    reads: [source.of, other],
    write: (to, [value, by]) =>
      convolution(
        to,
        { value, labels, spatial: positions },
        { value: by, labels: others, spatial: forward ? offsets : positions },
        { labels: out, spatial: forward ? positions : offsets },
        {
          low,
          high: until,
          strides: forward ? strides : dilations,
          apart: [ones, forward ? dilations : strides],
          sizes: forward ? count : sizes,
        },
      ),
  };
}

/** The derivative by the image: what stands at the positions, spread by the strides of the windows, by the filter turned round. */
function transposed(node: NodeOf<typeof overlapAdd>, sizeOf: SizeOf): Spelled | undefined {
  const [made] = node.inputs;
  if (!isOp(made, contract)) return undefined;
  const { axes, sizes, strides, dilations } = node.attrs;
  const { left, right, out } = made.attrs;
  const rank = node.type.shape.length;
  const positions = axes.map((axis) => out[axis]);
  const offsets = out.slice(rank);
  const holds = (labels: readonly string[], all: readonly string[], none: readonly string[]): boolean =>
    all.every((l) => labels.includes(l)) && none.every((l) => !labels.includes(l));
  const side = [left, right].findIndex((labels) => holds(labels, positions, offsets));
  const [own, others] = side === 0 ? [left, right] : [right, left];
  if (side < 0 || !holds(others, offsets, positions)) return undefined;
  const whole = dimsOf(node, sizeOf);
  return {
    reads: [made.inputs[side], made.inputs[1 - side]],
    write: (to, [value, filter]) => {
      const low = sizes.map((size, n) => reachOf(size, dilations[n]) - 1);
      const spread = positions.map((l, n) => (value.type.dims[own.indexOf(l)] - 1) * strides[n] + 1);
      const turned = to.reverse(
        filter,
        offsets.map((l) => others.indexOf(l)).sort((a, b) => a - b),
      );
      return convolution(
        to,
        { value, labels: own, spatial: positions },
        { value: turned, labels: others, spatial: offsets },
        // Each position of the image has the label of the position of the windows there.
        { labels: out.slice(0, rank), spatial: positions },
        {
          low,
          high: axes.map((axis, n) => whole[axis] - spread[n]),
          strides: axes.map(() => 1),
          apart: [strides, dilations],
          sizes: axes.map((axis) => whole[axis]),
        },
      );
    },
  };
}
