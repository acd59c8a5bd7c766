// Windows: sums over them as products with turned kernels, and what is cut, padded or put into one element earlier.
import { isOp, type Builder, type Node, type NodeOf } from '../../../ir/graph.js';
import { add, constant as whole, constantOf, sub, zero, type Index } from '../../../ir/index.js';
import { contract, type Labels } from '../../../ir/ops/contract.js';
import { pad, reshape, slice, spreadOut } from '../../../ir/ops/movement.js';
import { overlapAdd, reachOf, window } from '../../../ir/ops/windows.js';
import { dim, type Dim } from '../../../ir/types.js';
import { given, rule, type SimplifyRule } from './rule.js';

export const windowRules: readonly SimplifyRule[] = [
  rule({
    equation: 'overlap_add(contract(d, w)) = contract(window(pad(d)), flip(w))',
    given: given.finite,
    ops: [overlapAdd],
    rewrite: turnedKernel,
  }),
  rule({
    equation: 'slice(contract(window(x), w)) = contract(window(slice(x)), w)',
    ops: [slice],
    rewrite: sliceOfPositions,
  }),
  rule({
    equation: 'pad(x, nothing) = x',
    ops: [pad],
    rewrite: ({ attrs: { low, high }, inputs: [x] }) => ([...low, ...high].every((n) => n === 0) ? x : undefined),
  }),
  rule({ equation: 'spread_out(x, neighbours) = pad(x)', ops: [spreadOut], rewrite: padInstead }),
  rule({
    equation: 'overlap_add(x, stride = s)[:n] = overlap_add(x, stride = s, length = ⌈n / s⌉ s)[:n]',
    ops: [slice],
    rewrite: wholeStrides,
  }),
  rule({ equation: 'slice(pad(x)) = pad(x)', ops: [slice], rewrite: sliceOfPad }),
  rule({ equation: 'pad(window(x)) = window(pad(x))', ops: [pad], rewrite: padOfWindow }),
  rule({ equation: 'window(x, 1, stride = s) = x[::s]', ops: [window], rewrite: windowOfOne }),
  rule({ equation: 'contract(x[…, none], w) = contract(x, w[…, 0])', ops: [contract], rewrite: withoutOnes }),
];

/** Where the kernel is turned, no element asks which windows hold it: guards of a fold are slow. Windows that start further apart keep them. */
function turnedKernel({ inputs: [product], attrs, type }: NodeOf<typeof overlapAdd>, g: Builder): Node | undefined {
  const { axes, sizes, strides, dilations } = attrs;
  if (!isOp(product, contract) || product.kept || strides.some((s) => s > 1)) return undefined;
  const { left, right, out } = product.attrs;
  const rank = type.shape.length;
  const [positions, offsets] = [axes.map((a) => out[a]), out.slice(rank)];
  const holds = (labels: readonly string[], own: readonly string[], others: readonly string[]): boolean =>
    own.every((l) => labels.includes(l)) && !others.some((l) => labels.includes(l));
  const isLeft = holds(left, positions, offsets) && holds(right, offsets, positions);
  if (!isLeft && !(holds(right, positions, offsets) && holds(left, offsets, positions))) return undefined;
  const [d, w] = isLeft ? product.inputs : [product.inputs[1], product.inputs[0]];
  const [labelsOfD, labelsOfW] = isLeft ? [left, right] : [right, left];
  const margin = labelsOfD.map((label) => {
    const n = positions.indexOf(label);
    return n < 0 ? 0 : reachOf(sizes[n], dilations[n]) - 1;
  });
  const padded = g.make(pad, [d], { low: margin, high: margin, value: 0 });
  // Axes of windows ascend: the operand may have them in another order than the product.
  const order = positions.map((_, n) => n).sort((m, n) => place(m) - place(n));
  function place(n: number): number {
    return labelsOfD.indexOf(positions[n]);
  }
  const windows = g.make(window, [padded], {
    axes: order.map(place),
    sizes: order.map((n) => sizes[n]),
    strides: order.map(() => 1),
    dilations: order.map((n) => dilations[n]),
  });
  const labels = [...labelsOfD, ...order.map((n) => offsets[n])];
  const flipped = flip(
    w,
    labelsOfW.map((label) => offsets.includes(label)),
    g,
  );
  const kept = out.slice(0, rank);
  return isLeft
    ? g.make(contract, [windows, flipped], { left: labels, right: labelsOfW, out: kept })
    : g.make(contract, [flipped, windows], { left: labelsOfW, right: labels, out: kept });
}

function flip(x: Node, along: readonly boolean[], g: Builder): Node {
  const { shape } = x.type;
  return g.make(slice, [x], {
    starts: shape.map((d, i) => (along[i] ? sub(d.size, 1) : zero)),
    steps: along.map((turned) => (turned ? -1 : 1)),
    sizes: shape,
  });
}

/** What is cut off of a convolution is not computed. */
function sliceOfPositions(node: NodeOf<typeof slice>, g: Builder): Node | undefined {
  const [product] = node.inputs;
  const { starts, steps, sizes } = node.attrs;
  if (!isOp(product, contract) || product.kept || steps.some((s) => s !== 1)) return undefined;
  const { out } = product.attrs;
  const cut = out.filter((_, i) => sizes[i].size.key !== product.type.shape[i].size.key);
  if (cut.length === 0) return undefined;
  const side = product.inputs.findIndex((x, i) => isOp(x, window) && !x.kept && isAlongPositions(x, product, i, cut));
  const windows = product.inputs[side];
  if (!windows || !isOp(windows, window)) return undefined;
  const { axes, sizes: kernel, strides, dilations } = windows.attrs;
  const labels = side === 0 ? product.attrs.left : product.attrs.right;
  const [x] = windows.inputs;
  const part = g.make(slice, [x], {
    starts: x.type.shape.map((_, i) => (cut.includes(labels[i]) ? starts[out.indexOf(labels[i])] : zero)),
    steps: x.type.shape.map(() => 1),
    sizes: x.type.shape.map((d, i) => {
      if (!cut.includes(labels[i])) return d;
      const n = axes.indexOf(i);
      return dim(add(sizes[out.indexOf(labels[i])].size, reachOf(kernel[n], dilations[n]) - strides[n]));
    }),
  });
  const narrow = g.make(window, [part], windows.attrs);
  const inputs = side === 0 ? [narrow, product.inputs[1]] : [product.inputs[0], narrow];
  return g.make(contract, inputs, product.attrs);
}

/** Are the labels those of positions of windows that start one after another, and in no other operand? */
function isAlongPositions(
  { attrs }: NodeOf<typeof window>,
  { attrs: { left, right } }: NodeOf<typeof contract>,
  side: number,
  cut: readonly string[],
): boolean {
  const [own, others] = side === 0 ? [left, right] : [right, left];
  return cut.every((label) => {
    const n = attrs.axes.indexOf(own.indexOf(label));
    return n >= 0 && attrs.strides[n] === 1 && !others.includes(label);
  });
}

/** Elements that stay neighbours are padded. */
function padInstead({ inputs: [x], attrs }: NodeOf<typeof spreadOut>, g: Builder): Node | undefined {
  const { starts, steps, shape } = attrs;
  const low = known(starts.map(constantOf));
  const high = known(shape.map(({ size }, i) => constantOf(sub(size, add(starts[i], x.type.shape[i].size)))));
  if (!low || !high || steps.some((s) => s !== 1)) return undefined;
  return g.make(pad, [x], { low, high, value: 0 });
}

/** So many places between windows, each of which knows the windows that hold it: none stands alone at the end. */
function wholeStrides({ inputs: [sum], attrs }: NodeOf<typeof slice>, g: Builder): Node | undefined {
  if (!isOp(sum, overlapAdd) || sum.kept) return undefined;
  const { axes, strides, dilations, shape } = sum.attrs;
  const longer = shape.map((d, i): Dim => {
    const n = axes.indexOf(i);
    const length = constantOf(d.size);
    if (n < 0 || strides[n] === 1 || dilations[n] > 1 || length === undefined) return d;
    return length % strides[n] === 0 ? d : dim(whole(Math.ceil(length / strides[n]) * strides[n]));
  });
  if (longer.every((d, i) => d === shape[i])) return undefined;
  return g.make(slice, [g.make(overlapAdd, sum.inputs, { ...sum.attrs, shape: longer })], attrs);
}

function sliceOfPad({ inputs: [padded], attrs }: NodeOf<typeof slice>, g: Builder): Node | undefined {
  if (!isOp(padded, pad) || padded.kept || attrs.steps.some((s) => s !== 1)) return undefined;
  const { low, high, value } = padded.attrs;
  const [x] = padded.inputs;
  // How much of the padding is left: before and after; negative where the slice starts or ends within x.
  const before = known(attrs.starts.map((s, i) => constantOf(sub(low[i], s))));
  const after = known(
    attrs.sizes.map(({ size }, i) => constantOf(sub(add(attrs.starts[i], size), add(low[i], x.type.shape[i].size)))),
  );
  if (!before || !after) return undefined;
  // No better where nothing of the padding goes.
  if (before.every((n, i) => n === low[i]) && after.every((n, i) => n === high[i])) return undefined;
  const least = x.type.shape.map(({ size }, i) =>
    constantOf(add(size, Math.min(0, before[i]) + Math.min(0, after[i]))),
  );
  if (least.some((n) => n !== undefined && n < 1)) return undefined;
  const part = g.make(slice, [x], {
    starts: before.map((n): Index => whole(Math.max(0, -n))),
    steps: attrs.steps,
    sizes: x.type.shape.map((d, i) => {
      const gone = Math.min(0, before[i]) + Math.min(0, after[i]);
      return gone === 0 ? d : dim(add(d.size, gone));
    }),
  });
  return g.make(pad, [part], {
    low: before.map((n) => Math.max(0, n)),
    high: after.map((n) => Math.max(0, n)),
    value,
  });
}

function known(values: readonly (number | undefined)[]): number[] | undefined {
  const found = values.filter((n) => n !== undefined);
  return found.length === values.length ? found : undefined;
}

/** Other axes are padded before: a copy of the windows would be larger than one of what they are of. */
function padOfWindow({ inputs: [windows], attrs }: NodeOf<typeof pad>, g: Builder): Node | undefined {
  if (!isOp(windows, window) || windows.kept) return undefined;
  const [x] = windows.inputs;
  const rank = x.type.shape.length;
  const isOther = (i: number): boolean => i < rank && !windows.attrs.axes.includes(i);
  if (attrs.low.some((n, i) => n + attrs.high[i] > 0 && !isOther(i))) return undefined;
  const padded = g.make(pad, [x], {
    low: attrs.low.slice(0, rank),
    high: attrs.high.slice(0, rank),
    value: attrs.value,
  });
  return g.make(window, [padded], windows.attrs);
}

/** Windows of one element each: the offsets are axes of size 1. */
function windowOfOne({ inputs: [x], attrs, type }: NodeOf<typeof window>, g: Builder): Node | undefined {
  if (attrs.sizes.some((k) => k > 1)) return undefined;
  const taken = g.make(slice, [x], {
    starts: x.type.shape.map(() => zero),
    steps: x.type.shape.map((_, i) => attrs.strides[attrs.axes.indexOf(i)] ?? 1),
    sizes: type.shape.slice(0, x.type.shape.length),
  });
  return g.make(reshape, [taken], { shape: type.shape });
}

/** Labels of last axes of size 1 that a reshape put there say nothing: a convolution with a kernel of 1 is a matrix product. */
function withoutOnes(node: NodeOf<typeof contract>, g: Builder): Node | undefined {
  const labelsOf = [node.attrs.left, node.attrs.right];
  const side = node.inputs.findIndex((x) => !x.kept && isOp(x, reshape) && addsLastOnes(x));
  const wide = node.inputs[side];
  if (!wide) return undefined;
  const [x] = wide.inputs;
  const gone = labelsOf[side].slice(x.type.shape.length);
  const stay = (labels: readonly string[]): string[] => labels.filter((label) => !gone.includes(label));
  const narrow = node.inputs.map((input, i) => {
    if (i === side) return x;
    const shape = input.type.shape.filter((_, a) => !gone.includes(labelsOf[i][a]));
    return shape.length === input.type.shape.length ? input : g.make(reshape, [input], { shape });
  });
  const labels: Labels = { left: stay(node.attrs.left), right: stay(node.attrs.right), out: stay(node.attrs.out) };
  const product = g.make(contract, narrow, labels);
  return labels.out.length === node.attrs.out.length ? product : g.make(reshape, [product], { shape: node.type.shape });
}

function addsLastOnes({ type: { shape }, inputs: [x] }: Node): boolean {
  const own = x.type.shape;
  return (
    shape.length > own.length &&
    shape.every((d, i) => (i < own.length ? d.size.key === own[i].size.key : constantOf(d.size) === 1))
  );
}
