// Convolutions, pooling and affine layers as the operators that ONNX has for them.
import { isOp, type Node, type NodeOf } from '../../../ir/graph.js';
import { constantOf } from '../../../ir/index.js';
import { add, div } from '../../../ir/ops/arithmetic.js';
import { contract } from '../../../ir/ops/contract.js';
import { pad, reshape, slice } from '../../../ir/ops/movement.js';
import { reduceMax, sum } from '../../../ir/ops/reductions.js';
import { overlapAdd, window } from '../../../ir/ops/windows.js';
import { labelOf } from '../elementwise.js';
import type { Attribute } from '../model.js';
import { behind } from '../writer.js';
import { inputsOf, isNumber, repeatedAlong, type Match, type Pattern } from './match.js';

type Attributes = Readonly<Record<string, Attribute>>;

/** An image with what is put around it, and the windows that slide over its last axes. */
interface Sliding {
  readonly x: Node;
  readonly windows: NodeOf<typeof window>;
  readonly attributes: Attributes;
}

/** `spatial`: how many axes at the end are slid along. `around`: what padding holds. */
function slidingOf(node: Node, spatial: number, around: number): Sliding | undefined {
  if (!isOp(node, window)) return undefined;
  const { axes, sizes, strides, dilations } = node.attrs;
  const inside = behind(node.inputs[0]);
  const rank = inside.type.shape.length;
  const wanted = Array.from({ length: spatial }, (_, i) => rank - spatial + i);
  if (axes.join() !== wanted.join()) return undefined;
  const padding = isOp(inside, pad) ? inside.attrs : undefined;
  if (
    padding &&
    (padding.value !== around || [...padding.low, ...padding.high].some((n, i) => n !== 0 && i % rank < rank - spatial))
  )
    return undefined;
  const [low, high] = padding ? [padding.low, padding.high] : [[], []];
  const pads = [...wanted.map((axis) => low[axis] ?? 0), ...wanted.map((axis) => high[axis] ?? 0)];
  return {
    x: padding ? behind(inside.inputs[0]) : inside,
    windows: node,
    attributes: {
      kernel_shape: { ints: sizes },
      strides: { ints: strides },
      ...(pads.some((n) => n > 0) && { pads: { ints: pads } }),
      ...(dilations.some((n) => n > 1) && { dilations: { ints: dilations } }),
    },
  };
}

/** A pattern of a product, or of the sum of one and a bias by channels, the second axis. */
function biased(product: (node: Node, bias: Node | undefined, at: Node) => Match | undefined): Pattern {
  return (node) => {
    const sums = inputsOf(node, add);
    if (!sums) return product(node, undefined, node);
    const others = node.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    for (const [summand, spread] of [sums, [...sums].reverse()]) {
      const bias = repeatedAlong(spread, others);
      const match = bias && bias.type.shape.length === 1 && product(summand, bias, node);
      if (match) return match;
    }
    return undefined;
  };
}

/** A convolution is a contraction of windows: [b, c, y, x, i, j] and [o, c, i, j] to [b, o, y, x]; of one axis alike. */
function convolutionOf(node: Node, bias: Node | undefined, at: Node): Match | undefined {
  return plainConvolution(node, bias, at) ?? groupedConvolution(node, bias, at);
}

function plainConvolution(node: Node, bias: Node | undefined, at: Node): Match | undefined {
  if (!isOp(node, contract)) return undefined;
  const { left, right, out } = node.attrs;
  const spatial = right.length - 2;
  if (spatial < 1 || left.length !== 2 + 2 * spatial) return undefined;
  const [b, c] = left;
  const positions = left.slice(2, 2 + spatial);
  const offsets = left.slice(2 + spatial);
  const [o] = right;
  if (right.join() !== [o, c, ...offsets].join() || out.join() !== [b, o, ...positions].join()) return undefined;
  const [windows, filter] = node.inputs.map(behind);
  const sliding = slidingOf(windows, spatial, 0);
  return sliding && conv(at, sliding, filter, bias, {});
}

/** Channels in groups: an axis of them before the channels of image and filter, which comes and goes by reshaping. */
function groupedConvolution(node: Node, bias: Node | undefined, at: Node): Match | undefined {
  if (!isOp(node, reshape)) return undefined;
  const product = behind(node.inputs[0]);
  if (!isOp(product, contract)) return undefined;
  const { left, right, out } = product.attrs;
  const spatial = right.length - 3;
  if (spatial < 1 || left.length !== 3 + 2 * spatial) return undefined;
  const [b, g, c] = left;
  const positions = left.slice(3, 3 + spatial);
  const offsets = left.slice(3 + spatial);
  const o = right[1];
  if (right.join() !== [g, o, c, ...offsets].join() || out.join() !== [b, g, o, ...positions].join()) return undefined;
  const [windows, parts] = product.inputs.map(behind);
  const sliding = slidingOf(windows, spatial, 0);
  if (!sliding || !isOp(sliding.x, reshape) || !isOp(parts, reshape)) return undefined;
  const [x, filter] = [behind(sliding.x.inputs[0]), behind(parts.inputs[0])];
  const groups = constantOf(parts.type.shape[0].size);
  const whole = [x, filter, node].every(({ type }) => type.shape.length === 2 + spatial);
  if (groups === undefined || !whole || filter.type.shape[1].size.key !== parts.type.shape[2].size.key)
    return undefined;
  if (x.type.shape[0].size.key !== sliding.x.type.shape[0].size.key) return undefined;
  return conv(at, { ...sliding, x }, filter, bias, { group: { int: groups } });
}

function conv(node: Node, { x, attributes }: Sliding, filter: Node, bias: Node | undefined, more: Attributes): Match {
  const parts = [x, filter, ...(bias ? [bias] : [])];
  return {
    parts,
    shares: true,
    say: (writer) =>
      writer.add(
        'Conv',
        parts.map((part) => writer.of(part)),
        { attributes: { ...attributes, ...more }, name: labelOf(node, 'Conv') },
      ),
  };
}

export const convolution: Pattern = biased(convolutionOf);

/** What a transposed convolution computes is summed where windows overlap, and cut. */
export const transposedConvolution: Pattern = biased(transposedOf);

function transposedOf(node: Node, bias: Node | undefined, at: Node): Match | undefined {
  const full = isOp(node, slice) ? behind(node.inputs[0]) : node;
  if (!isOp(full, overlapAdd)) return undefined;
  const { axes, sizes, strides, dilations, shape } = full.attrs;
  const product = behind(full.inputs[0]);
  if (!isOp(product, contract)) return undefined;
  const { left, right, out } = product.attrs;
  const spatial = axes.length;
  const [b, c, ...positions] = left;
  const [rightC, o, ...offsets] = right;
  const fits = rightC === c && positions.length === spatial && offsets.length === spatial;
  if (
    !fits ||
    out.join() !== [b, o, ...positions, ...offsets].join() ||
    axes.join() !== positions.map((_, i) => i + 2).join()
  )
    return undefined;
  const cut = cutOf(node, full);
  if (!cut) return undefined;
  const [x, filter] = product.inputs.map(behind);
  const more = axes.map((axis, n) => {
    const count = constantOf(x.type.shape[axis].size);
    const length = constantOf(shape[axis].size);
    return count === undefined || length === undefined
      ? undefined
      : length - ((count - 1) * strides[n] + (sizes[n] - 1) * dilations[n] + 1);
  });
  // Elements that no window holds are what the operator calls output padding, of which there are less than a stride.
  if (more.some((n, i) => n === undefined || n < 0 || n >= Math.max(strides[i], dilations[i]))) return undefined;
  const output = more.map((n) => n ?? 0);
  const parts = [x, filter, ...(bias ? [bias] : [])];
  return {
    parts,
    shares: true,
    say: (writer) =>
      writer.add(
        'ConvTranspose',
        parts.map((part) => writer.of(part)),
        {
          attributes: {
            kernel_shape: { ints: sizes },
            strides: { ints: strides },
            ...(dilations.some((n) => n > 1) && { dilations: { ints: dilations } }),
            ...(cut.some((n) => n > 0) && { pads: { ints: cut } }),
            ...(output.some((n) => n > 0) && { output_padding: { ints: output } }),
          },
          name: labelOf(at, 'ConvTranspose'),
        },
      ),
  };
}

/** How much is cut from each end of the axes behind the second. */
function cutOf(node: Node, full: Node): readonly number[] | undefined {
  const spatial = full.type.shape.length - 2;
  if (node === full) return Array.from({ length: 2 * spatial }, () => 0);
  if (!isOp(node, slice)) return undefined;
  const { starts, steps, sizes } = node.attrs;
  const low = starts.map(constantOf);
  const ends = sizes.map((d, axis) => {
    const [has, left] = [constantOf(full.type.shape[axis].size), constantOf(d.size)];
    if (full.type.shape[axis].size.key === d.size.key) return 0;
    const start = low[axis];
    return has === undefined || left === undefined || start === undefined ? undefined : has - left - start;
  });
  if (steps.some((step) => step !== 1) || low[0] !== 0 || low[1] !== 0 || ends[0] !== 0 || ends[1] !== 0)
    return undefined;
  const cut = [...low.slice(2), ...ends.slice(2)];
  return cut.every((n) => n !== undefined && n >= 0) ? cut.map((n) => n ?? 0) : undefined;
}

function pooled(node: Node, { x, attributes }: Sliding, operator: string, more: Attributes = {}): Match {
  return {
    parts: [x],
    say: (writer) =>
      writer.add(operator, [writer.of(x)], { attributes: { ...attributes, ...more }, name: labelOf(node, operator) }),
  };
}

/** The windows of images or sequences that are reduced to one element each. */
function reduced(node: Node | undefined, axes: readonly number[], around: number): Sliding | undefined {
  if (!node || !isOp(node, window)) return undefined;
  const rank = node.inputs[0].type.shape.length;
  const spatial = node.attrs.axes.length;
  const offsets = Array.from({ length: spatial }, (_, i) => rank + i);
  return rank === 2 + spatial && axes.join() === offsets.join() ? slidingOf(node, spatial, around) : undefined;
}

export const maxPool: Pattern = (node) => {
  if (!isOp(node, reduceMax) || node.type.element.kind !== 'f32') return undefined;
  const sliding = reduced(behind(node.inputs[0]), node.attrs.axes, -Infinity);
  return sliding && pooled(node, sliding, 'MaxPool');
};

/** What is padded counts. */
export const averagePool: Pattern = (node) => {
  const [total, count] = inputsOf(node, div) ?? [];
  if (!total || !count || !isOp(total, sum)) return undefined;
  const sliding = reduced(behind(total.inputs[0]), total.attrs.axes, 0);
  if (!sliding || !isNumber(sliding.windows.attrs.sizes.reduce((a, b) => a * b, 1))(count)) return undefined;
  return pooled(node, sliding, 'AveragePool', { count_include_pad: { int: 1 } });
};

/** x @ W + b of matrices, either of which may stand on its side */
export const gemm: Pattern = (node) => {
  const sums = inputsOf(node, add);
  if (!sums || node.type.shape.length !== 2) return undefined;
  for (const [product, spread] of [sums, [...sums].reverse()]) {
    const bias = repeatedAlong(spread, [0]);
    if (!bias || !isOp(product, contract)) continue;
    const { left, right, out } = product.attrs;
    const [row, column] = out;
    const folded = left.filter((label) => right.includes(label));
    if (
      folded.length !== 1 ||
      left.length !== 2 ||
      right.length !== 2 ||
      !left.includes(row) ||
      !right.includes(column)
    )
      continue;
    const parts = [...product.inputs.map(behind), bias];
    const attributes = {
      ...(left[0] !== row && { transA: { int: 1 } }),
      ...(right[1] !== column && { transB: { int: 1 } }),
    };
    return {
      parts,
      say: (writer) =>
        writer.add(
          'Gemm',
          parts.map((part) => writer.of(part)),
          { attributes, name: labelOf(node, 'Gemm') },
        ),
    };
  }
  return undefined;
};
