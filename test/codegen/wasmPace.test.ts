// Where code is kept together, and what is written side by side: which loops and statements that concerns.
import { describe, expect, it } from 'vitest';
import { emitKernel } from '../../src/codegen/wasm/kernel.js';
import type { Kernel, Statement } from '../../src/ir/program.js';
import { add, atom, toIndex } from '../../src/ir/index.js';
import { apply, load, local, type Scalar } from '../../src/ir/scalar.js';
import { partsOf } from '../../src/ir/walk.js';
import { expandIntrinsics } from '../../src/passes/schedule/expandIntrinsics.js';
import { rowsApart, storesApart } from '../../src/passes/schedule/pace/fences.js';
import { sideBySide } from '../../src/passes/schedule/pace/lockstep.js';
import { paceKernel } from '../../src/passes/schedule/pace/pace.js';
import { goesInPairs } from '../../src/passes/schedule/pace/pairs.js';
import { lastSumFirst } from '../../src/passes/schedule/pace/sums.js';
import { printKernel } from '../../src/ir/printProgram.js';
import { lowerNest } from '../support/lowered.js';
import * as nests from '../support/nests.js';
import type { Example } from '../support/nests.js';
import { relaxed as fused, wasmOfWholeSums as wasm } from '../support/targets.js';

const { batch } = nests;

function kernelOf({ nest }: Example): Kernel {
  return expandIntrinsics(lowerNest(nest, wasm, () => 64));
}

/** Every list of statements of the kernel. */
function blocks(body: readonly Statement[]): (readonly Statement[])[] {
  const inner = body.flatMap((s) => (s.kind === 'loop' ? [s.body] : s.kind === 'if' ? [s.then, s.else] : []));
  return [body, ...inner.flatMap(blocks)];
}

function pairs(kernel: Kernel): number {
  const loops = blocks(kernel.body).flat();
  return loops.filter((s) => s.kind === 'loop' && goesInPairs(s)).length;
}

const tanhOf = (value: Scalar): Scalar => apply('tanh', value);

describe('loops in pairs of rounds', () => {
  it.each([
    ['A·B', nests.contraction('A·B', batch, 40, 64)],
    ['Aᵀ·B over a run-time fold', nests.contraction('Aᵀ·B', 40, 32, batch)],
    ['A·Bᵀ', nests.contraction('A·Bᵀ', batch, 24, 33)],
  ])('%s', (_, example) => {
    expect(pairs(kernelOf(example))).toBeGreaterThan(0);
  });

  it.each([
    ['row sums', nests.rowSums(batch, 37)],
    ['a contraction that reads backwards', nests.backwards(batch, 24, 33)],
    ['a contraction of rows that only addresses know', nests.chosenRows(batch, 7, 20, 24)],
    ['a contraction of one row', nests.contraction('A·B', 1, 50, 40)],
    ['an elementwise chain', nests.chain(batch, 10)],
    ['a guarded convolution', nests.guardedConvolution(batch, 9, 3)],
  ])('not %s', (_, example) => {
    expect(pairs(kernelOf(example))).toBe(0);
  });
});

describe('what follows a loop in pairs', () => {
  const blocksOf = (example: Example): (readonly Statement[])[] =>
    blocks(kernelOf(example).body).filter((block) => block.some((s) => s.kind === 'loop' && goesInPairs(s)));
  const names = (body: readonly Statement[]): string[] =>
    body.flatMap((s) =>
      s.kind === 'let' ? [s.name] : s.kind === 'store' && s.value.kind === 'local' ? [s.value.name] : [],
    );

  it.each([
    ['plain sums', nests.contraction('A·B', batch, 40, 64)],
    ['values made of them', nests.through(nests.dense(batch, 64, 40), tanhOf)],
    ['values made of them and stored twice', nests.through(nests.dense(batch, 64, 40), tanhOf, true)],
    ['updates in place', nests.updateByContraction(batch, 40, 24)],
  ])('begins with the last sum: %s', (_, example) => {
    const found = blocksOf(example);
    expect(found.length).toBeGreaterThan(0);
    for (const block of found) {
      const loop = block.findIndex((s) => s.kind === 'loop');
      const [before, after] = [block.slice(0, loop + 1), block.slice(loop + 1)];
      const ordered = lastSumFirst(block);
      const stores = after.filter((s) => s.kind === 'store');
      expect(ordered.slice(0, loop + 1)).toEqual(before);
      expect(ordered.slice(-stores.length)).toEqual(stores.reverse());
      // Every let is there, and none stands before one that it reads.
      const rest = ordered.slice(loop + 1);
      expect(names(rest).sort()).toEqual(names(after).sort());
      const made = new Set<string>();
      const later = new Set(after.flatMap((s) => (s.kind === 'let' ? [s.name] : [])));
      for (const s of rest) {
        if (s.kind !== 'let' && s.kind !== 'store') throw new Error('lets and stores follow the loop');
        expect([...localsOf(s.value)].filter((name) => later.has(name) && !made.has(name))).toEqual([]);
        if (s.kind === 'let') made.add(s.name);
      }
    }
  });

  const out = nests.buffer('out', 100);
  const again = nests.buffer('again', 100);
  const sum = local('acc0_0', 'f32', 4);
  const store = (to: typeof out, at: number, value: Scalar): Statement => ({
    kind: 'store',
    to,
    at: toIndex(at),
    value,
  });

  it.each([
    ['a store that another one reads', [store(out, 0, sum), store(again, 0, load(out, toIndex(0), 4))]],
    ['a store that overwrites what another one reads', [store(again, 0, load(out, toIndex(4), 4)), store(out, 4, sum)]],
    ['a neighbour of what is stored', [store(out, 0, load(out, toIndex(4), 4)), store(out, 4, sum)]],
    ['two stores to one place', [store(out, 0, sum), store(out, 0, apply('neg', sum))]],
  ])('keeps its order where that matters: %s', (_, stores) => {
    const [block] = blocksOf(nests.contraction('A·B', batch, 40, 64));
    const before = block.slice(0, block.findIndex((s) => s.kind === 'loop') + 1);
    expect(lastSumFirst([...before, ...stores])).toEqual([...before, ...stores]);
    // What comes first may be turned all the same.
    const [first, second] = [store(again, 20, sum), store(again, 24, sum)];
    expect(lastSumFirst([...before, first, second, first])).toEqual([...before, second, first, first]);
  });

  it('is written so, but not where multiplying and adding is one instruction', () => {
    const example = nests.contraction('A·B', 8, 40, 64);
    const kernel = kernelOf(example);
    const offsets = new Map([...example.buffers, ...kernel.scratch].map((b, i) => [b, toIndex(10_000 * i)]));
    /** Offsets of stored vectors, one after another. */
    const stored = (relaxed: boolean): number[] => {
      const { heads, values } = emitKernel(paceKernel(kernel, relaxed), { offsets, relaxed, sizes: [], axes: [] });
      return values.filter((_, i) => heads[i].bytes[0] === 0xfd && heads[i].bytes[1] === 0x0b);
    };
    const backwards = (list: readonly number[]): boolean =>
      list.some((_, i) => i + 8 <= list.length && list.slice(i + 1, i + 8).every((at, k) => at < list[i + k]));
    expect(backwards(stored(false))).toBe(true);
    expect(backwards(stored(true))).toBe(false);
  });

  it('has a let before those that read it in an address', () => {
    const [block] = blocksOf(nests.contraction('A·B', batch, 40, 64));
    const before = block.slice(0, block.findIndex((s) => s.kind === 'loop') + 1);
    const row = atom({ kind: 'element', of: local('row', 'i32') });
    const lets: Statement[] = [
      { kind: 'let', name: 'unread', value: local('row', 'i32') },
      { kind: 'let', name: 'row', value: load(nests.buffer('ids', 9), toIndex(0)) },
      { kind: 'let', name: 'chosen', value: load(again, row, 4) },
    ];
    const stores = [store(out, 0, sum), store(out, 4, local('chosen', 'f32', 4))];
    const [unread, ...read] = lets;
    const turned = [...read, unread, ...[...stores].reverse()];
    expect(lastSumFirst([...before, ...lets, ...stores])).toEqual([...before, ...turned]);
  });

  it('stays as it is behind other loops', () => {
    for (const block of blocks(kernelOf(nests.rowSums(batch, 37)).body)) expect(lastSumFirst(block)).toEqual(block);
  });
});

function localsOf(value: Scalar, into: Set<string> = new Set(), seen: Set<string> = new Set()): Set<string> {
  if (seen.has(value.key)) return into;
  seen.add(value.key);
  if (value.kind === 'local') into.add(value.name);
  for (const part of partsOf(value)) localsOf(part, into, seen);
  return into;
}

describe('stores that begin a stretch', () => {
  const apart = (example: Example): number =>
    Math.max(...blocks(kernelOf(example).body).map((block) => storesApart(block).size));

  it('are those of dear values, every fourth of eight', () => {
    expect(apart(nests.through(nests.dense(batch, 64, 40), tanhOf))).toBe(1);
  });

  it('are as many where each place stores two values', () => {
    expect(apart(nests.through(nests.dense(batch, 64, 40), tanhOf, true))).toBe(1);
  });

  it('are none where values are cheap', () => {
    expect(apart(nests.dense(batch, 64, 40))).toBe(0);
  });
});

describe('rows that begin a stretch', () => {
  const loopsOf = (example: Example): (readonly Statement[])[] => {
    const kernel = expandIntrinsics(lowerNest(example.nest, { ...fused, blocks: undefined }, () => 64));
    return blocks(kernel.body).filter((block) => block.some((s) => s.kind === 'set'));
  };

  it.each([
    ['A·B', nests.contraction('A·B', batch, 40, 64)],
    ['a contraction that reads backwards', nests.backwards(batch, 24, 33)],
  ])('are all but the first of six by eight sums: %s', (_, example) => {
    const loops = loopsOf(example).filter((block) => rowsApart(block).size > 0);
    expect(loops.length).toBeGreaterThan(0);
    for (const block of loops) {
      const apart = rowsApart(block);
      // Two sums belong to each row.
      const sums = block.map((s) => (apart.has(s) ? '|' : s.kind === 'set' ? '+' : '')).join('');
      expect(sums).toBe('++|++|++|++|++|++');
    }
  });

  it('are none where fewer sums leave registers for all rows', () => {
    for (const block of loopsOf(nests.contraction('A·B', 8, 40, 64))) expect(rowsApart(block).size).toBe(0);
  });

  it('are kept apart by exits of the loop, each on a condition of its own', () => {
    const example = nests.contraction('A·B', 24, 40, 64);
    const kernel = paceKernel(
      expandIntrinsics(lowerNest(example.nest, { ...fused, blocks: undefined }, () => 64)),
      true,
    );
    const offsets = new Map([...example.buffers, ...kernel.scratch].map((b, i) => [b, toIndex(10_000 * i)]));
    const { heads, values } = emitKernel(kernel, { offsets, relaxed: true, sizes: [], axes: [] });
    const [number, equal, exit] = [0x41, 0x46, 0x0d];
    const conditions = heads.flatMap(({ bytes }, i) =>
      bytes[0] === equal && heads[i - 1].bytes[0] === number && heads[i + 1].bytes[0] === exit ? [values[i - 1]] : [],
    );
    // Five rows in each of two rounds.
    expect(conditions).toEqual(Array.from({ length: 10 }, (_, i) => -1 - i));
  });
});

describe('side by side', () => {
  /** How many statements each list of a block has, where there are more than one. */
  const lists = (body: readonly Statement[]): number[] =>
    sideBySide(body).flatMap((list) => (list.length > 1 ? [list.length] : []));
  const ofExample = (example: Example): number[] => blocks(kernelOf(example).body).flatMap(lists);
  const x = nests.buffer('x', 100);
  const y = nests.buffer('y', 100);
  const place = (i: number): Scalar => load(x, toIndex(4 * i), 4);
  const tanh = (value: Scalar): Statement => {
    const kernel = expandIntrinsics({
      name: '',
      body: [{ kind: 'let', name: 'made', value: tanhOf(value) }],
      scratch: [],
    } as unknown as Kernel);
    return kernel.body[0];
  };
  const dear = (i: number, value: Scalar): Statement => ({ ...tanh(value), name: `made${i}` }) as Statement;
  const stored = (i: number, value: Scalar): Statement => {
    const made = tanh(value);
    if (made.kind !== 'let') throw new Error('a let is expected');
    return { kind: 'store', to: y, at: toIndex(4 * i), value: made.value };
  };

  it('are the places of a tile, four at a time', () => {
    expect(ofExample(nests.through(nests.dense(batch, 64, 40), tanhOf))).toContain(4);
    expect(lists([0, 1, 2, 3, 4, 5, 6, 7].map((i) => dear(i, place(i))))).toEqual([4, 4]);
    expect(lists([0, 1, 2, 3, 4, 5].map((i) => stored(i, place(i))))).toEqual([4, 2]);
  });

  it('are none where values are cheap', () => {
    expect(ofExample(nests.dense(batch, 64, 40))).toEqual([]);
  });

  it('are none where shapes differ', () => {
    expect(lists([dear(0, place(0)), dear(1, apply('neg', place(1)))])).toEqual([]);
  });

  it('keep the order of what one place makes and another reads', () => {
    const chained = [0, 1, 2, 3].map((i) => dear(i, i === 0 ? place(0) : local(`made${i - 1}`, 'f32', 4)));
    expect(lists(chained)).toEqual([]);
    const through = [0, 1, 2, 3].map((i) => stored(i, load(y, add(toIndex(4 * i), 4), 4)));
    expect(lists(through)).toEqual([]);
    const inPlace = [0, 1, 2, 3].map((i) => stored(i, load(y, toIndex(4 * i), 4)));
    expect(lists(inPlace)).toEqual([4]);
  });
});

describe('a paced kernel', () => {
  const kernel = kernelOf(nests.through(nests.dense(batch, 64, 40), tanhOf));
  const text = printKernel(paceKernel(kernel));
  const count = (marks: RegExp): number => text.match(marks)?.length ?? 0;

  it('shows its marks where it is printed', () => {
    expect(count(/^ *for .* in pairs$/gm)).toBe(pairs(kernel));
    expect(count(/^ *fence$/gm)).toBeGreaterThan(0);
    expect(count(/^ *\| /gm)).toBeGreaterThan(0);
    expect(printKernel(kernel)).not.toMatch(/ in pairs$|^ *fence$|^ *\| /m);
  });

  it('holds the same statements', () => {
    const plain = (body: readonly Statement[]): string[] =>
      blocks(body)
        .flat()
        .map((s) => (s.kind === 'let' ? s.name : s.kind === 'store' ? `${s.to.name} ${s.at.key}` : s.kind))
        .sort();
    expect(plain(paceKernel(kernel).body)).toEqual(plain(kernel.body));
  });
});
