// TensorFlow.js on its WebAssembly backend: recorded gradients, and its own optimizers.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { startConvolutions } from './tensorflowImages.mjs';

export const name = 'tfjs wasm';

export async function start(workload) {
  await tf.setBackend('wasm');
  await tf.ready();
  if (workload.recurrent) return startRecurrent(workload);
  if (workload.network) return startConvolutions(workload);
  return workload.transformer ? startTransformer(workload) : startDense(workload);
}

/** The loop over positions is unrolled by what records it. */
function startRecurrent({ recurrent: { positions, features, units }, weights, layers, optimizer, batch, batches }) {
  const [cell, head] = weights;
  const W = tf.variable(tf.tensor2d(cell.W, [features, 4 * units]));
  const U = tf.variable(tf.tensor2d(cell.U, [units, 4 * units]));
  const b = tf.variable(tf.tensor1d(cell.b));
  const [D, d] = [tf.variable(tf.tensor2d(head.W, [units, layers.at(-1)])), tf.variable(tf.tensor1d(head.b))];
  const data = batches.map(({ x, y }) => ({
    x: tf.tensor3d(x, [batch, positions, features]),
    y: tf.cast(tf.oneHot(tf.tensor1d(y, 'int32'), layers.at(-1)), 'float32'),
  }));
  const logits = (x) => {
    const rows = tf.transpose(x, [1, 0, 2]).reshape([positions * batch, features]);
    const inputs = tf.unstack(tf.add(tf.matMul(rows, W), b).reshape([positions, batch, 4 * units]));
    let [h, c] = [tf.zeros([batch, units]), tf.zeros([batch, units])];
    for (const input of inputs) {
      const [i, f, g, o] = tf.split(tf.add(input, tf.matMul(h, U)), 4, 1);
      c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      h = tf.mul(tf.sigmoid(o), tf.tanh(c));
    }
    return tf.add(tf.matMul(h, D), d);
  };
  const trained = tf.train.sgd(optimizer.rate);
  let last;
  return {
    step(i) {
      const { x, y } = data[i % data.length];
      last?.dispose();
      last = trained.minimize(() => losses.classes(logits(x), y), true, [W, U, b, D, d]);
    },
    loss: () => last.dataSync()[0],
  };
}

/** Tokens are looked up by a product with one-hot rows: the backend has no kernel for the gradient of `gather`. */
function startTransformer({ transformer, named, optimizer, batch, batches }) {
  const { tokens, positions, width, heads, blocks } = transformer;
  const variables = new Map(named.map(([name, shape, values]) => [name, tf.variable(tf.tensor(values, shape))]));
  const of = (name) => variables.get(name);
  const oneHot = (ids) => tf.cast(tf.oneHot(tf.tensor1d(ids, 'int32'), tokens), 'float32');
  const data = batches.map(({ x, y }) => ({ x: oneHot(x), y: oneHot(y) }));
  const later = tf.tidy(() => tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([positions, positions]), -1, 0)), -1e9));
  const affine = (a, name) => tf.add(tf.matMul(a, of(`${name}.W`)), of(`${name}.b`));
  const normed = (a, name) => {
    const { mean, variance } = tf.moments(a, -1, true);
    const scaled = tf.mul(tf.mul(tf.sub(a, mean), tf.rsqrt(tf.add(variance, 1e-5))), of(`${name}.scale`));
    return tf.add(scaled, of(`${name}.shift`));
  };
  const attended = (a, i) => {
    const [q, k, v] = tf
      .split(affine(a, `${i}.qkv`), 3, -1)
      .map((part) => part.reshape([batch, positions, heads, width / heads]).transpose([0, 2, 1, 3]));
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)), later);
    const mixed = tf.matMul(tf.softmax(scores), v).transpose([0, 2, 1, 3]);
    return affine(mixed.reshape([batch * positions, width]), `${i}.out`);
  };
  const logits = (x) => {
    const embedded = tf.matMul(x, of('tokens')).reshape([batch, positions, width]);
    let h = tf.add(embedded, of('positions')).reshape([batch * positions, width]);
    for (let i = 0; i < blocks; i++) {
      h = tf.add(h, attended(normed(h, `${i}.norm1`), i));
      h = tf.add(h, affine(activations.gelu(affine(normed(h, `${i}.norm2`), `${i}.up`)), `${i}.down`));
    }
    return affine(normed(h, 'norm'), 'logits');
  };
  return decaying((x, y) => losses.classes(logits(x), y), data, [...variables.values()], optimizer);
}

/** Adam after weights have decayed, which the library has no optimizer for; gradients are of the weights before. */
function decaying(loss, data, variables, { rate, beta1, beta2, epsilon, decay }) {
  const adam = tf.train.adam(rate, beta1, beta2, epsilon);
  let last;
  return {
    step(i) {
      const { x, y } = data[i % data.length];
      last?.dispose();
      const { value, grads } = tf.variableGrads(() => loss(x, y), variables);
      tf.tidy(() => variables.forEach((w) => w.assign(tf.mul(w, 1 - rate * decay))));
      adam.applyGradients(grads);
      tf.dispose(grads);
      last = value;
    },
    loss: () => last.dataSync()[0],
  };
}

function startDense({ layers, weights, activation, loss: lossKind, optimizer, batch, batches }) {
  const variables = weights.map(({ inputs, units, W, b }) => ({
    W: tf.variable(tf.tensor2d(W, [inputs, units])),
    b: tf.variable(tf.tensor1d(b)),
  }));
  const list = variables.flatMap(({ W, b }) => [W, b]);
  const data = batches.map(({ x, y }) => ({
    x: tf.tensor2d(x, [batch, layers[0]]),
    y:
      lossKind === 'classes'
        ? tf.cast(tf.oneHot(tf.tensor1d(y, 'int32'), layers.at(-1)), 'float32')
        : tf.tensor2d(y, [batch, 1]),
  }));
  const { rate, beta1, beta2, epsilon } = optimizer;
  const trained = optimizer.kind === 'sgd' ? tf.train.sgd(rate) : tf.train.adam(rate, beta1, beta2, epsilon);
  const network = (x) =>
    variables.reduce((a, { W, b }, i) => {
      const z = tf.add(tf.matMul(a, W), b);
      return i < variables.length - 1 ? activations[activation](z) : z;
    }, x);
  let last;
  return {
    step(i) {
      const { x, y } = data[i % data.length];
      last?.dispose();
      last = trained.minimize(() => losses[lossKind](network(x), y), true, list);
    },
    loss: () => last.dataSync()[0],
  };
}

const activations = {
  none: (z) => z,
  relu: tf.relu,
  sigmoid: tf.sigmoid,
  gelu(z) {
    const cubic = tf.add(z, tf.mul(0.044715, tf.mul(z, tf.mul(z, z))));
    return tf.mul(tf.mul(0.5, z), tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), cubic))));
  },
};

const losses = {
  squares: (z, y) => tf.mul(0.5, tf.mean(tf.squaredDifference(tf.sigmoid(z), y))),
  sigmoid: (z, y) => tf.losses.sigmoidCrossEntropy(y, z),
  classes: (z, y) => tf.losses.softmaxCrossEntropy(y, z),
};
