// precision = "mixed" on WebGPU: the numbers of shaders whose halves are f32 that were rounded, on a device without shader-f16.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { loadText, type LoadedTrainer } from '../support/trainer.js';

const text = (factor = 1): string => `model classes {
  input x: [batch, 64]
  input kind: index(4)[batch]
  hidden = x |> dense(128) |> relu
  logits = hidden |> dense(4)
  output probability = softmax(logits)
  loss = ${factor} * cross_entropy(logits, kind)
  train { optimizer = adam(lr = 1e-2), batch = 16, seed = 3, precision = "mixed" }
}
`;

function rows(seed: number, count = 16): { x: Float32Array; kind: Int32Array } {
  return {
    x: Float32Array.from({ length: 64 * count }, (_, i) => Math.sin(1.3 * i + seed) + ((i + seed) % 3)),
    kind: Int32Array.from({ length: count }, (_, i) => (i * i + seed) % 4),
  };
}

/** The module with halves that are f32 in memory, rounded to a half before, which every device can do. */
function withoutF16(code: string): string {
  const change = (text: string, from: string | RegExp, to: string): string => {
    const changed = text.replaceAll(from, to);
    if (changed === text) throw new Error(`there is no ${String(from)}`);
    return changed;
  };
  const changes: readonly (readonly [string | RegExp, string])[] = [
    ['\nenable f16;', '\n'],
    [/array<f16>/g, 'array<f32>'],
    [/vec4<f16>/g, 'vec4<f32>'],
    ['fn nearestHalf(x: f32) -> f16', 'fn nearestHalf(x: f32) -> f32'],
    ['return f16(x);', 'return unpack2x16float(pack2x16float(vec2<f32>(x, 0.0))).x;'],
    [/bitcast<vec2<f16>>/g, 'unpack2x16float'],
    [/halves: ([^}]*?) \}, \{/g, 'halves: 2 * ($1) }, {'],
    [/\/\^\\s\*enable f16;\/\.test\([\w.]+\)/g, 'true'],
    [/["']shader-f16["']/g, '"core-features-and-limits"'],
  ];
  return changes.reduce((text, [from, to]) => change(text, from, to), code);
}

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
});
afterAll(() => gpu?.end());

it('steps agree with WebAssembly, those that are left out among them', async () => {
  const factor = 200;
  const there = await gpu.createTrainer(withoutF16(await runnableText(text(factor), { target: 'wgsl' })));
  const here: LoadedTrainer = await (await loadText(text(factor), { target: 'wasm' })).createTrainer();
  for (let i = 0; i < 20; i++) {
    const batch = rows(i, [16, 7][i % 2]);
    const [a, b] = [here.step(batch), await there.step(batch)];
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(3e-3 * a.loss);
    expect(await there.stepCount()).toBe(here.stepCount);
    expect(await there.lossScale()).toBe(here.lossScale);
  }
  expect(here.lossScale).toBeLessThan(2 ** 16);
  expect(here.stepCount).toBeGreaterThan(0);
  const saved = await there.save({ optimizer: true });
  here.load(saved);
  expect(here.lossScale).toBe(await there.lossScale());
  const [a, b] = [here.gradients(rows(50)), await there.gradients(rows(50))];
  for (const [name, values] of Object.entries(a.gradients)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    values.forEach((value, i) => expect(Math.abs(b.gradients[name][i] - value)).toBeLessThan(3e-3 * largest));
  }
  await there.dispose();
});
