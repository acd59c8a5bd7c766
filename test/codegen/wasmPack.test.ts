// Binaries taken apart and put together again are the same, whatever stands in them.
import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'node:zlib';
import { transform } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { unpackBinary } from '../../src/codegen/runtime/binary.js';
import { createModule, type Module } from '../../src/codegen/wasm/assembler.js';
import { createCode, type Code } from '../../src/codegen/wasm/code.js';
import { emitWasm } from '../../src/codegen/wasm/emitWasm.js';
import { compile } from '../../src/compile.js';
import { chosen } from '../support/full.js';

/** A module of one function with two parameters, which `write` writes. */
function moduleOf(write: (code: Code) => void): Module {
  const module = createModule({ module: 'env', name: 'memory', kind: 'unlimited' });
  const index = module.declare({ params: ['i32', 'f32'], results: [] });
  const code = createCode(2);
  write(code);
  module.define(index, code);
  module.export('run', index);
  return module;
}

function unpacked(packed: Uint8Array): Uint8Array {
  return unpackBinary(Buffer.from(packed).toString('base64'));
}

function expectSame(module: Module): Uint8Array {
  const binary = module.toBytes();
  expect(WebAssembly.validate(new Uint8Array(binary))).toBe(true);
  expect(unpacked(module.toPacked())).toEqual(binary);
  return binary;
}

const extremes = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 2 ** 31 - 1, -(2 ** 31)];

describe('a binary that was taken apart', () => {
  it('has its numbers, of whatever size and however many there are', () => {
    expectSame(
      moduleOf((code) => {
        for (const value of extremes)
          for (let i = 0; i < (value % 2 === 0 ? 1 : 60); i++) {
            code.i32(value);
            code.op('drop');
          }
      }),
    );
  });

  it('has its offsets, which rise and fall', () => {
    expectSame(
      moduleOf((code) => {
        for (const offset of [0, 16, 4, 2 ** 32 - 1, 0, 127, 128, 2 ** 31, 2 ** 31 - 1])
          for (const name of ['f32.load', 'v128.load', 'i32.load'] as const) {
            code.get(0);
            code.memory(name, offset);
            code.op('drop');
          }
        code.get(0);
        code.v128(new Uint8Array(16));
        code.laneMemory('v128.store64_lane', 8, 1);
      }),
    );
  });

  it('has more instructions than a byte counts', () => {
    expectSame(
      moduleOf((code) => {
        for (let i = 0; i < 400; i++) {
          code.f32(i / 7);
          code.op('drop');
        }
      }),
    );
  });

  it('has its locals in the order of their first use, those that hold constants first', () => {
    const write = (declared: 'early' | 'late') => (code: Code) => {
      const early = declared === 'early' ? [code.local('v128'), code.local('i32')] : [];
      code.get(1);
      const [vector, number] = declared === 'early' ? early : [code.local('i32'), code.local('v128')].reverse();
      code.op('drop');
      code.i32(7);
      code.set(number);
      const constant = code.local('v128');
      code.prologue.v128(new Uint8Array(16).fill(1));
      code.prologue.set(constant);
      code.get(constant);
      code.set(vector);
      for (let i = 0; i < 200; i++) {
        const local = code.local('f32');
        code.get(1);
        code.tee(local);
        code.set(i % 3 === 0 ? 1 : local);
      }
      code.get(number);
      code.get(0);
      code.op('i32.add', 'drop');
    };
    expect(expectSame(moduleOf(write('early')))).toEqual(expectSame(moduleOf(write('late'))));
  });

  it('has what stands around its code', () => {
    const whole = moduleOf(() => undefined);
    whole.data(8, Uint8Array.of(1, 2, 3));
    whole.name(0, 'läuft');
    expectSame(whole);
  });
});

/** Minified and gzipped, in KB. */
const modules = [
  ['bench/peers/models/lenet.nn', 21.2],
  ['bench/peers/models/char-transformer.nn', 24],
  ['examples/lenet/lenet.nn', 22.2],
] as const;

it.each(chosen(modules, ([file]) => file === modules[0][0]))(
  'the module of %s has less than %d KB',
  async (file, limit) => {
    const { code = '', program } = await compile(
      { file, text: readFileSync(file, 'utf8') },
      { target: 'wasm', language: 'js' },
    );
    if (!program) throw new Error('the model has errors');
    const { code: minified } = await transform(code, { minify: true, format: 'esm' });
    expect(gzipSync(minified, { level: 9 }).length).toBeLessThan(1000 * limit);
    const { packed, binary } = emitWasm(program);
    expect(unpacked(packed)).toEqual(binary);
    expect(packed.length).toBeLessThan(0.5 * deflateSync(binary, { level: 9 }).length);
  },
  300_000,
);
