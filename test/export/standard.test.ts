// Layers and activations of the library as ONNX's own operators, with the numbers that the trainer gives.
import { expect, it } from 'vitest';
import { syntheticInputs } from '../../src/data/synthetic.js';
import { onnxModel } from '../../src/export/onnx/export.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { chosen } from '../support/full.js';
import { differences, heldBy, modelOf, Opened, type Arrays, type Fed } from './onnxRuntime.js';

/** Expressions of an image or of rows, and the operators that are all that is said of them. */
const layers: [layer: string, operators: string, opset?: number][] = [
  ['x |> conv2d(4, kernel = 3, padding = 1, stride = 2) |> relu', 'Conv Relu'],
  ['x |> conv2d(4, kernel = [3, 2], padding = "same", dilation = 2, bias = false)', 'Conv'],
  ['x |> conv2d(8, kernel = 3, groups = 2)', 'Conv'],
  ['x |> depthwise_conv2d(3, multiplier = 2)', 'Conv'],
  ['x |> conv_transpose2d(3, 3, stride = 2, padding = 1)', 'ConvTranspose'],
  ['x |> max_pool2d(3, stride = 2, padding = 1)', 'MaxPool'],
  ['x |> avg_pool2d(2, padding = 1)', 'AveragePool'],
  ['x |> global_avg_pool2d', 'ReduceMean'],
  ['x |> batch_norm', 'BatchNormalization'],
  ['x |> layer_norm', 'LayerNormalization'],
  ['flat |> dense(5) |> leaky_relu(0.2)', 'Gemm LeakyRelu'],
  ['rows |> batch_norm', 'BatchNormalization'],
  ['rows |> conv1d(3, kernel = 2) |> softplus', 'Conv Softplus'],
  ['flat |> dense(5) |> softmax', 'Gemm Softmax'],
  ['flat |> log_softmax', 'LogSoftmax'],
  ['softmax(x, axis = 1)', 'Softmax'],
  ['argmax(flat)', 'ArgMax'],
  ['flat |> elu(0.5)', 'Elu'],
  ['flat |> selu', 'Selu'],
  ['flat |> mish', 'Mish'],
  ['flat |> hard_tanh', 'Clip'],
  ['flat |> gelu', 'Gelu', 20],
  ['flat |> gelu_erf', 'Gelu', 20],
  ['sum(flat, axis = 1) / 6', 'ReduceMean'],
];

const text = `model m {
  input x: [batch, 4, 7, 6]
  input rows: [batch, 3, 6]
  input flat: [batch, 6]
${layers.map(([layer], i) => `  output y${i} = ${layer}`).join('\n')}
}`;

it.each(chosen([text], () => false))('predicts alike', async (text) => {
  const model = modelOf(text);
  const { createTrainer } = await importCode(await runnableText(text));
  const trainer = createTrainer({ seed: 1 });
  const fed = syntheticInputs(model.inputs, () => 3, 1) as Fed;
  const opened = await Opened.of(model, trainer, 'predict', { opset: 20 });
  expect(differences(trainer.predict(fed) as Arrays, await opened.predict(fed))).toEqual([]);
  await opened.close();
});

it.each(
  chosen<(typeof layers)[number]>(layers, ([, operators]) =>
    ['Conv Relu', 'Gemm Softmax', 'LayerNormalization'].includes(operators),
  ),
)('%s is %s', async (layer, operators, opset = 18) => {
  const of = `model m {\n  input x: [batch, 4, 7, 6]\n  input rows: [batch, 3, 6]\n  input flat: [batch, 6]\n  output y = ${layer}\n}`;
  const { createTrainer } = await importCode(await runnableText(of));
  const { held, seed } = heldBy(createTrainer({ seed: 1 }));
  const tensors = new Map([...held].map(([name, { values }]) => [name, values]));
  const { graph } = onnxModel(modelOf(of), { kind: 'predict', tensors, seed, metadata: {} }, opset);
  const said = graph.operations.map(({ operator }) => operator).filter((name) => name !== 'Identity');
  expect(said.join(' ')).toBe(operators);
});
