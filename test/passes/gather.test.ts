// Small kernels made one: whatever waits for whatever, the memory is the same afterwards, and no thread reads what another writes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { axis, size, toIndex } from '../../src/ir/index.js';
import type { Kernel, Run, Step } from '../../src/ir/program.js';
import { runsOf } from '../../src/ir/runs.js';
import { apply, load, number, type Buffer, type Scalar } from '../../src/ir/scalar.js';
import { gatherSteps } from '../../src/passes/schedule/gather.js';
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
    train { optimizer = adam(lr = 1e-3) batch = 64 }
  }`;

  it('are fewer by what is made together, but for the copies of many layers', async () => {
    const text = (depth: number): string => layers.replace('repeat(6,', `repeat(${depth},`);
    const saved = async (depth: number): Promise<number> =>
      (await dispatches(text(depth), ['gather'])) - (await dispatches(text(depth)));
    // Scale, shift, weight and bias of each layer.
    expect(await saved(5)).toBeGreaterThanOrEqual(4 * 5);
    expect(await saved(8)).toBeLessThan(8);
    expect(await dispatches(text(5))).toBeGreaterThan(0);
  });
});
