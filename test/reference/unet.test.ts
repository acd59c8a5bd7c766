// U-Nets over images of run-time height and width against PyTorch's numbers: skips that are cropped or cropped to, odd sizes and even ones.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrainer } from '../support/anyTarget.js';
import { full } from '../support/full.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { meaningOf } from '../support/randomModel.js';
import { unetText, type UNet } from '../support/unet.js';

interface Run {
  readonly sizes: readonly [number, number];
  readonly loss: number;
  /** The first elements of the prediction, and of each gradient. */
  readonly output: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

interface Recorded extends Omit<UNet, 'sizes'> {
  /** Shapes, by name. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly runs: readonly Run[];
}

const records: readonly Recorded[] = JSON.parse(readFileSync(new URL('unet.json', import.meta.url), 'utf8'));
const batch = 2;

function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin(1.3 * i + seed));
}

function parametersOf({ parameters }: Recorded): Record<string, Float32Array> {
  const count = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);
  return Object.fromEntries(Object.entries(parameters).map(([name, shape], i) => [name, numbers(count(shape), i)]));
}

function inputsOf({ sizes: [h, w] }: Run) {
  return { image: numbers(batch * h * w, 100), target: numbers(batch * h * w, 200) };
}

/** What differs by more than the rounding of f32, or of what is recorded. */
function faults(run: Run, loss: number, gradients: Readonly<Record<string, ArrayLike<number>>>, tolerance: number): string[] {
  const largest = Math.max(...Object.values(run.gradients).flatMap((all) => all.map(Math.abs)));
  const wrong = Object.entries(run.gradients).flatMap(([name, want]) => {
    const at = want.findIndex((value, i) => !(Math.abs(gradients[name][i] - value) <= tolerance * largest));
    return at < 0 ? [] : [`${name}[${at}] is ${gradients[name][at]}, not ${want[at]}`];
  });
  return Math.abs(loss - run.loss) <= tolerance * run.loss ? wrong : [`the loss is ${loss}, not ${run.loss}`, ...wrong];
}

/**
 * In shaders on a processor one level takes half a minute, two take minutes; three, 1.5 MB of WGSL, did not end within 45 minutes.
 * Usually each U-Net meets one target.
 */
const targetsOf = ({ levels }: Recorded): readonly ('ts' | 'wasm' | 'wgsl')[] => {
  if (!full) return levels === 1 ? ['ts'] : ['wasm'];
  return levels <= 2 ? ['ts', 'wasm', 'wgsl'] : ['ts', 'wasm'];
};

describe.each(records.filter(({ levels }) => full || levels < 3))('of $levels levels, by $down and $up', (record) => {
  const text = unetText(record);
  let gpu: GpuProcess | undefined;
  beforeAll(async () => {
    if (targetsOf(record).some((target) => target === 'wgsl')) gpu = await startGpu('swiftshader');
  });
  afterAll(() => gpu?.end());

  it('gives the recorded numbers by its definition', () => {
    for (const run of record.runs) {
      const [H, W] = run.sizes;
      const { loss, gradients } = meaningOf(text)(inputsOf(run), parametersOf(record), batch, {}, { H, W });
      expect(faults(run, loss, Object.fromEntries(gradients), 1e-6)).toEqual([]);
    }
  });

  it.each(targetsOf(record))('gives the recorded numbers on %s', async (target) => {
    const trainer = await startTrainer(text, { target, gpu, options: { seed: 0, parameters: parametersOf(record) } });
    for (const run of record.runs) {
      const shape = [batch, 1, ...run.sizes];
      const { image, target: wanted } = inputsOf(run);
      const inputs = { image: { data: image, shape }, target: { data: wanted, shape } };
      const { loss, gradients } = await trainer.gradients(inputs);
      expect(faults(run, loss, gradients, 2e-4)).toEqual([]);
      const { y } = await trainer.predict({ image: inputs.image });
      run.output.forEach((value, i) => expect(y[i]).toBeCloseTo(value, 4));
    }
    await trainer.dispose();
  }, 600_000);
});

/** What a level is made of, each part once. */
const parts = `model parts {
  input image: [batch, 1, h, w]
  down = image |> conv2d(2, kernel = 3, padding = 1) |> group_norm(1) |> relu |> max_pool2d(2)
  up = down |> upsample2d(2)
  both = concat([image[:, :, :shape(up)[2], :shape(up)[3]], up], axis = 1)
  output y = both |> conv2d(1, kernel = 1)
  loss = mean(y^2)
  train { optimizer = sgd(lr = 0.1) }
}
`;

it('the parts of a level give what they mean in shaders, of any height and width', { timeout: 180_000 }, async () => {
  const gpu = await startGpu('swiftshader');
  try {
    const trainer = await startTrainer(parts, { target: 'wgsl', gpu, options: { seed: 2 } });
    const parameters = await trainer.read();
    for (const [h, w] of [
      [5, 6],
      [4, 9],
    ]) {
      const image = numbers(batch * h * w, 100);
      const want = meaningOf(parts)({ image }, parameters, batch, {}, { h, w });
      const { loss, gradients } = await trainer.gradients({ image: { data: image, shape: [batch, 1, h, w] } });
      const run = { sizes: [h, w] as const, loss: want.loss, output: [], gradients: arrays(want.gradients) };
      expect(faults(run, loss, gradients, 2e-4)).toEqual([]);
    }
    expect(await gpu.errors()).toEqual([]);
  } finally {
    gpu.end();
  }
});

function arrays(of: ReadonlyMap<string, ArrayLike<number>>): Record<string, number[]> {
  return Object.fromEntries([...of].map(([name, values]) => [name, Array.from(values)]));
}
