// Checkpoints: what is written is read, what does not fit is refused whole, and training goes on exactly.
import { beforeAll, describe, expect, it } from 'vitest';
import { readTensors, writeTensors, type Tensor } from '../../src/codegen/runtime/safetensors.js';
import { emitted, errorOf, stateOf } from '../support/emitted.js';
import { linear } from '../support/programs.js';
import type { LoadedModule } from '../support/trainer.js';

let module: LoadedModule;
beforeAll(async () => {
  module = await emitted(linear({ accumulate: 2 }));
});

const data = {
  x: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
  group: Int32Array.of(0, 1, 0, 1),
  y: Float32Array.of(1, -1, 2, 0),
};

/** The header of a safetensors file, and its numbers. */
function parse(file: Uint8Array) {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { header: JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))), start: 8 + length };
}

describe('save and load', () => {
  it('write a safetensors file', () => {
    const trainer = module.createTrainer();
    const file = trainer.save();
    const { header, start } = parse(file);
    expect(start % 8).toBe(0);
    expect(Object.keys(header)).toEqual(['__metadata__', 'line.W', 'line.offset', 'seen']);
    expect(header['line.offset']).toEqual({ dtype: 'F32', shape: [2], data_offsets: [12, 20] });
    expect(new Float32Array(file.slice(start, start + 12).buffer)).toEqual(trainer.parameters['line.W']);
    expect(file.length).toBe(start + 24);
  });

  it('go on exactly, also between two updates', () => {
    const trainer = module.createTrainer({ seed: 5 });
    for (let i = 0; i < 5; i++) trainer.step(data);
    const checkpoint = trainer.save({ optimizer: true });
    const resumed = module.createTrainer({ parameters: checkpoint });
    expect(resumed.stepCount).toBe(2);
    for (let i = 0; i < 4; i++) expect(resumed.step(data)).toEqual(trainer.step(data));
    expect(stateOf(resumed)).toBe(stateOf(trainer));
  });

  it('start the optimizer anew where the checkpoint lacks it', () => {
    const trainer = module.createTrainer();
    for (let i = 0; i < 3; i++) trainer.step(data);
    const fresh = module.createTrainer({ parameters: trainer.save() });
    trainer.load(trainer.save());
    expect(trainer.stepCount).toBe(0);
    expect(stateOf(trainer)).toBe(stateOf(fresh));
  });

  it('take a file at any place in a buffer', () => {
    const trainer = module.createTrainer({ seed: 1 });
    const file = trainer.save();
    const moved = new Uint8Array(file.length + 3);
    moved.set(file, 3);
    const other = module.createTrainer({ seed: 2, parameters: moved.subarray(3) });
    expect(other.parameters['line.W']).toEqual(trainer.parameters['line.W']);
  });
});

describe('a checkpoint that does not fit', () => {
  const tensor = (name: string, length: number, shape: readonly number[] = [length]): Tensor => ({
    name,
    shape,
    data: new Float32Array(length),
  });
  const [w, offset, seen] = [tensor('line.W', 3), tensor('line.offset', 2), tensor('seen', 1, [])];
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['missing', writeTensors([w, seen], {})],
    ['extra', writeTensors([w, offset, seen, tensor('more', 1)], {})],
    ['misshapen', writeTensors([tensor('line.W', 3, [1, 3]), offset, seen], {})],
    ['other numbers', writeTensors([{ ...w, data: new Int32Array(3) }, offset, seen], {})],
    ['half an optimizer', writeTensors([w, offset, seen, tensor('optimizer/line.W/velocity', 3)], {})],
    ['cut off', writeTensors([w, offset, seen], {}).subarray(0, -1)],
    ['something else', new TextEncoder().encode('PK this is no safetensors file')],
    ['nothing', new Uint8Array(0)],
  ];

  it('is refused whole, by name', () => {
    const trainer = module.createTrainer();
    trainer.step(data);
    const before = stateOf(trainer);
    const messages = cases.map(([what, file]) => `${what}: ${errorOf(() => trainer.load(file))}`);
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "missing: RangeError: the checkpoint does not fit: it lacks the tensor line.offset
      extra: RangeError: the checkpoint does not fit: the model has no tensor more
      misshapen: RangeError: the checkpoint does not fit: line.W: expected shape [3], got [1,3]
      other numbers: RangeError: the checkpoint does not fit: line.W: expected F32, got I32
      half an optimizer: RangeError: the checkpoint does not fit: it lacks the tensor optimizer/line.W/accumulated
      cut off: RangeError: the checkpoint does not fit: seen: its numbers are cut off or out of place
      something else: RangeError: the checkpoint does not fit: it is not a safetensors file
      nothing: RangeError: the checkpoint does not fit: it is not a safetensors file"
    `);
    expect(stateOf(trainer)).toBe(before);
  });

  it('may hold names of any letters', () => {
    const sigma = { name: 'σ.W₁', shape: [2], data: Float32Array.of(1, 2) };
    const into = { ...sigma, data: new Float32Array(2) };
    expect(readTensors(writeTensors([sigma], { a: 'b' }), [into], [])).toEqual({
      metadata: { a: 'b' },
      resumes: false,
    });
    expect([...into.data]).toEqual([1, 2]);
  });
});
