// Every message about data and files, by what a user does to see it: `nnc train` on a model of x: [batch, 2] and label: index(3)[batch].
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { catalog } from '../../src/diagnostics/catalog.js';
import { writeTensors } from '../../src/codegen/runtime/safetensors.js';
import { nnc, warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-messages-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'folder.nn'));
mkdirSync(join(folder, 'nothing'));

const trained = (data: string): string => `train {\n    optimizer = sgd(lr = 0.1)\n    data = ${data}\n  }`;

const model = (train: string, input = 'x: [batch, 2]'): string =>
  `model m {\n  input ${input}\n  input label: index(3)[batch]\n  loss = cross_entropy(x |> dense(3), label)\n  ${train}\n}\n`;

const csv = 'csv("rows.csv", x = 0..1, label = 2)';

const merging = (name: string): readonly string[] => [
  ...['weights', 'model.nn', '--merge-lora'],
  ...['--from', `${name}.safetensors`, '-o', 'merged.safetensors'],
];

const checkpointOf = (...names: readonly string[]): Uint8Array => {
  const tensors = names.map((name) => ({ name, shape: [1], data: Float32Array.of(0) }));
  return writeTensors(tensors, {});
};
const emptyCheckpoint = checkpointOf();
const aroundLayers = checkpointOf('h.lora.A', 'h.lora.B');

/** The model's text, and the files beside it. */
interface Scene {
  readonly text: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly command?: readonly string[];
  readonly stdout?: string;
}

const rows = (text: string, source = csv): Scene => ({ text: model(trained(source)), files: { 'rows.csv': text } });

/** Modules have names of their own, since a process loads each once. */
const exporting = (name: string, code: string): Scene => ({
  text: model(trained(`module("${name}")`)),
  files: { [name]: code },
});

const scenes: Readonly<Record<string, Scene>> = {
  'data-unreadable': { text: model(trained('csv("none.csv", x = 0..1, label = 2)')) },
  'data-malformed': rows('1,2,"0\n'),
  'data-empty': rows(''),
  'data-input-missing': rows('1,2,0\n', 'csv("rows.csv", x = 0..1)'),
  'data-input-unknown': rows('1,2,0\n', 'csv("rows.csv", x = 0..1, lable = 2)'),
  'data-field': rows('1,2,0\n', 'csv("rows.csv", x = 0, label = 2)'),
  'data-column-missing': rows('a,b,c\n1,2,0\n', 'csv("rows.csv", x = 0..1, label = "d")'),
  'data-limit': rows(`1,2,0\n${'1'.repeat(65 * 2 ** 20)}\n`),
  'data-row-length': rows('1,2,0\n1,2\n'),
  'data-value': rows('1,2,3\n'),
  'data-shape': exporting('shape.mjs', 'export const train = { x: [1, 2, 3], label: [0] };'),
  'data-rows': exporting('rows.mjs', 'export const train = { x: [1, 2, 3, 4], label: [0] };'),
  'data-input-shape': {
    text: model(
      trained('csv("rows.csv", x = 0..1, label = 2, scale = 0)'),
      'x: [batch, 2]\n  input scale: f32',
    ).replace('x |> dense(3)', 'scale * x |> dense(3)'),
    files: { 'rows.csv': '1,2,0\n' },
  },
  'data-missing': rows('1,2,0\n1,NA,0\n'),
  'data-classes': rows('1,2,a\n1,2,b\n'),
  'data-vocabulary': {
    text: `model m {\n  input x: index(4)[batch, 2]\n  input y: index(4)[batch, 2]\n  loss = cross_entropy(x |> embedding(4), y)\n  ${trained('text("rows.txt", x = here, y = next)')}\n}\n`,
    files: { 'rows.txt': 'abcabc' },
  },
  'rows-split': rows('1,2,0\n3,4,1\n', `${csv}\n    validation = 0.1\n    test = 0.1`),
  'batches-split': {
    text: model(trained('module("batches.mjs")\n    test = 0.1')),
    files: { 'batches.mjs': 'export const train = () => [{ x: [1, 2], label: [0] }];' },
  },
  'batches-looked': {
    text: model(trained('module("batches.mjs")')),
    files: { 'batches.mjs': 'export const train = () => [{ x: [1, 2], label: [0] }];' },
    command: ['gradcheck', 'model.nn'],
  },
  'data-module': exporting('test.mjs', 'export const test = 1;'),
  'data-absent': { text: model('train { optimizer = sgd(lr = 0.1) }') },
  'loss-absent': { text: 'model m {\n  input x: [batch, 2]\n  output y = 2 * x\n}' },
  'train-absent': { text: model('') },
  'train-refused': { ...rows('1,2,0\n'), command: ['bench', 'model.nn', '--batch', '99999999999'] },
  'no-update': {
    text: model(trained(csv).replace('data', 'accumulate = 9\n    epochs = 1\n    data')),
    files: { 'rows.csv': '1,2,0\n' },
  },
  'output-unwritable': { text: model(''), command: ['compile', 'model.nn'], stdout: '/dev/full' },
  'imports-missing': { text: '', command: ['types', 'nothing'] },
  'import-option': {
    text: model(''),
    files: { 'app.mjs': "import { createTrainer } from './model.nn?target=gpu';\n" },
    command: ['types', '.'],
  },
  'run-exists': {
    text: model(trained(csv)),
    files: { 'metrics.jsonl': '' },
    command: ['train', 'model.nn', '--out', '.'],
  },
  'file-unreadable': { text: '', command: ['check', 'folder.nn'] },
  'file-unwritable': {
    text: model('train { optimizer = sgd(lr = 0.1) }'),
    command: ['compile', 'model.nn', '-o', 'nowhere/model.ts'],
  },
  'checkpoint-unfit': {
    text: model(''),
    files: { 'empty.safetensors': emptyCheckpoint },
    command: ['weights', 'model.nn', '--to', 'pytorch', '--from', 'empty.safetensors', '-o', 'theirs.safetensors'],
  },
  'adapters-missing': { text: model(''), files: { 'empty.safetensors': emptyCheckpoint }, command: merging('empty') },
  'adapters-unmergeable': {
    text: 'model m {\n  input x: [batch, 2]\n  h = x |> lora(dense(2) >> tanh, 1)\n  loss = mean(h^2)\n}',
    files: { 'around.safetensors': aroundLayers },
    command: merging('around'),
  },
};

describe('is said', () => {
  it.each(Object.entries(scenes))('%s', (code, { text, files = {}, command = ['train', 'model.nn'], stdout }) => {
    writeFileSync(join(folder, 'model.nn'), text);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const { status, stderr } =
      stdout === undefined ? warm(command, { cwd: folder }) : nnc(command, { cwd: folder, stdout });
    const severity = [...catalog.values()].find((entry) => entry.code === code)?.severity;
    expect(stderr).toMatch(new RegExp(`^${severity}\\[${code}\\]: \\S`));
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(severity === 'error' ? 1 : 0);
  });
});

it.each(['train', 'bench', 'grad'])('nnc %s needs a loss', (command) => {
  writeFileSync(join(folder, 'model.nn'), 'model m {\n  input x: [batch, 2]\n  output y = 2 * x\n}');
  const { status, stderr } = warm([command, 'model.nn'], { cwd: folder });
  expect(stderr).toMatch(/^error\[loss-absent\]: the model m has no loss, so there is nothing to /);
  expect(status).toBe(1);
});

it('leaves no message out', () => {
  const codes = [...catalog.values()].filter(({ phase }) => phase === 'data' || phase === 'files').map((e) => e.code);
  expect(Object.keys(scenes).sort()).toEqual(codes.sort());
});
