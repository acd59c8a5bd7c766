// Records eleven models of TensorFlow.js, as its `save` writes them, with what they predict: test/import/models/NAME/ and cases.json.
// Run with tfjs-layers, tfjs-core and tfjs-backend-cpu 4.22 beside: NODE_PATH has no effect on modules, so copy this file to their folder, and
// run node record.mjs PATH/test/import/models
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as core from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-layers';

const { layers, input, model, sequential } = tf;
const folder = process.argv[2];
let seed = 1;
/** Of a linear congruential generator, so that the weights are the same each time. */
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5;
const draw = (shape) =>
  core.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * random()),
    shape,
  );
const indices = (shape, size) =>
  core.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.floor((random() + 0.5) * size)),
    shape,
  );
const cases = {};

/** Weights that start at 0 or 1 would hide what goes astray; variances stay above 0. */
function randomise(net) {
  net.setWeights(
    net.weights.map(({ name, shape }) => (/variance/.test(name) ? core.add(core.abs(draw(shape)), 0.5) : draw(shape))),
  );
}

async function record(name, net, inputs) {
  randomise(net);
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  await net.save({
    save: async ({ modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy }) => {
      const manifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const json = { format, generatedBy, convertedBy, modelTopology, weightsManifest: manifest };
      writeFileSync(join(at, 'model.json'), `${JSON.stringify(json)}\n`);
      writeFileSync(
        join(at, 'weights.bin'),
        Buffer.from(Array.isArray(weightData) ? await new Blob(weightData).arrayBuffer() : weightData),
      );
      return { modelArtifactsInfo: {} };
    },
  });
  const found = net.predict(inputs.length === 1 ? inputs[0] : inputs);
  const listed = (tensor) => ({ shape: tensor.shape, data: [...tensor.dataSync()] });
  cases[name] = { inputs: inputs.map(listed), outputs: [found].flat().map(listed) };
}

await record(
  'mlp',
  sequential({
    layers: [
      layers.dense({ units: 8, inputShape: [4], activation: 'tanh', name: 'hidden' }),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 6, useBias: false }),
      layers.batchNormalization(),
      layers.activation({ activation: 'relu' }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  }),
  [draw([3, 4])],
);
await record(
  'cnn',
  sequential({
    layers: [
      layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [8, 10, 2] }),
      layers.batchNormalization({ epsilon: 1e-4 }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, padding: 'same' }),
      layers.leakyReLU({ alpha: 0.1 }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
  }),
  [draw([2, 8, 10, 2])],
);
await record(
  'mobile',
  sequential({
    layers: [
      layers.zeroPadding2d({
        padding: [
          [0, 1],
          [1, 0],
        ],
        inputShape: [7, 7, 3],
      }),
      layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, useBias: false }),
      layers.batchNormalization({ scale: false }),
      layers.reLU({ maxValue: 6 }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', depthMultiplier: 2 }),
      layers.separableConv2d({ filters: 6, kernelSize: 2, activation: 'elu' }),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 2, activation: 'sigmoid' }),
    ],
  }),
  [draw([2, 7, 7, 3])],
);
await record(
  'autoencoder',
  sequential({
    name: 'autoencoder',
    layers: [
      layers.conv2d({
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        activation: 'selu',
        inputShape: [8, 8, 1],
      }),
      layers.upSampling2d({ size: [2, 2] }),
      layers.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 2, padding: 'valid', activation: 'softplus' }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.cropping2D({
        cropping: [
          [1, 1],
          [0, 2],
        ],
      }),
      layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }),
    ],
  }),
  [draw([2, 8, 8, 1])],
);
await record(
  'sound',
  sequential({
    layers: [
      layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [12, 2] }),
      layers.maxPooling1d({ poolSize: 2 }),
      layers.conv1d({ filters: 6, kernelSize: 3, dilationRate: 2, activation: 'linear' }),
      layers.batchNormalization(),
      layers.globalMaxPooling1d({}),
      layers.dense({ units: 2 }),
    ],
  }),
  [draw([2, 12, 2])],
);
await record(
  'reader',
  sequential({
    layers: [
      layers.embedding({ inputDim: 9, outputDim: 5, inputLength: 6 }),
      layers.lstm({ units: 4, recurrentInitializer: 'zeros', returnSequences: true, recurrentActivation: 'sigmoid' }),
      layers.lstm({ units: 3, recurrentInitializer: 'zeros', recurrentActivation: 'sigmoid' }),
      layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  }),
  [indices([3, 6], 9)],
);
await record(
  'tagger',
  sequential({
    layers: [
      layers.bidirectional({
        layer: layers.simpleRNN({ units: 4, recurrentInitializer: 'zeros', returnSequences: true }),
        mergeMode: 'concat',
        inputShape: [null, 3],
      }),
      layers.timeDistributed({ layer: layers.dense({ units: 4, activation: 'softsign' }) }),
      layers.layerNormalization({ epsilon: 1e-4 }),
      layers.bidirectional({
        layer: layers.lstm({ units: 2, recurrentInitializer: 'zeros', recurrentActivation: 'sigmoid' }),
        mergeMode: 'concat',
      }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  }),
  [draw([2, 5, 3])],
);
{
  const image = input({ shape: [6, 6, 2], name: 'image' });
  const features = input({ shape: [4], name: 'features' });
  const first = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'stem' }).apply(image);
  let x = layers.batchNormalization({ name: 'stem_norm' }).apply(first);
  x = layers.activation({ activation: 'relu' }).apply(x);
  x = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }).apply(x);
  x = layers.add({}).apply([x, first]);
  x = layers.concatenate({ axis: -1 }).apply([x, image]);
  x = layers.globalAveragePooling2d({}).apply(x);
  const side = layers.dense({ units: 6, activation: 'relu', name: 'side' }).apply(features);
  const both = layers.concatenate({}).apply([x, side]);
  const label = layers.dense({ units: 3, activation: 'softmax', name: 'label' }).apply(both);
  const value = layers.dense({ units: 1, name: 'value' }).apply(both);
  await record('residual', model({ inputs: [image, features], outputs: [label, value], name: 'residual' }), [
    draw([2, 6, 6, 2]),
    draw([2, 4]),
  ]);
}
{
  const a = input({ shape: [4] });
  const b = input({ shape: [4] });
  const encode = layers.dense({ units: 5, activation: 'relu', name: 'encode' });
  const [left, right] = [a, b].map((each) => encode.apply(each));
  const parts = [
    layers.multiply({}).apply([left, right]),
    layers.average({}).apply([left, right]),
    layers.maximum({}).apply([left, right]),
    layers.minimum({}).apply([left, right]),
  ];
  const joined = layers.concatenate({}).apply(parts);
  await record('siamese', model({ inputs: [a, b], outputs: layers.dense({ units: 1, name: 'score' }).apply(joined) }), [
    draw([2, 4]),
    draw([2, 4]),
  ]);
}
{
  const inner = sequential({
    name: 'inner',
    layers: [layers.dense({ units: 6, inputShape: [6] }), layers.elu({}), layers.dense({ units: 6 })],
  });
  const x = input({ shape: [12], name: 'x' });
  let y = layers.reshape({ targetShape: [2, 6] }).apply(x);
  y = layers.permute({ dims: [2, 1] }).apply(y);
  y = layers.flatten().apply(y);
  y = layers.dense({ units: 6, activation: 'hardSigmoid' }).apply(y);
  y = inner.apply(y);
  y = layers.repeatVector({ n: 3 }).apply(y);
  y = layers.simpleRNN({ units: 4, recurrentInitializer: 'zeros' }).apply(y);
  y = layers.activation({ activation: 'swish' }).apply(y);
  await record('shapes', model({ inputs: x, outputs: layers.softmax().apply(y) }), [draw([2, 12])]);
}
await record(
  'gates',
  // As they are by default: gates that are hardSigmoid, and a reset before the product.
  sequential({
    layers: [
      layers.lstm({ units: 4, recurrentInitializer: 'zeros', returnSequences: true, inputShape: [5, 3] }),
      layers.gru({ units: 3, recurrentInitializer: 'zeros', returnSequences: true }),
      layers.gru({ units: 3, recurrentInitializer: 'zeros', recurrentActivation: 'sigmoid' }),
      layers.dense({ units: 2 }),
    ],
  }),
  [draw([2, 5, 3])],
);
writeFileSync(join(folder, 'cases.json'), `${JSON.stringify(cases)}\n`);
