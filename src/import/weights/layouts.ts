// How PyTorch and Keras call and lay out what the library's layers own: a row for each layer, by which checkpoints are read and written.

/**
 * Whose names and layouts a file has; `nnc`: our own. Some models in PyTorch have names of their own: GPT-2's projections of queries, keys
 * and values are one, and where a file is that of Hugging Face, its linear layers are not transposed (`conv1d`).
 */
export type Dialect = 'nnc' | 'pytorch' | 'gpt2' | 'conv1d' | 'keras' | 'keras3';

/**
 * One of their tensors, for one of ours. `axes` names its axes as `Layout.ours` does; parentheses put several into one. An axis `gate` is
 * in the order of the layer's gates there. Of an axis `part`, ours is the one at `part`.
 */
export interface Spelling {
  /** Beneath the module; `/` stands between the names of parts. */
  readonly name: string;
  readonly axes: string;
  readonly part?: { readonly at: number; readonly of: number };
  /** Ours is the sum of this one and the one before: it is 0 in what we write. */
  readonly plus?: true;
}

export type Spellings = Readonly<Record<string, readonly Spelling[]>>;

export interface Layout {
  /** The axes of what the layer owns. */
  readonly ours: Readonly<Record<string, string>>;
  readonly gates?: Readonly<Record<'nnc' | 'pytorch' | 'keras', readonly string[]>>;
  /** What such a module is called where nobody gave it a name: that says nothing of which it is. */
  readonly called: readonly string[];
  readonly pytorch?: Spellings;
  readonly gpt2?: Spellings;
  readonly conv1d?: Spellings;
  readonly keras?: Spellings;
  /** Where version 3 calls them otherwise. */
  readonly keras3?: Spellings;
  /** It is a whole of other layers, stored as one there. Where it is not, they are looked for one by one. */
  readonly whole?: true;
}

const one = (name: string, axes: string): readonly Spelling[] => [{ name, axes }];

/** The same names for scale and shift, whatever is normalised. */
const normalised = (axis: string): Omit<Layout, 'called'> => ({
  ours: { scale: axis, shift: axis },
  pytorch: { scale: one('weight', axis), shift: one('bias', axis) },
  keras: { scale: one('gamma', axis), shift: one('beta', axis) },
});

const convolution = (ours: string, kernel: string): Omit<Layout, 'called'> => ({
  ours: { W: ours, b: 'channels' },
  pytorch: { W: one('weight', ours), b: one('bias', 'channels') },
  keras: { W: one('kernel', kernel), b: one('bias', 'channels') },
});

/** PyTorch keeps two biases of which only the sum matters. */
const twoBiases: readonly Spelling[] = [
  { name: 'bias_ih', axes: '(gate units)' },
  { name: 'bias_hh', axes: '(gate units)', plus: true },
];

const gated = { W: 'n (gate units)', U: 'before (gate units)', b: '(gate units)' };
const gatedInPytorch = { W: one('weight_ih', '(gate units) n'), U: one('weight_hh', '(gate units) before') };
const gatedInKeras = { W: one('kernel', 'n (gate units)'), U: one('recurrent_kernel', 'before (gate units)') };

const projections = ['q', 'k', 'v'] as const;
const words = { q: 'query', k: 'key', v: 'value' } as const;
const inParts = (part: number, of: number, name: string, axes: string): readonly Spelling[] => [
  { name, axes, part: { at: part, of } },
];

/** Queries, keys and values made by one layer: `join` says of its axes which come first. */
const inOne = (layer: string, out: string, join: 'rows' | 'columns'): Spellings => ({
  ...Object.fromEntries(
    projections.flatMap((p, i) => [
      [`${p}.dense.W`, inParts(i, 3, `${layer}weight`, join === 'rows' ? '(part heads e) n' : 'n (part heads e)')],
      [`${p}.dense.b`, inParts(i, 3, `${layer}bias`, '(part heads e)')],
    ]),
  ),
  'out.dense.W': one(`${out}/weight`, join === 'rows' ? 'units (heads e)' : '(heads e) units'),
  'out.dense.b': one(`${out}/bias`, 'units'),
});

const attention: Layout = {
  whole: true,
  called: ['attention', 'multiheadattention', 'multi_head_attention', 'self_attention'],
  ours: {
    ...Object.fromEntries(
      projections.flatMap((p) => [
        [`${p}.dense.W`, 'n (heads e)'],
        [`${p}.dense.b`, '(heads e)'],
      ]),
    ),
    'out.dense.W': '(heads e) units',
    'out.dense.b': 'units',
  },
  pytorch: inOne('in_proj_', 'out_proj', 'rows'),
  gpt2: inOne('c_attn/', 'c_proj', 'rows'),
  conv1d: inOne('c_attn/', 'c_proj', 'columns'),
  keras: {
    ...Object.fromEntries(
      projections.flatMap((p) => [
        [`${p}.dense.W`, one(`${words[p]}/kernel`, 'n heads e')],
        [`${p}.dense.b`, one(`${words[p]}/bias`, 'heads e')],
      ]),
    ),
    'out.dense.W': one('attention_output/kernel', 'heads e units'),
    'out.dense.b': one('attention_output/bias', 'units'),
  },
};

/** By the names of the library's layers. */
export const layouts: ReadonlyMap<string, Layout> = new Map<string, Layout>([
  [
    'dense',
    {
      called: ['dense', 'linear'],
      ours: { W: 'n units', b: 'units' },
      pytorch: { W: one('weight', 'units n'), b: one('bias', 'units') },
      conv1d: { W: one('weight', 'n units'), b: one('bias', 'units') },
      keras: { W: one('kernel', 'n units'), b: one('bias', 'units') },
    },
  ],
  ['conv1d', { called: ['conv1d'], ...convolution('channels n k', 'k n channels') }],
  ['conv2d', { called: ['conv2d'], ...convolution('channels n kh kw', 'kh kw n channels') }],
  [
    'conv_transpose2d',
    {
      called: ['conv2d_transpose', 'conv_transpose2d', 'convtranspose2d'],
      ...convolution('n channels kh kw', 'kh kw channels n'),
    },
  ],
  [
    'depthwise_conv2d',
    {
      called: ['depthwise_conv2d', 'depthwiseconv2d', 'conv2d'],
      ours: { W: '(c multiplier) one kh kw', b: '(c multiplier)' },
      pytorch: { W: one('weight', '(c multiplier) one kh kw'), b: one('bias', '(c multiplier)') },
      keras: { W: one('depthwise_kernel', 'kh kw c multiplier'), b: one('bias', '(c multiplier)') },
      keras3: { W: one('kernel', 'kh kw c multiplier'), b: one('bias', '(c multiplier)') },
    },
  ],
  [
    'batch_norm',
    {
      called: ['batch_norm', 'batch_normalization', 'batchnorm', 'batchnorm1d', 'batchnorm2d'],
      ours: { scale: 'c', shift: 'c', mean: 'c', variance: 'c' },
      pytorch: {
        ...normalised('c').pytorch,
        mean: one('running_mean', 'c'),
        variance: one('running_var', 'c'),
      },
      keras: {
        ...normalised('c').keras,
        mean: one('moving_mean', 'c'),
        variance: one('moving_variance', 'c'),
      },
    },
  ],
  ['layer_norm', { called: ['layer_norm', 'layer_normalization', 'layernorm'], ...normalised('n') }],
  ['group_norm', { called: ['group_norm', 'group_normalization', 'groupnorm'], ...normalised('c') }],
  ['instance_norm', { called: ['instance_norm', 'instance_normalization', 'instancenorm'], ...normalised('c') }],
  [
    'rms_norm',
    {
      called: ['rms_norm', 'rms_normalization', 'rmsnorm'],
      ours: { scale: 'n' },
      pytorch: { scale: one('weight', 'n') },
      keras: { scale: one('scale', 'n') },
    },
  ],
  [
    'standardize',
    {
      called: ['normalization', 'standardize'],
      ours: { mean: 'n', variance: 'n', count: '' },
      keras: { mean: one('mean', 'n'), variance: one('variance', 'n'), count: one('count', '') },
    },
  ],
  [
    'embedding',
    {
      called: ['embedding'],
      ours: { W: 'V units' },
      pytorch: { W: one('weight', 'V units') },
      keras: { W: one('embeddings', 'V units') },
    },
  ],
  [
    'positions',
    {
      called: ['embedding', 'position_embedding'],
      ours: { W: 'length d' },
      pytorch: { W: one('weight', 'length d') },
      keras: { W: one('embeddings', 'length d') },
    },
  ],
  [
    'rnn',
    {
      called: ['rnn', 'simple_rnn', 'simplernn'],
      ours: { W: 'n units', U: 'before units', b: 'units' },
      pytorch: {
        W: one('weight_ih', 'units n'),
        U: one('weight_hh', 'units before'),
        b: twoBiases.map((bias) => ({ ...bias, axes: 'units' })),
      },
      keras: { W: one('kernel', 'n units'), U: one('recurrent_kernel', 'before units'), b: one('bias', 'units') },
    },
  ],
  [
    'lstm',
    {
      called: ['lstm'],
      gates: { nnc: ['i', 'f', 'g', 'o'], pytorch: ['i', 'f', 'g', 'o'], keras: ['i', 'f', 'g', 'o'] },
      ours: gated,
      pytorch: { ...gatedInPytorch, b: twoBiases },
      keras: { ...gatedInKeras, b: one('bias', '(gate units)') },
    },
  ],
  [
    'gru',
    {
      called: ['gru'],
      gates: { nnc: ['r', 'z', 'n'], pytorch: ['r', 'z', 'n'], keras: ['z', 'r', 'n'] },
      ours: { ...gated, c: '(gate units)' },
      pytorch: { ...gatedInPytorch, b: one('bias_ih', '(gate units)'), c: one('bias_hh', '(gate units)') },
      // With reset_after = True, which is what ours computes: a row of biases for the input, one for what was before.
      keras: {
        ...gatedInKeras,
        b: inParts(0, 2, 'bias', 'part (gate units)'),
        c: inParts(1, 2, 'bias', 'part (gate units)'),
      },
    },
  ],
  [
    // No layer of the library: models of TensorFlow.js that are imported have one of their own, which resets before the product.
    'gru_before',
    {
      called: [],
      gates: { nnc: ['r', 'z', 'n'], pytorch: ['r', 'z', 'n'], keras: ['z', 'r', 'n'] },
      ours: gated,
      keras: { ...gatedInKeras, b: one('bias', '(gate units)') },
    },
  ],
  ['attention', attention],
  [
    // The update that lora adds.
    'of_low_rank',
    {
      called: ['lora'],
      ours: { A: 'n rank', B: 'rank units' },
      pytorch: { A: one('lora_A/weight', 'rank n'), B: one('lora_B/weight', 'units rank') },
    },
  ],
]);

/** The names by which a layer of the library is stored in a dialect, of those that it owns. */
export function spellingsOf(layer: string, dialect: Dialect): Spellings | undefined {
  const layout = layouts.get(layer);
  if (dialect !== 'nnc') return layout?.[dialect];
  if (!layout || layout.whole) return undefined;
  return Object.fromEntries(Object.entries(layout.ours).map(([name, axes]) => [name, one(name, axes)]));
}

/** In which order a layer has its gates in a dialect. */
export function gatesOf(layer: string, dialect: Dialect): readonly string[] | undefined {
  const gates = layouts.get(layer)?.gates;
  switch (dialect) {
    case 'gpt2':
    case 'conv1d':
      return gates?.pytorch;
    case 'keras3':
      return gates?.keras;
    default:
      return gates?.[dialect];
  }
}
