// A hundred thousand steps: the heap stays as it was, and a warm step allocates nothing but its result.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileText } from '../support/trainer.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-endurance-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = `model line {
  input x: [batch, 3]
  input group: index(2)[batch]
  logits = x |> dense(4) |> relu |> dropout(0.1) |> dense(2)
  loss = cross_entropy(logits, group)
  metric right = accuracy(logits, group)
  train { optimizer = adam(lr = linear(1e-3, 1e-5, steps = 1000)), batch = 5 }
}
`;

interface Used {
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  readonly external: number;
}

/** Two numbers and the object that holds them, and what V8 adds to each. */
const resultBytes = 128;

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  const measure = async (mode: string): Promise<Record<string, unknown>> => {
    const file = join(folder, `${target}.mjs`);
    writeFileSync(file, await compileText(text, { target }));
    const script = join(import.meta.dirname, '../support/endurance.mjs');
    const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
    return JSON.parse(execFileSync(process.execPath, [...flags, script, file, mode], { encoding: 'utf8' }));
  };

  it('the heap stays as it was', async () => {
    const { before, after, loss } = (await measure('heap')) as { before: Used; after: Used; loss: number };
    expect(loss).toBeGreaterThan(0);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(100_000);
    expect(after.arrayBuffers).toBe(before.arrayBuffers);
    expect(after.external - before.external).toBeLessThan(10_000);
  });

  it('a warm step allocates its result and nothing else', async () => {
    const found = (await measure('step')) as { bytes: number; arrayBuffers: number; collections: number };
    expect(found.collections).toBe(0);
    expect(found.arrayBuffers).toBe(0);
    expect(found.bytes).toBeLessThan(resultBytes);
  });
});
