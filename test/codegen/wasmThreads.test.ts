// Trainers that share their work among threads: the same bits for any number of them, and an end to all of them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { check as isFormatted } from 'prettier';
import { describe, expect, it } from 'vitest';
import { check, programOf, targets } from '../../src/compile.js';
import { threadWords } from '../../src/ir/control.js';
import type { Statement } from '../../src/ir/program.js';
import { share, shareKernel } from '../../src/passes/schedule/share.js';
import { createWeights } from '../../src/passes/schedule/weights.js';
import { chosen } from '../support/full.js';
import { lowerNest } from '../support/lowered.js';
import * as nests from '../support/nests.js';
import * as windows from '../support/windows.js';
import { printKernel } from '../support/printKernel.js';
import { holding, sharing, sharingAndAlone } from '../support/sharing.js';
import { plainText, runnableText } from '../support/runnable.js';
import { compileText, importCode, type LoadedModule, type LoadedTrainer } from '../support/trainer.js';
import { casePath, cases, inputsOf, readCase, takeRows } from '../reference/reference.js';

/** Everything a trainer remembers, and what it said on the way. */
function fingerprint(trainer: LoadedTrainer, said: unknown): string {
  return createHash('sha1')
    .update(trainer.save({ optimizer: true }))
    .update(JSON.stringify(said))
    .digest('hex');
}

it('the recorded cases are all there', () => {
  const recorded = readdirSync(casePath('.')).filter((file) => file.endsWith('.json'));
  expect(recorded.sort()).toEqual(cases.map((name) => `${name}.json`).sort());
});

describe.each(cases)('%s', (name) => {
  const shares = chosen([1, 2, 3], (threads) => threads !== 2);
  it(`has the same bits with ${shares.join(' and ')} threads`, async () => {
    const record = readCase(name);
    const text = readFileSync(casePath(record.model), 'utf8');
    const modules = await sharingAndAlone(text, record.set);
    const parameters = Object.fromEntries(
      Object.entries(record.parameters).map(([n, t]) => [n, Float32Array.from(t.data)]),
    );
    const run = async (of: LoadedModule, threads?: number): Promise<string> => {
      const trainer = await of.createTrainer({ seed: 0, parameters, ...(threads && { threads }) });
      const said: unknown[] = [];
      for (let i = 0; i < 6; i++)
        said.push(
          trainer.step(
            record.step_rows && i < record.step_rows.length
              ? inputsOf(takeRows(record.inputs, record.step_rows[i]))
              : inputsOf(record.inputs),
          ),
        );
      said.push(trainer.evaluate(inputsOf(record.other_inputs ?? takeRows(record.inputs, record.other_batch ?? []))));
      const { gradients } = trainer.gradients(inputsOf(record.inputs));
      said.push(Object.values(gradients).map((g) => Array.from(g)));
      const outputs = trainer.predict(inputsOf(record.inputs, record.predict_inputs));
      said.push(Object.values(outputs).map((o) => Array.from(o)));
      const found = fingerprint(trainer, said);
      trainer.dispose();
      return found;
    };
    const alone = await run(modules.alone);
    for (const threads of shares) expect(await run(modules.sharing, threads)).toBe(alone);
  });
});

const network = `
model network(hidden = 72) {
  input image: [batch, 50]
  input label: index(7)[batch]
  logits = image |> dense(hidden) |> gelu |> dropout(0.1) |> layer_norm |> dense(hidden) |> gelu |> dense(7)
  output probability = softmax(logits)
  loss = cross_entropy(logits, label)
  train { optimizer = adam(lr = 1e-3), batch = 96, seed = 4 }
}
`;

function examples(rows: number): { image: Float32Array; label: Int32Array } {
  return {
    image: Float32Array.from({ length: 50 * rows }, (_, i) => Math.fround(Math.sin(i * i))),
    label: Int32Array.from({ length: rows }, (_, i) => (i * i) % 7),
  };
}

/** What a program prints in a process of its own, beside the network's trainer.mjs. */
async function runBeside(program: string, flags: readonly string[] = []): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nnc-'));
  try {
    writeFileSync(join(folder, 'trainer.mjs'), await runnableText(network, { target: 'wasm', threads: true }));
    writeFileSync(join(folder, 'main.mjs'), program);
    const options = { timeout: 50_000, encoding: 'utf8' } as const;
    return execFileSync(process.execPath, [...flags, join(folder, 'main.mjs')], options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a network', () => {
  it('has the same bits after 60 steps, and when batches grow', async () => {
    const modules = [
      await importCode(await runnableText(network, { target: 'wasm', threads: true })),
      await sharing(network),
    ];
    const batches = [96, 96, 5, 1, 200, 33].map(examples);
    const found = new Set<string>();
    for (const module of modules)
      for (const threads of [1, 2, 3, 'auto'] as const) {
        const trainer = await module.createTrainer({ threads, batch: 16 });
        const losses = Array.from({ length: 60 }, (_, i) => trainer.step(batches[i % batches.length]).loss);
        losses.push(trainer.evaluate(examples(1000)).loss);
        expect(losses.every(Number.isFinite)).toBe(true);
        found.add(fingerprint(trainer, losses));
        trainer.dispose();
      }
    expect(found.size).toBe(1);
  });

  it('has the same bits where it adds to rows of a table', async () => {
    const text = `
model words {
  input words: index(40)[batch, 9]
  input label: index(5)[batch, 9]
  vectors = words |> embedding(68)
  logits = vectors |> layer_norm |> dense(5)
  loss = cross_entropy(logits, label) + mean(mean(vectors, axis = 1)^2)
  train { optimizer = adam(lr = 1e-2), batch = 33, seed = 4 }
}
`;
    const modules = await sharingAndAlone(text);
    const inputs = (rows: number): object => ({
      words: Int32Array.from({ length: 9 * rows }, (_, i) => (i * i) % 37),
      label: Int32Array.from({ length: 9 * rows }, (_, i) => (i * i) % 5),
    });
    const found = new Set<string>();
    for (const threads of [0, 1, 2, 3, 7]) {
      const trainer = await (threads === 0
        ? modules.alone.createTrainer()
        : modules.sharing.createTrainer({ threads }));
      const said = [33, 1, 60, 7].map((rows) => [
        trainer.step(inputs(rows)).loss,
        Array.from(trainer.gradients(inputs(rows)).gradients['vectors.embedding.W']),
      ]);
      found.add(fingerprint(trainer, said));
      trainer.dispose();
    }
    expect(found.size).toBe(1);
  });

  it.each([
    [0, RangeError, '0'],
    [-1, RangeError, '-1'],
    [1.5, RangeError, '1.5'],
    [NaN, RangeError, 'NaN'],
    ['2', TypeError, '"2"'],
    [null, TypeError, 'null'],
  ])('refuses %j threads', async (threads, type, got) => {
    const module = await importCode(await runnableText(network, { target: 'wasm', threads: true }));
    const refused = expect((async () => module.createTrainer({ threads }))()).rejects;
    await refused.toThrow(`threads: expected a whole number of at least 1, got ${got}`);
    await refused.toBeInstanceOf(type);
  });

  it('takes more threads than there are cores', async () => {
    const module = await importCode(await runnableText(network, { target: 'wasm', threads: true }));
    const losses = await Promise.all(
      [1, 4 * availableParallelism() + 1].map(async (threads) => {
        const trainer = await module.createTrainer({ threads });
        const said = [1, 2, 3].map(() => trainer.step(examples(40)).loss);
        trainer.dispose();
        return said;
      }),
    );
    expect(losses[1]).toEqual(losses[0]);
  });

  it(
    'leaves nothing behind: of trainers that are disposed of, no worker is left, nor memory',
    { timeout: 60_000 },
    async () => {
      const program = `
      import { readdirSync } from 'node:fs';
      import { createTrainer } from './trainer.mjs';
      import { setTimeout as pause } from 'node:timers/promises';
      const threads = () => readdirSync('/proc/self/task').length;
      const rows = { image: new Float32Array(50 * 96), label: new Int32Array(96) };
      const memories = [];
      const { Memory } = WebAssembly;
      WebAssembly.Memory = class extends Memory {
        constructor(size) { super(size); memories.push(new WeakRef(this)); }
      };
      const before = threads();
      for (let i = 0; i < 16; i++) {
        const trainer = await createTrainer({ threads: 3 });
        trainer.step(rows);
        trainer.dispose();
      }
      for (let i = 0; i < 50 && threads() > before; i++) await pause(100);
      await pause(0);
      gc();
      console.log(memories.length, threads() - before, memories.filter((m) => m.deref()).length);`;
      const [made, workers, kept] = (await runBeside(program, ['--expose-gc'])).split(' ').map(Number);
      expect(made).toBe(16);
      expect(workers).toBe(0);
      expect(kept).toBeLessThan(3);
    },
  );

  it('lets go of its threads: a process ends with dispose, and without it', async () => {
    for (const end of ['trainer.dispose();', '', 'process.exit(0);'])
      expect(
        await runBeside(`
          import { createTrainer } from './trainer.mjs';
          const trainer = await createTrainer({ threads: 3 });
          const rows = { image: new Float32Array(50 * 96), label: new Int32Array(96) };
          for (let i = 0; i < 5; i++) trainer.step(rows);
          console.log(trainer.stepCount);
          ${end}`),
      ).toBe('5\n');
  });

  it('works alone where no thread can start, or memory cannot be shared', async () => {
    const code = await runnableText(network, { target: 'wasm', threads: true });
    const plain = await (await importCode(code)).createTrainer({ threads: 1 });
    const wanted = [1, 2, 3].map(() => plain.step(examples(40)).loss);
    for (const before of [
      'const SharedArrayBuffer = undefined;',
      'const globalThis = {};',
      'const globalThis = { process: { getBuiltinModule: () => ({ Worker: class { constructor() { throw new Error("no") } } }) } };',
      'const globalThis = { process: { getBuiltinModule: (name) => ({ Worker: class extends process.getBuiltinModule(name).Worker { constructor() { super("throw new Error()", { eval: true }) } } }) } };',
    ]) {
      const trainer = await (await importCode(`${before}\n${code}`)).createTrainer({ threads: 4 });
      expect([1, 2, 3].map(() => trainer.step(examples(40)).loss)).toEqual(wanted);
      trainer.dispose();
    }
  });

  /** Where a worker comes by in a call. */
  const atWork = 'work = exports.awaitWork(work);';

  it('says so where a thread fails, and goes on alone', async () => {
    const code = holding(await runnableText(network, { target: 'wasm', threads: true }), 2);
    const failing = code.replace(atWork, '$& if (thread === 2) throw new Error("broken");');
    const trainer = await (await importCode(failing)).createTrainer({ threads: 3 });
    expect(() => trainer.step(examples(40))).toThrow('a thread has failed');
    expect(trainer.step(examples(40)).loss).toBeGreaterThan(0);
    trainer.dispose();
  });

  it('waits for no thread that has taken nothing, and has the same bits where some come late, or fail', async () => {
    const code = await runnableText(network, { target: 'wasm', threads: true });
    const late = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * Math.random());';
    const codes = [
      code,
      code.replace(atWork, `$& ${late}`).replace('exports.enter(', `${late} $&`),
      code.replace(atWork, '$& if (work > 9) throw new Error("broken");'),
      code.replace(atWork, '$& Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);'),
    ];
    const found = new Set<string>();
    for (const each of codes) {
      const trainer = await (await importCode(each)).createTrainer({ threads: each === code ? 1 : 3 });
      const losses = Array.from({ length: 40 }, (_, i) => trainer.step(examples(20 + (i % 3))).loss);
      found.add(fingerprint(trainer, losses));
      trainer.dispose();
    }
    expect(found.size).toBe(1);
  });

  describe('whose thread ends', () => {
    /** The code with a list of the workers that it has made; what they are given besides. */
    const watched = (code: string, given = ''): string => `
      export const workers = [];
      const globalThis = { process: { getBuiltinModule: (name) => ({ Worker: class extends process.getBuiltinModule(name).Worker {
        constructor(source, options) { super(source, { ...options, ${given} }); workers.push(this); }
      } }) } };
      ${code}`;
    const load = async (code: string): Promise<LoadedModule & { readonly workers: Worker[] }> =>
      (await importCode(code)) as LoadedModule & { readonly workers: Worker[] };
    const ended = 'a thread has ended';

    it('by force says so, where it has taken something', async () => {
      const code = await runnableText(network, { target: 'wasm', threads: true });
      for (const [text, says] of [
        [code, undefined],
        [holding(code, 2), ended],
      ] as const) {
        const { createTrainer, workers } = await load(watched(text));
        const trainer = await createTrainer({ threads: 3 });
        void workers[1].terminate();
        if (says) expect(() => trainer.step(examples(40))).toThrow(says);
        const before = trainer.step(examples(40)).loss;
        expect(trainer.step(examples(40)).loss).toBeLessThan(before);
        trainer.dispose();
      }
    });

    it('between two calls goes on alone, with the same numbers', async () => {
      const { createTrainer, workers } = await load(
        watched(await runnableText(network, { target: 'wasm', threads: true })),
      );
      const [one, other] = [await createTrainer({ threads: 3 }), await createTrainer({ threads: 1 })];
      one.step(examples(40));
      other.step(examples(40));
      await workers[0].terminate();
      expect(one.step(examples(40)).loss).toBe(other.step(examples(40)).loss);
      one.dispose();
      other.dispose();
      await Promise.all(workers.map((worker) => worker.terminate()));
      expect(workers.map((worker) => worker.threadId)).toEqual([-1, -1]);
    });

    it.each([
      ['by itself', 2, 'process.exit(3);'],
      ['out of memory', 1, 'for (const hoard = []; ; ) hoard.push(new Array(1e5).fill(0.5));'],
    ])('%s says so', async (_, thread, act) => {
      const code = holding(await runnableText(network, { target: 'wasm', threads: true }), thread);
      const { createTrainer } = await load(
        watched(
          code.replace(atWork, `$& if (thread === ${thread}) ${act}`),
          'resourceLimits: { maxOldGenerationSizeMb: 16 }',
        ),
      );
      const trainer = await createTrainer({ threads: 3 });
      expect(() => trainer.step(examples(40))).toThrow(ended);
      trainer.dispose();
    });

    it('is no thread that is slow', async () => {
      const code = holding(await runnableText(network, { target: 'wasm', threads: true }), 1);
      const slow = `if (thread === 1 && work === 1) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
        Atomics.add(control, ${threadWords.done}, 1);
      }`;
      const { createTrainer } = await importCode(code.replace(atWork, `$& ${slow}`));
      const trainer = await createTrainer({ threads: 3 });
      const begin = performance.now();
      trainer.step(examples(40));
      expect(performance.now() - begin).toBeGreaterThan(2000);
      trainer.dispose();
    });
  });

  it('is formatted', async () => {
    const code = await compileText(network, { target: 'wasm', threads: true, language: 'ts' });
    expect(await isFormatted(code, { parser: 'typescript' })).toBe(true);
  });

  it('takes no more code than was asked for', async () => {
    expect(await plainText(network, { target: 'wasm', threads: false })).not.toMatch(
      /Worker|wakeThreads|awaitWork|team/,
    );
    expect(await plainText(network, { target: 'ts', threads: true })).toBe(await plainText(network));
  });
});

describe('loops', () => {
  const weights = createWeights(() => 64);
  const shared = (example: nests.Example): string[] => {
    const kernel = lowerNest(example.nest, targets.wasm, () => 64);
    const split = shareKernel(kernel, weights, 0);
    const lines = printKernel(split).split('\n');
    return lines.filter((line) => /for .* = begin/.test(line) || /if \(thread/.test(line)).map((line) => line.trim());
  };

  it('over places are shared, those of sums never', () => {
    const { batch } = nests;
    expect(shared(nests.contraction('A·B', batch, 512, 40))).toEqual(['for (let j = begin; j < end; j += 8) {']);
    // Few columns: the rows inside, by panels of each thread's own.
    expect(shared(nests.contraction('A·B', batch, 10, 40))).toMatchObject([/for \(let b/, /for \(let b/]);
    expect(shared(nests.rowSums(batch, 37))).toMatchObject([/for \(let \w+ = begin/]);
    expect(shared(nests.meanSquare(batch, 11))).toEqual([]);
    expect(shared(nests.gather(batch, 7, 10))).toMatchObject([/for \(let \w+ = begin/]);
    // Columns of a table, so that each place is added to in order: of many terms, or of few.
    const columns = 'for (let j = begin; j < end; j += 16) {';
    expect(shared(nests.tableGradient(batch, 20, 64))).toEqual([columns, columns]);
    expect(shared(nests.crossEntropyRows(batch, 10))).toMatchObject([/for \(let \w+ = begin/]);
  });

  it('over shares of a fold are shared where sums are few and long', () => {
    const filters = (channels: number, side: number): nests.Example =>
      windows.byWeights({ batch: nests.batch, channels, outputs: 16, side, kernel: 5 });
    expect(shared(filters(1, 14))).toEqual([
      'for (let share = begin; share < end; share++) {',
      'for (let o = begin; o < end; o++) {',
    ]);
    // Of many channels so many are staged at once that these alone are enough.
    expect(shared(filters(96, 14))).toEqual(['for (let c0 = begin; c0 < end; c0++) {']);
  });

  it('of sums are as much work as they have terms, in blocks or not', () => {
    const { body } = lowerNest(nests.columnSums(nests.batch, 64).nest, targets.wasm, () => 64);
    for (const rows of [64, 640]) {
      const each = createWeights(() => rows).work(body) / (16 * rows);
      // A load, an addition and what is set, four columns at a time.
      expect(each).toBeGreaterThan(3);
      expect(each).toBeLessThan(5);
    }
  });

  it('leave what is too small to one thread', () => {
    const { nest } = nests.contraction('A·B', nests.batch, 8, 4);
    const kernel = lowerNest(nest, targets.wasm, () => 64);
    expect(shareKernel(kernel, weights)).toBe(kernel);
  });

  it('are shared in entries that are worth it', async () => {
    const { model } = check(
      { file: 'model.nn', text: network.replace('batch = 96', 'batch = 8') },
      { set: { hidden: 16 } },
    );
    if (!model) throw new Error('the network is right');
    const { entries } = share(programOf(model, 'wasm'), targets.wasm);
    expect(Object.values(entries).map((e) => e.alone)).toEqual([true, true, true, true]);
    expect(share(programOf(model, 'wasm'), targets.wasm, 0).entries.step?.alone).toBeUndefined();
  });

  it('wait for panels that all make together', () => {
    const { nest } = nests.contraction('Aᵀ·B', 300, 300, nests.batch);
    const { body, scratch } = shareKernel(
      lowerNest(nest, targets.wasm, () => 64),
      weights,
      0,
    );
    expect(scratch.length).toBe(2);
    // Where the batch is long the sums are made in blocks, else at once.
    const [either] = body;
    if (either.kind !== 'if' || body.length > 1) throw new Error('one of two forms');
    for (const form of [either.then, either.else])
      expect(form.filter((s: Statement) => s.kind === 'barrier')).toHaveLength(1);
  });
});
