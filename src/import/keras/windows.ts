// Layers whose windows slide over images and sequences: convolutions and pooling.
import { callOf, pairOf, type Stage } from '../draft.js';
import { channelsFirst, unsupported, type Flow, type Importing } from './flow.js';
import type { KerasLayer } from './json.js';
import { placesOf, samePadding, sizeIn, sizesIn, type Window } from './numbers.js';

export type Handler = (layer: KerasLayer, given: readonly Flow[], importing: Importing) => Flow;

interface Slid {
  readonly flow: Flow;
  /** As the layer's setting has it; absent where nothing is padded, or it is so already. */
  readonly padding: string | undefined;
  readonly windows: readonly Window[];
}

/** Windows over all axes of a value but its channels; what a layer cannot pad is padded before it. */
function slid(
  layer: KerasLayer,
  given: Flow,
  { file, draft }: Importing,
  over: { kernel: string; outside: string },
): Slid {
  const { config } = layer;
  const axes = given.sizes.length - 1;
  const flow = channelsFirst(given, draft);
  if (config.data_format === 'channels_first')
    throw unsupported(
      file,
      layer,
      'its channels come first',
      'only channels_last is read, which is the usual order of Keras',
    );
  const isPool = over.kernel === 'pool_size';
  const kernels = sizesIn(file, layer, over.kernel, { axes, otherwise: 2 });
  const strides = sizesIn(file, layer, 'strides', { axes, otherwise: 1 }).map((stride, i) =>
    isPool && (config.strides ?? undefined) === undefined ? kernels[i] : stride,
  );
  const dilations = sizesIn(file, layer, 'dilation_rate', { axes, otherwise: 1 });
  const windows = kernels.map((kernel, i): Window => {
    const [stride, dilation, size] = [strides[i], dilations[i], given.sizes[i]];
    const ends = endsOf(String(config.padding ?? 'valid'), { size, kernel, stride, dilation });
    if (!ends) throw unsupported(file, layer, 'its padding depends on a size that the model does not tell');
    return { kernel, stride, dilation, ends };
  });
  const isPadded = windows.some(({ ends }) => ends[0] + ends[1] > 0);
  if (!isPadded) return { flow, windows, padding: undefined };
  if (!isPool && config.padding === 'same' && strides.every((stride) => stride === 1))
    return { flow, windows, padding: '"same"' };
  if (windows.every(({ ends, kernel }) => ends[0] === ends[1] && (!isPool || 2 * ends[0] <= kernel)))
    return {
      flow,
      windows,
      padding: pairOf(
        windows.map(({ ends }) => ends[0]),
        0,
      ),
    };
  const pads = [[0, 0], [0, 0], ...windows.map(({ ends }) => ends)].map((pair) => `[${pair.join(', ')}]`).join(', ');
  const value = over.outside === '0' ? '' : `, value = ${over.outside}`;
  const line = draft.expression([flow.line], (x) => `pad(${x}, [${pads}]${value})`);
  return { flow: { ...flow, line }, windows, padding: undefined };
}

function endsOf(
  padding: string,
  { size, kernel, stride, dilation }: { size: number | undefined } & Omit<Window, 'ends'>,
): readonly [number, number] | undefined {
  if (padding === 'causal') return [(kernel - 1) * dilation, 0];
  if (padding !== 'same') return [0, 0];
  if (size !== undefined) return samePadding(size, kernel, stride, dilation);
  const total = (kernel - 1) * dilation;
  return stride === 1 ? [Math.floor(total / 2), Math.ceil(total / 2)] : undefined;
}

/** A convolution of any kind; `depthwise`: each channel by itself. */
const convolution =
  (name: string, usualKernel: number, depthwise = false): Handler =>
  (layer, [given], importing) => {
    const { config } = layer;
    const { file } = importing;
    const { flow, padding, windows } = slid(layer, given, importing, { kernel: 'kernel_size', outside: '0' });
    const channels = given.sizes.at(-1) ?? 0;
    const multiplier = sizeIn(file, layer, 'depth_multiplier', 1);
    const filters = depthwise ? channels * multiplier : sizeIn(file, layer, 'filters');
    const dilation = pairOf(
      windows.map((w) => w.dilation),
      1,
    );
    if (depthwise && dilation !== undefined) throw unsupported(file, layer, 'it is dilated', 'depthwise_conv2d is not');
    const groups = sizeIn(file, layer, 'groups', 1);
    const stage: Stage = {
      text: callOf(name, depthwise ? [] : [String(filters)], {
        kernel: pairOf(
          windows.map((w) => w.kernel),
          usualKernel,
        ),
        stride: pairOf(
          windows.map((w) => w.stride),
          1,
        ),
        padding,
        dilation,
        multiplier: depthwise && multiplier !== 1 ? String(multiplier) : undefined,
        groups: groups === 1 ? undefined : String(groups),
        bias: config.use_bias === false ? 'false' : undefined,
      }),
      layer: name,
      source: [layer.name],
      begins: true,
    };
    const sizes = [...windows.map((window, i) => placesOf(given.sizes[i], window)), filters];
    return { line: importing.draft.pipe(flow.line, stage), sizes, first: true };
  };

/** A depthwise convolution, then one of 1 × 1. */
const separable: Handler = (layer, given, importing) => {
  const { config } = layer;
  const first = { ...layer, config: { ...config, use_bias: false } };
  const spread = convolution('depthwise_conv2d', 3, true)(first, given, importing);
  const { file, draft } = importing;
  const filters = sizeIn(file, layer, 'filters');
  const bias = config.use_bias === false ? 'false' : undefined;
  const line = draft.pipe(spread.line, {
    text: callOf('conv2d', [String(filters)], { kernel: '1', bias }),
    layer: 'conv2d',
    source: [layer.name, 'pointwise'],
  });
  return { line, sizes: [...spread.sizes.slice(0, 2), filters], first: true };
};

const transposed: Handler = (layer, [given], { file, draft }) => {
  const { config } = layer;
  const flow = channelsFirst(given, draft);
  const [kernels, strides] = ['kernel_size', 'strides'].map((key) =>
    sizesIn(file, layer, key, { axes: 2, otherwise: 1 }),
  );
  const isSame = config.padding === 'same';
  // The result of `same` is stride times as large: of what is cut off, more is at the end, which `padding` cannot say.
  const cuts = kernels.map((kernel, i) => (isSame ? Math.max(kernel - strides[i], 0) : 0));
  if (isSame && kernels.some((kernel, i) => kernel < strides[i] || cuts[i] % 2 === 1))
    throw unsupported(file, layer, 'its padding is larger at one end than at the other');
  if (
    sizesIn(file, layer, 'dilation_rate', { axes: 2, otherwise: 1 }).some((n) => n !== 1) ||
    (config.output_padding ?? undefined) !== undefined
  )
    throw unsupported(file, layer, 'conv_transpose2d has neither dilation nor output_padding');
  const filters = sizeIn(file, layer, 'filters');
  const line = draft.pipe(flow.line, {
    text: callOf('conv_transpose2d', [String(filters)], {
      kernel: pairOf(kernels) ?? '1',
      stride: pairOf(strides, 1),
      padding: pairOf(
        cuts.map((cut) => cut / 2),
        0,
      ),
      bias: config.use_bias === false ? 'false' : undefined,
    }),
    layer: 'conv_transpose2d',
    source: [layer.name],
    begins: true,
  });
  const sizes = given.sizes.slice(0, 2).map((size, i) => size && (size - 1) * strides[i] + kernels[i] - cuts[i]);
  return { line, sizes: [...sizes, filters], first: true };
};

const pooling =
  (name: string, outside: string): Handler =>
  (layer, [given], importing) => {
    const { flow, padding, windows } = slid(layer, given, importing, { kernel: 'pool_size', outside });
    if (outside === '0' && windows.some(({ ends }) => ends[0] + ends[1] > 0))
      throw unsupported(importing.file, layer, 'its mean leaves the padding out, which that of avg_pool2d counts');
    const [kernels, strides] = [windows.map((w) => w.kernel), windows.map((w) => w.stride)];
    const stage = callOf(name, [pairOf(kernels) ?? '1'], {
      stride: String(kernels) === String(strides) ? undefined : pairOf(strides),
      padding,
    });
    const sizes = [...windows.map((window, i) => placesOf(given.sizes[i], window)), given.sizes.at(-1)];
    return { line: importing.draft.pipe(flow.line, { text: stage }), sizes, first: true };
  };

/** Over all places: of each channel one number. */
const globally =
  (mean: string | undefined): Handler =>
  (layer, [given], { file, draft }) => {
    if (layer.config.keepdims === true) throw unsupported(file, layer, 'it keeps the axes that it reduces');
    const flow = channelsFirst(given, draft);
    const axes = given.sizes.length === 2 ? '2' : '[2, 3]';
    const line =
      mean === undefined
        ? draft.expression([flow.line], (x) => `max(${x}, axis = ${axes})`)
        : draft.pipe(flow.line, { text: mean });
    return { line, sizes: given.sizes.slice(-1), first: false };
  };

export const windowLayers: Readonly<Record<string, Handler>> = {
  Conv1D: convolution('conv1d', 3),
  Conv2D: convolution('conv2d', 3),
  DepthwiseConv2D: convolution('depthwise_conv2d', 3, true),
  SeparableConv2D: separable,
  Conv2DTranspose: transposed,
  MaxPooling1D: pooling('max_pool1d', '-inf'),
  MaxPooling2D: pooling('max_pool2d', '-inf'),
  AveragePooling1D: pooling('avg_pool1d', '0'),
  AveragePooling2D: pooling('avg_pool2d', '0'),
  GlobalAveragePooling1D: globally('global_avg_pool1d'),
  GlobalAveragePooling2D: globally('global_avg_pool2d'),
  GlobalMaxPooling1D: globally(undefined),
  GlobalMaxPooling2D: globally(undefined),
};
