// nnc import of JSON: eleven models of TensorFlow.js predict as .nn what they predicted there, and read as if written by hand.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { importJson } from '../../src/import/model.js';
import { warm } from '../cli/nnc.js';
import { predictsTheSame, readsAsWritten, type Case } from './imported.js';

const here = join(import.meta.dirname, 'models');
const folder = mkdtempSync(join(tmpdir(), 'nnc-import-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cases: Readonly<Record<string, Case>> = JSON.parse(readFileSync(join(here, 'cases.json'), 'utf8'));

describe.each(Object.keys(cases))('%s', (name) => {
  const at = join(here, name);
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(at, file)));
  const text = readFileSync(join(at, 'model.json'), 'utf8');
  const made = importJson(text, { from: 'model.json', file: 'model.nn', name, read });

  it('reads as one would have written it, and fmt leaves it alone', () => {
    readsAsWritten(made, join(at, 'model.nn'));
  });

  it('predicts the same', () => {
    predictsTheSame(made, cases[name]);
  });
});

/** A layer as Keras 3 writes it; `from`: the layers whose results it is given. */
const third = (kind: string, name: string, config: object, ...from: readonly string[]): object => ({
  module: 'keras.layers',
  class_name: kind,
  config: { name, dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } }, ...config },
  name,
  inbound_nodes:
    from.length === 0
      ? []
      : [
          {
            args: [
              from.map((of) => ({
                class_name: '__keras_tensor__',
                config: { shape: [null, 4], keras_history: [of, 0, 0] },
              })),
            ].map((all) => (all.length === 1 ? all[0] : all)),
            kwargs: {},
          },
        ],
});

const functional = (layers: readonly object[], input: string, output: string): string =>
  JSON.stringify({
    module: 'keras',
    class_name: 'Functional',
    config: { name: 'functional_1', layers, input_layers: [[input, 0, 0]], output_layers: [[output, 0, 0]] },
  });

const imported = (text: string) => {
  const read = (): Uint8Array => new Uint8Array();
  return importJson(text, { from: 'model.json', file: 'model.nn', name: 'network', read });
};

it('reads what Keras 3 writes', () => {
  const text = functional(
    [
      third('InputLayer', 'tokens', { batch_shape: [null, null] }),
      third('Embedding', 'embedding', { input_dim: 20, output_dim: 4 }, 'tokens'),
      third(
        'GRU',
        'gru_1',
        { units: 6, activation: 'tanh', recurrent_activation: 'sigmoid', return_sequences: true },
        'embedding',
      ),
      third('Dense', 'dense', { units: 6, activation: { class_name: 'function', config: 'gelu' } }, 'gru_1'),
      third('Add', 'add', {}, 'dense', 'gru_1'),
      third('Dense', 'dense_1', { units: 20, activation: 'hard_sigmoid' }, 'add'),
    ],
    'tokens',
    'dense_1',
  );
  const { text: nn, diagnostics, weights } = imported(text);
  expect([diagnostics, weights]).toEqual([[], undefined]);
  expect(nn).toBe(`// Imported from model.json.

model network {
  input tokens: index(20)[batch, T]

  h1 = tokens |> embedding(4)
  h2 = h1 |> gru(6)
  h3 = h2 |> dense(6) |> gelu_erf

  output y = h3 + h2 |> dense(20) |> hard_sigmoid
}
`);
});

const sequential = (...layers: readonly (readonly [string, object])[]): string =>
  JSON.stringify({
    class_name: 'Sequential',
    config: { name: 's', layers: layers.map(([class_name, config]) => ({ class_name, config })) },
    keras_version: '2.15.0',
  });

it('names every layer that there is nothing for, and its place, before anything is written', () => {
  writeFileSync(
    join(folder, 'model.json'),
    sequential(
      ['Dense', { name: 'd', units: 4, batch_input_shape: [null, 3] }],
      ['ConvLSTM2D', { name: 'clouds' }],
      ['UnitNormalization', { name: 'unit' }],
    ),
  );
  const { status, stderr } = warm(['import', 'model.json', '-o', 'model.nn'], { cwd: folder });
  expect([status, stderr]).toEqual([
    1,
    `error[import-unsupported]: the layer clouds (ConvLSTM2D) cannot be imported: the library has no such layer
  │
  = model.json, at config.layers[1]

error[import-unsupported]: the layer unit (UnitNormalization) cannot be imported: the library has no such layer
  │
  = model.json, at config.layers[2]

`,
  ]);
  expect(readdirSync(folder)).toEqual(['model.json']);
});

const shaped = { batch_input_shape: [null, 5, 3] };
it.each([
  [['LSTM', { name: 'g', units: 2, recurrent_activation: 'crelu', ...shaped }], 'its recurrent_activation is crelu'],
  [
    ['MultiHeadAttention', { name: 'g', num_heads: 2, key_dim: 2, ...shaped }],
    'its 2 heads of 2 are not the 3 features that it is given',
  ],
  [['LSTM', { name: 'g', units: 2, go_backwards: true, ...shaped }], 'it goes backwards'],
  [['LSTM', { name: 'g', units: 2, dropout: 0.5, ...shaped }], 'it drops out within its cell: write dropout before it'],
  [['Dense', { name: 'g', units: 2, activation: 'crelu', ...shaped }], 'there is no activation crelu'],
  [
    ['AveragePooling1D', { name: 'g', pool_size: 2, strides: 2, padding: 'same', ...shaped }],
    'its mean leaves the padding out, which that of avg_pool2d counts',
  ],
  [['BatchNormalization', { name: 'g', axis: 1, ...shaped }], 'it goes along axis 1, which is not the last'],
  [
    [
      'Conv1D',
      { name: 'g', filters: 2, kernel_size: 3, strides: 2, padding: 'same', batch_input_shape: [null, null, 3] },
    ],
    'its padding depends on a size that the model does not tell',
  ],
  [['Dense', { name: 'g', units: 2 }], 'the shape of what goes in is not told'],
] as const)('refuses %j', (layer, reason) => {
  const [diagnostic] = imported(sequential(layer)).diagnostics;
  expect(diagnostic.message).toMatch(/^the layer [gx] \(\w+\) cannot be imported: /);
  expect(diagnostic.message.replace(/^.* cannot be imported: /, '')).toBe(reason);
});

it.each([
  ['[', 'it is not JSON'],
  ['[]', 'it is not an object of JSON'],
  ['{}', 'it has no class_name'],
  [
    '{"format": "graph-model"}',
    'it is a graph of TensorFlow operations: save it as a layers model, or export it as ONNX',
  ],
  [
    '{"class_name": "Custom", "config": {}}',
    'its class is Custom: only Sequential and functional models are described by their layers',
  ],
  ['{"class_name": "Sequential", "config": {}}', 'config has no list of layers'],
])('says of %s that it is no model', (text, reason) => {
  expect(() => imported(text)).toThrow(`model.json is no model that can be imported: ${reason}`);
});

const units = 'which should be a whole number from 1 up';
it.each([
  [['Dense', { units: -3 }], `units -3, ${units}`],
  [['Dense', { units: 'many' }], `units "many", ${units}`],
  [['Dense', { units: 2.5 }], `units 2.5, ${units}`],
  [['Dense', {}], `no units, ${units}`],
  [['TimeDistributed', { layer: { class_name: 'Dense', config: { units: 0 } } }], `units 0, ${units}`, '.config.layer'],
  [['GRU', { units: null }], `units null, ${units}`],
  [['Conv1D', { filters: '8' }], `filters "8", ${units}`],
  [['Conv1D', { filters: 8, kernel_size: [3, 3] }], `kernel_size [3,3], ${units}`],
  [['MaxPooling1D', { pool_size: 0 }], `pool_size 0, ${units}`],
  [
    ['ZeroPadding1D', { padding: -1 }],
    'padding -1, which should be a whole number from 0 up, or one or two for each axis',
  ],
  [['Dropout', { rate: 'half' }], 'rate "half", which should be a number'],
  [['Softmax', { axis: 0.5 }], 'axis 0.5, which should be a whole number'],
  [['Reshape', { target_shape: [0, 3] }], 'no target_shape of whole numbers from 1 up, or -1'],
  [['Permute', { dims: [1, 3] }], 'no dims that name each axis once, from 1 up'],
  [
    ['InputLayer', { batch_input_shape: [null, -5] }],
    'batch_input_shape [null,-5], whose sizes should be whole numbers from 1 up, or null',
  ],
] as const)('says where %j has no such number', ([kind, config], what, within: string = '') => {
  const first = kind === 'InputLayer' ? [] : [['InputLayer', { name: 'in', ...shaped }] as const];
  const [{ code, message, notes }] = imported(sequential(...first, [kind, { name: 'g', ...config }])).diagnostics;
  expect([code, message, notes]).toEqual([
    'import-malformed',
    `model.json is no model that can be imported: the layer g (${kind}) has ${what}`,
    [`model.json, at config.layers[${first.length}]${within}`],
  ]);
});

it('says which layers have one name, and that there are none', () => {
  const dense = ['Dense', { name: 'd', units: 3, batch_input_shape: [null, 4] }] as const;
  writeFileSync(join(folder, 'twice.json'), sequential(dense, dense));
  writeFileSync(join(folder, 'none.json'), sequential());
  expect(warm(['import', 'twice.json', '-o', 'model.nn'], { cwd: folder }).stderr)
    .toBe(`error[import-malformed]: twice.json is no model that can be imported: 2 layers are called d
  │
  = twice.json, at config.layers[0], config.layers[1]

`);
  expect(warm(['import', 'none.json', '-o', 'model.nn'], { cwd: folder }).stderr).toMatch(
    /^error\[import-malformed\]: none\.json is no model that can be imported: config\.layers is empty\n/,
  );
});

it('a layer may be called as the input that nobody named', () => {
  const { text, diagnostics } = imported(sequential(['Dense', { name: 'x', units: 3, batch_input_shape: [null, 4] }]));
  expect(diagnostics).toEqual([]);
  expect(text).toContain('  input x: [batch, 4]\n');
});

it('writes the weights beside the model, and trains from them', () => {
  const { status, stdout } = warm(['import', join(here, 'mlp/model.json'), '-o', 'mlp.nn'], { cwd: folder });
  expect([status, stdout]).toEqual([0, 'mlp.nn\nmlp.safetensors\n']);
  expect(existsSync(join(folder, 'mlp.safetensors'))).toBe(true);
  const again = ['weights', 'mlp.nn', '--from', 'mlp.safetensors', '--to', 'pytorch', '-o', 'mlp.pt.safetensors'];
  expect(warm(again, { cwd: folder }).stdout).toMatch(/^hidden\.dense\.weight +\[8, 4\] +hidden\.dense\.W$/m);
});

it('tells which weights do not fit', () => {
  const json = JSON.parse(readFileSync(join(here, 'mlp/model.json'), 'utf8'));
  json.modelTopology.config.layers[0].config.units = 9;
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(here, 'mlp', file)));
  expect(() => importJson(JSON.stringify(json), { from: 'm.json', file: 'm.nn', name: 'm', read })).toThrow(
    'the weights of m.json do not fit its layer hidden',
  );
});
