// `nnc export --onnx`: what it writes and says.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { onnxModel } from '../../src/export/onnx/export.js';
import { messageIn } from '../../src/export/onnx/protobuf.js';
import { checkpointOf } from '../../src/import/weights/stored.js';
import { warm } from '../cli/nnc.js';
import { modelOf } from './onnxRuntime.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

const head = 'model m {\n  input x: [batch, 2]\n  h = x |> dense(2)\n';
const trained = '  loss = mean(h^2)\n  train { optimizer = sgd(0.1) }\n';

function exported(text: string, ...more: readonly string[]) {
  writeFileSync(join(folder, 'm.nn'), text);
  return warm(['export', 'm.nn', '--onnx', 'm.onnx', ...more], { cwd: folder });
}

it('says what it has written', () => {
  const { status, stdout, stderr } = exported(`${head}  output h\n}`);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`m.onnx: 1 input, 2 operators, 1 output, ${readFileSync(join(folder, 'm.onnx')).length} bytes\n`);
  rmSync(join(folder, 'm.onnx'));
});

it('holds no tensor that no operation reads', () => {
  const model = modelOf(`${head}${trained}}`);
  const { stored, operations } = onnxModel(model, { kind: 'step', metadata: {} }, 18).graph;
  const read = new Set(operations.flatMap(({ inputs }) => inputs));
  expect(stored.length).toBeGreaterThan(0);
  expect(stored.filter(({ name }) => !read.has(name))).toEqual([]);
});

/** What a file says beside its graph. */
function metadataOf(name: string): Readonly<Record<string, string>> {
  const { metadataProps } = messageIn(readFileSync(join(folder, name)));
  const entries = metadataProps as readonly { readonly key: string; readonly value: string }[];
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

it('keeps preprocessing, and the words of classes; of a run it is the best, as of its checkpoint', async () => {
  const words = ['ant', 'bee', 'cat'];
  writeFileSync(
    join(folder, 'insects.csv'),
    `size,label\n${[...words, ...words].map((word, i) => `${i},${word}\n`).join('')}`,
  );
  const text = `model insects {
  input size: [batch]
  input label: index(3)[batch]
  logits = reshape(size, [batch, 1]) |> standardize |> dense(3)
  output kind = argmax(logits)
  loss = cross_entropy(logits, label)
  train { optimizer = sgd(0.1), batch = 3, epochs = 1, data = csv("insects.csv", size = "size", label = "label") }
}`;
  writeFileSync(join(folder, 'm.nn'), text);
  expect(warm(['train', 'm.nn', '--out', 'run'], { cwd: folder }).status).toBe(0);
  expect(exported(text, '--checkpoint', 'run/best.safetensors').status).toBe(0);
  expect(metadataOf('m.onnx')).toEqual({ classes: JSON.stringify({ label: words }) });
  const session = await InferenceSession.create(join(folder, 'm.onnx'));
  const { kind } = await session.run({ size: new Tensor('float32', Float32Array.of(0, 1.5, 2, 5), [4]) });
  const size = readHeader(readFileSync(join(folder, 'run/best.safetensors')), (why) => new Error(why)).tensors;
  expect([...size.keys()]).toContain('logits.standardize.mean');
  writeFileSync(join(folder, 'some.csv'), 'size\n0\n1.5\n2\n5\n');
  const { stdout } = warm(['predict', 'run', '--data', 'some.csv'], { cwd: folder });
  const predicted = stdout.trim().split('\n').slice(1);
  expect(Array.from(kind.data as BigInt64Array, (n) => words[Number(n)])).toEqual(
    predicted.map((line) => line.split(',')[1]),
  );
  expect(warm(['export', 'run', '--onnx', 'run.onnx'], { cwd: folder }).status).toBe(0);
  expect(readFileSync(join(folder, 'run.onnx'))).toEqual(readFileSync(join(folder, 'm.onnx')));
  rmSync(join(folder, 'm.onnx'));
});

it('keeps the vocabulary of a text, in a step too', () => {
  writeFileSync(join(folder, 'abc.txt'), 'abcab cabab abcab cabab abcab');
  const text = `model t {
  input x: index(4)[batch, 4]
  input y: index(4)[batch, 4]
  logits = x |> embedding(4) |> dense(4)
  output p = softmax(logits)
  loss = cross_entropy(logits, y)
  train { optimizer = sgd(0.1), batch = 4, epochs = 1, data = text("abc.txt", x = here, y = next, window = 4) }
}`;
  writeFileSync(join(folder, 'm.nn'), text);
  expect(warm(['train', 'm.nn', '--out', 'text'], { cwd: folder }).status).toBe(0);
  const step = ['--step', '--initial', 'initial.safetensors'];
  for (const more of [[], step]) {
    expect(warm(['export', 'text', '--onnx', 'text.onnx', ...more], { cwd: folder }).stderr).toBe('');
    const characters = [' ', 'a', 'b', 'c'];
    expect(metadataOf('text.onnx')).toEqual({ classes: JSON.stringify({ x: characters, y: characters }) });
  }
  const { status, stderr } = warm(['export', 'text', '--onnx', 'text.onnx', '--set', 'd=1'], { cwd: folder });
  expect([status, stderr.trim()]).toEqual([
    2,
    'error: a run has the settings that it was trained with: --model and --set are for a .nn file',
  ]);
});

it.each([
  [
    'a step of a model that learns nothing',
    `${head}  output h\n}`,
    `error[export-without-step]: the model m has no train block, so there is no step to export
  ┌─ m.nn:1:7
  │
1 │ model m {
  │       ─
  │
  = help: leave --step out: what is exported then is what predict computes`,
  ],
  [
    'a schedule that follows a run of unknown length',
    `${head}  loss = mean(h^2)\n  train { optimizer = sgd(linear(0.1, 0)) }\n}`,
    `error[export-without-run]: a learning rate of m follows the length of the run
  ┌─ m.nn:5:23
  │
5 │   train { optimizer = sgd(linear(0.1, 0)) }
  │                       ───
  │
  = nothing was written
  = help: say with --updates how many updates the run makes, or give the schedule its steps`,
  ],
  [
    'two values of one name',
    `${head.replaceAll('x', 'step')}${trained}}`,
    `error[export-unsaid]: ONNX cannot say two values called step
  ┌─ m.nn:2:9
  │
2 │   input step: [batch, 2]
  │         ────
  │
  = inputs, weights, states and outputs are called as in the model, and a step is given step and seed besides
  = nothing was written
  = help: rename one of them`,
  ],
])('refuses %s', (_, text, said) => {
  const { status, stderr } = exported(text, '--step');
  expect(stderr.trim()).toBe(said.trim());
  expect(status).toBe(1);
  expect(existsSync(join(folder, 'm.onnx'))).toBe(false);
});

it('says of a checkpoint of other numbers how they become F32', () => {
  const text = `${head}  output h\n}`;
  writeFileSync(join(folder, 'm.nn'), text);
  const tensors = { 'h.dense.W': [2, 2], 'h.dense.b': [2] };
  const wide = Object.entries(tensors).map(([name, shape]) => {
    const bytes = new Uint8Array(8 * shape.reduce((n, size) => n * size));
    return { name, dtype: 'F64', shape, bytes };
  });
  writeFileSync(join(folder, 'wide.safetensors'), checkpointOf(wide, {}));
  expect(exported(text, '--checkpoint', 'wide.safetensors').stderr)
    .toBe(`error[checkpoint-misfit]: the checkpoint wide.safetensors does not fit the model m
  │
  = the checkpoint does not fit: h.dense.W: expected F32, got F64
  = help: \`nnc weights MODEL.nn --from wide.safetensors -o converted.safetensors\` makes F32 of its F64

`);
  const convert = ['weights', 'm.nn', '--from', 'wide.safetensors', '-o', 'converted.safetensors'];
  expect(warm(convert, { cwd: folder }).status).toBe(0);
  expect(exported(text, '--checkpoint', 'converted.safetensors').status).toBe(0);
  rmSync(join(folder, 'm.onnx'));
});

it.each([
  [[], 'error: --onnx or --stablehlo says what is written'],
  [
    ['--onnx', 'm.onnx', '--opset', '19'],
    "error: option '--opset <18|20>' argument '19' is invalid. It should be 18 or 20.",
  ],
  [['--onnx', 'm.onnx', '--updates', '5'], 'error: --updates is for a step: say --step'],
  [['--onnx', 'm.onnx', '--initial', 'a.safetensors'], 'error: --initial is for a step: say --step'],
  [
    ['--onnx', 'm.onnx', '--step', '--checkpoint', 'a.safetensors'],
    'error: a step is given its tensors: with --checkpoint, say by --initial where they are written',
  ],
])('says what %j lacks', (args, said) => {
  const { status, stderr } = warm(['export', 'm.nn', ...args], { cwd: folder });
  expect([status, stderr.trim()]).toEqual([2, said]);
});
