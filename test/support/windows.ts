// Hand-made nests of windows: convolutions, their gradients by weights and by input, and pooling, as element rules give them.
import { createBuilder } from '../../src/ir/builder.js';
import { addressOf } from '../../src/ir/elements.js';
import { add, axis, div, mul, sub, toIndex, type Axis, type Index } from '../../src/ir/index.js';
import { input } from '../../src/ir/ops/leaves.js';
import { overlapAdd } from '../../src/ir/ops/windows.js';
import { apply, fold, indexValue, load, number, type Scalar } from '../../src/ir/scalar.js';
import { dim, tensor } from '../../src/ir/types.js';
import { buffer, nest, type Example } from './nests.js';

type Extent = Index | number;

/** A convolution over images, or along lines where `lines`. */
export interface Windows {
  readonly batch: Extent;
  readonly channels: number;
  readonly outputs: number;
  /** Of the image with its padding. */
  readonly side: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Padding that is a guard inside the fold, in place of a padded image. */
  readonly padding?: number;
  /** Channels of the input that an output sees. */
  readonly groups?: number;
  readonly lines?: true;
  /** Channels come last, or first. */
  readonly last?: true;
}

/** Row-major. */
function at(dims: readonly Extent[], coordinates: readonly (Index | Axis | number)[]): Index {
  return coordinates.reduce<Index>((all, c, i) => add(mul(all, dims[i]), toIndex(c)), toIndex(0));
}

interface Parts {
  readonly sides: number;
  readonly places: (names: string, extent: number) => Axis[];
  readonly stride: number;
  readonly out: number;
  readonly groups: number;
  readonly spread: (n: Extent) => Extent[];
}

function partsOf({ side, kernel, stride = 1, padding = 0, groups = 1, lines }: Windows): Parts {
  const sides = lines ? 1 : 2;
  return {
    sides,
    places: (names, extent) => [...names].slice(-sides).map((name) => axis(name, extent)),
    stride,
    out: Math.floor((side + 2 * padding - kernel) / stride) + 1,
    groups,
    spread: (n) => Array.from({ length: sides }, () => n),
  };
}

/** Axes of one place are none. */
function channelsOf({ batch, channels, outputs }: Windows, groups: number) {
  const [inner, outer] = [channels / groups, outputs / groups];
  const some = (name: string, extent: number): Axis[] => (extent === 1 ? [] : [axis(name, extent)]);
  const [b, g, o, c] = [axis('b', batch), some('g', groups), some('o', outer), some('c', inner)];
  const place = (axes: readonly Axis[]): Index => add(...axes.map(toIndex));
  const of = (n: number, axes: readonly Axis[]): Index => add(mul(place(g), n), place(axes));
  return { b, g, o, c, inner, inside: place(c), channel: of(inner, c), output: of(outer, o) };
}

const all = (extents: readonly Extent[]): Index => extents.reduce<Index>((p, n) => mul(p, n), toIndex(1));

/** The image at stride · place + offset - padding; 0 outside of it. */
function pixel(
  w: Windows,
  image: ReturnType<typeof buffer>,
  lead: readonly (Index | Axis)[],
  places: readonly Axis[],
  offsets: readonly Axis[],
): Scalar {
  const { stride, spread } = partsOf(w);
  const coordinates = places.map((p, i) => sub(add(mul(toIndex(p), stride), toIndex(offsets[i])), w.padding ?? 0));
  const value = load(image, at([w.batch, w.channels, ...spread(w.side)], [...lead, ...coordinates]));
  if (!w.padding) return value;
  const inside = coordinates.flatMap((c) => [
    apply('le', number(0, 'i32'), indexValue(c)),
    apply('lt', indexValue(c), number(w.side, 'i32')),
  ]);
  return apply(
    'select',
    inside.reduce((x, y) => apply('and', x, y)),
    value,
    number(0),
  );
}

/** out[b, o, y, x] = max(bias[o] + Σ c, i, j image[b, c, y·stride + i, x·stride + j] · filter[o, c, i, j], 0). */
export function forward(w: Windows): Example {
  const { places, out, groups, spread } = partsOf(w);
  const { b, g, o, c, inner, inside, channel, output } = channelsOf(w, groups);
  const [at_, k] = [places('yx', out), places('ij', w.kernel)];
  const image = buffer('image', all([w.batch, w.channels, ...spread(w.side)]));
  const filter = buffer('filter', all([w.outputs, inner, ...spread(w.kernel)]));
  const bias = buffer('bias', w.outputs);
  const result = buffer('out', all([w.batch, w.outputs, ...spread(out)]));
  const product = apply(
    'mul',
    pixel(w, image, [b, channel], at_, k),
    load(filter, at([w.outputs, inner, ...spread(w.kernel)], [output, inside, ...k])),
  );
  const sum = fold('add', [...c, ...k], product);
  const value = apply('max', apply('add', sum, load(bias, output)), number(0));
  const axes = [b, ...g, ...o, ...at_];
  const to = at([w.batch, w.outputs, ...spread(out)], [b, output, ...at_]);
  return { nest: nest('out', axes, [{ to: result, at: to, value }]), buffers: [image, filter, bias, result] };
}

/** d_filter[o, c, i, j] = Σ b, y, x d[b, o, y, x] · image[b, c, y·stride + i, x·stride + j]. */
export function byWeights(w: Windows): Example {
  const { places, out, groups, spread } = partsOf(w);
  const { b, g, o, c, inner, inside, channel, output } = channelsOf(w, groups);
  const [at_, k] = [places('yx', out), places('ij', w.kernel)];
  const image = buffer('image', all([w.batch, w.channels, ...spread(w.side)]));
  const d = buffer('d', all([w.batch, w.outputs, ...spread(out)]));
  const result = buffer('d_filter', all([w.outputs, inner, ...spread(w.kernel)]));
  const product = apply(
    'mul',
    load(d, at([w.batch, w.outputs, ...spread(out)], [b, output, ...at_])),
    pixel(w, image, [b, channel], at_, k),
  );
  const value = fold('add', [b, ...at_], product);
  const axes = [...g, ...o, ...c, ...k];
  const to = at([w.outputs, inner, ...spread(w.kernel)], [output, inside, ...k]);
  return { nest: nest('d_filter', axes, [{ to: result, at: to, value }]), buffers: [image, d, result] };
}

/** d_image[b, c, y, x] = Σ o, i, j d[b, o, y + i, x + j] · filter[o, c, kernel - 1 - i, kernel - 1 - j], d with its padding. */
export function byInput(w: Windows): Example {
  const { places, spread } = partsOf(w);
  const whole = w.side + w.kernel - 1;
  const [b, o, c] = [axis('b', w.batch), axis('o', w.outputs), axis('c', w.channels)];
  const [at_, k] = [places('yx', w.side), places('ij', w.kernel)];
  const d = buffer('d', all([w.batch, w.outputs, ...spread(whole)]));
  const filter = buffer('filter', all([w.outputs, w.channels, ...spread(w.kernel)]));
  const result = buffer('d_image', all([w.batch, w.channels, ...spread(w.side)]));
  const product = apply(
    'mul',
    load(d, at([w.batch, w.outputs, ...spread(whole)], [b, o, ...at_.map((p, i) => add(toIndex(p), toIndex(k[i])))])),
    load(
      filter,
      at([w.outputs, w.channels, ...spread(w.kernel)], [o, c, ...k.map((a) => sub(w.kernel - 1, toIndex(a)))]),
    ),
  );
  const value = fold('add', [o, ...k], product);
  const to = at([w.batch, w.channels, ...spread(w.side)], [b, c, ...at_]);
  return {
    nest: nest('d_image', [b, c, ...at_], [{ to: result, at: to, value }]),
    buffers: [d, filter, result],
  };
}

/** out[b, c, y, x] = the largest of the window's elements, windows lying side by side. */
export function maxPool(batch: Extent, channels: number, side: number, kernel: number): Example {
  const [b, c, y, x] = [axis('b', batch), axis('c', channels), axis('y', side), axis('x', side)];
  const [i, j] = [axis('i', kernel), axis('j', kernel)];
  const dims = [batch, channels, side * kernel, side * kernel];
  const [image, out] = [buffer('image', all(dims)), buffer('out', all([batch, channels, side, side]))];
  const within = (p: Axis, k: Axis): Index => add(mul(toIndex(p), kernel), toIndex(k));
  const value = fold('max', [i, j], load(image, at(dims, [b, c, within(y, i), within(x, j)])));
  const to = at([batch, channels, side, side], [b, c, y, x]);
  return { nest: nest('out', [b, c, y, x], [{ to: out, at: to, value }]), buffers: [image, out] };
}

/** Its gradient: what is the largest of its window takes the window's, divided by how many are. */
export function maxPoolGradient(batch: Extent, channels: number, side: number, kernel: number): Example {
  const whole = side * kernel;
  const [b, c, y, x] = [axis('b', batch), axis('c', channels), axis('y', whole), axis('x', whole)];
  const dims = [batch, channels, whole, whole];
  const small = [batch, channels, side, side];
  const [image, d_image] = [buffer('image', all(dims)), buffer('d_image', all(dims))];
  const [most, count, d] = [buffer('most', all(small)), buffer('count', all(small)), buffer('d', all(small))];
  const of = (p: Axis): Index => div(toIndex(p), toIndex(kernel));
  const [here, window] = [at(dims, [b, c, y, x]), at(small, [b, c, of(y), of(x)])];
  const share = apply('div', load(d, window), load(count, window));
  const value = apply('select', apply('lt', load(image, here), load(most, window)), number(0), share);
  return {
    nest: nest('d_image', [b, c, y, x], [{ to: d_image, at: here, value }]),
    buffers: [image, most, count, d, d_image],
  };
}

/** out[b, y, x] = image[b, y - low, x - low] within the image, 0 around it. */
export function padded(batch: Extent, side: number, [low, high]: readonly [number, number]): Example {
  const whole = low + side + high;
  const [b, y, x] = [axis('b', batch), axis('y', whole), axis('x', whole)];
  const [image, out] = [buffer('image', all([batch, side, side])), buffer('out', all([batch, whole, whole]))];
  const inside = [y, x].flatMap((p) => [
    apply('le', number(low, 'i32'), indexValue(toIndex(p))),
    apply('lt', indexValue(toIndex(p)), number(low + side, 'i32')),
  ]);
  const from = load(image, at([batch, side, side], [b, sub(toIndex(y), low), sub(toIndex(x), low)]));
  const value = apply(
    'select',
    inside.reduce((p, q) => apply('and', p, q)),
    from,
    number(0),
  );
  const to = at([batch, whole, whole], [b, y, x]);
  return { nest: nest('out', [b, y, x], [{ to: out, at: to, value }]), buffers: [image, out] };
}

/** out[b, y, x] = the sum over the windows, `stride` apart along both axes, that hold the element; none holds the last `rest`. */
export function overlapped(batch: Extent, positions: number, kernel: number, stride: number, rest = 1): Example {
  const side = (positions - 1) * stride + kernel + rest;
  const [dims, shape] = [
    [batch, positions, positions, kernel, kernel],
    [batch, side, side],
  ].map((extents) => extents.map((n) => dim(toIndex(n))));
  const g = createBuilder();
  const windows = g.make(input, [], { name: 'd', type: tensor(dims) });
  const both = [kernel, stride, 1].map((n) => [n, n]);
  const node = g.make(overlapAdd, [windows], {
    axes: [1, 2],
    sizes: both[0],
    strides: both[1],
    dilations: both[2],
    shape,
  });
  const axes = shape.map((d, i) => axis('byx'[i], d.size));
  const [d, out] = [buffer('d', all(dims.map(({ size }) => size))), buffer('out', all(shape.map(({ size }) => size)))];
  const places = axes.map(toIndex);
  const value =
    node.op.kind === 'element' && node.op.element(places, [(where) => load(d, addressOf(windows.type, where))], node);
  if (!value) throw new Error('overlap_add is computed element by element');
  return { nest: nest('out', axes, [{ to: out, at: addressOf(node.type, places), value }]), buffers: [d, out] };
}
