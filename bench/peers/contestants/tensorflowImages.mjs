// Networks of convolutions in TensorFlow.js on its WebAssembly backend. Images are [batch, height, width, channels] there.
import * as tf from '@tensorflow/tfjs';

export function startConvolutions({ network, image: { channels, size }, layers, optimizer, named, batch, batches }) {
  const variables = new Map(named.map(([name, shape, values]) => [name, tf.variable(arranged(name, shape, values))]));
  const data = batches.map(({ x, y }) => ({
    x: tf.tidy(() => tf.transpose(tf.tensor4d(x, [batch, channels, size, size]), [0, 2, 3, 1])),
    y: tf.cast(tf.oneHot(tf.tensor1d(y, 'int32'), layers.at(-1)), 'float32'),
  }));
  const logits = networks[network];
  const trained = tf.train.momentum(optimizer.rate, optimizer.momentum);
  let last;
  return {
    step(i) {
      const { x, y } = data[i % data.length];
      last?.dispose();
      const loss = () =>
        tf.losses.softmaxCrossEntropy(
          y,
          logits((name) => variables.get(name), x, batch),
        );
      last = trained.minimize(loss, true, [...variables.values()]);
    },
    loss: () => last.dataSync()[0],
  };
}

/** Filters are [height, width, in, out], and what dense layers read of an image is in the order of its pixels. */
function arranged(name, shape, values) {
  if (shape.length === 4) return tf.tidy(() => tf.transpose(tf.tensor4d(values, shape), [2, 3, 1, 0]));
  if (name === 'first.W')
    return tf.tidy(() => tf.transpose(tf.tensor4d(values, [16, 5, 5, 120]), [1, 2, 0, 3]).reshape([400, 120]));
  return tf.tensor(values, shape);
}

const networks = {
  lenet(of, x, batch) {
    const affine = (a, name) => tf.add(tf.matMul(a, of(`${name}.W`)), of(`${name}.b`));
    const layer = (a, convolve, name) =>
      tf.maxPool(tf.relu(tf.add(convolve(a, of(`${name}.W`)), of(`${name}.b`))), 2, 2, 'valid');
    const shapes = layer(layer(x, first5, 'edges'), second5, 'shapes').reshape([batch, 400]);
    return affine(tf.relu(affine(tf.relu(affine(shapes, 'first')), 'second')), 'logits');
  },
  'resnet-block'(of, x) {
    const normed = (a, name) => {
      const { mean, variance } = tf.moments(a, [0, 1, 2]);
      const scaled = tf.mul(tf.mul(tf.sub(a, mean), tf.rsqrt(tf.add(variance, 1e-5))), of(`${name}.scale`));
      return tf.add(scaled, of(`${name}.shift`));
    };
    const inner = tf.relu(normed(first3(x, of('conv1.W')), 'norm1'));
    const sum = tf.add(x, normed(second3(inner, of('conv2.W')), 'norm2'));
    return tf.add(tf.matMul(tf.mean(tf.relu(sum), [1, 2]), of('logits.W')), of('logits.b'));
  },
};

const [first5, second5, first3, second3] = [
  convolution(2, false),
  convolution(0),
  convolution(1, false),
  convolution(1),
];

/**
 * The backend has no kernel for the gradient by the filter, which is made here of a product for each place in it. The gradient by a network's
 * input, which nobody asks for, is left out by \`byImage\`.
 */
function convolution(padding, byImage = true) {
  const kind = padding > 0 ? 'same' : 'valid';
  return tf.customGrad((x, filter, save) => {
    save([x, filter]);
    const gradFunc = (dy, [x, filter]) => [
      byImage ? tf.conv2dTranspose(dy, filter, x.shape, 1, kind) : tf.zerosLike(x),
      byFilter(x, dy, filter.shape, padding),
    ];
    return { value: tf.conv2d(x, filter, 1, kind), gradFunc };
  });
}

function byFilter(x, dy, shape, padding) {
  const [height, width, channels, filters] = shape;
  const [batch, rows, columns] = dy.shape;
  const ends = [padding, padding];
  const padded = padding > 0 ? tf.pad(x, [[0, 0], ends, ends, [0, 0]]) : x;
  const flat = dy.reshape([batch * rows * columns, filters]);
  const products = Array.from({ length: height * width }, (_, place) => {
    const from = [0, Math.floor(place / width), place % width, 0];
    const pixels = tf.slice(padded, from, [batch, rows, columns, channels]);
    return tf.matMul(pixels.reshape([batch * rows * columns, channels]), flat, true);
  });
  return tf.stack(products).reshape(shape);
}
