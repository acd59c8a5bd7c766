// What becomes of each layer of Keras: a row for each class.
import { callOf, type Stage } from '../draft.js';
import { activationIn, activationStage } from './activations.js';
import { axisHere, channelsFirst, channelsLast, through, unsupported, type Flow, type Importing } from './flow.js';
import { isRecord, type KerasLayer } from './json.js';
import { axisIn, endsIn, malformedLayer, numberIn, sizeIn, sizesIn } from './numbers.js';
import { recurrentLayers } from './recurrent.js';
import { windowLayers, type Handler } from './windows.js';

/** A layer that has an activation of its own ends in it. */
export function activated(layer: KerasLayer, flow: Flow, { file, draft, third }: Importing): Flow {
  const name = activationIn(layer.config.activation);
  const text = activationStage(name, draft, third);
  if (text === undefined) throw unsupported(file, layer, `there is no activation ${name}`);
  if (text === '') return flow;
  return name === 'softmax' || name === 'log_softmax' ? alongLast(flow, text, draft) : through(flow, { text }, draft);
}

function alongLast(given: Flow, text: string, draft: Importing['draft']): Flow {
  const flow = channelsLast(given, draft);
  return through(flow, { text }, draft);
}

const dense: Handler = (layer, [given], { file, draft }) => {
  const { config } = layer;
  const flow = channelsLast(given, draft);
  const units = sizeIn(file, layer, 'units');
  const text = callOf('dense', [String(units)], { bias: config.use_bias === false ? 'false' : undefined });
  const stage: Stage = { text, layer: 'dense', source: [layer.name], begins: true };
  return through(flow, stage, draft, [...flow.sizes.slice(0, -1), units]);
};

/** The library's own name for what keeps the shape and has no weights. */
const plain =
  (textOf: (number: (key: string, otherwise: number) => number) => string): Handler =>
  (layer, [given], { file, draft }) => {
    const text = textOf((key, otherwise) => numberIn(file, layer, key, otherwise));
    return text === '' ? given : through(given, { text }, draft);
  };

const setting = (value: number, usual: number): string | undefined => (value === usual ? undefined : String(value));

const softmax: Handler = (layer, [given], { file, draft }) => {
  requireLast(layer, given, file);
  return alongLast(given, 'softmax', draft);
};

/** The library's layers go along the last axis of Keras. */
function requireLast(layer: KerasLayer, { sizes }: Flow, file: string): void {
  const { axis: axes } = layer.config;
  if (Array.isArray(axes) && axes.length > 1) throw unsupported(file, layer, 'it goes along several axes');
  const axis = axisIn(file, layer, -1);
  if (axis !== -1 && axis !== sizes.length)
    throw unsupported(file, layer, `it goes along axis ${axis}, which is not the last`);
}

const rectified: Handler = (layer, [given], { file, draft }) => {
  const { config } = layer;
  const most = typeof config.max_value === 'number' ? config.max_value : undefined;
  if (numberIn(file, layer, 'negative_slope', 0) !== 0 || numberIn(file, layer, 'threshold', 0) !== 0)
    throw unsupported(file, layer, 'it has a slope or a threshold');
  if (most === undefined) return through(given, { text: 'relu' }, draft);
  const name = draft.define(
    `relu${String(most).replace(/\W/g, '_')}`,
    `fn relu${String(most).replace(/\W/g, '_')}(x) = min(relu(x), ${most})`,
  );
  return through(given, { text: name }, draft);
};

const batchNormalization: Handler = (layer, [given], { file, draft }) => {
  requireLast(layer, given, file);
  const flow = channelsFirst(given, draft);
  const text = callOf('batch_norm', [], {
    momentum: setting(Number((1 - numberIn(file, layer, 'momentum', 0.99)).toPrecision(12)), 0.1),
    eps: setting(numberIn(file, layer, 'epsilon', 1e-3), 1e-5),
  });
  return through(flow, { text, layer: 'batch_norm', source: [layer.name] }, draft);
};

const layerNormalization: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsLast(given, draft);
  requireLast(layer, given, file);
  const text = callOf('layer_norm', [], { eps: setting(numberIn(file, layer, 'epsilon', 1e-3), 1e-5) });
  return through(flow, { text, layer: 'layer_norm', source: [layer.name] }, draft);
};

const rmsNormalization: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsLast(given, draft);
  requireLast(layer, given, file);
  const text = callOf('rms_norm', [], { eps: setting(numberIn(file, layer, 'epsilon', 1e-6), 1e-6) });
  return through(flow, { text, layer: 'rms_norm', source: [layer.name] }, draft);
};

const groupNormalization: Handler = (layer, [given], { file, draft }) => {
  const { config } = layer;
  requireLast(layer, given, file);
  const groups = config.groups === -1 ? -1 : sizeIn(file, layer, 'groups', 32);
  const channels = given.sizes.at(-1);
  if (groups === -1 && channels === undefined)
    throw unsupported(file, layer, 'its groups depend on a size that is not told');
  const text = callOf('group_norm', [String(groups === -1 ? channels : groups)], {
    eps: setting(numberIn(file, layer, 'epsilon', 1e-3), 1e-5),
  });
  return through(channelsFirst(given, draft), { text, layer: 'group_norm', source: [layer.name] }, draft);
};

/** Of a sequence with itself, whose heads make all of its features. */
const attention: Handler = (layer, given, { file, draft }) => {
  const { config, told = {} } = layer;
  const [first] = given;
  const [heads, width] = [sizeIn(file, layer, 'num_heads'), sizeIn(file, layer, 'key_dim')];
  const refuse = (reason: string) => unsupported(file, layer, reason);
  if (first.sizes.length !== 2 || given.some((each) => each !== first))
    throw refuse('its queries, keys and values are not one sequence');
  if (heads * width !== first.sizes[1] || sizeIn(file, layer, 'value_dim', width) !== width)
    throw refuse(`its ${heads} heads of ${width} are not the ${first.sizes[1] ?? '?'} features that it is given`);
  if (isRecord(told.attention_mask) || config.output_shape || config.use_gate === true || config.sliding_window)
    throw refuse('it has a mask, a gate, a window or an output_shape');
  if (numberIn(file, layer, 'dropout', 0) > 0)
    throw refuse('it drops out within its products: write dropout before it');
  const text = callOf('attention', [String(heads)], {
    causal: told.use_causal_mask === true ? 'true' : undefined,
    bias: config.use_bias === false ? 'false' : undefined,
  });
  return through(channelsLast(first, draft), { text, layer: 'attention', source: [layer.name], begins: true }, draft);
};

const embedding: Handler = (layer, [given], { file, draft }) => {
  const { config } = layer;
  if (config.mask_zero === true)
    throw unsupported(file, layer, 'it masks zeros', 'give the layers behind it their lengths');
  const units = sizeIn(file, layer, 'output_dim');
  const stage: Stage = {
    text: callOf('embedding', [String(units)], {}),
    layer: 'embedding',
    source: [layer.name],
    begins: true,
  };
  return through(given, stage, draft, [...given.sizes, units]);
};

const flatten: Handler = (_, [given], { draft }) => {
  if (given.sizes.length < 2) return given;
  // Where one pixel is left, both orders are one.
  const flow = given.sizes.slice(0, -1).every((size) => size === 1)
    ? { ...given, first: false }
    : channelsLast(given, draft);
  const size = given.sizes.reduce<number | undefined>(
    (n, s) => (n === undefined || s === undefined ? undefined : n * s),
    1,
  );
  return through(flow, { text: 'flatten' }, draft, [size]);
};

const reshape: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsLast(given, draft);
  const target = layer.config.target_shape;
  if (!Array.isArray(target) || !target.every((n) => Number.isSafeInteger(n) && (n > 0 || n === -1)))
    throw malformedLayer(file, layer, 'has no target_shape of whole numbers from 1 up, or -1');
  const known = flow.sizes.every((size) => size !== undefined);
  const all = known ? flow.sizes.reduce<number>((n, size) => n * (size ?? 1), 1) : undefined;
  const rest = target.reduce<number>((n, size: number) => (size === -1 ? n : n * size), 1);
  const sizes = target.map((size: number) => (size !== -1 ? size : all && all / rest));
  const line = draft.expression(
    [flow.line],
    (x) => `reshape(${x}, [batch, ${sizes.map((size) => size ?? -1).join(', ')}])`,
  );
  return { line, sizes, first: false };
};

const permuted: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsLast(given, draft);
  const dims = layer.config.dims;
  if (!Array.isArray(dims) || [...dims].sort().some((at, i) => at !== i + 1))
    throw malformedLayer(file, layer, 'has no dims that name each axis once, from 1 up');
  const line = draft.expression([flow.line], (x) =>
    String(dims) === '2,1' ? `transpose(${x})` : `permute(${x}, [0, ${dims.join(', ')}])`,
  );
  return { line, sizes: dims.map((at: number) => flow.sizes[at - 1]), first: false };
};

const repeatVector: Handler = (layer, [given], { file, draft }) => {
  const n = sizeIn(file, layer, 'n');
  const line = draft.expression([given.line], (x) => `broadcast(${x}[:, none], [batch, ${n}, ${given.sizes[0]}])`);
  return { line, sizes: [n, given.sizes[0]], first: false };
};

const padded: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsFirst(given, draft);
  const ends = endsIn(file, layer, 'padding', given.sizes.length - 1);
  const pads = [[0, 0], [0, 0], ...ends].map((pair) => `[${pair.join(', ')}]`).join(', ');
  const line = draft.expression([flow.line], (x) => `pad(${x}, [${pads}])`);
  const sizes = given.sizes.map((size, i) =>
    i < ends.length && size !== undefined ? size + ends[i][0] + ends[i][1] : size,
  );
  return { line, sizes, first: true };
};

const cropped: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsFirst(given, draft);
  const ends = endsIn(file, layer, 'cropping', given.sizes.length - 1);
  const slices = ends.map(([low, high]) => `${low || ''}:${high === 0 ? '' : -high}`).join(', ');
  const line = draft.expression([flow.line], (x) => `${x}[:, :, ${slices}]`);
  const sizes = given.sizes.map((size, i) =>
    i < ends.length && size !== undefined ? size - ends[i][0] - ends[i][1] : size,
  );
  return { line, sizes, first: true };
};

const upsampled: Handler = (layer, [given], { file, draft }) => {
  const flow = channelsFirst(given, draft);
  const [h, w] = sizesIn(file, layer, 'size', { axes: 2, otherwise: 2 });
  const mode = layer.config.interpolation === 'bilinear' ? '"bilinear"' : undefined;
  const text = callOf('upsample2d', [h === w ? String(h) : `[${h}, ${w}]`], { mode });
  const [height, width, channels] = given.sizes;
  return through(flow, { text }, draft, [height && height * h, width && width * w, channels]);
};

const timeDistributed: Handler = (layer, [given], importing) => {
  const { layer: inner } = layer.config;
  if (!isRecord(inner) || inner.class_name !== 'Dense' || !isRecord(inner.config))
    throw unsupported(importing.file, layer, 'of layers at each step only Dense is read');
  const own = { ...layer, config: inner.config, place: `${layer.place}.config.layer` };
  return activated(own, dense(own, [given], importing), importing);
};

const rescaled: Handler = (layer, [given], { file, draft }) => {
  const { scale, offset } = layer.config;
  if (typeof scale !== 'number' || (offset !== undefined && typeof offset !== 'number'))
    throw unsupported(file, layer, 'its scale and offset are no numbers');
  const line = draft.expression([given.line], (x) => `${scale} * ${x}${offset ? ` + ${offset}` : ''}`);
  return { ...given, line };
};

/** Values side by side; those of images as images where one of them is. */
function together(given: readonly Flow[], { draft }: Importing): readonly Flow[] {
  const ranks = new Set(given.map(({ sizes }) => sizes.length));
  const first = given.some((flow) => flow.first) && ranks.size === 1;
  return given.map((flow) => (first ? channelsFirst(flow, draft) : channelsLast(flow, draft)));
}

const merged =
  (text: (names: readonly string[]) => string): Handler =>
  (_, given, importing) => {
    const all = together(given, importing);
    const line = importing.draft.expression(
      all.map((flow) => flow.line),
      (...names) => text(names),
    );
    const widest = all.reduce((a, b) => (b.sizes.length > a.sizes.length ? b : a));
    const sizes = widest.sizes.map((size, i) =>
      Math.max(...all.map((flow) => flow.sizes.at(i - widest.sizes.length) ?? 1), size ?? 1),
    );
    return {
      line,
      sizes: sizes.map((size, i) => (widest.sizes[i] === undefined ? undefined : size)),
      first: widest.first,
    };
  };

const nested =
  (name: string) =>
  (names: readonly string[]): string =>
    names.slice(1).reduce((all, next) => `${name}(${all}, ${next})`, names[0]);

const concatenated: Handler = (layer, given, importing) => {
  const all = together(given, importing);
  const axis = axisIn(importing.file, layer, -1);
  const [head] = all;
  const at = (axis < 0 ? axis + head.sizes.length + 1 : axis) - 1;
  const line = importing.draft.expression(
    all.map((flow) => flow.line),
    (...names) => `concat([${names.join(', ')}], axis = ${axis === -1 && !head.first ? -1 : axisHere(axis, head)})`,
  );
  const sizes = head.sizes.map((size, i) => {
    if (i !== at) return size;
    return all.reduce<number | undefined>(
      (sum, flow) => (sum === undefined || flow.sizes[i] === undefined ? undefined : sum + (flow.sizes[i] ?? 0)),
      0,
    );
  });
  return { line, sizes, first: head.first };
};

/** By the class; those with an activation of their own are followed by it. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  Object.entries({
    ...windowLayers,
    ...recurrentLayers,
    Dense: dense,
    Activation: plain(() => ''),
    ReLU: rectified,
    LeakyReLU: plain((number) =>
      callOf('leaky_relu', [], {
        slope: setting(number('alpha', number('negative_slope', 0.3)), 0.01),
      }),
    ),
    ELU: plain((number) => callOf('elu', [], { alpha: setting(number('alpha', 1), 1) })),
    Softmax: softmax,
    Dropout: plain((number) => callOf('dropout', [String(number('rate', 0.5))], {})),
    BatchNormalization: batchNormalization,
    LayerNormalization: layerNormalization,
    RMSNormalization: rmsNormalization,
    GroupNormalization: groupNormalization,
    MultiHeadAttention: attention,
    Embedding: embedding,
    Flatten: flatten,
    Reshape: reshape,
    Permute: permuted,
    RepeatVector: repeatVector,
    ZeroPadding1D: padded,
    ZeroPadding2D: padded,
    Cropping1D: cropped,
    Cropping2D: cropped,
    UpSampling2D: upsampled,
    TimeDistributed: timeDistributed,
    Rescaling: rescaled,
    Add: merged((names) => names.join(' + ')),
    Subtract: merged((names) => names.join(' - ')),
    Multiply: merged((names) => names.join(' * ')),
    Average: merged((names) => `(${names.join(' + ')}) / ${names.length}`),
    Maximum: merged(nested('max')),
    Minimum: merged(nested('min')),
    Concatenate: concatenated,
  } satisfies Record<string, Handler>),
);

/** Those whose `activation` is the layer's own, as that of a cell is not. */
export function endsInActivation(kind: string): boolean {
  return !(kind in recurrentLayers) && kind !== 'TimeDistributed';
}
