// nnc import of ONNX: graphs give as .nn what ONNX Runtime gave for them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bytesOf } from '../../src/export/onnx/protobuf.js';
import { format } from '../../src/format/format.js';
import { importOnnx } from '../../src/import/model.js';
import { check } from '../../src/index.js';
import { apart, predicted, type Recorded } from '../support/predicted.js';
import { warm } from '../cli/nnc.js';

const here = join(import.meta.dirname, 'onnx');
const folder = mkdtempSync(join(tmpdir(), 'nnc-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly inputs: readonly Recorded[];
  readonly outputs: readonly Recorded[];
}
const cases: Readonly<Record<string, Case>> = JSON.parse(readFileSync(join(here, 'cases.json'), 'utf8'));

describe.each(Object.keys(cases))('%s', (name) => {
  const made = importOnnx(new Uint8Array(readFileSync(join(here, `${name}.onnx`))), {
    from: `${name}.onnx`,
    file: `${name}.nn`,
    name,
  });

  it('reads as one would have written it, and fmt leaves it alone', () => {
    expect(made.diagnostics).toEqual([]);
    const expected = join(here, `${name}.nn`);
    if (process.env.UPDATE === '1') writeFileSync(expected, made.text);
    expect(made.text).toBe(readFileSync(expected, 'utf8'));
    expect(format({ file: 'model.nn', text: made.text }).text).toBe(made.text);
  });

  it('predicts the same', () => {
    const { inputs, outputs } = cases[name];
    const { model } = check({ file: 'model.nn', text: made.text });
    const given = Object.fromEntries(model?.inputs.map((input, i) => [input.name, inputs[i]]) ?? []);
    const found = Object.values(predicted(made.text, made.weights ?? new Uint8Array(), given));
    expect(found).toHaveLength(outputs.length);
    found.forEach((values, i) => expect(apart(values, outputs[i].data)).toBeLessThan(1e-5));
  });
});

/** A graph of one node over an input [batch, 4]. */
function graphOf(operator: string, attributes: object = {}): Uint8Array {
  const declared = { name: 'x', type: 'float', dims: ['batch', 4] } as const;
  return bytesOf({
    graph: {
      name: 'one',
      operations: [{ operator, inputs: ['x'], outputs: ['y'], attributes: { ...attributes } }],
      stored: [],
      inputs: [declared],
      outputs: [{ ...declared, name: 'y' }],
    },
    opset: 18,
    producer: { name: 'test', version: '1' },
    description: '',
    metadata: {},
  });
}

it('names every node that there is nothing for, and its place, before anything is written', () => {
  writeFileSync(join(folder, 'one.onnx'), graphOf('NonZero'));
  const { status, stderr } = warm(['import', 'one.onnx', '-o', 'one.nn'], { cwd: folder });
  expect([status, stderr]).toEqual([
    1,
    `error[import-unsupported]: the node y (NonZero) cannot be imported: the library has no counterpart
  │
  = one.onnx, at graph.node[0]

`,
  ]);
  expect(readdirSync(folder)).toEqual(['one.onnx']);
});

it.each([
  ['Flatten', { axis: { int: 2 } }, 'it keeps more axes than the first'],
  ['Transpose', {}, 'it has no perm'],
  ['GRU', {}, 'it resets before the product (linear_before_reset = 0), where the library does so after it'],
  ['LSTM', { direction: { text: 'reverse' } }, 'it goes backwards'],
  ['Conv', {}, 'its weights are computed'],
])('refuses a %s with %j', (operator, attributes, reason) => {
  const { diagnostics } = importOnnx(graphOf(operator, attributes), { from: 'a.onnx', file: 'a.nn', name: 'a' });
  expect(diagnostics[0].message).toBe(`the node y (${operator}) cannot be imported: ${reason}`);
});

const declared = { name: 'x', type: 'float', dims: ['batch', 3] } as const;

/** A graph from x: [batch, 3] to y, of nodes by what they take and give, with weights of two axes. */
function nodesOf(
  nodes: readonly (readonly [operator: string, inputs: readonly string[], output: string])[],
  weights: Readonly<Record<string, readonly [number, number]>> = {},
): Uint8Array {
  return bytesOf({
    graph: {
      name: 'many',
      operations: nodes.map(([operator, inputs, output]) => ({ operator, inputs, outputs: [output], attributes: {} })),
      stored: Object.entries(weights).map(([name, dims]) => ({
        ...{ name, type: 'float' as const, dims, bytes: new Uint8Array(4 * dims[0] * dims[1]) },
      })),
      inputs: [declared],
      outputs: [{ ...declared, name: 'y' }],
    },
    opset: 18,
    producer: { name: 'test', version: '1' },
    description: '',
    metadata: {},
  });
}

const importing = (bytes: Uint8Array) => importOnnx(bytes, { from: 'a.onnx', file: 'a.nn', name: 'a' });

it.each([
  ['a tensor that nothing gives', [['MatMul', ['x', 'W'], 'y']], 'the node y (MatMul) takes W, which nothing gives', 0],
  [
    'a circle of two nodes',
    [
      ['Add', ['x', 'h'], 'y'],
      ['Relu', ['y'], 'h'],
    ],
    'the node y (Add) takes h, which graph.node[1] gives after it',
    0,
  ],
  [
    'a node that takes what it gives',
    [
      ['Relu', ['x'], 'h'],
      ['Add', ['h', 'y'], 'y'],
    ],
    'the node y (Add) takes y, which it gives itself',
    1,
  ],
  ['an output that nothing gives', [['Relu', ['x'], 'h']], 'the node y (output) is what nothing gives', undefined],
] as const)('says of %s which it is', (_, nodes, what, at) => {
  const [{ code, message, notes }] = importing(nodesOf(nodes)).diagnostics;
  expect([code, message, notes]).toEqual([
    'import-malformed',
    `a.onnx is no model that can be imported: ${what}`,
    [`a.onnx, at graph.${at === undefined ? 'output' : `node[${at}]`}`],
  ]);
});

it('names the node and the tensor of the file where weights do not fit', () => {
  writeFileSync(join(folder, 'wide.onnx'), nodesOf([['MatMul', ['x', 'fc.kernel'], 'y']], { 'fc.kernel': [4, 2] }));
  expect(warm(['import', 'wide.onnx', '-o', 'wide.nn'], { cwd: folder }).stderr)
    .toBe(`error[import-weights]: the weights of wide.onnx do not fit its layer y at graph.node[0]
  │
  = y.dense would be made of fc.kernel [4, 2]

`);
});

it('says of other bytes that they are no ONNX', () => {
  const options = { from: 'a.onnx', file: 'a.nn', name: 'a' };
  expect(() => importOnnx(new TextEncoder().encode('{"class_name": 1}'), options)).toThrow(
    'a.onnx is no model that can be imported: it is not ONNX, or it is damaged',
  );
  expect(() => importOnnx(new Uint8Array(), options)).toThrow(
    'a.onnx is no model that can be imported: it has no graph',
  );
});

it('reads what nnc exports', () => {
  const text = 'model m {\n  input x: [batch, 3]\n  output y = x |> dense(2) |> relu\n}\n';
  writeFileSync(join(folder, 'm.nn'), text);
  expect(warm(['export', 'm.nn', '--onnx', 'm.onnx'], { cwd: folder }).stderr).toBe('');
  expect(warm(['import', 'm.onnx', '-o', 'again.nn'], { cwd: folder }).stdout).toBe('again.nn\nagain.safetensors\n');
  expect(readFileSync(join(folder, 'again.nn'), 'utf8')).toContain('  output y = x |> dense(2) |> relu\n');
});
