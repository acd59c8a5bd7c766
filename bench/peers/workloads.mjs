// What is trained: networks of dense layers and a recurrent one, their data and first weights, the same for every contestant.

/**
 * `recurrent`: an LSTM of so many units goes over as many positions, and a dense layer reads its last.
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
];

/**
 * The workload with its batches and first weights: for each layer W, uniform within 1/√inputs, row-major [inputs, units], and b; of a
 * recurrent one U [units, 4 units] between them. `tensors` are these in order.
 */
export function prepare(workload) {
  const draw = generator(7);
  const { recurrent, layers } = workload;
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

/** Numbers between 0 and 1 of 24 bits, exact in single precision. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) * 2 ** -24;
  };
}
