// Checkpoints: what is written is read, what does not fit is refused whole, and training goes on exactly.
import { beforeAll, describe, expect, it } from 'vitest';
import { readHeader, readTensors, writeTensors, type Tensor } from '../../src/codegen/runtime/safetensors.js';
import { emitted, errorOf, stateOf } from '../support/emitted.js';
import { linear } from '../support/programs.js';
import { createDraws } from '../support/sampleTypes.js';
import type { LoadedModule, LoadedTrainer } from '../support/trainer.js';

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
      misshapen: RangeError: the checkpoint does not fit: line.W: expected shape [3], got [1, 3]
      other numbers: RangeError: the checkpoint does not fit: line.W: expected F32, got I32
      half an optimizer: RangeError: the checkpoint does not fit: it lacks the tensor optimizer/line.W/accumulated
      cut off: RangeError: the checkpoint does not fit: seen: its numbers are cut off
      something else: RangeError: the checkpoint does not fit: it is not a safetensors file, or its header is cut off
      nothing: RangeError: the checkpoint does not fit: it is not a safetensors file, or its header is cut off"
    `);
    expect(stateOf(trainer)).toBe(before);
  });

  it('may hold names of any letters', () => {
    const sigma = { name: 'σ.W₁', shape: [2], data: Float32Array.of(1, 2) };
    const into = { ...sigma, data: new Float32Array(2) };
    expect(readTensors(writeTensors([sigma], { a: 'b' }), [into], [])).toBeUndefined();
    expect([...into.data]).toEqual([1, 2]);
    const inherited = { ...sigma, name: '__proto__' };
    expect([...readHeader(writeTensors([inherited], {}), Error).tensors.keys()]).toEqual(['__proto__']);
  });
});

describe('a damaged checkpoint', () => {
  let trainer: LoadedTrainer;
  let sound: Uint8Array;
  beforeAll(() => {
    trainer = module.createTrainer({ seed: 5 });
    for (let i = 0; i < 5; i++) trainer.step(data);
    sound = trainer.save({ optimizer: true });
    trainer = module.createTrainer({ seed: 6 });
    for (let i = 0; i < 3; i++) trainer.step(data);
  });

  /** The file with other text for its header; the numbers stay. */
  function withHeader(change: (text: string) => string, file = sound): Uint8Array {
    const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    const text = new TextDecoder().decode(file.subarray(8, 8 + length)).trimEnd();
    const changed = new TextEncoder().encode(change(text));
    const out = new Uint8Array(8 + changed.length + file.length - 8 - length);
    new DataView(out.buffer).setBigUint64(0, BigInt(changed.length), true);
    out.set(changed, 8);
    out.set(file.subarray(8 + length), 8 + changed.length);
    return out;
  }

  const replaced = (from: string | RegExp, to: string) => (): Uint8Array =>
    withHeader((text) => {
      expect(text).toMatch(from);
      return text.replace(from, to);
    });

  const cases: readonly (readonly [string, () => Uint8Array])[] = [
    ['update below 0', replaced('"update":"2"', '"update":"-5"')],
    ['update with a fraction', replaced('"update":"2"', '"update":"1.5"')],
    ['update without end', replaced('"update":"2"', '"update":"Infinity"')],
    ['update as a word', replaced('"update":"2"', '"update":"NaN"')],
    ['update that is empty', replaced('"update":"2"', '"update":""')],
    ['update in exponents', replaced('"update":"2"', '"update":"1e0"')],
    ['update beyond all', replaced('"update":"2"', '"update":"99999999999999999999"')],
    ['update as a number', replaced('"update":"2"', '"update":2')],
    ['update renamed', replaced('"update":"2"', '"updates":"2"')],
    ['update missing', replaced('"update":"2",', '')],
    ['draw missing', replaced('"draw":"5",', '')],
    ['more updates than calls', replaced('"draw":"5"', '"draw":"1"')],
    ['seed out of range', replaced('"seed":"5"', '"seed":"4294967296"')],
    ['seed missing', replaced(',"seed":"5"', '')],
    ['metadata dropped', replaced(/"__metadata__":\{[^}]*\},/, '')],
    ['metadata null', replaced(/"__metadata__":\{[^}]*\}/, '"__metadata__":null')],
    ['metadata as a list', replaced(/"__metadata__":\{[^}]*\}/, '"__metadata__":["a"]')],
    ['a tensor twice', replaced('"seen":', '"line.W":')],
    ['a tensor twice, spelled otherwise', replaced('"seen":', '"\\u006cine.W":')],
    ['a shape twice', replaced('"shape":[3]', '"shape":[3],"shape":[3]')],
    ['a null entry', replaced(/"seen":\{[^}]*\}/, '"seen":null')],
    ['an entry as a list', replaced(/"seen":\{[^}]*\}/, '"seen":[1]')],
    ['an unknown dtype', replaced('"dtype":"F32"', '"dtype":"F33"')],
    ['a dtype of another word', replaced('"dtype":"F32"', '"dtype":"constructor"')],
    ['offsets that overlap', replaced('[12,20]', '[8,16]')],
    ['offsets with a fraction', replaced('[0,12]', '[0.5,12.5]')],
    ['offsets written with a point', replaced('[0,12]', '[0.0,12]')],
    ['offsets below 0', replaced('[0,12]', '[-0,12]')],
    ['offsets as texts', replaced('[0,12]', '["0","12"]')],
    ['offsets the other way round', replaced('[0,12]', '[12,0]')],
    ['one offset', replaced('[0,12]', '[12]')],
    ['three offsets', replaced('[0,12]', '[0,12,12]')],
    ['no offsets', replaced(',"data_offsets":[0,12]', '')],
    ['a shape as text', replaced('"shape":[3]', '"shape":"3"')],
    ['half a character', replaced('"format":"nnc"', '"format":"nn\\ud800c"')],
    ['a list as the header', () => withHeader(() => '[]')],
    ['a number as the header', () => withHeader(() => '5')],
    ['a space before the header', () => withHeader((text) => ` ${text}`)],
    ['no JSON', () => withHeader((text) => text.slice(0, -1))],
    ['a byte order mark', () => withHeader((text) => `\ufeff${text}`)],
    ['bytes that are no UTF-8', () => sound.map((byte, i) => (i === 12 ? 0xff : byte))],
    ['a header longer than the file', () => sound.map((byte, i) => (i === 6 ? 1 : byte))],
    ['bytes behind the last tensor', () => Uint8Array.of(...sound, 0, 0, 0, 0)],
    ['a tensor cut off', () => sound.subarray(0, -4)],
  ];

  it('is refused whole, with the reason', () => {
    const before = stateOf(trainer);
    const messages = cases.map(([what, file]) => `${what}: ${errorOf(() => trainer.load(file()))}`);
    expect(messages.join('\n')).toMatchInlineSnapshot(`
      "update below 0: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "-5" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update with a fraction: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "1.5" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update without end: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "Infinity" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update as a word: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "NaN" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update that is empty: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update in exponents: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "1e0" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update beyond all: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got "99999999999999999999" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update as a number: RangeError: the checkpoint does not fit: its __metadata__ is not an object of texts
      update renamed: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got nothing (without the tensors optimizer/… and these counts, the optimizer starts anew)
      update missing: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got nothing (without the tensors optimizer/… and these counts, the optimizer starts anew)
      draw missing: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have draw as a whole number from 0 to 9007199254740991, got nothing (without the tensors optimizer/… and these counts, the optimizer starts anew)
      more updates than calls: RangeError: the checkpoint does not fit: its metadata count 2 updates in 1 calls of step
      seed out of range: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have seed as a whole number from 0 to 4294967295, got "4294967296" (without the tensors optimizer/… and these counts, the optimizer starts anew)
      seed missing: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have seed as a whole number from 0 to 4294967295, got nothing (without the tensors optimizer/… and these counts, the optimizer starts anew)
      metadata dropped: RangeError: the checkpoint does not fit: beside the optimizer's tensors, expected its metadata to have update as a whole number from 0 to 9007199254740991, got nothing (without the tensors optimizer/… and these counts, the optimizer starts anew)
      metadata null: RangeError: the checkpoint does not fit: its __metadata__ is not an object of texts
      metadata as a list: RangeError: the checkpoint does not fit: its __metadata__ is not an object of texts
      a tensor twice: RangeError: the checkpoint does not fit: its header has the name "line.W" twice
      a tensor twice, spelled otherwise: RangeError: the checkpoint does not fit: its header has the name "line.W" twice
      a shape twice: RangeError: the checkpoint does not fit: its header has the name "shape" twice
      a null entry: RangeError: the checkpoint does not fit: seen: expected a dtype, a shape and two data_offsets of whole numbers, got null
      an entry as a list: RangeError: the checkpoint does not fit: seen: expected a dtype, a shape and two data_offsets of whole numbers, got [1]
      an unknown dtype: RangeError: the checkpoint does not fit: line.W: there is no dtype "F33"
      a dtype of another word: RangeError: the checkpoint does not fit: line.W: there is no dtype "constructor"
      offsets that overlap: RangeError: the checkpoint does not fit: line.offset: it overlaps another tensor
      offsets with a fraction: RangeError: the checkpoint does not fit: its header has a number that is not written as a whole one
      offsets written with a point: RangeError: the checkpoint does not fit: its header has a number that is not written as a whole one
      offsets below 0: RangeError: the checkpoint does not fit: its header has a number that is not written as a whole one
      offsets as texts: RangeError: the checkpoint does not fit: line.W: expected a dtype, a shape and two data_offsets of whole numbers, got {"dtype":"F32","shape":[3],"data_offsets":["0","12"]}
      offsets the other way round: RangeError: the checkpoint does not fit: line.W: its data_offsets [12, 0] do not fit F32 of shape [3]
      one offset: RangeError: the checkpoint does not fit: line.W: expected a dtype, a shape and two data_offsets of whole numbers, got {"dtype":"F32","shape":[3],"data_offsets":[12]}
      three offsets: RangeError: the checkpoint does not fit: line.W: expected a dtype, a shape and two data_offsets of whole numbers, got {"dtype":"F32","shape":[3],"data_offsets":[0,12,12]}
      no offsets: RangeError: the checkpoint does not fit: line.W: expected a dtype, a shape and two data_offsets of whole numbers, got {"dtype":"F32","shape":[3]}
      a shape as text: RangeError: the checkpoint does not fit: line.W: expected a dtype, a shape and two data_offsets of whole numbers, got {"dtype":"F32","shape":"3","data_offsets":[0,12]}
      half a character: RangeError: the checkpoint does not fit: its header is not JSON in UTF-8
      a list as the header: RangeError: the checkpoint does not fit: its header is not an object of JSON
      a number as the header: RangeError: the checkpoint does not fit: its header is not an object of JSON
      a space before the header: RangeError: the checkpoint does not fit: its header is not an object of JSON
      no JSON: RangeError: the checkpoint does not fit: its header is not JSON in UTF-8
      a byte order mark: RangeError: the checkpoint does not fit: its header is not JSON in UTF-8
      bytes that are no UTF-8: RangeError: the checkpoint does not fit: its header is not JSON in UTF-8
      a header longer than the file: RangeError: the checkpoint does not fit: it is not a safetensors file, or its header is cut off
      bytes behind the last tensor: RangeError: the checkpoint does not fit: 4 bytes follow its last tensor
      a tensor cut off: RangeError: the checkpoint does not fit: optimizer/line.W/accumulated: its numbers are cut off"
    `);
    for (const [what, file] of cases) {
      expect(
        errorOf(() => trainer.load(file())),
        what,
      ).toMatch(/^RangeError: the checkpoint does not fit: /);
      expect(
        errorOf(() => module.createTrainer({ parameters: file() })),
        what,
      ).toMatch(/^RangeError: /);
    }
    expect(stateOf(trainer)).toBe(before);
  });

  it('with a hole before a tensor is refused', () => {
    const [w, more] = [Float32Array.of(1), Float32Array.of(2)].map((values, i) => ({
      name: 'wm'[i],
      shape: [1],
      data: values,
    }));
    const moved = withHeader((text) => text.replace(/,"m":.*?\}/, ''), writeTensors([w, more], {}));
    expect(errorOf(() => readTensors(moved, [w], []))).toBe(
      'RangeError: the checkpoint does not fit: 4 bytes follow its last tensor',
    );
    const first = withHeader((text) => text.replace(/"w":.*?\},/, ''), writeTensors([w, more], {}));
    expect(errorOf(() => readTensors(first, [more], []))).toBe(
      'RangeError: the checkpoint does not fit: m: there is a hole before it',
    );
  });

  it('may have its header in another order and form', () => {
    const other = module.createTrainer();
    const turned = withHeader((text) => {
      const { __metadata__: metadata, ...tensors } = JSON.parse(text) as Record<string, object>;
      const entries = Object.entries(tensors).reverse();
      return `${JSON.stringify({ ...Object.fromEntries(entries), __metadata__: metadata }, null, 1)}  \n `;
    });
    other.load(turned);
    expect(Buffer.compare(other.save({ optimizer: true }), sound)).toBe(0);
  });

  it('is refused with nothing changed, or means what it says, whatever the damage', () => {
    const draw = createDraws(1);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)];
    const words = [
      'null',
      '-5',
      '1.5',
      '0',
      '3',
      '12',
      '"x"',
      '"F32"',
      '[]',
      '{}',
      '[0,12]',
      '"line.W":',
      ',',
      '"',
      '\\',
      '1e9',
    ];
    const damage = (text: string): string => {
      const at = Math.floor(draw() * text.length);
      const to = at + Math.floor(draw() * 6);
      const tokens = [...text.matchAll(/"[^"]*"|\d+|[[\]{},:]|$/g)];
      const token = pick(tokens);
      const other = pick(tokens);
      switch (Math.floor(draw() * 5)) {
        case 0:
          return text.slice(0, at) + text.slice(to);
        case 1:
          return text.slice(0, at) + pick(words) + text.slice(at);
        case 2:
          return text.slice(0, token.index) + pick(words) + text.slice(token.index + token[0].length);
        case 3:
          return text.slice(0, token.index) + other[0] + text.slice(token.index + token[0].length);
        default:
          return text.slice(0, to) + text.slice(at);
      }
    };
    const before = stateOf(trainer);
    let accepted = 0;
    for (let i = 0; i < 4000; i++) {
      const bytes = Uint8Array.from(sound);
      for (let n = Math.floor(draw() * 3); n >= 0; n--) bytes[Math.floor(draw() * 300)] ^= 1 << Math.floor(draw() * 8);
      const file = i % 2 ? bytes : withHeader(i % 4 ? damage : (text) => damage(damage(text)));
      const error = errorOf(() => trainer.load(file));
      if (error !== 'no error') {
        expect(error).toMatch(/^RangeError: the checkpoint does not fit: [^]{1,300}$/);
        if (i % 16 === 0) expect(stateOf(trainer)).toBe(before);
        continue;
      }
      accepted++;
      const { header, start } = parse(file);
      const { header: now, start: begin } = parse(trainer.save({ optimizer: true }));
      const saved = trainer.save({ optimizer: true });
      const { format, model, source, ...counts } = now.__metadata__;
      const resumed = 'update' in (header.__metadata__ ?? {});
      if (resumed) expect({ learningRateScale: '1', ...header.__metadata__ }).toMatchObject(counts);
      for (const [name, entry] of Object.entries<{ data_offsets: number[] }>(header)) {
        if (name === '__metadata__') continue;
        const [from, to] = entry.data_offsets;
        const [a, b] = now[name].data_offsets;
        expect(Buffer.compare(saved.subarray(begin + a, begin + b), file.subarray(start + from, start + to))).toBe(0);
      }
      expect([format, model, source].every((text) => typeof text === 'string')).toBe(true);
      trainer.load(Buffer.from(before, 'latin1'));
      expect(stateOf(trainer)).toBe(before);
    }
    expect(accepted).toBeGreaterThan(20);
    expect(accepted).toBeLessThan(2000);
  });
});
