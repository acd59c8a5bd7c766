// Vectors of four in shaders: wherever sizes prove that they are aligned, and only there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printShaders } from '../../src/codegen/wgsl/shaders.js';
import { constant, type Index } from '../../src/ir/index.js';
import type { Buffer } from '../../src/ir/scalar.js';
import { lowerWorkgroups } from '../support/lowered.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { wgsl } from '../support/targets.js';

const { batch } = nests;

/** The shader of a nest as it is planned for a batch of 128. */
function shaderOf({ nest, buffers }: Example): string {
  const kernel = lowerWorkgroups(nest, wgsl, () => 128);
  const offsets = new Map<Buffer, Index>(buffers.map((b, i) => [b, constant(4096 * i)]));
  const size = { kind: 'now', size: 'batch' } as const;
  const { text, totals } = printShaders(
    {
      entries: { predict: { name: 'predict', steps: [{ kind: 'run', kernel }], inputs: [], results: [] } },
      kernels: [kernel],
      buffers,
      memory: { offsets, length: constant(4096 * buffers.length) },
    },
    {
      fields: [{ name: 'batch', field: 'batch', type: 'i32', of: size }],
      has: () => false,
      host: new Set(),
      turns: new Map(),
      given: [],
      slots: new Map(),
    },
  );
  return text + (totals?.tree ?? '');
}

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('null');
});
afterAll(() => gpu?.end());

/** What a kernel reads and writes outside, and in how many vectors it stages each side. */
function memoryOf(text: string): { outside: string[]; staged: string[] } {
  const kernel = text.slice(text.indexOf('@compute'));
  return {
    outside: ['vectors', 'floats'].filter((name) => kernel.includes(`${name}[`)),
    staged: [...text.matchAll(/var<workgroup> \w+: array<(.*?), \d+>/g)].map(([, type]) => type),
  };
}

describe('a product of matrices', () => {
  it.each([
    ['A·B, all sizes divide', () => nests.contraction('A·B', batch, 512, 784), ['vectors']],
    ['Aᵀ·B, all sizes divide', () => nests.contraction('Aᵀ·B', 784, 512, batch), ['vectors']],
    ['A·Bᵀ, all sizes divide', () => nests.contraction('A·Bᵀ', batch, 512, 512), ['vectors']],
    ['with a bias and relu', () => nests.dense(batch, 784, 512), ['vectors']],
    ['A·B into ten columns', () => nests.contraction('A·B', batch, 10, 512), ['floats']],
    ['A·B over a fold that four does not divide', () => nests.contraction('A·B', batch, 512, 783), ['vectors']],
    ['A·B with columns that four does not divide', () => nests.contraction('A·B', batch, 511, 784), ['floats']],
  ] as const)('%s', async (_, make, outside) => {
    const text = shaderOf(make());
    expect(memoryOf(text)).toEqual({ outside, staged: ['vec4<f32>', 'vec4<f32>'] });
    expect(await gpu.validate(text)).toEqual([]);
  });

  it('loads what is aligned by four, and the other side number by number', () => {
    const text = shaderOf(nests.contraction('A·B', batch, 512, 783));
    expect(text).toMatch(/_columns\[\w+\] = .*vectors\[/);
    expect(text).toMatch(/_rows\[[^=]+\]\[0\] = .*vectors\[[^\]]+\]\[/);
    expect(shaderOf(nests.contraction('A·B', batch, 512, 784))).not.toMatch(/\]\[/);
  });
});

describe('an elementwise nest', () => {
  it.each([
    ['of many places', () => nests.update(1_024, 64), 'vectors'],
    ['of few places', () => nests.update(128, 64), 'floats'],
    ['of rows that four does not divide', () => nests.chain(nests.batch, 1_023), 'floats'],
    ['of rows that four divides', () => nests.chain(nests.batch, 1_024), 'vectors'],
  ] as const)('%s', async (_, make, outside) => {
    const text = shaderOf(make());
    expect(memoryOf(text)).toEqual({ outside: [outside], staged: [] });
    expect(await gpu.validate(text)).toEqual([]);
  });
});
