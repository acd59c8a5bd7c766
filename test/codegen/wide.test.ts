// Code for engines that join neighbouring vectors into such of 256 bits: the bits of the other, and stores that can be joined.
import { describe, expect, it } from 'vitest';
import { compile, compileToRun } from '../../src/compile.js';
import { loadsOf } from '../../src/ir/loads.js';
import { constantOf, sub } from '../../src/ir/index.js';
import type { Kernel, Statement, Step } from '../../src/ir/program.js';
import { isLanes } from '../../src/ir/scalar.js';
import { importCode } from '../support/trainer.js';

const models = {
  'dense layers and Adam': `model m {
    input x: [batch, 40]
    input y: index(3)[batch]
    logits = x |> dense(48) |> gelu |> layer_norm |> dense(32) |> relu |> dense(3)
    loss = cross_entropy(logits, y)
    train { optimizer = adam(lr = 1e-2), batch = 8 }
  }`,
  'dense layers and SGD': `model m {
    input x: [batch, 40]
    input y: index(3)[batch]
    loss = cross_entropy(x |> dense(32) |> relu |> dense(3), y)
    train { optimizer = sgd(lr = 0.1), batch = 8 }
  }`,
  convolutions: `model m {
    input x: [batch, 40]
    input y: index(3)[batch]
    image = reshape(concat([x, x, x, x], axis = 1)[:, :147], [batch, 3, 7, 7])
    logits = image |> conv2d(16, kernel = 3, padding = 1) |> relu |> conv2d(8, kernel = 3, stride = 2) |> flatten |> dense(3)
    loss = cross_entropy(logits, y)
    train { optimizer = sgd(lr = 0.1), batch = 8 }
  }`,
  recurrence: `model m {
    input x: [batch, 40]
    input y: index(3)[batch]
    h = lstm(16)(reshape(x, [batch, 5, 8]))
    loss = cross_entropy(dense(3)(h[:, -1]), y)
    train { optimizer = sgd(lr = 0.1), batch = 8 }
  }`,
  attention: `model m {
    input x: [batch, 40]
    input y: index(3)[batch]
    h = reshape(x, [batch, 5, 8]) |> attention(2, causal = true)
    loss = cross_entropy(h |> flatten |> dense(3), y)
    train { optimizer = sgd(lr = 0.1), batch = 8 }
  }`,
};

const x = Float32Array.from({ length: 8 * 40 }, (_, i) => Math.sin(i * i));
const y = Int32Array.from({ length: 8 }, (_, i) => i % 3);

it.each(Object.entries(models))('trains to the same bits: %s', async (_, text) => {
  const trained = async (wide: boolean): Promise<Uint8Array> => {
    const { code = '' } = await compileToRun({ file: 'm.nn', text }, { target: 'wasm', threads: false, wide });
    const { createTrainer } = await importCode(code);
    const trainer = await createTrainer({ seed: 1 });
    for (let step = 0; step < 3; step++) trainer.step({ x, y });
    return trainer.save();
  };
  expect(await trained(true)).toEqual(await trained(false));
});

describe.each([false, true])('relaxed: %s', (relaxed) => {
  it('has tiles of sixteen columns, where the other code has none', async () => {
    const tilesOf = async (wide: boolean): Promise<string> =>
      (await kernelsOf(models['dense layers and Adam'], { relaxed, wide })).map((kernel) => kernel.plan).join('\n');
    expect(await tilesOf(true)).toMatch(/tile \dx16/);
    expect(await tilesOf(false)).not.toMatch(/tile [3-9]x16/);
  });

  it.each(['dense layers and Adam', 'dense layers and SGD'] as const)(
    'stores neighbouring vectors one after the other, with no load between them: %s',
    async (name) => {
      let pairs = 0;
      const kernels = await kernelsOf(models[name], { relaxed, wide: true });
      for (const { name: kernel, body, scratch } of kernels.filter(({ plan }) => plan.startsWith('contraction')))
        for (const block of blocksOf(body))
          block.forEach((statement, i) => {
            // Panels that are turned are stored by four rows.
            if (!isVectorStore(statement) || scratch.includes(statement.to)) return;
            const j = block.findIndex(
              (other) =>
                isVectorStore(other) && other.to === statement.to && constantOf(sub(other.at, statement.at)) === 4,
            );
            if (j < 0) return;
            // Some kernels store from behind.
            expect(Math.abs(j - i), kernel).toBe(1);
            const later = block[Math.max(i, j)];
            expect(isVectorStore(later) && loadsOf(later.value), kernel).toEqual([]);
            pairs++;
          });
      expect(pairs).toBeGreaterThan(20);
    },
  );
});

function isVectorStore(statement: Statement): statement is Statement & { readonly kind: 'store' } {
  return statement.kind === 'store' && isLanes(statement.value);
}

async function kernelsOf(text: string, options: { relaxed: boolean; wide: boolean }): Promise<Kernel[]> {
  const { program } = await compile({ file: 'm.nn', text }, { target: 'wasm', ...options });
  const of = (step: Step): Kernel[] => (step.kind === 'repeat' ? step.steps.flatMap(of) : [step.kernel]);
  return program?.entries.step?.steps.flatMap(of) ?? [];
}

/** All blocks of statements, those of loops within others too. */
function blocksOf(body: readonly Statement[]): (readonly Statement[])[] {
  return [
    body,
    ...body.flatMap((s) =>
      s.kind === 'loop' ? blocksOf(s.body) : s.kind === 'if' ? [...blocksOf(s.then), ...blocksOf(s.else)] : [],
    ),
  ];
}
