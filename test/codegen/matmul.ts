// A dense layer's product as a scheduler writes it: column panels packed, 4×8 register tiles, overlapped rows at the end.
import { add, axis, constant, mul, size, toIndex, type Index } from '../../src/ir/index.js';
import type { Kernel, Statement } from '../../src/ir/program.js';
import { apply, load, local, number, splat, type Buffer } from '../../src/ir/scalar.js';
import { buffer, kernelOf } from './runKernels.js';

export interface Product {
  readonly kernel: Kernel;
  readonly a: Buffer;
  readonly b: Buffer;
  readonly c: Buffer;
  readonly panel: Buffer;
}

/** c[batch, n] = a[batch, k] · b[k, n]; rows is a number or the run-time size batch. */
export function product(rows: number | 'batch', k: number, n: number): Product {
  const m: Index = rows === 'batch' ? size('batch') : constant(rows);
  const a = buffer('a', mul(m, k));
  const b = buffer('b', k * n);
  const c = buffer('c', mul(m, n));
  const panel = buffer('panel', k * 8);
  const [column, packed, row, inner] = [axis('j', n), axis('p', k), axis('i', m), axis('k', k)];
  const at = (stride: number, of: Index, ...more: Index[]): Index => add(mul(stride, of), ...more);
  const [j, p, i, q] = [column, packed, row, inner].map((x) => toIndex(x));
  const pack: Statement = {
    kind: 'loop',
    axis: packed,
    to: constant(k),
    step: 1,
    as: 'serial',
    body: [0, 4].map((o) => ({
      kind: 'store' as const,
      to: panel,
      at: add(mul(8, p), o),
      value: load(b, at(n, p, j, constant(o)), 4),
    })),
  };
  const places = [0, 1, 2, 3].flatMap((r) => [0, 1].map((v) => ({ r, v })));
  const body: Statement[] = [];
  for (const v of [0, 1]) body.push({ kind: 'let', name: `b${v}`, value: load(panel, add(mul(8, q), 4 * v), 4) });
  for (const r of [0, 1, 2, 3]) {
    body.push({ kind: 'let', name: `a${r}`, value: splat(load(a, at(k, add(i, r), q))) });
    for (const v of [0, 1]) {
      const acc = local(`acc${r}_${v}`, 'f32', 4);
      const times = apply('mul', local(`a${r}`, 'f32', 4), local(`b${v}`, 'f32', 4));
      body.push({ kind: 'set', name: `acc${r}_${v}`, value: apply('add', acc, times) });
    }
  }
  const tile: Statement[] = [
    ...places.map(({ r, v }): Statement => ({
      kind: 'let',
      name: `acc${r}_${v}`,
      value: splat(number(0)),
      mutable: true,
    })),
    { kind: 'loop', axis: inner, to: constant(k), step: 1, as: 'serial', body },
    ...places.map(({ r, v }): Statement => ({
      kind: 'store',
      to: c,
      at: at(n, add(i, r), j, constant(4 * v)),
      value: local(`acc${r}_${v}`, 'f32', 4),
    })),
  ];
  const rowsLoop: Statement = { kind: 'loop', axis: row, to: m, step: 4, last: add(m, -4), as: 'serial', body: tile };
  const columns: Statement = {
    kind: 'loop',
    axis: column,
    to: constant(n),
    step: 8,
    as: 'serial',
    body: [pack, rowsLoop],
  };
  return { kernel: kernelOf('product', columns), a, b, c, panel };
}
