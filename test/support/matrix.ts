// Every function of tensors at every pattern of broadcasting, choice of axes and edge of shape (size 1, scalar, run-time), as programs.

/** An expression over inputs, whose gradients by all of them are to be what differences give. */
export interface MatrixCase {
  readonly expression: string;
  /** Types by name; `batch` and `T` are run-time sizes. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Where the elements of f32 inputs lie. */
  readonly domain?: readonly [number, number];
  /** First derivatives alone: of second ones it has none, or they are 0 but for kinks. */
  readonly once?: true;
}

/** The run-time sizes: 1 is one of them. */
export const matrixSizes: readonly Readonly<Record<string, number>>[] = [
  { batch: 2, T: 3 },
  { batch: 1, T: 1 },
];

type Domain = NonNullable<MatrixCase['domain']>;
const positive: Domain = [0.3, 2];
const everywhere: Domain = [-2, 2];

const shapes = ['f32', '[1]', '[3]', '[1, 3]', '[2, 1]', '[2, 1, 2]', '[batch]', '[batch, 3]', '[2, T]', '[batch, T]'];

const unary: readonly (readonly [form: string, domain: Domain])[] = [
  ...['exp', 'expm1', 'sin', 'cos', 'erf', 'tanh', 'sigmoid', 'softplus', 'abs', 'floor', 'ceil', 'round', 'sign'].map(
    (name) => [`${name}(a)`, everywhere] as const,
  ),
  ...['gelu', 'gelu_erf', 'silu', 'mish', 'selu', 'relu', 'hard_tanh', 'hard_sigmoid'].map(
    (name) => [`${name}(a)`, everywhere] as const,
  ),
  ...['elu(0.7)(a)', 'leaky_relu(0.2)(a)', 'clamp(a, -1, 1)', '-a', 'a^3', '2^a'].map(
    (form) => [form, everywhere] as const,
  ),
  ...['log(a)', 'log1p(a)', 'sqrt(a)', 'rsqrt(a)', 'a^0.5', 'a^-2', '1 / a', 'a^a'].map(
    (form) => [form, positive] as const,
  ),
];

const pairs = [
  ['[2, 3]', '[2, 3]'],
  ['[2, 3]', '[3]'],
  ['[3]', '[2, 3]'],
  ['[2, 3]', '[1]'],
  ['[2, 3]', 'f32'],
  ['f32', '[3]'],
  ['f32', 'f32'],
  ['[1]', '[1]'],
  ['[2, 1]', '[1, 3]'],
  ['[2, 1, 3]', '[4, 1]'],
  ['[batch, 3]', '[3]'],
  ['[batch, 3]', '[batch, 1]'],
  ['[batch, 1]', '[T]'],
  ['[1]', '[batch]'],
  ['[batch, T]', '[1, T]'],
  ['[batch]', 'f32'],
] as const;

const binary: readonly (readonly [form: string, domain: Domain])[] = [
  ...[
    'a + b',
    'a - b',
    'a * b',
    'max(a, b)',
    'min(a, b)',
    'if a > b then a * b else a - b',
    'where(a < b, b, a^2)',
  ].map((form) => [form, everywhere] as const),
  ...['a / b', 'a^b', 'pow(b, a)', 'f32(a <= b) * a', 'clamp(a, 0.5, b)'].map((form) => [form, positive] as const),
];

const losses = ['mse', 'mae', 'huber', 'binary_cross_entropy', 'hinge', 'r2', 'cosine_distance'];
const lossShapes = ['[1]', '[3]', '[2, 3]', '[batch, 3]', '[batch, T]', '[batch, 1]'];

const reductions = ['sum', 'mean', 'prod', 'max', 'min', 'logsumexp', 'var', 'std'];
const reduced: Readonly<Record<string, readonly string[]>> = {
  '[1]': ['all', '0', '[-1]'],
  '[3]': ['all', '0', '-1'],
  '[2, 3]': ['all', '0', '1', '-2', '[0, 1]'],
  '[1, 3]': ['0', '-1'],
  '[3, 1]': ['0', '1'],
  '[2, 3, 2]': ['1', '[0, 2]', '[-1, 1]', '[0, 1, 2]'],
  '[batch, 3]': ['all', '0', 'batch', '1'],
  '[batch, T]': ['all', 'T', '[batch, T]', '0'],
  '[2, batch, 1]': ['1', '2', '[0, batch]'],
};

const alongAxis = ['softmax', 'log_softmax', 'cumsum', 'cumprod', 'flip'];
const axesOf: Readonly<Record<string, readonly string[]>> = {
  '[1]': ['0'],
  '[3]': ['-1'],
  '[2, 3]': ['0', '1'],
  '[2, 1, 3]': ['1', '-1'],
  '[batch, 3]': ['0', '1'],
  '[batch, T]': ['T', '0'],
};

const products = [
  ['[2, 3]', '[3, 2]'],
  ['[3]', '[3]'],
  ['[2, 3]', '[3]'],
  ['[3]', '[3, 2]'],
  ['[1, 1]', '[1, 1]'],
  ['[2, 2, 3]', '[3, 2]'],
  ['[1, 2, 3]', '[2, 3, 1]'],
  ['[3]', '[2, 3, 2]'],
  ['[batch, 3]', '[3, 2]'],
  ['[batch, T]', '[T, 2]'],
  ['[batch, T, 1]', '[batch, 1, T]'],
  ['[batch]', '[batch]'],
  ['[1, batch]', '[batch, 1]'],
] as const;

/** Of one tensor: what moves, cuts and joins its elements. */
const moved: readonly (readonly [form: string, type: string])[] = [
  ['reshape(a, [3, -1])', '[2, 3]'],
  ['reshape(a, [-1, 1])', '[batch, T]'],
  ['reshape(a, [])', '[1, 1]'],
  ['transpose(a)', '[batch, 1, T]'],
  ['permute(a, [2, 0, 1])', '[2, batch, 3]'],
  ['concat([a, 2 * a], axis = 0)', '[batch, 2]'],
  ['concat([a, a[:, :1]], axis = 1)', '[2, T]'],
  ['stack([a, a^2], axis = -1)', '[batch]'],
  ['stack([a, a^2], axis = 0)', 'f32'],
  ['split(a, 2, axis = 1)[1]', '[batch, 4]'],
  ['split(a, [1, 3], axis = -1)[1]', '[batch, 4]'],
  ['pad(a, [[1, 0], [0, 2]])', '[batch, T]'],
  ['pad(a, [[0, 0], [-1, 1]], value = 3)', '[batch, 3]'],
  ['pad(a, [[2, -1]])', '[3]'],
  ['broadcast(a, [2, batch, 3])', '[batch, 1]'],
  ['a[::-1]', '[batch, 2]'],
  ['a[:, -1]', '[2, T]'],
  ['a[..., none, :1]', '[batch, T]'],
  ['a[:, 1::2]', '[batch, 5]'],
  ['a[3:0:-2]', '[5]'],
  ['a[:, ::2]', '[2, T]'],
  ['a[::-2, ::3]', '[batch, T]'],
  ['rearrange(a, "b (h d) -> h b d", h = 2)', '[batch, 4]'],
  ['rearrange(a, "a b -> (b a)")', '[batch, T]'],
  ['window(a, 2, axis = 1)', '[batch, 4]'],
  ['window(a, 1, axis = 0)', '[1]'],
  ['window(a, 2, stride = 2, dilation = 2)', '[batch, 7]'],
  ['overlap_add(a, stride = 1, axis = 0)', '[3, 2]'],
  ['einsum("ii->i", a)', '[3, 3]'],
  ['einsum("bt,bt->t", a, a)', '[batch, T]'],
  ['einsum("i,i,i->", a, a, a)', '[batch]'],
  ['cumsum(a, 0, reverse = true)', '[batch, 2]'],
  ['cumprod(a, 1, reverse = true)', '[2, T]'],
  ['repeat(2, tanh)(a)', '[batch, 1]'],
  ['residual(sin)(a)', '[T]'],
  ['flatten()(a)', '[batch, 2, 2]'],
  ['sinusoidal(a)', '[batch, T, 3]'],
  ['rotary(a)', '[batch, T, 2]'],
  ['grad(sum(a^3), a)', '[batch, T]'],
];

/** With an index beside the numbers. */
const indexed: readonly (readonly [form: string, a: string, ids: string])[] = [
  ['a[ids]', '[4, 2]', 'index(4)[batch]'],
  ['a[ids]', '[4]', 'index(4)'],
  ['a[ids]', '[1, 2]', 'index(1)[T]'],
  ['a[ids]', '[3, 1, 2]', 'index(3)[batch, T]'],
  ['take_along(a, ids)', '[batch, 4]', 'index(4)[batch]'],
  ['take_along(a, ids)', '[1]', 'index(1)'],
  ['a * one_hot(ids)', '[3]', 'index(3)[batch]'],
  ['cross_entropy(a, ids)', '[batch, 3]', 'index(3)[batch]'],
  ['cross_entropy(a, ids)', '[3]', 'index(3)'],
  ['cross_entropy(a, ids, label_smoothing = 0.1, weight = [1, 2, 0.5])', '[batch, T, 3]', 'index(3)[batch, T]'],
  ['nll(log_softmax(a), ids)', '[batch, 1]', 'index(1)[batch]'],
];

const layers: readonly (readonly [form: string, type: string])[] = [
  ['dense(2)(a)', '[batch, 1]'],
  ['dense(1, bias = false)(a)', '[3]'],
  ['layer_norm()(a)', '[batch, T, 3]'],
  ['rms_norm()(a)', '[batch, 3]'],
  ['batch_norm()(a)', '[3, 2]'],
  ['batch_norm()(a)', '[batch, 2, 3]'],
  ['group_norm(2)(a)', '[batch, 4, 2]'],
  ['instance_norm()(a)', '[batch, 2, 3]'],
  ['conv1d(2, kernel = 2)(a)', '[batch, 1, 3]'],
  ['conv1d(2, kernel = 1, stride = 2, groups = 2)(a)', '[1, 2, 4]'],
  ['conv2d(1, kernel = [1, 2], padding = "same")(a)', '[batch, 2, 2, T]'],
  ['conv2d(2, kernel = 2, stride = 2, dilation = 2, padding = 1)(a)', '[1, 1, 4, 3]'],
  ['conv_transpose2d(1, kernel = 2, stride = 2)(a)', '[batch, 1, 1, T]'],
  ['depthwise_conv2d(2, multiplier = 2)(a)', '[1, 2, 2, 3]'],
  ['max_pool2d(2, stride = 1)(a)', '[batch, 1, 3, 2]'],
  ['avg_pool2d(2, padding = 1)(a)', '[batch, 1, 2, T]'],
  ['max_pool1d(2)(a)', '[1, 1, 4]'],
  ['avg_pool1d(1)(a)', '[batch, 2, T]'],
  ['global_avg_pool2d()(a)', '[batch, 2, 2, T]'],
  ['upsample2d(2, mode = "bilinear")(a)', '[batch, 1, 1, 2]'],
  ['rnn(2)(a)', '[batch, T, 2]'],
  ['lstm(1)(a)', '[batch, T, 1]'],
  ['gru(2)(a)', '[1, T, 1]'],
  ['bidirectional(rnn(1))(a)', '[batch, T, 2]'],
  ['attention(2)(a)', '[batch, T, 4]'],
  ['attention(2, causal = true, key_heads = 1)(a)', '[1, T, 4]'],
  ['transformer_block(1, hidden = 2)(a)', '[1, T, 2]'],
  ['swiglu(2)(a)', '[batch, 2]'],
  ['positions(4)(a)', '[batch, T, 2]'],
];

/** All cases, by what they are about. */
export function matrix(): Readonly<Record<string, readonly MatrixCase[]>> {
  const over = (forms: readonly string[], types: readonly string[]): MatrixCase[] =>
    forms.flatMap((expression) => types.map((a) => ({ expression, inputs: { a } })));
  const of = (forms: readonly (readonly [string, string])[]): MatrixCase[] =>
    forms.map(([expression, a]) => ({ expression, inputs: { a } }));
  return {
    'functions of each element': unary.flatMap(([form, domain]) =>
      over([form], shapes).map((each) => ({ ...each, domain })),
    ),
    'functions of two tensors': binary.flatMap(([expression, domain]) =>
      pairs.map(([a, b]) => ({ expression, inputs: { a, b }, domain })),
    ),
    choices: [
      ['bool[2, 1]', '[3]', 'f32'],
      ['bool[3]', '[2, 1]', '[1]'],
      ['bool', '[batch, 3]', '[3]'],
      ['bool[batch, 1]', '[T]', '[batch, T]'],
    ].map(([c, a, b]) => ({ expression: 'where(c or a > b, a * b, if c then sin(b) else a^2)', inputs: { c, a, b } })),
    losses: losses.flatMap((name) =>
      lossShapes
        // One value has no variance to explain.
        .filter((type) => name !== 'r2' || !/^\[1\]$|batch/.test(type))
        .map((type) => ({ expression: `${name}(a, b)`, inputs: { a: type, b: type } })),
    ),
    reductions: reductions.flatMap((name) =>
      Object.entries(reduced).flatMap(([a, axes]) =>
        axes.flatMap((axis) =>
          [false, true].map((keep) => ({ expression: `${name}(a, axis = ${axis}, keep = ${keep})`, inputs: { a } })),
        ),
      ),
    ),
    'along an axis': alongAxis.flatMap((name) =>
      Object.entries(axesOf).flatMap(([a, axes]) =>
        axes.map((axis) => ({ expression: `${name}(a, axis = ${axis})`, inputs: { a } })),
      ),
    ),
    'products of matrices': products.map(([a, b]) => ({ expression: 'a @ b', inputs: { a, b } })),
    'moving elements': of(moved),
    indexing: indexed.map(([expression, a, ids]) => ({ expression, inputs: { a, ids } })),
    layers: of(layers).map((each) => ({ ...each, once: true })),
  };
}
