// Operators of ONNX that are layers of the library, with their weights.
import { callOf, pairOf, type Line, type Stage } from '../draft.js';
import { numberOf, numbersOf, textOf, unsupported, type Importing, type Value } from './flow.js';
import type { OnnxNode, OnnxTensor } from './graph.js';

export type Handler = (node: OnnxNode, values: readonly (Value | undefined)[], importing: Importing) => Value;

/** The value that a node takes; a constant becomes a parameter of the model, which is written as a number where it is one. */
export function lineOf(value: Value | undefined, node: OnnxNode, { file, draft, weights }: Importing): Line {
  if (value?.kind === 'flow') {
    if (value.form === undefined) return value.line;
    if (value.form === 'pooled') return draft.expression([value.line], (x) => `${x}[:, :, none, none]`);
    if (value.form === 'time first') return draft.expression([value.line], (x) => `permute(${x}, [1, 0, 2])`);
    throw unsupported(file, node, 'it takes both directions of a recurrent layer apart');
  }
  if (value?.kind !== 'constant')
    throw value
      ? unsupported(file, value.node, 'it computes with sizes')
      : unsupported(file, node, 'it is given nothing');
  const { tensor, name } = value;
  if (tensor.numbers.length === 1) return { head: printed(tensor.numbers[0]), isName: true, stages: [] };
  const wish = name.replace(/^.*[/.:]/, '');
  const make = (): Line => {
    const line = draft.param(wish, tensor.dims);
    weights.add([line.head], tensor.dims, tensor.numbers, name);
    return line;
  };
  return draft.once(`constant ${name}`, make, wish);
}

/** As short as f32 allows. */
export function printed(value: number): string {
  if (value === Infinity || value === -Infinity) return value > 0 ? 'inf' : '-inf';
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === Math.fround(value)) return String(text);
  }
  return String(value);
}

function weightOf(value: Value | undefined, node: OnnxNode, { file }: Importing): OnnxTensor {
  if (value?.kind !== 'constant') throw unsupported(file, node, 'its weights are computed');
  return value.tensor;
}

/** A stage with weights of its own. */
function layerStage(
  node: OnnxNode,
  text: string,
  layer: string,
  tensors: Readonly<Record<string, OnnxTensor | undefined>>,
  { weights, draft }: Importing,
  weight?: Value,
): Stage {
  // Weights that several nodes have are those of one layer.
  const shared = weight?.kind === 'constant' && draft.shared.has(weight.name) ? weight.name : undefined;
  const { module, isNew } = weights.moduleOf(node, shared);
  for (const [name, tensor] of Object.entries(tensors))
    if (tensor && isNew) weights.add([module, name], tensor.dims, tensor.numbers, tensor.name);
  return { text, layer, source: [module] };
}

function flow(line: Line): Value {
  return { kind: 'flow', line };
}

/** Gemm with weights, or a product that is followed by its bias. */
const linear: Handler = (node, values, importing) => {
  const { file, draft } = importing;
  const weight = weightOf(values[1], node, importing);
  const bias = values[2] && weightOf(values[2], node, importing);
  const isTurned = numberOf(node, 'transB', 0) === 1;
  const units = weight.dims[isTurned ? 0 : 1];
  if (numberOf(node, 'alpha', 1) !== 1 || numberOf(node, 'beta', 1) !== 1 || numberOf(node, 'transA', 0) !== 0)
    throw unsupported(file, node, 'it scales its operands, or turns the first');
  if (bias && (bias.dims.length !== 1 || bias.dims[0] !== units))
    throw unsupported(file, node, 'its bias is no number for each unit');
  const text = callOf('dense', [String(units)], { bias: bias ? undefined : 'false' });
  const stage = layerStage(
    node,
    text,
    'dense',
    { [isTurned ? 'weight' : 'kernel']: weight, bias },
    importing,
    values[1],
  );
  return flow(draft.pipe(lineOf(values[0], node, importing), { ...stage, begins: true }));
};

/** Pads of ONNX, all beginnings before all ends: what the layer's padding can say, and else a pad before it. */
function padded(
  node: OnnxNode,
  line: Line,
  axes: number,
  { file, draft }: Importing,
  outside: string,
): { line: Line; padding: string | undefined } {
  const auto = textOf(node, 'auto_pad', 'NOTSET');
  if (auto !== 'NOTSET' && auto !== 'VALID')
    throw unsupported(file, node, `its padding is ${auto}`, 'export it with pads that are given');
  const pads = numbersOf(node, 'pads') ?? Array.from({ length: 2 * axes }, () => 0);
  const ends = Array.from({ length: axes }, (_, i) => [pads[i], pads[axes + i]] as const);
  if (ends.every(([low, high]) => low === high))
    return {
      line,
      padding: pairOf(
        ends.map(([low]) => low),
        0,
      ),
    };
  const all = [[0, 0], [0, 0], ...ends].map((pair) => `[${pair.join(', ')}]`).join(', ');
  const value = outside === '0' ? '' : `, value = ${outside}`;
  return { line: draft.expression([line], (x) => `pad(${x}, [${all}]${value})`), padding: undefined };
}

const convolution: Handler = (node, values, importing) => {
  const { file, draft } = importing;
  const weight = weightOf(values[1], node, importing);
  const bias = values[2] && weightOf(values[2], node, importing);
  const [channels, per, ...kernel] = weight.dims;
  if (kernel.length > 2) throw unsupported(file, node, `it goes over ${kernel.length} axes`);
  const groups = numberOf(node, 'group', 1);
  const isDepthwise = kernel.length === 2 && groups > 1 && per === 1;
  const name = isDepthwise ? 'depthwise_conv2d' : kernel.length === 1 ? 'conv1d' : 'conv2d';
  const dilation = pairOf(numbersOf(node, 'dilations') ?? [1], 1);
  if (isDepthwise && dilation !== undefined)
    throw unsupported(file, node, 'it is dilated, which depthwise_conv2d is not');
  const { line, padding } = padded(node, lineOf(values[0], node, importing), kernel.length, importing, '0');
  const text = callOf(name, isDepthwise ? [] : [String(channels)], {
    kernel: pairOf(kernel, 3),
    stride: pairOf(numbersOf(node, 'strides') ?? [1], 1),
    padding,
    dilation,
    groups: !isDepthwise && groups > 1 ? String(groups) : undefined,
    multiplier: isDepthwise && channels !== groups ? String(channels / groups) : undefined,
    bias: bias ? undefined : 'false',
  });
  return flow(
    draft.pipe(line, { ...layerStage(node, text, name, { weight, bias }, importing, values[1]), begins: true }),
  );
};

const transposedConvolution: Handler = (node, values, importing) => {
  const { file, draft } = importing;
  const weight = weightOf(values[1], node, importing);
  const bias = values[2] && weightOf(values[2], node, importing);
  const [, channels, ...kernel] = weight.dims;
  const pads = numbersOf(node, 'pads') ?? [0, 0, 0, 0];
  const isUsual =
    (numbersOf(node, 'output_padding') ?? [0]).every((n) => n === 0) &&
    (numbersOf(node, 'dilations') ?? [1]).every((n) => n === 1);
  if (kernel.length !== 2 || numberOf(node, 'group', 1) !== 1 || !isUsual || pads[0] !== pads[2] || pads[1] !== pads[3])
    throw unsupported(
      file,
      node,
      'conv_transpose2d has neither groups, dilation nor output_padding, and pads both ends alike',
    );
  const text = callOf('conv_transpose2d', [String(channels)], {
    kernel: pairOf(kernel) ?? '1',
    stride: pairOf(numbersOf(node, 'strides') ?? [1], 1),
    padding: pairOf(pads.slice(0, 2), 0),
    bias: bias ? undefined : 'false',
  });
  const stage = layerStage(node, text, 'conv_transpose2d', { weight, bias }, importing);
  return flow(draft.pipe(lineOf(values[0], node, importing), { ...stage, begins: true }));
};

const setting = (value: number, usual: number): string | undefined =>
  Math.abs(value - usual) < 1e-9 ? undefined : printed(value);

const batchNorm: Handler = (node, values, importing) => {
  const [weight, bias, mean, variance] = values.slice(1, 5).map((value) => weightOf(value, node, importing));
  const text = callOf('batch_norm', [], {
    momentum: setting(1 - Number(printed(numberOf(node, 'momentum', 0.9))), 0.1),
    eps: setting(numberOf(node, 'epsilon', 1e-5), 1e-5),
  });
  const tensors = { weight, bias, running_mean: mean, running_var: variance };
  return flow(
    importing.draft.pipe(lineOf(values[0], node, importing), layerStage(node, text, 'batch_norm', tensors, importing)),
  );
};

const layerNorm: Handler = (node, values, importing) => {
  const weight = weightOf(values[1], node, importing);
  const bias = values[2]
    ? weightOf(values[2], node, importing)
    : { ...weight, numbers: new Float32Array(weight.numbers.length) };
  if (weight.dims.length !== 1) throw unsupported(importing.file, node, 'it normalises more than the last axis');
  const text = callOf('layer_norm', [], { eps: setting(numberOf(node, 'epsilon', 1e-5), 1e-5) });
  return flow(
    importing.draft.pipe(
      lineOf(values[0], node, importing),
      layerStage(node, text, 'layer_norm', { weight, bias }, importing),
    ),
  );
};

const instanceNorm: Handler = (node, values, importing) => {
  const [weight, bias] = values.slice(1, 3).map((value) => weightOf(value, node, importing));
  const text = callOf('instance_norm', [], { eps: setting(numberOf(node, 'epsilon', 1e-5), 1e-5) });
  return flow(
    importing.draft.pipe(
      lineOf(values[0], node, importing),
      layerStage(node, text, 'instance_norm', { weight, bias }, importing),
    ),
  );
};

const pooling =
  (kind: 'max' | 'avg', outside: string): Handler =>
  (node, values, importing) => {
    const { file, draft } = importing;
    const kernel = numbersOf(node, 'kernel_shape') ?? [];
    const strides = numbersOf(node, 'strides') ?? kernel.map(() => 1);
    const dilated = (numbersOf(node, 'dilations') ?? []).some((n) => n !== 1);
    if (kernel.length < 1 || kernel.length > 2 || dilated || numberOf(node, 'ceil_mode', 0) !== 0)
      throw unsupported(file, node, 'it is dilated, rounds up, or goes over three axes');
    const pads = numbersOf(node, 'pads') ?? [];
    if (kind === 'avg' && pads.some((n) => n > 0) && numberOf(node, 'count_include_pad', 0) === 0)
      throw unsupported(file, node, 'its mean leaves the padding out, which that of avg_pool2d counts');
    const { line, padding } = padded(node, lineOf(values[0], node, importing), kernel.length, importing, outside);
    const text = callOf(`${kind}_pool${kernel.length}d`, [pairOf(kernel) ?? '1'], {
      stride: String(kernel) === String(strides) ? undefined : pairOf(strides),
      padding,
    });
    return flow(draft.pipe(line, { text }));
  };

/** Of each channel one number: ONNX keeps two axes of size 1 behind it. */
const globalAverage: Handler = (node, values, importing) => ({
  kind: 'flow',
  line: importing.draft.pipe(lineOf(values[0], node, importing), { text: 'global_avg_pool2d' }),
  form: 'pooled',
});

export const layerHandlers: Readonly<Record<string, Handler>> = {
  Linear: linear,
  Gemm: linear,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  InstanceNormalization: instanceNorm,
  MaxPool: pooling('max', '-inf'),
  AveragePool: pooling('avg', '0'),
  GlobalAveragePool: globalAverage,
};
