// The memory that is told beside a module is what the module allocates, to the byte.
import { describe, expect, it } from 'vitest';
import { makePrograms } from '../../src/index.js';
import { memoryCounting } from '../../src/inspect/check/allocation.js';
import { describeMemory, expectedSizes, memoryUse, summariseMemory } from '../../src/inspect/memory.js';
import { runnable } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';

const models = {
  classifier: `model classifier {
  input words: index(50)[batch, 6]
  input known: bool[batch]
  input tag: index(3)[batch]
  vectors = words |> embedding(8) |> flatten
  logits = (if known[:, none] then vectors else 0.5 * vectors) |> dense(40) |> relu |> dense(3)
  loss = cross_entropy(logits, tag)
  train { optimizer = adam(), batch = 20, accumulate = 2 }
}
`,
  frozen: `model frozen {
  input x: [4, 3]
  loss = mean((x |> dense(2))^2)
}
`,
  normalised: `model normalised {
  input x: [batch, 5]
  h = x |> dense(300) |> batch_norm |> gelu |> dropout(0.2)
  loss = mean((h |> dense(1))^2)
  train { optimizer = sgd(lr = 0.1, momentum = 0.9), batch = 130, memory = "small" }
}
`,
};

describe.each([
  ['ts', { target: 'ts' }],
  ['wasm', { target: 'wasm' }],
  ['wasm for threads', { target: 'wasm', threads: true }],
] as const)('memory on %s', (_, options) => {
  const { target } = options;
  it.each(Object.entries(models))('of %s is what is told', async (_, text) => {
    const [made] = makePrograms({ file: 'model.nn', text }, options).programs;
    if (!made) throw new Error('it does not compile');
    const { program } = made;
    const code = await runnable(program, made);
    for (const batch of target === 'ts' ? [1, 20, 1000] : [1, 20, 20_000]) {
      const module = (await importCode(memoryCounting + code)) as unknown as {
        createTrainer(options: object): Promise<object>;
        allocated(): number;
      };
      await module.createTrainer({ batch });
      const use = memoryUse(program, target, () => batch);
      expect(use.total).toBe(module.allocated());
      expect(use.parameters + use.optimizer + use.tensors).toBe(use.total);
      const parameters = program.parameters.reduce((sum, p) => sum + 4 * Number(p.buffer.length.terms[0].factor), 0);
      expect(use.parameters).toBeGreaterThanOrEqual(parameters);
    }
  });
});

describe('memory in words', () => {
  const KiB = 1024;
  it.each([
    [{ total: 700, parameters: 300, optimizer: 0, tensors: 400 }, '700 bytes (parameters 300, tensors 400)'],
    [
      { total: 64 * KiB, parameters: 16 * KiB, optimizer: 32 * KiB, tensors: 16 * KiB },
      '64.0 KiB (parameters 16.0, optimizer 32.0, tensors 16.0)',
    ],
    [
      { total: 1.9 * KiB * KiB, parameters: 0.4 * KiB * KiB, optimizer: 0.8 * KiB * KiB, tensors: 0.7 * KiB * KiB },
      '1.9 MiB (parameters 0.4, optimizer 0.8, tensors 0.7)',
    ],
    [{ total: 5000 * KiB * KiB, parameters: 0, optimizer: 0, tensors: 5000 * KiB * KiB }, '4.9 GiB (tensors 4.9)'],
  ])('is short', (use, text) => expect(summariseMemory(use)).toBe(text));

  it('names the sizes that it is for', () => {
    const [{ program }] = makePrograms({ file: 'model.nn', text: models.classifier }).programs;
    const sizes = expectedSizes(program);
    expect([...sizes]).toEqual([['batch', 20]]);
    const use = { total: 700, parameters: 300, optimizer: 0, tensors: 400 };
    expect(describeMemory(use, sizes)).toBe('700 bytes of memory at batch 20 (parameters 300, tensors 400)');
    expect(describeMemory(use, new Map())).toBe('700 bytes of memory (parameters 300, tensors 400)');
  });
});
