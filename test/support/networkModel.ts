// Random networks over images, sequences and vectors, with loops, comparisons and gradients of their own: what targets are held against.
import fc from 'fast-check';
import type { RandomModel } from './randomModel.js';

/** What a value is, its batch apart. */
type Shape =
  | { readonly kind: 'vector'; readonly n: number }
  | { readonly kind: 'image'; readonly c: number; readonly h: number; readonly w: number }
  | { readonly kind: 'sequence'; readonly t: number; readonly n: number };

type Choose = (below: number) => number;

/** A layer that fits: what the value becomes, written after `x |>`, or with the value put in for `$`. */
interface Step {
  readonly text: string;
  readonly shape: Shape;
}

type Growth<S extends Shape> = (shape: S, choose: Choose) => Step | undefined;

/** The fields of a shape of one kind. */
type Of<K extends Shape['kind']> = Extract<Shape, { kind: K }>;

const pick = <T>(choose: Choose, from: readonly T[]): T => from[choose(from.length)];

/** Functions that bend smoothly, so that rounding decides nothing. */
const smooth = ['tanh', 'sigmoid', 'silu', 'softplus', 'gelu', 'gelu_erf', 'mish'] as const;

/** Layers and functions that leave any shape as it is. */
const anywhere: readonly ((choose: Choose) => string)[] = [
  (choose) => `${pick(choose, smooth)}($)`,
  (choose) => `$ * ${pick(choose, ['0.5', '-0.7', '1.3'])}`,
  () => `dropout(0.3)($)`,
  () => `clipped($)`,
  () => `0.5 * turned($) + 0.3 * $`,
  () => `rounded($ + 0.3 * tanh($))`,
  () => `mixed($, 0.5 * $)`,
  (choose) => `(if $ > ${pick(choose, ['0.3', '-0.2'])} then $ else 0.1 * $)`,
  () => `max($, 0.3 * tanh($))`,
];

/** The size of what a window of k leaves of n, or undefined where it does not fit. */
function windowed(n: number, k: number, stride: number, padding: number, dilation = 1): number | undefined {
  const room = n + 2 * padding - dilation * (k - 1) - 1;
  return room < 0 ? undefined : Math.floor(room / stride) + 1;
}

const images: readonly Growth<Of<'image'>>[] = [
  ({ c, h, w }, choose) => {
    const [kernel, stride, padding, dilation] = [1 + choose(3), 1 + choose(2), choose(2), 1 + choose(2)];
    const groups = pick(choose, [1, c]);
    const channels = groups * (1 + choose(3));
    const [y, x] = [h, w].map((n) => windowed(n, kernel, stride, padding, dilation));
    if (y === undefined || x === undefined || channels > 6) return undefined;
    const settings = `kernel = ${kernel}, stride = ${stride}, padding = ${padding}, dilation = ${dilation}, groups = ${groups}`;
    return { text: `conv2d(${channels}, ${settings})($)`, shape: { kind: 'image', c: channels, h: y, w: x } };
  },
  ({ h, w }, choose) => {
    const channels = 1 + choose(3);
    return {
      text: `conv2d(${channels}, kernel = [${1 + choose(3)}, ${1 + choose(2)}], padding = "same")($)`,
      shape: { kind: 'image', c: channels, h, w },
    };
  },
  ({ h, w }, choose) => {
    const [channels, kernel, stride] = [1 + choose(3), 1 + choose(3), 1 + choose(2)];
    const padding = choose(Math.min(2, kernel));
    const [y, x] = [h, w].map((n) => (n - 1) * stride + kernel - 2 * padding);
    if (y < 1 || x < 1 || y * x > 64) return undefined;
    return {
      text: `conv_transpose2d(${channels}, ${kernel}, stride = ${stride}, padding = ${padding})($)`,
      shape: { kind: 'image', c: channels, h: y, w: x },
    };
  },
  ({ c, h, w }, choose) => {
    const [kernel, stride, padding, multiplier] = [1 + choose(3), 1 + choose(2), choose(2), 1 + choose(2)];
    const [y, x] = [h, w].map((n) => windowed(n, kernel, stride, padding));
    if (y === undefined || x === undefined || c * multiplier > 6) return undefined;
    const settings = `kernel = ${kernel}, stride = ${stride}, padding = ${padding}, multiplier = ${multiplier}`;
    return { text: `depthwise_conv2d(${settings})($)`, shape: { kind: 'image', c: c * multiplier, h: y, w: x } };
  },
  ({ c, h, w }, choose) => {
    const [kernel, stride] = [1 + choose(3), 1 + choose(3)];
    const padding = choose(Math.floor(kernel / 2) + 1);
    const [y, x] = [h, w].map((n) => windowed(n, kernel, stride, padding));
    if (y === undefined || x === undefined) return undefined;
    return {
      text: `avg_pool2d(${kernel}, stride = ${stride}, padding = ${padding})($)`,
      shape: { kind: 'image', c, h: y, w: x },
    };
  },
  ({ c, h, w }, choose) => {
    const [kernel, stride, padding] = [2 + choose(2), 1 + choose(2), choose(2)];
    const [y, x] = [h, w].map((n) => windowed(n, kernel, stride, padding));
    if (y === undefined || x === undefined) return undefined;
    return {
      text: `max_pool2d(${kernel}, stride = ${stride}, padding = ${padding})($)`,
      shape: { kind: 'image', c, h: y, w: x },
    };
  },
  (shape) => (shape.h * shape.w < 3 ? undefined : { text: `($ |> instance_norm)`, shape }),
  (shape) => (shape.h * shape.w < 3 ? undefined : { text: `($ |> batch_norm)`, shape }),
  (shape, choose) => {
    const groups = pick(choose, [1, 2, 3, shape.c]);
    const each = (shape.c / groups) * shape.h * shape.w;
    return Number.isInteger(shape.c / groups) && each >= 3 ? { text: `group_norm(${groups})($)`, shape } : undefined;
  },
  ({ c, h, w }, choose) =>
    h * w > 16
      ? undefined
      : {
          text: `upsample2d(2, mode = "${pick(choose, ['nearest', 'bilinear'])}")($)`,
          shape: { kind: 'image', c, h: 2 * h, w: 2 * w },
        },
  ({ c }) => ({ text: `($ |> global_avg_pool2d)`, shape: { kind: 'vector', n: c } }),
  ({ c, h, w }) => ({ text: `($ |> flatten)`, shape: { kind: 'vector', n: c * h * w } }),
  ({ c, h, w }) => ({
    text: `rearrange($, "b c h w -> b (h w) c")`,
    shape: { kind: 'sequence', t: h * w, n: c },
  }),
];

const sequences: readonly Growth<Of<'sequence'>>[] = [
  ({ t }, choose) => {
    const [cell, units] = [pick(choose, ['rnn', 'gru', 'lstm']), 1 + choose(4)];
    return { text: `${cell}(${units})($)`, shape: { kind: 'sequence', t, n: units } };
  },
  ({ t }, choose) => {
    const [cell, units] = [pick(choose, ['rnn', 'gru', 'lstm']), 1 + choose(2)];
    return { text: `bidirectional(${cell}(${units}))($)`, shape: { kind: 'sequence', t, n: 2 * units } };
  },
  ({ t }, choose) => {
    const [cell, units, both] = [pick(choose, ['rnn', 'gru', 'lstm']), 1 + choose(3), choose(2) === 1];
    const lengths = t < sizes && choose(2) === 1 ? 'size' : 'within($, size)';
    const layer = both ? `bidirectional(${cell}(${units}))` : `${cell}(${units})`;
    return { text: `${layer}($, lengths = ${lengths})`, shape: { kind: 'sequence', t, n: both ? 2 * units : units } };
  },
  (shape, choose) => {
    if (shape.n % 2 === 1) return undefined;
    const keys = pick(choose, ['', ', key_heads = 1', ', causal = true']);
    const memory = pick(choose, ['', ', memory = 0.5 * flip($, axis = 1)']);
    return { text: `attention(2${keys})($${memory}, mask = within($, size)[:, none, none, :])`, shape };
  },
  (shape, choose) =>
    shape.n % 2 === 1
      ? undefined
      : {
          text: `attention(${pick(choose, [1, 2])}${pick(choose, ['', ', causal = true', ', bias = false', ', window = 2'])})($)`,
          shape,
        },
  (shape, choose) =>
    shape.n % 2 === 1 || shape.n < 3
      ? undefined
      : {
          text: `transformer_block(${pick(choose, [1, 2])}, hidden = 5, causal = ${pick(choose, ['true', 'false'])})($)`,
          shape,
        },
  (shape) => ({ text: `($ |> positions)`, shape }),
  (shape) => (shape.n % 2 === 1 ? undefined : { text: `sinusoidal($)`, shape }),
  (shape) => (shape.n % 2 === 1 ? undefined : { text: `rotary($)`, shape }),
  (shape) => ({ text: `0.3 * cumsum($, axis = 1)`, shape }),
  (shape) => ({ text: `running($)`, shape }),
  (shape) => ({ text: `woven($)`, shape }),
  (shape) => ({ text: `nested($)`, shape }),
  (shape) => ({ text: `$ + (word |> embedding(${shape.n}))[:, none, :]`, shape }),
  (shape, choose) => (shape.n < 3 ? undefined : { text: `($ |> ${pick(choose, ['layer_norm', 'rms_norm'])})`, shape }),
  (shape) => (shape.t < 3 ? undefined : { text: `transpose(transpose($) |> instance_norm)`, shape }),
  (shape) => ({ text: `fading($)`, shape }),
  ({ t, n }, choose) => {
    const [units, kernel, stride, dilation] = [1 + choose(3), 1 + choose(3), 1 + choose(2), 1 + choose(2)];
    const length = windowed(t, kernel, stride, 1, dilation);
    if (length === undefined) return undefined;
    const settings = `kernel = ${kernel}, stride = ${stride}, padding = 1, dilation = ${dilation}`;
    const text = `transpose(conv1d(${units}, ${settings})(transpose($)))`;
    return n > 6 ? undefined : { text, shape: { kind: 'sequence', t: length, n: units } };
  },
  ({ n }) => ({ text: `mean($, axis = 1)`, shape: { kind: 'vector', n } }),
  ({ n }) => ({ text: `final($)`, shape: { kind: 'vector', n } }),
  ({ t, n }) => ({ text: `($ |> flatten)`, shape: { kind: 'vector', n: t * n } }),
  ({ t }, choose) => {
    const n = 1 + choose(4);
    return { text: `dense(${n})($)`, shape: { kind: 'sequence', t, n } };
  },
];

const vectors: readonly Growth<Of<'vector'>>[] = [
  (_, choose) => {
    const n = 1 + choose(8);
    return { text: `dense(${n})($)`, shape: { kind: 'vector', n } };
  },
  (shape) => (shape.n < 3 ? undefined : { text: `($ |> layer_norm)`, shape }),
  (shape) => ({ text: `$ + (word |> embedding(${shape.n}))`, shape }),
];

/** What makes images and sequences of a vector: chosen more often, for most layers are about them. */
const unfoldings: readonly Growth<Of<'vector'>>[] = [
  (_, choose) => {
    const c = pick(choose, [1, 2, 3]);
    const [h, w] = pick(choose, [
      [2, 2],
      [3, 2],
      [2, 3],
      [4, 3],
      [1, 4],
      [3, 3],
    ] as const);
    return {
      text: `reshape(dense(${c * h * w})($), [batch, ${c}, ${h}, ${w}])`,
      shape: { kind: 'image', c, h, w },
    };
  },
  (_, choose) => {
    const [t, n] = [1 + choose(4), 1 + choose(4)];
    return { text: `reshape(dense(${t * n})($), [batch, ${t}, ${n}])`, shape: { kind: 'sequence', t, n } };
  },
];

const definitions = `fn clipped(x) = 1.5 * x
gradient clipped(x, d) = clamp(d, -0.01, 0.01)

fn turned(x) = tanh(x)
gradient turned(x, d) = -0.5 * d * (1 - tanh(x)^2)

fn rounded(x) = x + 0.1 * round(x)
gradient rounded(x, d) = d

fn mixed(a, b) = a * tanh(b)
gradient mixed(a, b, d) = d * tanh(b), 0.3 * d * a

fn within(x: [batch, T, n], size: index(N)[batch]) = f32(range(T)) <= f32(size)[:, none]

fn running(x: [batch, T, n]) = scan xt in x along T, h = zeros([batch, n]) {
  h := 0.5 * h + tanh(xt)
  emit h
}

fn fading(x: [batch, T, n]) = scan xt in x along T backwards, h = zeros([batch, n]), last = zeros([batch, n]) {
  h := sigmoid(h) * 0.7 + 0.2 * xt * last
  last := xt
  emit h + 0.1 * last
}

fn woven(x: [batch, T, n]) {
  u, v = scan xt in x, yt in flip(x, axis = 1) along T, a = zeros([batch, n]), b = 0.5 * x[:, 0], c = 1 {
    a := tanh(0.5 * a + c * xt * b)
    b := 0.6 * b + 0.3 * yt
    c := 0.9 * c
    emit a, c * b
  }
  return u + 0.5 * v
}

fn nested(x: [batch, T, n]) = scan xt in x along T, h = zeros([batch, n]) {
  scan i in range(2), k = h {
    k := 0.5 * k + sin(xt + 0.2 * f32(i))
  }
  h := 0.7 * k
  emit h
}

fn final(x: [batch, T, n]) {
  scan xt in x along T, h = zeros([batch, n]) {
    h := 0.6 * h + sin(xt)
  }
  return h
}
`;

/** The layers of a network, by what its values are; an entry holds a value's number, its shape and its formula. */
interface Network {
  readonly lines: string[];
  shape: Shape;
}

const width = 6;
const classes = 3;
const words = 7;
/** What `size` is below: a sequence has that many positions and one more. */
const sizes = 4;

function grow(network: Network, choices: readonly number[]): void {
  let next = 0;
  const choose: Choose = (below) => choices[next++ % choices.length] % below;
  const { shape, lines } = network;
  const step = stepFrom(shape, choose);
  if (!step) return;
  lines.push(`h${lines.length + 1} = ${step.text.replaceAll('$', `h${lines.length}`)}`);
  network.shape = step.shape;
}

function stepFrom(shape: Shape, choose: Choose): Step | undefined {
  if (choose(3) === 0) return { text: pick(choose, anywhere)(choose), shape };
  switch (shape.kind) {
    case 'image':
      return pick(choose, images)(shape, choose);
    case 'sequence':
      return pick(choose, sequences)(shape, choose);
    case 'vector':
      return pick(choose, [...vectors, ...unfoldings, ...unfoldings, ...unfoldings])(shape, choose);
    default:
      return shape satisfies never;
  }
}

/** Up to seven layers from a vector to the classes, which two losses judge. */
export const networkModel: fc.Arbitrary<RandomModel> = fc
  .record({
    recipe: fc.array(fc.array(fc.nat(4095), { minLength: 8, maxLength: 8 }), {
      minLength: 1,
      maxLength: 7,
      size: 'max',
    }),
    memory: fc.constantFrom('fast', 'small'),
  })
  .map(({ recipe, memory }) => {
    const network: Network = { lines: [], shape: { kind: 'vector', n: width } };
    for (const choices of recipe) grow(network, choices);
    const last = `h${network.lines.length}`;
    const uses = (name: string): boolean => network.lines.some((line) => new RegExp(`\\b${name}\\b`).test(line));
    const used = { word: uses('word'), size: uses('size') };
    const text = [
      definitions,
      `model network {`,
      `  input x: [batch, ${width}]`,
      `  input label: index(${classes})[batch]`,
      ...(used.word ? [`  input word: index(${words})[batch]`] : []),
      ...(used.size ? [`  input size: index(${sizes})[batch]`] : []),
      `  h0 = x`,
      ...network.lines.map((line) => `  ${line}`),
      `  logits = ${last} |> flatten |> dense(${classes})`,
      `  output p = softmax(logits)`,
      `  loss = cross_entropy(logits, label) + 0.1 * mean(${last}^2)`,
      `  train { optimizer = sgd(lr = 0.1), batch = 4, memory = "${memory}" }`,
      `}\n`,
    ].join('\n');
    return { text, inputs: (rows, seed) => inputsFor(used, rows, seed) };
  });

function inputsFor(
  used: { readonly word: boolean; readonly size: boolean },
  rows: number,
  seed: number,
): Record<string, Float32Array | Int32Array> {
  let state = seed + 1;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const below = (size: number): Int32Array => Int32Array.from({ length: rows }, () => Math.floor(size * draw()));
  return {
    x: Float32Array.from({ length: rows * width }, () => 2 * draw() - 1),
    label: below(classes),
    ...(used.word && { word: below(words) }),
    ...(used.size && { size: below(sizes) }),
  };
}
