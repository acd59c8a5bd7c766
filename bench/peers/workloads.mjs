// What is trained: networks of dense layers, a recurrent one, a transformer and two of convolutions, their data and first weights, the same for
// every contestant.

/**
 * `recurrent`: an LSTM of so many units goes over as many positions, and a dense layer reads its last.
 * `transformer`: blocks of causal attention and a hidden layer, normalised before each, tell at every position which token comes next.
 * `image`: convolutions of it, as `network` says: LeNet-5, or a block of a residual network.
 * `layers` counts the units from the input to the output, `activation` stands between them.
 * loss: half the mean squared error after a sigmoid, softmax with cross entropy, or cross entropy of a sigmoid.
 */
export const workloads = [
  {
    name: 'xor',
    about: '2-3-1, sigmoid, SGD, batch 1',
    layers: [2, 3, 1],
    activation: 'sigmoid',
    loss: 'squares',
    optimizer: { kind: 'sgd', rate: 0.1 },
    batch: 1,
    steps: 2000,
    data: xorRows,
  },
  {
    name: 'mlp-small',
    about: '784-128-10, relu, SGD, batch 64',
    layers: [784, 128, 10],
    activation: 'relu',
    loss: 'classes',
    optimizer: { kind: 'sgd', rate: 0.05 },
    batch: 64,
    steps: 20,
    data: noisyClasses,
  },
  {
    name: 'mlp-large',
    about: '784-512-512-10, gelu, Adam, batch 128',
    layers: [784, 512, 512, 10],
    activation: 'gelu',
    loss: 'classes',
    optimizer: { kind: 'adam', rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    batch: 128,
    steps: 8,
    data: noisyClasses,
  },
  {
    name: 'logreg',
    about: '30-1, SGD, all 569 rows in a batch',
    layers: [30, 1],
    activation: 'none',
    loss: 'sigmoid',
    optimizer: { kind: 'sgd', rate: 0.1 },
    batch: 569,
    steps: 200,
    data: halfSpace,
  },
  {
    name: 'lstm',
    about: 'LSTM of 128 units over 64 positions of 32 features, then 10 classes, SGD, batch 32',
    recurrent: { positions: 64, features: 32, units: 128 },
    layers: [64 * 32, 10],
    loss: 'classes',
    optimizer: { kind: 'sgd', rate: 0.5 },
    batch: 32,
    steps: 8,
    data: noisyClasses,
  },
  {
    name: 'char-transformer',
    about: 'transformer of 2 blocks, 128 wide, 4 heads, over 64 positions of 65 tokens, AdamW, batch 16',
    transformer: { tokens: 65, positions: 64, width: 128, heads: 4, blocks: 2, hidden: 512 },
    loss: 'classes',
    optimizer: { kind: 'adamw', rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01 },
    batch: 16,
    steps: 5,
    data: chains,
  },
  {
    name: 'lenet',
    about: 'LeNet-5: convolutions 5×5 of 6 and 16 channels, dense layers 120-84-10, SGD with momentum, batch 64',
    network: 'lenet',
    image: { channels: 1, size: 28 },
    layers: [784, 10],
    loss: 'classes',
    optimizer: { kind: 'momentum', rate: 0.05, momentum: 0.9 },
    batch: 64,
    steps: 13,
    data: noisyClasses,
  },
  {
    name: 'resnet-block',
    about:
      'residual block: two convolutions 3×3 of 32 channels over 16×16, normalised over the batch, SGD with momentum, batch 32',
    network: 'resnet-block',
    image: { channels: 32, size: 16 },
    layers: [32 * 16 * 16, 10],
    loss: 'classes',
    optimizer: { kind: 'momentum', rate: 0.1, momentum: 0.9 },
    batch: 32,
    steps: 4,
    data: noisyClasses,
  },
];

/**
 * The workload with its batches and first weights: for each layer W, uniform within 1/√inputs, row-major [inputs, units], and b; of a
 * recurrent one U [units, 4 units] between them. `tensors` are these in order. A transformer and networks of convolutions have `named` weights,
 * [name, shape, values] each; filters are [out, in, height, width].
 */
export function prepare(workload) {
  const draw = generator(7);
  const { recurrent, transformer, network, layers } = workload;
  if (transformer || network) {
    const named = transformer ? transformerWeights(transformer, draw) : imageWeights[network](drawing(draw));
    return { ...workload, named, tensors: named.map(([, , values]) => values), batches: workload.data(workload, draw) };
  }
  const layer = (inputs, units) => {
    const values = (length) => Float32Array.from({ length }, () => (2 * draw() - 1) / Math.sqrt(inputs));
    return { inputs, units, W: values(inputs * units), b: values(units) };
  };
  const weights = recurrent
    ? [recurrentLayer(recurrent, layer), layer(recurrent.units, layers.at(-1))]
    : layers.slice(1).map((units, i) => layer(layers[i], units));
  const tensors = weights.flatMap(({ W, U, b }) => (U ? [W, U, b] : [W, b]));
  return { ...workload, weights, tensors, batches: workload.data(workload, draw) };
}

function recurrentLayer({ features, units }, layer) {
  const { W, b } = layer(features, 4 * units);
  return { inputs: features, units, W, U: layer(units, 4 * units).W, b };
}

/** Named weights of layers. */
function drawing(draw) {
  const drawn = (name, shape, inputs = shape[0]) => {
    const values = Float32Array.from(
      { length: shape.reduce((a, b) => a * b) },
      () => (2 * draw() - 1) / Math.sqrt(inputs),
    );
    return [name, shape, values];
  };
  return {
    drawn,
    dense: (name, inputs, units) => [drawn(`${name}.W`, [inputs, units]), drawn(`${name}.b`, [units], inputs)],
    filters: (name, shape) => drawn(`${name}.W`, shape, shape[1] * shape[2] * shape[3]),
    norm: (name, width) => [
      [`${name}.scale`, [width], new Float32Array(width).fill(1)],
      [`${name}.shift`, [width], new Float32Array(width)],
    ],
  };
}

/** Weights of networks of convolutions, in the order in which their models name them. */
const imageWeights = {
  lenet: ({ drawn, dense, filters }) => [
    filters('edges', [6, 1, 5, 5]),
    drawn('edges.b', [6], 25),
    filters('shapes', [16, 6, 5, 5]),
    drawn('shapes.b', [16], 150),
    ...dense('first', 400, 120),
    ...dense('second', 120, 84),
    ...dense('logits', 84, 10),
  ],
  'resnet-block': ({ dense, filters, norm }) => [
    filters('conv1', [32, 32, 3, 3]),
    ...norm('norm1', 32),
    filters('conv2', [32, 32, 3, 3]),
    ...norm('norm2', 32),
    ...dense('logits', 32, 10),
  ],
};

/** Weights of the transformer, in the order in which its model names them. */
function transformerWeights({ tokens, positions, width, blocks, hidden }, draw) {
  const { drawn, dense, norm: normOf } = drawing(draw);
  const norm = (name) => normOf(name, width);
  const block = (i) => [
    ...norm(`${i}.norm1`),
    ...dense(`${i}.qkv`, width, 3 * width),
    ...dense(`${i}.out`, width, width),
    ...norm(`${i}.norm2`),
    ...dense(`${i}.up`, width, hidden),
    ...dense(`${i}.down`, hidden, width),
  ];
  return [
    drawn('tokens', [tokens, width], width),
    drawn('positions', [positions, width], width),
    ...Array.from({ length: blocks }, (_, i) => block(i)).flat(),
    ...norm('norm'),
    ...dense('logits', width, tokens),
  ];
}

function xorRows() {
  return [0, 1, 2, 3].map((row) => {
    const [a, b] = [row & 1, row >> 1];
    return { x: Float32Array.of(a, b), y: Float32Array.of(a ^ b) };
  });
}

/**
 * A prototype for each class, and noise. The last two batches have the inputs of the first two and labels of their own: three in
 * ten are random, so that however long it trains, errors do not vanish.
 */
function noisyClasses({ layers, batch }, draw) {
  const [features, classes] = [layers[0], layers.at(-1)];
  const prototypes = Float32Array.from({ length: classes * features }, draw);
  const whole = (below) => Math.floor(below * draw());
  const inputs = [0, 1].map(() => {
    const kinds = Array.from({ length: batch }, () => whole(classes));
    const x = kinds.flatMap((kind) =>
      Array.from({ length: features }, (_, f) => 0.5 * prototypes[kind * features + f] + 0.5 * draw()),
    );
    return { kinds, x: Float32Array.from(x) };
  });
  return [...inputs, ...inputs].map(({ kinds, x }) => ({
    x,
    y: Int32Array.from(kinds, (kind) => (draw() < 0.7 ? kind : whole(classes))),
  }));
}

/** Points on the two sides of a plane, some of them on the wrong one. */
function halfSpace({ layers: [features], batch }, draw) {
  const normal = Array.from({ length: features }, () => 2 * draw() - 1);
  const x = Float32Array.from({ length: batch * features }, () => 2 * draw() - 1);
  const y = Float32Array.from({ length: batch }, (_, row) => {
    const side = normal.reduce((sum, n, f) => sum + n * x[row * features + f], 0);
    return side + 2 * draw() - 1 > 0 ? 1 : 0;
  });
  return [{ x, y }];
}

/** Each token follows from the one before it, six times in ten; the others are random. */
function chains({ transformer: { tokens, positions }, batch }, draw) {
  const any = () => Math.floor(tokens * draw());
  return Array.from({ length: 4 }, () => {
    const rows = Array.from({ length: batch }, () => {
      const row = [any()];
      while (row.length <= positions) row.push(draw() < 0.6 ? (7 * row.at(-1) + 3) % tokens : any());
      return row;
    });
    const from = (start) => Int32Array.from(rows.flatMap((row) => row.slice(start, start + positions)));
    return { x: from(0), y: from(1) };
  });
}

/** Numbers between 0 and 1 of 24 bits, exact in single precision. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) * 2 ** -24;
  };
}
