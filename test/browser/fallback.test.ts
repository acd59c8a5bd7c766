// One module for two targets: it takes the GPU where there is one, and WebAssembly where there is none.
import { describe, expect, it } from 'vitest';
import { importCode, type LoadedTrainer } from '../support/trainer.js';
import { openPage, withWebGpu } from './page.js';
import { runnableText } from '../support/runnable.js';

const model = `
model small {
  input x: [batch, 4]
  input y: [batch, 2]
  p = x |> dense(6) |> tanh |> dense(2)
  output p
  loss = mse(p, y)
  train { optimizer = adam(lr = 0.05), batch = 8, epochs = 2, seed = 3 }
}
`;

interface Outcome {
  readonly losses: number[];
  readonly steps: number;
  readonly read: Record<string, number[]>;
  readonly devices: number;
}

/** Runs in Node and in the page alike, so it stands on nothing outside. */
async function trainIn(module: { createTrainer(options?: object): unknown }): Promise<Outcome> {
  let devices = 0;
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: { requestAdapter(): Promise<object | null> } };
  const request = gpu?.requestAdapter.bind(gpu);
  if (gpu && request)
    gpu.requestAdapter = async () => {
      const adapter = (await request()) as { requestDevice(...given: unknown[]): unknown } | null;
      const device = adapter?.requestDevice.bind(adapter);
      if (adapter && device)
        adapter.requestDevice = (...given) => {
          devices++;
          return device(...given);
        };
      return adapter;
    };
  const trainer = (await module.createTrainer()) as LoadedTrainer & { read(): Promise<Record<string, Float32Array>> };
  const x = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
  const y = Float32Array.from({ length: 32 }, (_, i) => Math.cos(3 * i));
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) losses.push((await trainer.step({ x, y })).loss);
  for await (const progress of trainer.fit({ x, y })) losses.push((progress.losses as Record<string, number>).loss);
  const read = Object.fromEntries(Object.entries(await trainer.read()).map(([name, v]) => [name, Array.from(v)]));
  const outcome = { losses, steps: trainer.stepCount, read, devices };
  trainer.dispose();
  return outcome;
}

describe('a module for wgsl,wasm', () => {
  it('takes WebAssembly in Node, where there is no WebGPU', async () => {
    const code = await runnableText(model, { target: 'wgsl,wasm' });
    const outcome = await trainIn(await importCode(code));
    const plain = await (await importCode(await runnableText(model, { target: 'wasm' }))).createTrainer();
    const first = plain.step({
      x: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
      y: Float32Array.from({ length: 32 }, (_, i) => Math.cos(3 * i)),
    });
    expect(outcome.losses[0]).toBe(first.loss);
    expect(outcome).toMatchObject({ steps: 9, devices: 0 });
    expect(Object.keys(outcome.read)).toEqual(['p.dense.W', 'p.dense.b', 'p.dense_2.W', 'p.dense_2.b']);
  });

  it('takes the GPU in a page that has one, and WebAssembly in one that has none', async () => {
    const code = await runnableText(model, { target: 'wgsl,wasm' });
    const inPage = async (flags: readonly string[]): Promise<Outcome> => {
      const { page, close } = await openPage({ '/trainer.js': code }, { flags });
      try {
        return await page.evaluate(`import('/trainer.js').then((module) => (${trainIn.toString()})(module))`);
      } finally {
        await close();
      }
    };
    const here = await trainIn(await importCode(code));
    const onGpu = await inPage(withWebGpu);
    const without = await inPage(['--disable-features=WebGPU', '--disable-gpu']);
    expect(onGpu.devices).toBe(1);
    expect(without).toEqual({ ...here, devices: 0 });
    for (const [i, loss] of onGpu.losses.entries())
      expect(Math.abs(loss - here.losses[i])).toBeLessThan(1e-4 * here.losses[i]);
  });
});
