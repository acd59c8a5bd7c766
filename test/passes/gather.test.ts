// Small kernels made one: whatever waits for whatever, the memory is the same afterwards, and no thread reads what another writes.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { dispatchesOf } from '../../src/inspect/dispatches.js';
import { add, axis, constant, mul, size, sub, toIndex } from '../../src/ir/index.js';
import type { Kernel, Run, Statement, Step } from '../../src/ir/program.js';
import { runsOf } from '../../src/ir/runs.js';
import { apply, load, number, type Buffer, type Scalar } from '../../src/ir/scalar.js';
import { gatherSteps } from '../../src/passes/schedule/gather.js';
import { gatherGroups } from '../../src/passes/schedule/gatherGroups.js';
import { buffer } from '../support/nests.js';
import { runGroups } from '../support/runGroups.js';

const places = [64, 70, 3];
/** What is read of the last is too large to be held longer than it would be. */
const buffers: readonly Buffer[] = [
  ...Array.from({ length: 7 }, (_, i) => buffer(`b${i}`, 70)),
  buffer('large', size('large')),
];
const parameters = [buffer('p0', 70), buffer('p1', 70)];

const callOf = (n: number) =>
  fc
    .record({
      small: fc.boolean(),
      to: fc.integer({ min: 0, max: 6 }),
      reads: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }),
      length: fc.constantFrom(...places),
      inPlace: fc.boolean(),
      copy: fc.boolean(),
    })
    .map(({ small, to, reads, length, inPlace, copy }): Run => {
      // A parameter stands for what is written, another for what is read first.
      const [target, first] = copy ? parameters : [buffers[to], buffers[reads[0] ?? to]];
      const place = axis('i', length);
      const from = [
        ...(reads.length > 0 ? [first, ...reads.slice(1).map((b) => buffers[b])] : []),
        ...(inPlace ? [target] : []),
      ];
      const value = from.reduce<Scalar>(
        (sum, b) => apply('add', apply('mul', sum, number(0.5)), load(b, toIndex(place))),
        number(n + 1),
      );
      const provenance = { formulas: [`k${n}`], sources: [], phase: 'update' as const, results: [] };
      const kernel: Kernel = {
        name: `k${n}`,
        plan: `k${n}`,
        provenance,
        scratch: [],
        body: [
          {
            kind: 'loop',
            axis: place,
            to: place.extent,
            step: 1,
            as: 'thread',
            body: [{ kind: 'store', to: target, at: toIndex(place), value }],
          },
        ],
        ...(small ? { grid: [toIndex(Math.ceil(length / 64))], threads: [64] } : { grid: [toIndex(length)] }),
      };
      const given = new Map([
        [parameters[0], buffers[to]],
        [parameters[1], buffers[reads[0] ?? to]],
      ]);
      return { kind: 'run', kernel, ...(copy && { given }) };
    });

const program = fc
  .integer({ min: 2, max: 14 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, n) => callOf(n))));

function memoryAfter(steps: readonly Step[]): number[][] {
  const memory = new Map(buffers.map((b, n) => [b, Float64Array.from({ length: 70 }, (_, i) => Math.sin(n + i))]));
  for (const { kernel, given } of runsOf(steps)) {
    const own = [...(given ?? [])].map(([p, actual]) => [p, memory.get(actual) ?? new Float64Array()] as const);
    runGroups(kernel, new Map([...memory, ...own]), { large: 70 });
  }
  return [...memory.values()].map((data) => Array.from(data));
}

describe('kernels that do not wait for one another', () => {
  it('become one, and the memory is the same afterwards', () => {
    let fewer = 0;
    fc.assert(
      fc.property(program, (steps) => {
        const gathered = gatherSteps(steps, (name) => (name === 'large' ? 1e8 : 64), new Set());
        expect(gathered.length).toBeLessThanOrEqual(steps.length);
        fewer += steps.length - gathered.length;
        expect(memoryAfter(gathered)).toEqual(memoryAfter(steps));
      }),
      { numRuns: 150, seed: 3 },
    );
    expect(fewer).toBeGreaterThan(80);
  });
});

/** How many threads a workgroup has here. */
const abreast = 7;

/** Kernels of workgroups whose threads turn their elements round in the memory of the group, and some that are called for several copies. */
const groupCallOf = fc
  .record({
    kind: fc.integer({ min: 0, max: 5 }),
    to: fc.integer({ min: 0, max: 6 }),
    from: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ kind, to, from }): Run => {
    const given = new Map([
      [parameters[0], buffers[to]],
      [parameters[1], buffers[from]],
    ]);
    return { kind: 'run', kernel: groupKernels[kind], given: new Map([...given].map(([p, b]) => [own(kind, p), b])) };
  });

const ownParameters = new Map<string, Buffer>();

/** A kernel's own of a parameter. */
function own(kind: number, parameter: Buffer): Buffer {
  const name = `${parameter.name} of ${kind}`;
  const known = ownParameters.get(name) ?? buffer(name, 70);
  ownParameters.set(name, known);
  return known;
}

const groupKernels = [2, 10, 1, 7, 3, 10].map((groups, kind): Kernel => {
  const [to, from] = parameters.map((p) => own(kind, p));
  const [group, thread] = [axis('group', groups), axis('thread', abreast)];
  // Some need more of the group's memory than others.
  const turned: Buffer = { ...buffer('turned', abreast + kind), space: 'workgroup' };
  const at = add(mul(toIndex(group), abreast), toIndex(thread));
  const body: Statement[] = [
    { kind: 'store', to: turned, at: toIndex(thread), value: load(from, at) },
    { kind: 'barrier' },
    {
      kind: 'store',
      to,
      at,
      value: apply('add', load(turned, sub(constant(abreast - 1), toIndex(thread))), number(kind)),
    },
  ];
  return {
    name: `g${kind}`,
    plan: `g${kind}`,
    provenance: { formulas: [`g${kind}`], sources: [], phase: 'backward', results: [] },
    scratch: [turned],
    body: [
      {
        kind: 'loop',
        axis: group,
        to: group.extent,
        step: 1,
        as: 'group',
        body: [{ kind: 'loop', axis: thread, to: thread.extent, step: 1, as: 'thread', body }],
      },
    ],
    grid: [group.extent],
    threads: [abreast],
  };
});

describe('kernels of workgroups that do not wait for one another', () => {
  const mixed = fc
    .integer({ min: 2, max: 14 })
    .chain((count) =>
      fc.tuple(...Array.from({ length: count }, (_, n) => fc.oneof({ weight: 4, arbitrary: groupCallOf }, callOf(n)))),
    );

  it('become one, in loops too, and the memory is the same afterwards', () => {
    let fewer = 0;
    fc.assert(
      fc.property(mixed, (steps) => {
        // What a kernel reads it must not write: others of its groups may read that.
        const apart = steps.filter(({ given }) => new Set(given?.values()).size === (given?.size ?? 0));
        const gather = gatherGroups(() => 64, new Set());
        const gathered = gather(apart);
        fewer += apart.length - gathered.length;
        expect(memoryAfter(gathered)).toEqual(memoryAfter(apart));
        const [loop] = gather([{ kind: 'repeat', axis: axis('round', 2), steps: apart }]);
        expect(runsOf([loop])).toHaveLength(gathered.length);
      }),
      { numRuns: 150, seed: 5 },
    );
    expect(fewer).toBeGreaterThan(150);
  });

  it('share the memory of a workgroup, and text with copies of a layer', () => {
    const call = (kind: number, to: number, from: number): Run => ({
      kind: 'run',
      kernel: groupKernels[kind],
      given: new Map([
        [own(kind, parameters[0]), buffers[to]],
        [own(kind, parameters[1]), buffers[from]],
      ]),
    });
    const steps = [call(1, 1, 0), call(5, 2, 0), call(1, 3, 2), call(5, 4, 2)];
    const gathered = runsOf(gatherGroups(() => 64, new Set())(steps));
    expect(gathered).toHaveLength(2);
    expect(gathered[1].kernel).toBe(gathered[0].kernel);
    expect(gathered[0].kernel.scratch.map(({ length }) => length.key)).toEqual([constant(abreast + 5).key]);
  });
});

describe('dispatches of a step', () => {
  const dispatches = async (text: string, without: readonly string[] = []): Promise<number> => {
    const { program } = await compile({ file: 'layers.nn', text }, { target: 'wgsl', without });
    return runsOf(program?.entries.step?.steps ?? []).filter(({ host }) => !host).length;
  };
  const layers = `model deep {
    input x: [batch, 64]
    input y: index(10)[batch]
    logits = x |> repeat(6, dense(64) >> gelu >> layer_norm) |> dense(10)
    loss = cross_entropy(logits, y)
    train { optimizer = adam(lr = 1e-3), batch = 64 }
  }`;

  it('are fewer by what is made together, but for the copies of many layers', async () => {
    const text = (depth: number): string => layers.replace('repeat(6,', `repeat(${depth},`);
    const saved = async (depth: number): Promise<number> =>
      (await dispatches(text(depth), ['gather'])) - (await dispatches(text(depth)));
    // Scale, shift, weight and bias of each layer.
    expect(await saved(5)).toBeGreaterThanOrEqual(4 * 5);
    expect(await saved(8)).toBeLessThan(12);
    expect(await dispatches(text(5))).toBeGreaterThan(0);
  });

  it('are few for LeNet-5 and a transformer', async () => {
    const read = (name: string): string =>
      readFileSync(new URL(`../../bench/peers/models/${name}.nn`, import.meta.url), 'utf8');
    expect(await dispatches(read('lenet'))).toBeLessThanOrEqual(20);
    expect(await dispatches(read('char-transformer'))).toBeLessThanOrEqual(54);
  });

  it('are few for attention by blocks of rows, each round of which has its own', async () => {
    const text = `model attention {
      input x: [batch, 512, 64]
      y = x |> attention(2, causal = true)
      loss = mean(y^2)
      train { optimizer = sgd(lr = 0.1), batch = 2 }
    }`;
    const { program } = await compile({ file: 'attention.nn', text }, { target: 'wgsl' });
    expect(program && dispatchesOf(program, () => 2)).toBeLessThanOrEqual(30);
  });
});
