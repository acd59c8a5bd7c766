// nnc weights --merge-lora: a checkpoint with adapters becomes one of the model without them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readHeader, writeTensors, type Tensor } from '../../src/codegen/runtime/safetensors.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

const modelOf = (first: string, last: string): string => `model m {
  input x: [batch, 4]
  h = x |> ${first} |> tanh |> batch_norm
  p = h |> ${last}
  output p
  loss = mean((p - 1)^2)
  train { optimizer = adam(0.05) }
}`;
const adapted = modelOf('lora(dense(4), rank = 2, alpha = 3)', 'lora(dense(3), 1)');
const plain = modelOf('dense(4)', 'dense(3)');
const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));

const headerOf = (file: Uint8Array) => readHeader(file, (why) => new Error(why));

/** The file with a word of one's own in its metadata. */
function withClasses(file: Uint8Array): Uint8Array {
  const { metadata, tensors } = headerOf(file);
  const list = [...tensors].map(([name, { shape, from, to }]): Tensor => {
    return { name, shape, data: new Float32Array(file.slice(from, to).buffer) };
  });
  return writeTensors(list, { ...metadata, classes: 'cat dog' });
}

function merge(from: string, ...more: readonly string[]) {
  return warm(['weights', 'model.nn', '--from', from, '--merge-lora', '-o', 'merged.safetensors', ...more], {
    cwd: folder,
  });
}

let trainer: LoadedTrainer;
beforeAll(async () => {
  trainer = (await loadText(adapted)).createTrainer({ seed: 2 });
  for (let i = 0; i < 5; i++) trainer.step({ x });
  writeFileSync(join(folder, 'model.nn'), adapted);
  writeFileSync(join(folder, 'adapted.safetensors'), withClasses(trainer.save({ optimizer: true })));
  writeFileSync(join(folder, 'plain.safetensors'), (await loadText(plain)).createTrainer().save());
});

it('adds the updates into the weights, and says to which', async () => {
  const { status, stdout, stderr } = merge('adapted.safetensors');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`weight     shape   what is added
h.dense.W  [4, 4]  1.5 * h.dense.lora.A @ h.dense.lora.B
p.dense.W  [4, 3]  p.dense.lora.A @ p.dense.lora.B
6 other tensors are as they were
`);
  const file = readFileSync(join(folder, 'merged.safetensors'));
  const base = (await loadText(plain)).createTrainer({ parameters: file });
  expect([...headerOf(file).tensors.keys()]).toEqual([...headerOf(base.save()).tensors.keys()]);
  const [found, wanted] = [base, trainer].map((each) => [...(each.predict({ x })['p'] as Float32Array)]);
  expect(found).toEqual(wanted.map((value) => expect.closeTo(value, 5)));
  // What the optimizer counted is gone with its tensors, and other words stay.
  const { metadata } = headerOf(file);
  expect(Object.keys(metadata).sort()).toEqual(['classes', 'format', 'model', 'source']);
  expect(metadata.classes).toBe('cat dog');
});

it('says what is missing, and writes nothing then', () => {
  rmSync(join(folder, 'merged.safetensors'), { force: true });
  expect(merge('plain.safetensors').stderr)
    .toBe(`error[adapters-missing]: plain.safetensors lacks h.dense.lora.A, h.dense.lora.B, p.dense.lora.A, p.dense.lora.B: without adapters there is nothing to merge
  │
  = help: plain.safetensors fits the model without adapters as it is

`);
  writeFileSync(join(folder, 'other.safetensors'), trainer.save({ merged: true }).slice(0, -4));
  expect(merge('other.safetensors').stderr).toMatch(
    /^error\[checkpoint-unreadable\]: the checkpoint other.safetensors cannot be read: .*: its numbers are cut off\n\n$/,
  );
  expect(merge('nowhere.safetensors').stderr).toMatch(/^error\[file-unreadable\]: nowhere.safetensors cannot be read/);
  expect(() => readFileSync(join(folder, 'merged.safetensors'))).toThrow(/ENOENT/);
});

it.each([
  [['weights', 'model.nn'], /required option '--from/],
  [
    ['weights', 'model.nn', '--from', 'a', '-o', 'b', '--merge-lora', '--to', 'pytorch'],
    /--merge-lora reads a checkpoint of the model itself, and writes one/,
  ],
  [['weights', 'model.nn', '--from', 'a', '-o', 'b', '--like', 'c'], /--like says how --to writes/],
  [
    ['weights', 'model.nn', '--from', 'a', '-o', 'b', '--to', 'pytorch', '--allow-missing'],
    /--allow-missing is for what is read, not with --to/,
  ],
  [['weights', 'model.nn', '--from', 'a', '-o', './a', '--merge-lora'], /a is the checkpoint that is read/],
  [['weights', 'model.nn', '--from', 'a', '-o', '-', '--merge-lora'], /a checkpoint is a file/],
])('is called wrongly by %j', (command, said) => {
  const { status, stderr } = warm(command, { cwd: folder });
  expect(status).toBe(2);
  expect(stderr).toMatch(said);
});
