// What kernels look like in TypeScript.
import { describe, expect, it } from 'vitest';
import { readable } from '../../src/codegen/text/document.js';
import { printKernel } from '../../src/codegen/typescript/kernel.js';
import { printScalar } from '../../src/codegen/typescript/scalar.js';
import * as ix from '../../src/ir/index.js';
import type { Kernel } from '../../src/ir/program.js';
import { apply, load, local, number, type Scalar } from '../../src/ir/scalar.js';
import { batch, buffer, kernel, linear, loop } from '../support/programs.js';

async function text(of: Kernel): Promise<string> {
  return readable.format(await readable.print([printKernel(of, of.name.replace(/\W/g, '_')).definition]));
}

describe('a kernel', () => {
  it('is a function of sizes and arrays under its provenance', async () => {
    expect(await text(linear().kernels[0])).toMatchInlineSnapshot(`
      "// prediction = x @ line.W + line.offset[group]        linear.nn:8 line
      // plain loops
      function prediction(
        batch: number,
        x: Float32Array,
        line_W: Float32Array,
        line_offset: Float32Array,
        group: Int32Array,
        prediction: Float32Array,
      ): void {
        for (let b = 0; b < batch; b++) {
          let acc = 0;
          for (let i = 0; i < 3; i++) {
            acc += x[3 * b + i] * line_W[i];
          }
          prediction[b] = acc + line_offset[group[b]];
        }
      }
      "
    `);
  });

  it('keeps an axis apart from a buffer of the same name', async () => {
    const x = buffer('i', 'arena', batch);
    const i = ix.axis('i', batch);
    const body = [loop(i, [{ kind: 'store', to: x, at: ix.atom(i), value: number(1) } as const])];
    expect(await text(kernel('ones', body))).toMatchInlineSnapshot(`
      "// ones = …        linear.nn:5
      // plain loops
      function ones(batch: number, i: Float32Array): void {
        for (let i_2 = 0; i_2 < batch; i_2++) {
          i[i_2] = 1;
        }
      }
      "
    `);
  });

  it('prints overlapped tails, guards, lets and quotients', async () => {
    const x = buffer('größe.x₁', 'arena', batch);
    const i = ix.axis('i', batch);
    const q = ix.axis('q', ix.constant(5));
    const at = ix.atom(i);
    expect(
      await text(
        kernel('tails', [
          {
            kind: 'if',
            less: [ix.constant(3), batch],
            then: [
              {
                kind: 'loop',
                axis: i,
                to: batch,
                step: 4,
                last: ix.sub(batch, 4),
                as: 'serial',
                body: [
                  { kind: 'index', axis: q, value: ix.div(at, ix.constant(5)) },
                  { kind: 'let', name: 'x0', value: load(x, ix.atom(q)) },
                  {
                    kind: 'store',
                    to: x,
                    at: ix.add(at, 1),
                    value: apply('sub', load(x, ix.add(at, 1)), local('x0', 'f32')),
                  },
                ],
              },
            ],
            else: [{ kind: 'store', to: x, at: ix.zero, value: number(-Infinity) }],
          },
        ]),
      ),
    ).toMatchInlineSnapshot(`
      "// tails = …        linear.nn:5
      // plain loops
      function tails(batch: number, größe_x1: Float32Array): void {
        if (3 < batch) {
          for (let i_next = 0; i_next < batch; i_next += 4) {
            const i = Math.min(i_next, batch - 4);
            const q = Math.floor(i / 5);
            const x0 = größe_x1[q];
            größe_x1[i + 1] -= x0;
          }
        } else {
          größe_x1[0] = -Infinity;
        }
      }
      "
    `);
  });
});

describe('a scalar', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => local(name, 'f32'));
  const [i, j] = ['i', 'j'].map((name) => local(name, 'i32'));
  const [u, v] = ['u', 'v'].map((name) => local(name, 'u32'));
  const never = (): never => {
    throw new Error('only locals here');
  };
  const print = (value: Scalar): string =>
    printScalar(value, { size: never, axis: never, buffer: never, local: (name) => name }).text;

  it.each<[Scalar, string]>([
    [apply('mul', apply('add', a, b), c), '(a + b) * c'],
    [apply('add', a, apply('mul', b, c)), 'a + b * c'],
    [apply('add', a, apply('add', b, c)), 'a + (b + c)'],
    [apply('sub', apply('sub', a, b), c), 'a - b - c'],
    [apply('div', a, apply('mul', b, c)), 'a / (b * c)'],
    [apply('add', a, apply('neg', b)), 'a - b'],
    [apply('neg', apply('neg', a)), '-(-a)'],
    [apply('neg', apply('add', a, b)), '-(a + b)'],
    [apply('select', apply('lt', a, b), a, apply('neg', number(0.5))), 'a < b ? a : -0.5'],
    [apply('mul', apply('select', apply('lt', a, b), a, b), c), '(a < b ? a : b) * c'],
    [apply('not', apply('lt', a, b)), '!(a < b)'],
    [apply('not', apply('eq', a, b)), 'a !== b'],
    [apply('or', apply('and', apply('lt', a, b), apply('lt', b, c)), apply('eq', a, c)), '(a < b && b < c) || a === c'],
    [apply('f32', apply('le', a, b)), 'a <= b ? 1 : 0'],
    [apply('i32', a), 'a | 0'],
    [apply('add', i, j), '(i + j) | 0'],
    [apply('mul', u, v), 'Math.imul(u, v) >>> 0'],
    [apply('xor', apply('add', u, v), number(3, 'u32')), '(((u + v) >>> 0) ^ 3) >>> 0'],
    [apply('shr', u, number(8, 'u32')), 'u >>> 8'],
    [apply('round', apply('exp', number(-0))), 'roundEven(Math.exp(-0))'],
  ])('%#: $1', (value, expected) => {
    expect(print(value)).toBe(expected);
  });
});
