// TensorFlow.js on its WebAssembly backend: recorded gradients, and its own optimizers.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

export const name = 'tfjs wasm';

export async function start({ layers, weights, activation, loss: lossKind, optimizer, batch, batches }) {
  await tf.setBackend('wasm');
  await tf.ready();
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
