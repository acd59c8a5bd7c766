// Copies of a layer become one kernel with parameters: the same bits as kernels of their own, and a text that does not grow.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { check as isFormatted } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, compile, programOf, targets, type Target } from '../../src/compile.js';
import { printKernel } from '../../src/ir/printProgram.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import { runsOf } from '../../src/ir/runs.js';
import { common } from '../../src/passes/schedule/alike.js';
import { share } from '../../src/passes/schedule/share.js';
import { chosen } from '../support/full.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnable } from '../support/runnable.js';
import { importCode, type LoadedTrainer } from '../support/trainer.js';

const equalLayers = (n: number, layer = 'dense(8) |> relu'): string => `model deep {
  input x: [batch, 8]
  input y: [batch, 8]
  h = x |> repeat(${n}, ${layer.replaceAll('|>', '>>')})
  output h
  loss = mse(h, y)
  train {
    optimizer = adam(lr = 1e-2)
    batch = 16
  }
}
`;

function modelOf(text: string) {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return model;
}

async function trainerOf(program: TrainerProgram, target: 'ts' | 'wasm', options = {}): Promise<LoadedTrainer> {
  const { createTrainer } = await importCode(await runnable(program, { target }));
  return createTrainer({ seed: 3, ...options });
}

/** The program with a kernel for every copy. */
function writtenOut(text: string, target: Target): TrainerProgram {
  return programOf(modelOf(text), target, false, ['copies']);
}

function kernelText(program: TrainerProgram): number {
  return program.kernels.reduce((sum, kernel) => sum + printKernel(kernel).length, 0);
}

function inputs(rows: number): { x: Float32Array; y: Float32Array } {
  return {
    x: Float32Array.from({ length: 8 * rows }, (_, i) => Math.sin(3 * i + 1)),
    y: Float32Array.from({ length: 8 * rows }, (_, i) => Math.cos(5 * i)),
  };
}

function asBytes(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] : value;
}

/** Everything that some calls at several batch sizes give, as text. */
function historyOf(trainer: LoadedTrainer): string {
  const calls = [5, 2, 20].flatMap((rows) => [
    { ...trainer.gradients(inputs(rows)) },
    trainer.step(inputs(rows)),
    trainer.evaluate(inputs(rows)),
    trainer.predict(inputs(rows)),
  ]);
  return JSON.stringify([calls, Buffer.from(trainer.save({ optimizer: true })).toString('latin1')], asBytes);
}

describe('copies of a layer', () => {
  it.each(['ts', 'wasm'] as const)(
    'have one text on %s: that of 40 layers is hardly longer than that of 4',
    (target) => {
      const [few, many] = [4, 40].map((n) => kernelText(programOf(modelOf(equalLayers(n)), target)));
      expect(many / few).toBeLessThanOrEqual(1.29);
    },
  );

  it('take at most 600 bytes of ts each besides', async () => {
    const [few, many] = await Promise.all(
      [14, 34].map((n) => compile({ file: 'model.nn', text: equalLayers(n) }, { target: 'ts' })),
    );
    // What a loop's counter stands in has the parentheses that Prettier leaves.
    expect(await isFormatted(few.code ?? '', { parser: 'typescript' })).toBe(true);
    expect(((many.code ?? '').length - (few.code ?? '').length) / 20).toBeLessThanOrEqual(600);
  });

  const transformer = readFileSync(new URL('../../bench/models/transformer.nn', import.meta.url), 'utf8');
  const transformers = [
    ['as it is', 380, transformer],
    [
      'with rotary',
      400,
      transformer.replace(' |> positions', '').replace('causal = true', 'causal = true, rotary = true'),
    ],
    ['of any length', 415, transformer.replace(', T = 64', '').replace('|> positions', '|> positions(length = 512)')],
  ] as const;
  it.each(chosen(transformers, ([how]) => how === 'of any length'))(
    'let the module of a transformer of 12 layers be small, %s: under %d KB of ts',
    async (_, limit, text) => {
      const { code = '' } = await compile({ file: 'transformer.nn', text });
      expect(code).toContain('function read_transformer_block_attend_q_dense(');
      expect(code.length).toBeLessThan(1000 * limit);
      const numbers = Array.from({ length: 12 }, (__, i) => i).join(' | ');
      expect(code).toContain(`  | \`read.transformer_block.\${${numbers}}.attend.q.dense.W\`\n`);
    },
  );

  it('share what clip_norm asks of each gradient', () => {
    const clipped = (n: number): TrainerProgram =>
      programOf(modelOf(equalLayers(n).replace('batch = 16', 'batch = 16\n    clip_norm = 1')), 'ts');
    const [few, many] = [clipped(14), clipped(24)];
    expect(many.kernels).toHaveLength(few.kernels.length);
    // The norm is a sum over all gradients, a term each.
    expect(kernelText(many)).toBeLessThan(kernelText(few) + 10 * 2 * 60);
  });

  it('say at each call whose it is, and are named after the block', async () => {
    const { code = '' } = await compile({ file: 'model.nn', text: equalLayers(14) });
    const call = 'h_relu(batch, m.h_relu[i - 1], m.h_dense_W[i], m.h_dense_b[i], m.h_relu[i]);';
    expect(code.replace(/\s+/g, ' ').replaceAll('( ', '(').replaceAll(', )', ')')).toContain(
      `// h.i: model.nn:4 for (let i = 1; i < 13; i++) { ${call} }`,
    );
    expect(code.match(/\/\/ h_relu = .*/g)).toEqual([
      '// h_relu = relu(h_relu_before @ h.dense.W + h.dense.b)        model.nn:4 relu',
    ]);
  });

  const layers = [
    ['dense(8) |> relu', 'fast'],
    ['dense(8) |> layer_norm |> gelu', 'fast'],
    ['residual(dense(3) >> tanh >> dense(8))', 'fast'],
    ['dense(8) |> tanh', 'small'],
    ['repeat(2, dense(8) >> sigmoid) |> rms_norm', 'fast'],
    ['dense(8) |> dropout(0.3)', 'fast'],
    ['batch_norm |> dense(8)', 'fast'],
  ] as const;
  const runs = layers.flatMap(([layer, memory]) =>
    (['ts', 'wasm'] as const).map((target) => [layer, memory, target] as const),
  );
  // Of those that give other addresses, not other arithmetic, one target is enough.
  const few = chosen(runs, ([layer, , target]) => target === 'ts' || /gelu|dropout|batch_norm/.test(layer));
  it.each(few)('%s with %s memory gives the same bits as written out, on %s', async (layer, memory, target) => {
    const text = equalLayers(6, layer).replace('train {', `train {\n    memory = "${memory}"`);
    const program = programOf(modelOf(text), target);
    expect(
      runsOf(Object.values(program.entries).flatMap((e) => e.steps)).filter((r) => r.given).length,
    ).toBeGreaterThan(8);
    const [together, apart] = [program, writtenOut(text, target)];
    expect(kernelText(together)).toBeLessThan(0.8 * kernelText(apart));
    expect(historyOf(await trainerOf(together, target))).toBe(historyOf(await trainerOf(apart, target)));
  });

  describe('on WebGPU', () => {
    let gpu: GpuProcess;
    beforeAll(async () => {
      gpu = await startGpu('swiftshader');
    });
    afterAll(() => gpu?.end());

    const inShaders = ['dense(8) |> relu', 'dense(8) |> layer_norm |> gelu |> dropout(0.3)'];
    it.each(chosen(inShaders, (layer) => layer.includes('norm')))(
      '%s gives the same bits as written out',
      async (layer) => {
        const text = equalLayers(layer.includes('norm') ? 6 : 8, layer);
        const [together, apart] = [programOf(modelOf(text), 'wgsl'), writtenOut(text, 'wgsl')];
        expect(kernelText(together)).toBeLessThan(0.8 * kernelText(apart));
        const histories = await Promise.all(
          [together, apart].map(async (program) => {
            const trainer = await gpu.createTrainer(await runnable(program, { target: 'wgsl' }), { seed: 3 });
            const found: unknown[] = [];
            // The larger batch moves what the lists of arguments tell.
            for (const rows of [5, 20, 3])
              found.push(
                await trainer.gradients(inputs(rows)),
                await trainer.step(inputs(rows)),
                await trainer.predict(inputs(rows)),
              );
            const saved = Buffer.from(await trainer.save({ optimizer: true })).toString('latin1');
            await trainer.dispose();
            return JSON.stringify([found, saved], asBytes);
          }),
        );
        expect(histories[0]).toBe(histories[1]);
        expect(await gpu.errors()).toEqual([]);
      },
    );
  });

  it('are shared by threads to the same bits', async () => {
    const program = share(
      programOf(modelOf(equalLayers(5, 'dense(8) |> layer_norm |> gelu')), 'wasm'),
      targets.wasm,
      0,
    );
    const [one, two] = [await trainerOf(program, 'wasm'), await trainerOf(program, 'wasm', { threads: 2 })];
    expect(historyOf(two)).toBe(historyOf(one));
    two.dispose();
  });

  it('need not come from repeat: bindings that differ in a number are copies too, others are not', () => {
    const chain = (names: readonly string[]): TrainerProgram => {
      const lines = names.map((name, i) => `  ${name} = ${i === 0 ? 'x' : names[i - 1]} |> dense(8) |> tanh`);
      const last = names.at(-1);
      return programOf(
        modelOf(
          `model m {\n  input x: [batch, 8]\n${lines.join('\n')}\n  output ${last}\n  loss = mean(${last}^2)\n  train { optimizer = sgd(lr = 0.1) }\n}\n`,
        ),
        'ts',
      );
    };
    const shared = ({ entries }: TrainerProgram): number =>
      runsOf(Object.values(entries).flatMap((e) => e.steps)).filter((r) => r.given).length;
    expect(shared(chain(['h1', 'h2', 'h3', 'h4', 'h5', 'h6']))).toBeGreaterThan(10);
    expect(shared(chain(['a', 'b', 'c', 'd', 'e', 'f']))).toBe(0);
  });

  it('are told apart by what aliases what', async () => {
    // Every third layer adds its own input; the others the one before.
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 5, maxLength: 7 }), async (backs) => {
        const lines = backs.map((back, i) => `  h${i + 1} = (h${i} |> dense(8) |> tanh) * h${Math.max(0, i - back)}`);
        const text = `model m {\n  input x: [batch, 8]\n  input y: [batch, 8]\n  h0 = x + 0.5\n${lines.join('\n')}\n  output h${backs.length}\n  loss = mse(h${backs.length}, y)\n  train { optimizer = adam(lr = 1e-2) }\n}\n`;
        for (const target of chosen(['ts', 'wasm'] as const, (one) => one === 'ts'))
          expect(historyOf(await trainerOf(programOf(modelOf(text), target), target))).toBe(
            historyOf(await trainerOf(writtenOut(text, target), target)),
          );
      }),
      { numRuns: 3, seed: 1 },
    );
  });
});

describe('texts that differ in numbers', () => {
  it.each([
    [['h.3.relu', 'h.4.relu'], [[3], [4]], 'h.relu'],
    [['h_2_relu', 'h_3_relu'], [[3], [4]], 'h_relu_before'],
    [['d_h_4_dense', 'd_h_5_dense'], [[3], [4]], 'd_h_dense_after'],
    [['h1 = tanh(h0 @ W)', 'h2 = tanh(h1 @ W)'], [[1], [2]], 'h = tanh(h_before @ W)'],
    [
      ['a.0.1.W', 'a.1.0.W'],
      [
        [0, 1],
        [1, 0],
      ],
      'a.W',
    ],
    [['x[64]', 'x[64]'], [[0], [1]], 'x[64]'],
    [['x', 'h.0'], [[0], [1]], undefined],
    [['h.7', 'h.9'], [[0], [1]], undefined],
  ] as const)('%j of copies %j have in common %s', (texts, copies, expected) => {
    expect(common(texts, copies)).toBe(expected);
  });
});
