// `--threads` on the command line: the same training with any number of them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = join(folder, 'wide.nn');
writeFileSync(
  model,
  `model wide {
  input x: [batch, 40]
  input y: index(3)[batch]
  logits = x |> dense(128) |> relu |> dense(3)
  output probability = softmax(logits)
  loss = cross_entropy(logits, y)
  train { optimizer = adam(lr = 1e-2), batch = 64, epochs = 3, data = module("./rows.mjs") }
}
`,
);
writeFileSync(
  join(folder, 'rows.mjs'),
  `const x = Float32Array.from({ length: 8000 }, (_, i) => Math.sin(i * i));
export const train = { x, y: Int32Array.from({ length: 200 }, (_, i) => i % 3) };
`,
);

it('trains to the same bits with two threads', () => {
  const trained = ['1', '2'].map((threads) => {
    const out = join(folder, `run${threads}`);
    const { status, stderr } = warm(['train', model, '--threads', threads, '--out', out, '--target', 'wasm']);
    expect([status, stderr]).toEqual([0, '']);
    return readFileSync(join(out, 'last.safetensors'), 'latin1');
  });
  expect(trained[1]).toBe(trained[0]);
});

it('is for WebAssembly', () => {
  expect(warm(['compile', model, '--target', 'wasm']).stdout).toContain('wakeThreads(');
  expect(warm(['compile', model, '--no-threads', '--target', 'wasm']).stdout).not.toContain('wakeThreads(');
  for (const args of [
    ['compile', model, '--threads'],
    ['train', model, '--threads', '2', '--target', 'ts'],
  ]) {
    const { status, stderr } = warm(args);
    expect([status, stderr.trim()]).toEqual([2, 'error: --threads is for --target wasm']);
  }
  expect(warm(['train', model, '--threads', '0']).stderr).toContain(
    'It should be a whole number of at least 1, or auto.',
  );
});
