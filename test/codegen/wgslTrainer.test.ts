// The trainer module for WebGPU in software: the same answers as plain TypeScript, calls in order, memory that grows, errors that change nothing.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { runnableText } from '../support/runnable.js';
import { importCode, type LoadedModule } from '../support/trainer.js';

/** A schedule and random draws, a class out of three, and two tensors that only the optimizer has. */
const text = `model classes {
  input x: [batch, 4]
  input kind: index(3)[batch]
  hidden = x |> dense(8) |> relu |> dropout(0.25)
  logits = hidden |> dense(3)
  output probability = softmax(logits)
  output likely = argmax(logits)
  loss = cross_entropy(logits, kind)
  metric right = accuracy(logits, kind)
  train { optimizer = adam(lr = cosine(peak = 1e-2, steps = 200)), batch = 16, epochs = 2, seed = 3, clip_norm = 1 }
}
`;

function examples(rows: number): { x: Float32Array; kind: Int32Array } {
  return {
    x: Float32Array.from({ length: 4 * rows }, (_, i) => Math.sin(1.3 * i) + (i % 3)),
    kind: Int32Array.from({ length: rows }, (_, i) => (i * i) % 3),
  };
}

let gpu: GpuProcess;
let code = '';
let ts: LoadedModule;
beforeAll(async () => {
  gpu = await startGpu('swiftshader');
  code = await runnableText(text, { target: 'wgsl' });
  ts = await importCode(await runnableText(text));
});
afterAll(() => gpu?.end());

const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void => {
  expect(got.length).toBe(want.length);
  const scale = Math.max(...Array.from(want, Math.abs), 1e-3);
  Array.from(want).forEach((x, i) => {
    if (!(Math.abs(got[i] - x) <= tolerance * scale)) expect.fail(`[${i}] is ${got[i]}, not ${x}`);
  });
};

describe('a trainer on WebGPU', () => {
  it('agrees with plain TypeScript for 100 steps, whatever the batch', async () => {
    const here = ts.createTrainer();
    const there = await gpu.createTrainer(code);
    const initial = await there.read();
    for (const [name, values] of Object.entries(here.parameters)) expect([...initial[name]]).toEqual([...values]);
    for (let i = 0; i < 100; i++) {
      const batch = examples([16, 7, 64, 1][i % 4]);
      const [a, b] = [here.step(batch), await there.step(batch)];
      close([b.loss, b.right], [a.loss, a.right], 1e-4);
    }
    const after = await there.read();
    for (const [name, values] of Object.entries(here.parameters)) close(after[name], values, 1e-4);
    const batch = examples(33);
    close([(await there.evaluate(batch)).loss], [here.evaluate(batch).loss], 1e-4);
    const [p, q] = [here.predict({ x: batch.x }), await there.predict({ x: batch.x })];
    close(q.probability, p.probability, 1e-4);
    expect(q.likely).toEqual(p.likely);
    const [g, h] = [here.gradients(batch), await there.gradients(batch)];
    expect(Object.keys(h.gradients)).toEqual(Object.keys(g.gradients));
    for (const [name, values] of Object.entries(g.gradients)) close(h.gradients[name], values, 1e-4);
    expect(await there.stepCount()).toBe(100);
    await there.dispose();
    expect(await gpu.errors()).toEqual([]);
  });

  it('makes the passes of several train blocks, whose calls keep their order', async () => {
    const players = readFileSync(new URL('../reference/players.nn', import.meta.url), 'utf8');
    const here = (await importCode(await runnableText(players))).createTrainer();
    const there = await gpu.createTrainer(await runnableText(players, { target: 'wgsl' }));
    const inputs = (i: number) => ({
      real: Float32Array.from({ length: 16 }, (_, k) => Math.sin(k + 3 * i)),
      z: Float32Array.from({ length: 24 }, (_, k) => Math.cos(2 * k + i)),
    });
    // None of these is waited for before the next one is made.
    const answers = [0, 1, 2, 3, 4].map((i) => there.step(inputs(i), i === 2 ? 'pull' : undefined));
    for (const [i, answer] of answers.entries()) {
      const [a, b] = [here.step(inputs(i), i === 2 ? 'pull' : undefined), await answer];
      expect(Object.keys(b)).toEqual(Object.keys(a));
      close(Object.values(b), Object.values(a), 1e-4);
    }
    const [g, h] = [here.gradients(inputs(9), 'critic'), await there.gradients(inputs(9), 'critic')];
    expect(Object.keys(h.gradients)).toEqual(Object.keys(g.gradients));
    for (const [name, values] of Object.entries(g.gradients)) close(h.gradients[name], values, 1e-4);
    const saved = await there.save({ optimizer: true });
    const again = (await importCode(await runnableText(players))).createTrainer({ parameters: saved });
    close(Object.values(again.step(inputs(5))), Object.values(here.step(inputs(5))), 1e-4);
    await there.dispose();
    expect(await gpu.errors()).toEqual([]);
  });

  it('looks at data before the first step', async () => {
    const observing = `model m {
      input x: [batch, 4]
      output y = x |> standardize
      loss = mean((y |> dense(2))^2)
      train { optimizer = sgd(lr = 0.1) }
    }`;
    const here = (await importCode(await runnableText(observing))).createTrainer();
    const there = await gpu.createTrainer(await runnableText(observing, { target: 'wgsl' }));
    for (const rows of [7, 16]) {
      const { x } = examples(rows);
      here.observe({ x });
      await there.observe({ x });
    }
    const { x } = examples(9);
    close((await there.predict({ x })).y, here.predict({ x }).y, 1e-4);
    await there.step({ x });
    await expect(there.observe({ x })).rejects.toThrow(/^observe: a step has been made/);
    await there.dispose();
    expect(await gpu.errors()).toEqual([]);
  });

  it('reads and writes the checkpoints of other targets', async () => {
    const here = ts.createTrainer();
    for (let i = 0; i < 3; i++) here.step(examples(16));
    const there = await gpu.createTrainer(code, { seed: 9, parameters: here.save({ optimizer: true }) });
    expect(await there.stepCount()).toBe(3);
    expect(Buffer.compare(await there.save({ optimizer: true }), here.save({ optimizer: true }))).toBe(0);
    // The draws go on where they were.
    close([(await there.step(examples(16))).loss], [here.step(examples(16)).loss], 1e-5);
    const wrong = here.save().slice(0, 100);
    await expect(there.load(wrong)).rejects.toThrow('the checkpoint does not fit: it is not a safetensors file');
    await there.dispose();
  });

  it('keeps the order of calls that nobody has waited for', async () => {
    const [one, other] = await Promise.all([gpu.createTrainer(code), gpu.createTrainer(code)]);
    const batches = [examples(4), examples(9), examples(2)];
    const calls = [
      ...batches.map((batch) => ({ method: 'step', args: [batch] })),
      { method: 'predict', args: [{ x: examples(5).x }] },
      { method: 'save', args: [{ optimizer: true }] },
      { method: 'step', args: [examples(3)] },
      { method: 'read', args: [] },
    ];
    const all = await one.together(calls);
    const inTurn: unknown[] = [];
    for (const batch of batches) inTurn.push(await other.step(batch));
    inTurn.push(await other.predict({ x: examples(5).x }), await other.save({ optimizer: true }));
    inTurn.push(await other.step(examples(3)), await other.read());
    expect(all).toEqual(inTurn);
    await Promise.all([one.dispose(), other.dispose()]);
  });

  it.each(['epoch', 'step'])('fits as plain TypeScript does, told of each %s', async (report) => {
    const data = examples(75);
    const options = { validation: 0.2, report, patience: 5 };
    const there = await gpu.createTrainer(code);
    const found = await there.fit(data, options);
    const want: Record<string, unknown>[] = [];
    for await (const progress of ts.createTrainer().fit(data, options)) want.push(progress);
    const places = (all: Record<string, unknown>[]) => all.map((p) => [p.epoch, p.step, p.rows, p.best]);
    expect(places(found)).toEqual(places(want));
    const losses = (all: Record<string, unknown>[]): number[] =>
      all.flatMap((p) => [p.losses, p.validation].map((l) => (l ? (l as { loss: number }).loss : 0)));
    close(losses(found), losses(want), 1e-4);
    await there.dispose();
  });

  it('makes nothing on the device once it is warm, and submits once a step', async () => {
    const trainer = await gpu.createTrainer(code, { batch: 16 });
    const batch = examples(16);
    await trainer.step(batch);
    const before = await gpu.counts();
    for (let i = 0; i < 10; i++) await trainer.step(batch);
    const after = await gpu.counts();
    expect({ ...after, submit: after.submit - before.submit }).toEqual({ ...before, submit: 10 });
    await trainer.dispose();
  });

  it('changes nothing for a batch that does not fit', async () => {
    const trainer = await gpu.createTrainer(code);
    const before = await trainer.save({ optimizer: true });
    await expect(trainer.step({ ...examples(5), kind: new Int32Array(5).fill(3) })).rejects.toThrow(
      'kind: expected index(3)[batch], got 3 at position 0',
    );
    await expect(trainer.step({ ...examples(5), x: new Float32Array(7) })).rejects.toThrow('x: expected [batch, 4]');
    expect(Buffer.compare(await trainer.save({ optimizer: true }), before)).toBe(0);
    await expect(gpu.createTrainer(code, { batch: 1e8 })).rejects.toThrow(
      /^memory: \d+ MiB are needed, and the GPU device has buffers of at most 128 MiB; use smaller batches$/,
    );
    await trainer.dispose();
    await expect(trainer.step(examples(1))).rejects.toThrow('classes: this trainer has been disposed of');
    expect(await gpu.errors()).toEqual([]);
  });

  it('says in words what is given wrongly', async () => {
    const said = (call: Promise<unknown>): Promise<string> => call.then(() => 'no error', String);
    const trainer = await gpu.createTrainer(code, { seed: 2 ** 32 - 1 });
    const before = await trainer.save({ optimizer: true });
    const wide = BigInt64Array.from({ length: 5 }, (_, i) => (i === 3 ? 4294967297n : 1n));
    const file = ts.createTrainer().save({ optimizer: true });
    expect([
      await said(gpu.createTrainer(code, { sed: 1 })),
      await said(gpu.createTrainer(code, { seed: 2 ** 32 })),
      await said(gpu.createTrainer(code, { parameters: 7 })),
      await said(gpu.createTrainer(code, { parameters: file.subarray(0, -1) })),
      await said(trainer.step({ ...examples(5), kind: wide })),
      await said(trainer.step({ ...examples(5), x: { data: new Float32Array(20), shape: 5 } })),
      await said(trainer.predict(null as unknown as object)),
      await said(trainer.fit(examples(9), { epoch: 1 })),
      await said(trainer.fit({ ...examples(9), x: [1, 2] })),
      await said(trainer.save({ optimiser: true })),
      await said(trainer.load('model.safetensors' as unknown as Uint8Array)),
    ]).toMatchInlineSnapshot(`
      [
        "TypeError: createTrainer: there is no option sed: did you mean seed?",
        "RangeError: seed: expected a whole number from 0 to 4294967295, got 4294967296",
        "TypeError: parameters: expected a checkpoint (Uint8Array or ArrayBuffer) or an object of arrays by name, got 7",
        "RangeError: the checkpoint does not fit: optimizer/logits.dense.b/v: its numbers are cut off",
        "RangeError: kind: expected index(3)[batch], got 4294967297 at position 3",
        "TypeError: x: expected the shape of [batch, 4] as an array of numbers, got 5",
        "TypeError: inputs: expected an object of arrays (x), got null",
        "TypeError: fit: there is no option epoch: did you mean epochs?",
        "TypeError: x: expected [batch, 4] as Float32Array, got Array",
        "TypeError: save: there is no option optimiser: did you mean optimizer?",
        "TypeError: checkpoint: expected a Uint8Array or an ArrayBuffer, got "model.safetensors"",
      ]
    `);
    expect(Buffer.compare(await trainer.save({ optimizer: true }), before)).toBe(0);
    const kind = BigInt64Array.from(examples(5).kind, BigInt);
    expect(await trainer.evaluate({ ...examples(5), kind })).toEqual(await trainer.evaluate(examples(5)));
    const [first] = await trainer.fit(examples(10), { validation: 0.3, epochs: 1 });
    expect((first.heldOut as number[]).length).toBe(3);
    await trainer.load(file.slice().buffer as unknown as Uint8Array);
    expect(Buffer.compare(await trainer.save({ optimizer: true }), file)).toBe(0);
    await trainer.dispose();
  });

  it('resumes between two updates', async () => {
    const accumulating = await runnableText(text.replace('clip_norm = 1', 'accumulate = 3'), { target: 'wgsl' });
    const data = examples(70);
    const whole = await gpu.createTrainer(accumulating);
    await whole.fit(data, { epochs: 2 });
    const end = await whole.save({ optimizer: true });
    for (const stop of [2, 4, 7]) {
      const first = await gpu.createTrainer(accumulating);
      await first.fit(data, { epochs: 2, report: 'step', stop });
      const later = await gpu.createTrainer(accumulating, { parameters: await first.save({ optimizer: true }) });
      await later.fit(data, { epochs: 2, start: stop });
      expect(Buffer.compare(await later.save({ optimizer: true }), end)).toBe(0);
      await Promise.all([first.dispose(), later.dispose()]);
    }
    await whole.dispose();
  });

  it('takes more groups than one dimension holds', async () => {
    const doubled = 'model doubled {\n  input x: [batch]\n  param w: f32 = 2\n  output y = w * x\n  loss = w\n}\n';
    const trainer = await gpu.createTrainer(await runnableText(doubled, { target: 'wgsl' }));
    const rows = 64 * 65_535 + 100;
    const { y } = await trainer.predict({ x: Float32Array.from({ length: rows }, (_, i) => i % 1000) });
    for (const i of [0, 1, 64 * 65_535 - 1, 64 * 65_535, rows - 1]) expect(y[i]).toBe(2 * (i % 1000));
    expect(await gpu.errors()).toEqual([]);
    await trainer.dispose();
  });

  it('says so where the device is lost', async () => {
    const other = await startGpu('swiftshader');
    try {
      const trainer = await other.createTrainer(code);
      await trainer.step(examples(4));
      await other.loseDevice();
      await expect(trainer.step(examples(4))).rejects.toThrow('classes: the GPU device was lost');
      await expect(trainer.read()).rejects.toThrow('classes: the GPU device was lost');
    } finally {
      other.end();
    }
  });
});
