// A module with shaders in a page: navigator.gpu of headless Chromium, and the numbers of plain TypeScript.
import { expect, it } from 'vitest';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { openPage, withWebGpu } from './page.js';

const model = `model digits {
  input image: [batch, 30]
  input label: index(5)[batch]
  logits = image |> dense(40) |> gelu |> dropout(0.1) |> layer_norm |> dense(5)
  output probability = softmax(logits)
  loss = cross_entropy(logits, label)
  metric right = accuracy(logits, label)
  train { optimizer = adamw(lr = cosine(peak = 1e-2, steps = 200), weight_decay = 0.01), batch = 16, epochs = 3, seed = 4 }
}
`;

/** The least that both targets' trainers have in common, awaited or not. */
interface AnyModule {
  createTrainer(): Promise<{
    fit(data: object, options: object): AsyncIterable<{ losses: { loss: number } }>;
    predict(inputs: object): Promise<{ probability: Float32Array }>;
    dispose(): void;
  }>;
}

interface Outcome {
  readonly losses: number[];
  readonly probability: number[];
}

/** Runs in Node and in the page alike, so it stands on nothing outside. */
async function trainIn(module: AnyModule): Promise<Outcome> {
  const image = Float32Array.from({ length: 100 * 30 }, (_, i) => Math.sin(i * i));
  const label = Int32Array.from({ length: 100 }, (_, i) => Math.floor(2.5 + 2.4 * image[30 * i]));
  const trainer = await module.createTrainer();
  const losses: number[] = [];
  for await (const progress of trainer.fit({ image, label }, { validation: 0.1 })) losses.push(progress.losses.loss);
  const { probability } = await trainer.predict({ image: image.slice(0, 60) });
  trainer.dispose();
  return { losses, probability: Array.from(probability) };
}

/** The texts of shaders that the page gives to its device from here on are in `window.given`. */
const record = `
  window.given = [];
  const { createShaderModule } = GPUDevice.prototype;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    window.given.push(descriptor.code);
    return createShaderModule.call(this, descriptor);
  };`;

it('trains in Chromium as plain TypeScript does in Node', async () => {
  const here = await trainIn((await importCode(await runnableText(model))) as unknown as AnyModule);
  const code = await runnableText(model, { target: 'wgsl' });
  const { page, close } = await openPage({ '/trainer.js': code }, { flags: withWebGpu });
  try {
    expect(await page.evaluate('navigator.gpu?.requestAdapter().then((adapter) => adapter !== null)')).toBe(true);
    await page.evaluate(record);
    const there: Outcome = await page.evaluate(`import('/trainer.js').then((m) => (${trainIn.toString()})(m))`);
    const given: string[] = await page.evaluate('window.given');
    const offered = await page.evaluate(
      "navigator.gpu.requestAdapter().then((adapter) => adapter.features.has('subgroups'))",
    );
    expect(given.map((text) => text.startsWith('enable subgroups;'))).toEqual([offered]);
    expect(here.losses[2]).toBeLessThan(here.losses[0]);
    there.losses.forEach((loss, i) => expect(Math.abs(loss / here.losses[i] - 1)).toBeLessThan(1e-4));
    expect(there.probability.length).toBe(10);
    there.probability.forEach((p, i) => expect(p).toBeCloseTo(here.probability[i], 4));
    // A device that was not asked for subgroups has none.
    const plain = `navigator.gpu.requestAdapter().then((adapter) => adapter.requestDevice())
      .then((device) => import('/trainer.js').then((m) => m.createTrainer({ device })))
      .then((trainer) => trainer.dispose()).then(() => window.given)`;
    const after: string[] = await page.evaluate(plain);
    expect(after.map((text) => text.includes('subgroup'))).toEqual([offered, false]);
  } finally {
    await close();
  }
}, 120_000);
