// The printed form of kernels.
import { describe, expect, it } from 'vitest';
import { atom, axis, toIndex } from '../../src/ir/index.js';
import { printKernel, printProgram } from '../../src/ir/printProgram.js';
import type { Kernel, Program } from '../../src/ir/program.js';
import { apply, load, number, type Buffer } from '../../src/ir/scalar.js';

const i = axis('i', 8);
const x: Buffer = { name: 'x', space: 'input', dtype: 'f32', length: toIndex(8) };
const ids: Buffer = { name: 'ids', space: 'input', dtype: 'i32', length: toIndex(8), below: 8 };
const out: Buffer = { name: 'out', space: 'arena', dtype: 'f32', length: toIndex(8) };
const at = atom({ kind: 'element', of: load(ids, toIndex(i)) });

const kernel: Kernel = {
  name: 'out',
  plan: 'serial',
  scratch: [],
  provenance: { formulas: ['out = exp(x[ids])'], sources: [{ file: 'm.nn', line: 3 }], phase: 'forward', results: [] },
  body: [
    {
      kind: 'loop',
      axis: i,
      to: toIndex(8),
      step: 1,
      as: 'serial',
      body: [
        {
          kind: 'if',
          less: [toIndex(i), toIndex(4)],
          then: [{ kind: 'store', to: out, at: toIndex(i), value: apply('exp', load(x, at)) }],
          else: [{ kind: 'store', to: out, at: toIndex(i), value: number(0) }],
        },
      ],
    },
  ],
};

describe('printProgram', () => {
  it('shows kernels statement by statement', () => {
    expect(printKernel(kernel).split('\n')).toEqual([
      'kernel out (forward)',
      '  // out = exp(x[ids])',
      '  // m.nn:3',
      '  // serial',
      '  for i = 0 .. 8',
      '    if i < 4',
      '      out[i] = exp(x[ids[i]])',
      '    else',
      '      out[i] = 0',
    ]);
  });

  it('names what a value has several times, so that no line is longer than what it computes', () => {
    const here = load(x, toIndex(0));
    const root = apply('sqrt', apply('add', here, number(1)));
    const value = apply('mul', apply('add', root, here), apply('sub', apply('exp', root), root));
    const once: Kernel = { ...kernel, body: [{ kind: 'store', to: out, at: toIndex(0), value }] };
    expect(printKernel(once).split('\n').slice(4)).toEqual([
      '  let $1 = sqrt((x[0] + 1))',
      '  out[0] = (($1 + x[0]) * (exp($1) - $1))',
    ]);
    // A sum of a sum with itself, thirty times over: 2^30 leaves.
    let sum = apply('exp', here);
    for (let n = 0; n < 30; n++) sum = apply('add', sum, sum);
    const deep: Kernel = { ...kernel, body: [{ kind: 'set', name: 'acc', value: sum }] };
    expect(printKernel(deep).split('\n').slice(-2)).toEqual(['  let $30 = ($29 + $29)', '  acc = ($30 + $30)']);
  });

  it('shows memory and entries', () => {
    const program: Program = {
      kernels: [kernel],
      buffers: [x, ids, out],
      memory: { offsets: new Map([[out, toIndex(0)]]), length: toIndex(8) },
      entries: {
        predict: {
          name: 'predict',
          steps: [{ kind: 'run', kernel }],
          inputs: ['x', 'ids'],
          results: [{ name: 'out', buffer: out }],
        },
      },
    };
    const text = printProgram(program);
    expect(text).toContain(
      'memory 8 words\nbuffer x: f32[8] in input\nbuffer ids: i32[8] in input\nbuffer out: f32[8] in arena at 0\n',
    );
    expect(text).toContain('entry predict(x, ids)\n  run out\n  gives out from out');
  });
});
