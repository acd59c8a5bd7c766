// The trainer module for WebAssembly: the same answers as plain TypeScript, memory that grows, errors that change nothing.
import { describe, expect, it } from 'vitest';
import { emitModule, toJavaScript } from '../../src/codegen/emit.js';
import { unpackBinary } from '../../src/codegen/runtime/binary.js';
import { emitWasm } from '../../src/codegen/wasm/emitWasm.js';
import type { TrainerProgram } from '../../src/ir/program.js';
import { planMemory } from '../../src/passes/schedule/planMemory.js';
import { wasm } from '../support/targets.js';
import { emitted } from '../support/emitted.js';
import { linear } from '../support/programs.js';
import type { LoadedTrainer } from '../support/trainer.js';

/** The program with all its buffers in one memory. */
function flat(program: TrainerProgram): TrainerProgram {
  const memory = planMemory(Object.values(program.entries), program.buffers, wasm, () => 4);
  return { ...program, memory };
}

interface AsyncModule {
  createTrainer(options?: object): Promise<LoadedTrainer>;
}

async function load(program: TrainerProgram, change: (js: string) => string = (js) => js): Promise<AsyncModule> {
  const { code } = await emitModule(flat(program), { target: 'wasm' });
  const { js } = await toJavaScript(code);
  return import(`data:text/javascript;base64,${Buffer.from(change(js)).toString('base64')}`);
}

function examples(rows: number): { x: Float32Array; group: Int32Array; y: Float32Array } {
  return {
    x: Float32Array.from({ length: 3 * rows }, (_, i) => Math.sin(i)),
    group: Int32Array.from({ length: rows }, (_, i) => i % 2),
    y: Float32Array.from({ length: rows }, (_, i) => Math.cos(i)),
  };
}

describe('a trainer in WebAssembly', () => {
  it('holds its code packed, in base64', async () => {
    const program = flat(linear());
    const { code } = await emitModule(program, { target: 'wasm' });
    const [, text = ''] = /"([\w+/=]{200,})"/.exec(code) ?? [];
    const { binary } = emitWasm(program);
    expect(unpackBinary(text)).toEqual(binary);
    expect(text.length).toBeLessThan(0.8 * binary.length);
  });

  it('gives the numbers of plain TypeScript', async () => {
    for (const accumulate of [1, 2]) {
      const ts = (await emitted(linear({ accumulate }))).createTrainer({ seed: 3 });
      const other = await (await load(linear({ accumulate }))).createTrainer({ seed: 3 });
      expect([...other.parameters['line.W']]).toEqual([...ts.parameters['line.W']]);
      for (const rows of [4, 7, 1, 300, 5]) {
        const [a, b] = [ts.step(examples(rows)), other.step(examples(rows))];
        expect(b.loss / a.loss).toBeCloseTo(1, 5);
        const [c, d] = [ts.gradients(examples(rows)), other.gradients(examples(rows))];
        d.gradients['line.W'].forEach((g, i) => expect(g).toBeCloseTo(c.gradients['line.W'][i], 5));
        const p = other.predict({ x: examples(rows).x, group: examples(rows).group }).prediction;
        expect(p.length).toBe(rows);
      }
      other.parameters['line.W'].forEach((w, i) => expect(w).toBeCloseTo(ts.parameters['line.W'][i], 5));
      expect(other.stepCount).toBe(ts.stepCount);
      other.load(ts.save({ optimizer: true }));
      expect(Buffer.compare(other.save({ optimizer: true }), ts.save({ optimizer: true }))).toBe(0);
    }
  });

  it('keeps the parameters through growth', async () => {
    const trainer = await (await load(linear())).createTrainer({ batch: 2 });
    const { parameters } = trainer;
    const before = [...parameters['line.W']];
    expect(trainer.evaluate(examples(2)).loss).toBeGreaterThan(0);
    trainer.evaluate(examples(100_000));
    expect([...parameters['line.W']]).toEqual(before);
    parameters['line.W'].fill(0);
    parameters['line.offset'].fill(0.25);
    const { prediction } = trainer.predict({ x: examples(9).x, group: examples(9).group });
    expect(Array.from(prediction)).toEqual(Array.from({ length: 9 }, () => 0.25));
  });

  it('leaves arrays of parameters live that were taken before growth', async () => {
    for (const accumulate of [1, 2]) {
      const module = await load(linear({ accumulate }));
      const [trainer, other] = [
        await module.createTrainer({ batch: 2 }),
        await module.createTrainer({ batch: 50_000 }),
      ];
      const [kept, same] = [trainer.parameters['line.W'], other.parameters['line.W']];
      const { 'line.offset': offset } = trainer.parameters;
      for (const rows of [2, 20_000, 3, 50_000, 4]) {
        for (let i = 0; i < 2; i++) expect(trainer.step(examples(rows))).toEqual(other.step(examples(rows)));
        expect([...kept]).toEqual([...same]);
        expect(trainer.parameters['line.W']).toBe(kept);
        kept[1] = same[1] = rows / 1000;
        expect(trainer.evaluate(examples(rows))).toEqual(other.evaluate(examples(rows)));
        expect(Buffer.compare(trainer.save({ optimizer: true }), other.save({ optimizer: true }))).toBe(0);
      }
      expect([...offset]).toEqual([0.5, 0.5]);
      const fresh = await module.createTrainer({ seed: 9 });
      trainer.load(fresh.save());
      expect([...kept]).toEqual([...fresh.parameters['line.W']]);
    }
  });

  it('changes nothing where memory cannot be had', async () => {
    const module = await load(linear());
    await expect(module.createTrainer({ batch: 1e9 })).rejects.toThrow(/^memory: \d+ MiB are needed and cannot be had/);
    await expect(module.createTrainer({ batch: 1e9 })).rejects.toBeInstanceOf(RangeError);
  });

  it('changes nothing for a batch that does not fit', async () => {
    const trainer = await (await load(linear())).createTrainer();
    const before = Buffer.from(trainer.save({ optimizer: true })).toString('latin1');
    const wrong = { ...examples(50_000), group: new Int32Array(50_000).fill(2) };
    expect(() => trainer.step(wrong)).toThrow('group: expected index(2)[batch], got 2 at position 0');
    expect(Buffer.from(trainer.save({ optimizer: true })).toString('latin1')).toBe(before);
    trainer.dispose();
    expect(() => trainer.step(examples(1))).toThrow('linear: this trainer has been disposed of');
  });

  it('says what is missing', async () => {
    const without = await load(linear(), (js) => `const WebAssembly = undefined;\n${js}`);
    await expect(without.createTrainer()).rejects.toThrow(
      'linear needs WebAssembly, which is missing here: compile the model with --target ts',
    );
    const plain = await load(linear(), (js) => `const WebAssembly = { validate: () => false };\n${js}`);
    await expect(plain.createTrainer()).rejects.toThrow('linear needs WebAssembly SIMD, which is missing here');
  });

  it('allocates next to nothing once it is warm', async () => {
    const trainer = await (await load(linear())).createTrainer();
    const batches = [examples(4), examples(3)];
    for (let i = 0; i < 2000; i++) trainer.step(batches[i % 2]);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 2000; i++) trainer.step(batches[i % 2]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4096);
  });
});
