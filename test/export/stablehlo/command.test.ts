// `nnc export --stablehlo`: what it writes and says.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readHeader } from '../../../src/codegen/runtime/safetensors.js';
import { trainPy } from '../../../src/embedded.js';
import { warm } from '../../cli/nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-stablehlo-'));
afterAll(() => rmSync(folder, { recursive: true }));

function exported(text: string, ...more: readonly string[]) {
  writeFileSync(join(folder, 'm.nn'), text);
  return warm(['export', 'm.nn', '--stablehlo', 'out', ...more], { cwd: folder });
}

const text = `model m {
  input x: [batch, 2]
  y = x |> dense(2)
  output y
  loss = mean(y^2)
  train { optimizer = sgd(0.1), batch = 8, seed = 5 }
}
`;

it('writes modules, what they take and give, the tensors they begin with, and the script', () => {
  const { status, stdout, stderr } = exported(text, '--batch', '4');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toBe(
    'out: step.mlir, predict.mlir, evaluate.mlir, manifest.json, initial.safetensors, train.py, for batches of 4 rows\n',
  );
  const read = (name: string): Buffer => readFileSync(join(folder, 'out', name));
  expect(String(read('predict.mlir'))).toBe(`// m of m.nn, for batches of 4 rows
module @predict {
  func.func public @predict(%y.dense.W: tensor<2x2xf32>, %y.dense.b: tensor<2xf32>, %x: tensor<4x2xf32>) -> (tensor<4x2xf32>) {
    %y_dense_product = stablehlo.dot_general %x, %y.dense.W, contracting_dims = [1] x [0], precision = [DEFAULT, DEFAULT] : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32> loc("m.nn":3:1)
    %0 = stablehlo.broadcast_in_dim %y.dense.b, dims = [1] : (tensor<2xf32>) -> tensor<4x2xf32> loc("m.nn":3:1)
    %y = stablehlo.add %y_dense_product, %0 : tensor<4x2xf32> loc("m.nn":3:1)
    return %y : tensor<4x2xf32>
  }
}
`);
  const manifest = JSON.parse(String(read('manifest.json'))) as Record<string, unknown>;
  expect(manifest).toMatchObject({
    format: 'nnc stablehlo 1',
    model: 'm',
    batch: 4,
    inputs: [{ name: 'x', shape: [4, 2], dtype: 'f32', rows: true }],
    tensors: [
      { name: 'y.dense.W', shape: [2, 2], dtype: 'f32' },
      { name: 'y.dense.b', shape: [2], dtype: 'f32' },
    ],
    blocks: [
      {
        every: 1,
        passes: 1,
        step: {
          file: 'step.mlir',
          function: 'step',
          tensors: ['y.dense.W', 'y.dense.b'],
          inputs: ['x'],
          counters: ['learning_rate_scale'],
          results: [{ name: 'loss', shape: [], dtype: 'f32' }],
          updates: ['y.dense.W', 'y.dense.b'],
        },
      },
    ],
  });
  const { tensors, metadata } = readHeader(read('initial.safetensors'), (why) => new Error(why));
  expect([[...tensors.keys()], metadata.seed, metadata.source]).toEqual([
    ['y.dense.W', 'y.dense.b'],
    '5',
    manifest.source,
  ]);
  expect(String(read('train.py'))).toBe(trainPy);
});

it('takes the rows of the train block, and the weights of a checkpoint', () => {
  const initial = join(folder, 'out', 'initial.safetensors');
  const begun = readFileSync(initial);
  // The last number of b, which begins as 0.
  begun.writeFloatLE(2.5, begun.length - 4);
  writeFileSync(join(folder, 'c.safetensors'), begun);
  const { status, stdout } = exported(text, '--checkpoint', 'c.safetensors');
  expect([status, stdout.slice(-25)]).toEqual([0, 'for batches of 8 rows\n'.padStart(25, 'y, ')]);
  expect(readFileSync(initial).readFloatLE(begun.length - 4)).toBe(2.5);
});

it.each([
  [
    'a size that --batch does not give',
    'model m {\n  input x: [batch, T]\n  output y = mean(x, axis = 1)\n}',
    `error[export-unsaid]: StableHLO cannot say a size that is known at run time only: T of x
  ┌─ m.nn:2:9
  │
2 │   input x: [batch, T]
  │         ─
  │
  = shapes are static there, and --batch gives one size, the number of rows
  = nothing was written
  = help: give T a number in the model`,
  ],
  [
    'a batch that the model cannot have',
    'model m {\n  input x: [batch, 2]\n  require batch > 4, "a batch has more than four rows"\n  output y = x\n}',
    `error[export-unfit]: m: a batch has more than four rows
  ┌─ m.nn:3:3
  │
3 │   require batch > 4, "a batch has more than four rows"
  │   ────────────────────────────────────────────────────
  │
  = that does not hold for batches of 4 rows
  = nothing was written
  = help: give another --batch`,
  ],
])('says of %s where it is, and writes nothing', (_, model, message) => {
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const { status, stdout, stderr } = exported(model, '--batch', '4');
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr.trim()).toBe(message);
  expect(existsSync(join(folder, 'out'))).toBe(false);
});

it.each([
  [['--onnx', 'm.onnx'], 'say either --onnx or --stablehlo, not both'],
  [['--step'], '--step, --initial and --updates are for --onnx: --stablehlo writes all there is'],
  [['--batch', '0'], "option '--batch <n>' argument '0' is invalid. It should be a whole number of at least 1."],
])('refuses %s', (options, message) => {
  const { status, stderr } = exported(text, ...options);
  expect([status, stderr.trim().split('\n')[0]]).toEqual([2, `error: ${message}`]);
});

it('writes over its own train.py, and leaves one that is not its own as it is', () => {
  expect(exported(text).status).toBe(0);
  expect(exported(text).status).toBe(0);
  writeFileSync(join(folder, 'out/train.py'), 'print("mine")\n');
  rmSync(join(folder, 'out/manifest.json'));
  const { status, stderr } = exported(text);
  expect([status, stderr]).toEqual([
    1,
    'error[file-unwritable]: out/train.py cannot be written: there is one that nnc export did not write: name another folder, or move it away\n\n',
  ]);
  expect(readFileSync(join(folder, 'out/train.py'), 'utf8')).toBe('print("mine")\n');
  expect(existsSync(join(folder, 'out/manifest.json'))).toBe(false);
  rmSync(join(folder, 'out'), { recursive: true });
});

it('leaves a folder as it was where a file has its name', () => {
  writeFileSync(join(folder, 'out'), 'mine');
  const { status, stderr } = exported(text);
  expect([status, stderr.split('\n')[0]]).toEqual([
    1,
    'error[file-unwritable]: out cannot be written: a file of this name exists',
  ]);
  expect([readFileSync(join(folder, 'out'), 'utf8'), readdirSync(folder).length]).toEqual(['mine', 3]);
});
