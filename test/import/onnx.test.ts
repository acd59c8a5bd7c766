// nnc import of ONNX: graphs give as .nn what ONNX Runtime gave for them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Graph } from '../../src/export/onnx/model.js';
import { bytesOf } from '../../src/export/onnx/protobuf.js';
import { importOnnx } from '../../src/import/model.js';
import { warm } from '../cli/nnc.js';
import { predictsTheSame, readsAsWritten, type Case } from './imported.js';

const here = join(import.meta.dirname, 'onnx');
const folder = mkdtempSync(join(tmpdir(), 'nnc-onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cases: Readonly<Record<string, Case>> = JSON.parse(readFileSync(join(here, 'cases.json'), 'utf8'));

describe.each(Object.keys(cases))('%s', (name) => {
  const made = importOnnx(new Uint8Array(readFileSync(join(here, `${name}.onnx`))), {
    from: `${name}.onnx`,
    file: `${name}.nn`,
    name,
  });

  it('reads as one would have written it, and fmt leaves it alone', () => {
    readsAsWritten(made, join(here, `${name}.nn`));
  });

  it('predicts the same', () => {
    predictsTheSame(made, cases[name]);
  });
});

/** A file of this graph, from x: [batch, size] to y. */
function fileOf(size: number, { operations, stored }: Pick<Graph, 'operations' | 'stored'>): Uint8Array {
  const declared = { name: 'x', type: 'float', dims: ['batch', size] } as const;
  return bytesOf({
    graph: { name: 'test', operations, stored, inputs: [declared], outputs: [{ ...declared, name: 'y' }] },
    opset: 18,
    producer: { name: 'test', version: '1' },
    description: '',
    metadata: {},
  });
}

/** A graph of one node over an input [batch, 4]. */
function graphOf(operator: string, attributes: object = {}): Uint8Array {
  const operation = { operator, inputs: ['x'], outputs: ['y'], attributes: { ...attributes } };
  return fileOf(4, { operations: [operation], stored: [] });
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

/** A graph from x: [batch, 3] to y, of nodes by what they take and give, with weights of two axes. */
function nodesOf(
  nodes: readonly (readonly [operator: string, inputs: readonly string[], output: string])[],
  weights: Readonly<Record<string, readonly [number, number]>> = {},
): Uint8Array {
  return fileOf(3, {
    operations: nodes.map(([operator, inputs, output]) => ({ operator, inputs, outputs: [output], attributes: {} })),
    stored: Object.entries(weights).map(([name, dims]) => ({
      ...{ name, type: 'float' as const, dims, bytes: new Uint8Array(4 * dims[0] * dims[1]) },
    })),
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
