// The verifier of kernels: it finds nothing in right ones, and each way in which one is damaged.
import { describe, expect, it } from 'vitest';
import { add, atom, axis, div, mul, toIndex, type Axis, type Index } from '../../src/ir/index.js';
import type { Kernel, Statement } from '../../src/ir/program.js';
import { apply, fold, indexValue, load, local, number, splat, type Buffer, type Scalar } from '../../src/ir/scalar.js';
import { thread as threadOfMany, threads, ownMemory } from '../../src/ir/threads.js';
import { faultsOfKernel } from '../../src/ir/verifyKernel.js';
import { shareKernel } from '../../src/passes/schedule/share.js';
import { createWeights } from '../../src/passes/schedule/weights.js';
import { lowerNest, lowerWorkgroups } from '../support/lowered.js';
import * as nests from '../support/nests.js';
import { relaxed, ts, wasm, wgsl } from '../support/targets.js';

const { batch, buffer } = nests;
const faultsOf = (kernel: Kernel, outer: readonly Axis[] = []): string[] => faultsOfKernel(kernel, new Set(outer));

const right = {
  contraction: nests.contraction('A·Bᵀ', batch, 40, 70),
  large: nests.contraction('Aᵀ·B', 200, 256, 300),
  dense: nests.dense(batch, 60, 40),
  convolution: nests.convolution(batch, 2, 6, 8, 3),
  guardedConvolution: nests.guardedConvolution(batch, 6, 3),
  rowSums: nests.rowSums(batch, 500),
  meanSquare: nests.meanSquare(batch, 50),
  chain: nests.chain(batch, 50),
  updateByContraction: nests.updateByContraction(batch, 40, 50),
  gather: nests.gather(batch, 9, 40),
  tableGradient: nests.tableGradient(batch, 9, 40),
  softmax: nests.softmax(batch, 50),
  crossEntropyRows: nests.crossEntropyRows(batch, 50),
  rowsWithTotals: nests.rowsWithTotals(batch),
  paddedSums: nests.paddedSums(4, 50),
};

describe.each(Object.entries(right))('finds nothing in %s', (_, { nest }) => {
  it.each([ts, wasm, relaxed])('for one thread of %#, or for many', (target) => {
    const kernel = lowerNest(nest, target, () => 64);
    expect(faultsOf(kernel)).toEqual([]);
    const weights = createWeights(() => 64);
    expect(faultsOf(shareKernel(kernel, weights, 0), [threadOfMany, threads, ownMemory])).toEqual([]);
  });
});

// Totals are for rows that run one after another.
const onWorkgroups = Object.entries(right).filter(([, { nest }]) => nest.kind === 'nest' || !nest.totals);

it.each(onWorkgroups)('finds nothing in %s for workgroups', (_, { nest }) => {
  expect(faultsOf(lowerWorkgroups(nest, wgsl, () => 64))).toEqual([]);
});

const [x, out] = [buffer('x', mul(batch, 5)), buffer('out', mul(batch, 5))];
const panel = buffer('panel', 5, { space: 'scratch' });
const [i, j] = [axis('i', batch), axis('j', 5)];

function kernelOf(body: readonly Statement[], more: Partial<Kernel> = {}): Kernel {
  return {
    name: 'k',
    body,
    scratch: [],
    plan: '',
    provenance: { formulas: [], sources: [], phase: 'forward', results: [] },
    ...more,
  };
}
function loop(over: Axis, body: readonly Statement[], more: Partial<Statement & { kind: 'loop' }> = {}): Statement {
  return { kind: 'loop', axis: over, to: over.extent, step: 1, as: 'serial', body, ...more };
}
const store = (at: Index | Axis, value: Scalar, to: Buffer = out): Statement => ({
  kind: 'store',
  to,
  at: toIndex(at),
  value,
});
const bind = (name: string, value: Scalar, mutable?: true): Statement => ({
  kind: 'let',
  name,
  value,
  ...(mutable && { mutable }),
});
const set = (name: string, value: Scalar): Statement => ({ kind: 'set', name, value });
const sum = local('acc', 'f32');
const one = number(1);

describe('lets', () => {
  it.each<[string, readonly Statement[], string | undefined]>([
    ['one that is read', [bind('t', one), store(toIndex(0), local('t', 'f32'))], undefined],
    ['one that is nowhere', [store(toIndex(0), local('t', 'f32'))], 'reads the let t, which is not there'],
    [
      'one that comes later',
      [store(toIndex(0), local('t', 'f32')), bind('t', one)],
      'reads the let t, which is not there',
    ],
    [
      'one of a loop that is over',
      [loop(i, [bind('t', one)]), store(toIndex(0), local('t', 'f32'))],
      'reads the let t',
    ],
    [
      'one of another type',
      [bind('t', number(1, 'i32')), store(toIndex(0), local('t', 'f32'))],
      'as another type than it has',
    ],
    ['one of four lanes', [bind('t', splat(one)), store(toIndex(0), local('t', 'f32'))], 'as another type than it has'],
    ['two of one name', [bind('t', one), loop(i, [bind('t', one)])], 'stands where there is one already'],
    ['one that is set', [bind('acc', one, true), set('acc', apply('add', sum, one))], undefined],
    ['one that is set and not mutable', [bind('acc', one), set('acc', one)], 'sets acc, which is not mutable'],
    ['none that is set', [set('acc', one)], 'sets acc, and there is no such let'],
    [
      'one that is set to another type',
      [bind('acc', one, true), set('acc', splat(one))],
      'sets acc to a value of another',
    ],
    ['a fold', [store(toIndex(0), fold('add', [j], load(x, toIndex(j))))], 'holds a fold'],
    ['a store of another type', [store(toIndex(0), number(1, 'i32'))], 'stores i32 into out, which holds f32'],
    [
      'a store into what is given',
      [store(toIndex(0), one, { ...out, space: 'input' })],
      'stores into out, which is given',
    ],
    [
      'four that are transposed',
      [
        ...['a', 'b', 'c', 'd'].map((n) => bind(n, splat(one), true)),
        { kind: 'transpose', names: ['a', 'b', 'c', 'd'] },
      ],
      undefined,
    ],
    [
      'four that are not of lanes',
      [...['a', 'b', 'c', 'd'].map((n) => bind(n, one, true)), { kind: 'transpose', names: ['a', 'b', 'c', 'd'] }],
      'transposes a, which is no let of four lanes',
    ],
  ])('%s', (_, body, expected) => {
    const faults = faultsOf(kernelOf(body));
    if (expected === undefined) expect(faults).toEqual([]);
    else expect(faults.join('\n')).toContain(expected);
  });
});

describe('axes', () => {
  const chosen = atom({ kind: 'element', of: local('n', 'i32') });
  it.each<[string, readonly Statement[], string | undefined]>([
    ['of a loop', [loop(i, [store(i, one)])], undefined],
    ['of no loop', [store(i, one)], 'i mentions i, over which nothing goes'],
    ['of a loop that is over', [loop(i, []), store(i, one)], 'over which nothing goes'],
    ['in a value', [store(toIndex(0), apply('f32', indexValue(i)))], 'over which nothing goes'],
    ['under a quotient', [store(div(toIndex(i), toIndex(3)), one)], 'over which nothing goes'],
    ['in a bound', [loop(i, [], { to: toIndex(j) })], 'over which nothing goes'],
    ['in a condition', [{ kind: 'if', less: [toIndex(i), toIndex(3)], then: [], else: [] }], 'over which nothing goes'],
    [
      'of an index',
      [loop(i, [{ kind: 'index', axis: j, value: div(toIndex(i), toIndex(2)) }, store(j, one)])],
      undefined,
    ],
    ['twice', [loop(i, [loop(i, [store(i, one)])])], 'i is bound where it is already'],
    ['read from a let that is not there', [store(chosen, one)], 'reads the let n, which is not there'],
    ['that stands still', [loop(i, [store(i, one)], { step: 0 })], 'has the step 0'],
  ])('%s', (_, body, expected) => {
    const faults = faultsOf(kernelOf(body));
    if (expected === undefined) expect(faults).toEqual([]);
    else expect(faults.join('\n')).toContain(expected);
  });
});

describe('what threads share', () => {
  const parallel = { parallel: true } as const;
  const row = add(mul(5, toIndex(i)), toIndex(j));
  it.each<[string, Kernel, string | undefined]>([
    [
      'rounds apart',
      kernelOf([
        loop(
          i,
          [store(row, load(x, row))].map((s) => loop(j, [s])),
          parallel,
        ),
      ]),
      undefined,
    ],
    [
      'a sum within each round',
      kernelOf([loop(i, [bind('acc', one, true), loop(j, [set('acc', sum)]), store(i, sum)], parallel)]),
      undefined,
    ],
    [
      'a sum over the rounds',
      kernelOf([bind('acc', one, true), loop(i, [set('acc', apply('add', sum, one))], parallel)]),
      'rounds over i depend on one another by acc',
    ],
    [
      'one place for all rounds',
      kernelOf([loop(i, [store(toIndex(2), one)], parallel)]),
      'every round over i stores into out[2]',
    ],
    ['an update in place', kernelOf([loop(i, [store(i, load(out, toIndex(i)))], parallel)]), undefined],
    [
      'what the round before has stored',
      kernelOf([loop(i, [store(add(toIndex(i), 1), load(out, mul(2, toIndex(i))))], parallel)]),
      'read out[2*i], which others may store',
    ],
    [
      'own memory that is filled',
      kernelOf([loop(i, [loop(j, [store(j, one, panel)]), store(i, load(panel, toIndex(3)))], parallel)], {
        scratch: [panel],
        sharing: { own: [panel], nested: true },
      }),
      undefined,
    ],
    [
      'own memory that is read first',
      kernelOf([loop(i, [store(i, load(panel, toIndex(3))), loop(j, [store(j, one, panel)])], parallel)], {
        scratch: [panel],
        sharing: { own: [panel], nested: true },
      }),
      'reads panel, which is its own, before it has stored anything there',
    ],
    [
      'memory that is not each own',
      kernelOf([loop(i, [loop(j, [store(j, one, panel)]), store(i, load(panel, toIndex(3)))], parallel)], {
        scratch: [panel],
        sharing: { own: [], nested: true },
      }),
      'every round over i stores into panel[j]',
    ],
    [
      'scratch that nothing fills',
      kernelOf([store(toIndex(0), load(panel, toIndex(0)))], { scratch: [panel] }),
      'reads panel, which is its own, before',
    ],
  ])('%s', (_, kernel, expected) => {
    const faults = faultsOf(kernel);
    if (expected === undefined) expect(faults).toEqual([]);
    else expect(faults.join('\n')).toContain(expected);
  });
});

describe('barriers', () => {
  const barrier: Statement = { kind: 'barrier' };
  const [group, thread] = [axis('group', batch), axis('thread', 64)];
  const inGroup = (body: readonly Statement[]): Kernel =>
    kernelOf([loop(group, [loop(thread, body, { as: 'thread' })], { as: 'group' })]);
  const when = (less: readonly [Index, Index], then: readonly Statement[]): Statement => ({
    kind: 'if',
    less,
    then,
    else: [],
  });
  const apart = 'has a barrier to which not all threads come';
  const id = atom({ kind: 'element', of: load(buffer('ids', 9, { dtype: 'i32', below: 9 }), toIndex(0)) });

  it.each<[string, Kernel, string | undefined]>([
    ['for all threads of a group', inGroup([barrier]), undefined],
    ['in rounds that are the same for all', inGroup([loop(j, [barrier])]), undefined],
    ['where all go the same way', inGroup([when([toIndex(group), toIndex(3)], [barrier])]), undefined],
    ['where the first goes', inGroup([when([toIndex(thread), toIndex(1)], [barrier])]), apart],
    ['in rounds from each thread on', inGroup([loop(j, [barrier], { from: toIndex(thread) })]), apart],
    [
      'by what is computed from the thread',
      inGroup([
        { kind: 'index', axis: j, value: div(toIndex(thread), toIndex(8)) },
        when([toIndex(j), toIndex(1)], [barrier]),
      ]),
      apart,
    ],
    ['by what is read', inGroup([when([id, toIndex(1)], [barrier])]), apart],
    ['in a loop over places', kernelOf([loop(i, [barrier], { as: 'thread' })]), apart],
    [
      'with a total of what is there',
      inGroup([bind('acc', one, true), { kind: 'barrier', total: { name: 'acc', op: 'add', type: 'f32' } }]),
      undefined,
    ],
    [
      'with a total of nothing',
      inGroup([{ kind: 'barrier', total: { name: 'acc', op: 'add', type: 'f32' } }]),
      'totals acc, which is no such let',
    ],
  ])('%s', (_, kernel, expected) => {
    const faults = faultsOf(kernel);
    if (expected === undefined) expect(faults).toEqual([]);
    else expect(faults.join('\n')).toContain(expected);
  });

  it('of a kernel that threads share, where each has its rounds', () => {
    const kernel = kernelOf([loop(i, [{ kind: 'barrier', storage: true }], { to: toIndex(threadOfMany) })]);
    expect(faultsOf(kernel, [threadOfMany]).join()).toContain(apart);
  });
});
