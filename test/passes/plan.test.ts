// What plan chooses for the shapes that matter, as the line that heads each kernel.
import { describe, expect, it } from 'vitest';
import { apply } from '../../src/ir/scalar.js';
import { planSerial } from '../../src/passes/schedule/plan/serial.js';
import { planWorkgroups } from '../../src/passes/schedule/plan/workgroups.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { relaxed, ts, wasm, wgsl } from '../support/targets.js';
import * as windows from '../support/windows.js';

const { batch } = nests;
const line = ({ nest }: Example, target = wasm): string => planSerial(nest, target, () => 64).text;

describe('plan for lanes', () => {
  it('stages the columns of a dense layer by panel, in tiles of 4×8', () => {
    expect(line(nests.dense(batch, 784, 128))).toBe(
      'contraction: v=o:128 u=b:batch fold=i:784 tile 4x8, v side staged by panel',
    );
  });

  it('stages the rows too where they are many and far apart', () => {
    expect(line(nests.contraction('Aᵀ·B', 784, 128, batch))).toBe(
      'contraction: v=j:128 u=i:784 fold=k:batch tile 4x8, v side staged by panel, u side staged',
    );
  });

  it('turns A·Bᵀ by panel', () => {
    expect(line(nests.contraction('A·Bᵀ', batch, 128, 784))).toBe(
      'contraction: v=j:128 u=i:batch fold=k:784 tile 4x8, v side staged by panel',
    );
  });

  it('takes narrow tiles for few columns and wide ones for few rows', () => {
    expect(line(nests.dense(batch, 128, 10))).toContain('tile 6x4');
    expect(line(nests.convolution(batch, 1, 6, 28, 5))).toContain('v=yx:784 u=o:6 fold=cij:25 tile 2x16');
  });

  it('makes the columns of a convolution one run, staged whole', () => {
    expect(line(nests.convolution(batch, 6, 16, 10, 5))).toBe(
      'contraction: v=yx:100 u=o:16 fold=cij:150 tile 4x8, v side staged whole',
    );
  });

  it('stages as many rows of an image at once as stay near', () => {
    expect(line(windows.forward({ batch, channels: 32, outputs: 64, side: 18, kernel: 3 }))).toBe(
      'contraction: v=y1x:128 u=o:64 fold=cij:288 tile 4x8, v side staged whole',
    );
  });

  it('makes one loop of a fold through filters that are turned', () => {
    expect(line(windows.byInput({ batch, channels: 32, outputs: 64, side: 16, kernel: 3 }))).toBe(
      'contraction: v=y1x:64 u=c:32 fold=oij:576 tile 4x8, v side staged whole, u side staged',
    );
  });

  it('adds up the gradient of filters image by image, so many channels at once as stay near, and in shares where those are few', () => {
    expect(line(windows.byWeights({ batch, channels: 32, outputs: 64, side: 18, kernel: 3 }))).toBe(
      'contraction: v=ijc1:144 u=o:64 fold=b:batch y:16 x:16 each c0:2 tile 4x8, in blocks of b:1, in 3 shares, v side staged whole',
    );
    expect(line(windows.byWeights({ batch, channels: 6, outputs: 16, side: 14, kernel: 5 }))).toBe(
      'contraction: v=c1ij:80 u=o:16 fold=b:batch y:10 x:10 each c0:2 tile 4x8, in blocks of b:1, in 4 shares, v side staged whole',
    );
  });

  it('takes several images at once where they are small', () => {
    expect(line(windows.byWeights({ batch, channels: 64, outputs: 128, side: 10, kernel: 3 }))).toContain(
      'blocks of b:4',
    );
  });

  it('takes the head merge apart', () => {
    expect(line(nests.headMerge(batch, 4, 64, 32, 128))).toContain('fold=c0:4 c1:32');
  });

  it('folds a single row by lanes along the fold', () => {
    expect(line(nests.contraction('A·Bᵀ', 1, 512, 512))).not.toContain('staged');
  });

  it('joins axes that lie densely everywhere', () => {
    expect(line(nests.update(784, 128))).toBe('elementwise: ij:100352, lanes along ij');
    expect(line(nests.meanSquare(batch, 11))).toBe('reduction: fold ij:11*batch');
  });
});

describe('plan for lanes with fused multiply-add', () => {
  const panels = (example: Example): string => /staged by ([^,]*)/.exec(line(example, relaxed))?.[1] ?? 'none';

  it('stages several panels at once where they fill the columns', () => {
    expect(panels(nests.dense(batch, 784, 128))).toBe('4 panels');
    expect(panels(nests.dense(batch, 784, 60))).toBe('4 panels');
    expect(panels(nests.dense(batch, 784, 24))).toBe('3 panels');
    expect(panels(nests.dense(batch, 784, 16))).toBe('2 panels');
    expect(panels(nests.dense(batch, 784, 40))).toBe('panel');
    expect(panels(nests.dense(batch, 784, 26))).toBe('2 panels');
  });

  it('stages one where folds are short, longer than the cache has room for, or turned', () => {
    expect(panels(nests.dense(batch, 128, 128))).toBe('panel');
    expect(panels(nests.dense(batch, 2000, 128))).toBe('2 panels');
    expect(panels(nests.dense(batch, 5000, 128))).toBe('panel');
    expect(panels(nests.contraction('A·Bᵀ', batch, 128, 784))).toBe('panel');
  });

  it('stages several that are turned where many rows meet them and they stay near', () => {
    expect(panels(nests.contraction('A·Bᵀ', 1024, 512, 128))).toBe('4 panels');
    expect(panels(nests.contraction('A·Bᵀ', 1024, 512, 512))).toBe('panel');
    expect(panels(nests.contraction('A·Bᵀ', 128, 512, 128))).toBe('panel');
  });
});

describe('plan for few columns', () => {
  it('takes narrow tiles, but with fused multiply-add as many sums as are under way at once', () => {
    const example = nests.contraction('A·B', batch, 10, 128);
    expect(line(example)).toContain('tile 6x4');
    expect(line(example, relaxed)).toContain('tile 6x8');
    expect(line(nests.contraction('A·B', 8, 10, 128), relaxed)).toContain('tile 4x8');
  });

  it('makes the last of few rows in tiles of four where tiles of six leave a third of one, or two thirds', () => {
    const tail = ({ nest }: Example): string | undefined => {
      const chosen = planSerial(nest, relaxed, () => 64);
      return chosen.kind === 'nest' ? chosen.loops.find((l) => l.tile === 6)?.tail : undefined;
    };
    expect([16, 32, 40].map((rows) => tail(nests.contraction('A·B', rows, 40, 128)))).toEqual(Array(3).fill('exact'));
    expect(tail(nests.contraction('A·B', 64, 40, 128))).toBe('overlap');
    expect(tail(nests.contraction('A·B', batch, 40, 128))).toBe('overlap');
  });
});

describe('plan for rows that are far apart in the fold', () => {
  const staged = (columns: number, rows: number): boolean =>
    line(nests.contraction('Aᵀ·B', rows, columns, batch)).includes('u side staged');

  it('stages them where they, or the columns that meet them, are many', () => {
    expect(staged(128, 128)).toBe(true);
    expect(staged(64, 128)).toBe(false);
    expect(staged(64, 208)).toBe(true);
    expect(staged(512, 24)).toBe(false);
    expect(staged(10, 512)).toBe(false);
  });
});

describe('plan for functions of elements', () => {
  const tile = (example: Example): number => {
    const { nest } = nests.through(example, (value) => apply('tanh', value));
    const chosen = planSerial(nest, wasm, () => 64);
    return chosen.kind === 'nest' ? Math.max(...chosen.loops.map((l) => l.tile)) : 0;
  };

  it('takes four vectors at a time, where they fit', () => {
    expect(tile(nests.chain(batch, 64))).toBe(16);
    expect(tile(nests.chain(1, 144))).toBe(16);
    expect(tile(nests.chain(1, 20))).toBe(8);
  });
});

describe('plan for pooling', () => {
  it('pads in stretches, those without a guard by lanes', () => {
    const { nest } = windows.padded(batch, 14, [2, 2]);
    expect(line({ nest, buffers: [] })).toBe('elementwise: b:batch, y:18 in 3 stretches');
    const planned = planSerial(nest, wasm, () => 64);
    const [, rows] = planned.kind === 'nest' ? (planned.stretches?.parts ?? []) : [];
    expect(rows.plan.text).toBe('elementwise: y:14, x:18 in 3 stretches');
    expect(rows.plan.stretches?.parts.map(({ plan }) => plan.text)).toEqual([
      'elementwise: x:2, written out',
      'elementwise: x:14, lanes along x',
      'elementwise: x:2, written out',
    ]);
    expect(line({ nest, buffers: [] }, ts)).not.toContain('stretches');
  });

  it('writes places out that different windows hold', () => {
    expect(line(windows.overlapped(batch, 8, 3, 2))).toBe(
      'reduction: b:batch y0:9 y1:2 x0:9 x1:2, written out along y1 x1',
    );
  });

  it('takes rows for lanes where columns are few and no tile divides them', () => {
    expect(line(nests.shortColumns(batch, 64, 128, 9))).toContain('v=x:64 u=j:9');
    expect(line(nests.shortColumns(batch, 64, 128, 8))).toContain('v=j:8');
    expect(line(nests.shortColumns(batch, 64, 16, 9))).toContain('v=j:9');
  });

  it('puts lanes together for windows of one channel that lie apart', () => {
    const apart = windows.forward({ batch, channels: 32, outputs: 32, side: 30, kernel: 3, stride: 2, groups: 32 });
    expect(line(apart)).toContain('lanes along x');
  });

  it('puts lanes together from places near each other, windows written out', () => {
    expect(line(windows.maxPool(batch, 6, 14, 2))).toBe('reduction: bcy:84*batch x:14, lanes along x');
    expect(line(windows.maxPoolGradient(batch, 6, 14, 2))).toBe('elementwise: bc:6*batch y:28 x:28, lanes along x');
  });
});

describe('plan for tables', () => {
  it('adds each term to its row, where all of them are rows', () => {
    for (const target of [ts, wasm])
      expect(line(nests.tableGradient(batch, 1000, 64), target)).toBe('scatter: to i:1000, j:64, from p:batch');
    expect(line(nests.tableGradient(batch, 4, 64))).toBe('scatter: to i:4, j:64, from p:batch');
  });

  it('passes over the indices for several rows at once, and shares the terms where that makes few threads', () => {
    const planned = (rows: number) => planWorkgroups(nests.tableGradient(batch, rows, 64).nest, wgsl, () => 64).text;
    const columns = (rows: number): string => `scatter: to i:${rows}, j:64, from p:batch`;
    expect(planned(1_000)).toBe(`${columns(1_000)}, runs of 16 rows, 2 threads a run, 64 a group`);
    expect(planned(50_000)).toBe(`${columns(50_000)}, runs of 16 rows, 64 a group`);
    expect(planned(3)).toBe(`${columns(3)}, runs of 3 rows, 2 threads a run, 64 a group`);
  });
});

describe('plan for scalars', () => {
  it('takes register tiles of 2×4', () => {
    expect(line(nests.dense(batch, 784, 128), ts)).toBe('contraction: b:batch o:128, fold i:784, tile 2x4');
  });

  it('writes small nests out whole', () => {
    expect(line(nests.dense(batch, 2, 3), ts)).toBe('contraction: b:batch o:3, written out');
  });

  it('leaves little work in plain loops', () => {
    expect(line(nests.contraction('A·B', 3, 6, 10), ts)).toBe('contraction: i:3 j:6, fold k:10');
  });
});
