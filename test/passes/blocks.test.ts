// Attention by blocks of rows: no matrix of scores, the same values and gradients.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check, differentiateModel, programOf } from '../../src/index.js';
import { evaluate } from '../../src/ir/evaluate.js';
import type { Node } from '../../src/ir/graph.js';
import { evaluateSizes } from '../../src/ir/index.js';
import { modeRoots } from '../../src/ir/model.js';
import { scan } from '../../src/ir/ops/scan.js';
import { flopsOfSteps } from '../../src/inspect/flops.js';
import { elementCount } from '../../src/ir/types.js';
import { reachable } from '../../src/ir/reachable.js';
import { blockAttention } from '../../src/passes/derive/blocks/block.js';
import type { Sizes } from '../../src/passes/derive/blocks/levels.js';
import { agree } from '../support/agree.js';
import { chosen, full } from '../support/full.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { lossOf } from '../support/loss.js';
import { loadText } from '../support/trainer.js';

/** Numbers between -1 and 1 that repeat nowhere. */
const made = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

interface Case {
  readonly text: string;
  readonly inputs: (rows: number, seed: number) => Record<string, Float32Array | Int32Array>;
}

/** `length` positions of 4 features, and what attention is to see. */
function caseOf(length: number, layer: string, others: Readonly<Record<string, readonly number[]>> = {}): Case {
  const declared = Object.entries(others).map(([name, shape]) => {
    return `input ${name}: ${name === 'seen' ? 'bool' : ''}[batch, ${shape.join(', ')}]`;
  });
  const lines = [
    `input x: [batch, ${length}, 4]`,
    ...declared,
    'param scale: [4] = 1',
    `y = ${layer.replaceAll('T', String(length))}`,
    'loss = mean(y^2) + mean(sin(y))',
    'train { optimizer = sgd(lr = 0.1), batch = 2 }',
  ];
  return {
    text: `model case {\n  ${lines.join('\n  ')}\n}\n`,
    inputs: (rows, seed) => ({
      x: made(rows * length * 4, seed).map((v) => 2 * v),
      ...Object.fromEntries(
        Object.entries(others).map(([name, shape], i) => {
          const isBool = name === 'seen';
          const values = made(rows * shape.reduce((n, size) => n * size, 1), seed + i + 1);
          return [name, isBool ? Int32Array.from(values, (v) => Number(v > -0.5)) : values];
        }),
      ),
    }),
  };
}

const own = (mask: string): string =>
  `softmax(${mask === '' ? '' : `if ${mask} then `}(scale * x) @ transpose(x) / 2${mask === '' ? '' : ' else -inf'}) @ x`;

const cases: Readonly<Record<string, Case>> = {
  'all positions': caseOf(131, 'x |> attention(2)'),
  'those before': caseOf(160, 'x |> attention(2, causal = true)'),
  'those before, in blocks and a rest': caseOf(200, 'x |> attention(1, causal = true)'),
  'a window': caseOf(200, 'x |> attention(2, window = 30)'),
  'those before, turned': caseOf(128, 'x |> attention(1, rotary = true, causal = true)'),
  'grouped heads': caseOf(136, 'x |> attention(4, key_heads = 2, causal = true)'),
  'a mask': caseOf(129, 'attention(2, causal = true)(x, mask = seen)', { seen: [1, 1, 129] }),
  'a mask of each pair': caseOf(140, 'attention(2)(x, mask = seen)', { seen: [1, 140, 140] }),
  'another sequence': caseOf(130, 'attention(2)(x, memory)', { memory: [170, 3] }),
  'a block of a transformer': caseOf(136, 'x |> transformer_block(2, causal = true)'),
  'what users write': caseOf(132, own('lower_triangle(T)')),
  'later positions': caseOf(132, own('range(T)[:, none] <= range(T)[none, :]')),
  'columns that are rows': caseOf(130, 'transpose(softmax(x @ transpose(scale * x), axis = -2)) @ x'),
};

const modelOf = (text: string) => {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return model;
};

describe('targets give what the evaluator does', () => {
  let gpu: GpuProcess;
  beforeAll(async () => {
    gpu = await startGpu('swiftshader');
  });
  afterAll(() => {
    gpu.end();
  });
  const inShaders = ['what users write'];
  const shown = ['grouped heads', 'a mask', 'another sequence', ...inShaders];
  it.each(chosen(Object.entries(cases), ([name]) => shown.includes(name)))(
    '%s',
    { timeout: 300_000 },
    async (name, of) => {
      const shaders = full || inShaders.includes(name) ? (['wgsl'] as const) : [];
      await agree(of, 3, { batches: [2], targets: ['ts', 'wasm', ...shaders], gpu });
    },
  );

  it('which have the same bits as without on wasm, where columns are left out', { timeout: 100_000 }, async () => {
    const { text, inputs } = cases['those before'];
    const [found, want] = await Promise.all(
      [[], ['block-attention']].map(async (without) => {
        const { createTrainer } = await loadText(text, { target: 'wasm', without });
        const trainer = await createTrainer({ seed: 1 });
        return trainer.predict(inputs(2, 1));
      }),
    );
    expect(found).toEqual(want);
  });
});

describe('columns that a mask hides', () => {
  const [t, u] = ['f32(range(256))[:, none]', 'f32(range(256))[none, :]'];

  /** Operations of a step whose scores have this mask. */
  const flops = (mask: string, target: 'ts' | 'wasm' | 'wgsl'): number => {
    const { text } = caseOf(256, own(mask));
    const { entries } = programOf(modelOf(text), target);
    return entries.step ? flopsOfSteps(entries.step.steps, () => 1) : 0;
  };

  const unmasked = new Map<string, number>();

  it.each([
    ['lower_triangle(256)', 0.5, 0.7],
    [`${u} <= ${t} and ${u} > ${t} - 32`, 0.2, 0.6],
    [`${u} > -1`, 0.98, 1.02],
  ])('%s: are not computed', (mask, least, most) => {
    for (const target of ['ts', 'wasm', 'wgsl'] as const) {
      const all = unmasked.get(target) ?? flops('', target);
      unmasked.set(target, all);
      const share = flops(mask, target) / all;
      expect(share, target).toBeGreaterThan(least);
      expect(share, target).toBeLessThan(most);
    }
  });

  it('are never read where rounds end before them, whatever stands there', { timeout: 100_000 }, async () => {
    for (const target of ['ts', 'wasm'] as const) {
      const { text, inputs } = cases['those before, in blocks and a rest'];
      const { createTrainer } = await loadText(text, { target });
      const [first, second] = [await createTrainer({ seed: 1 }), await createTrainer({ seed: 1 })];
      // Leaves what is not finite in all memory that calls share.
      first.gradients({ x: made(2 * 200 * 4, 3).map((v) => 1e30 * v) });
      expect(first.gradients(inputs(2, 1))).toEqual(second.gradients(inputs(2, 1)));
    }
  });
});

describe('memory', () => {
  it.each(
    chosen(
      Object.entries(cases).flatMap(([name, of]) =>
        (['ts', 'wasm', 'wgsl'] as const).map((target) => [name, target, of] as const),
      ),
      ([name, target]) =>
        name === 'what users write' ||
        (target === 'wasm' && ['a window', 'grouped heads', 'another sequence'].includes(name)),
    ),
  )('%s: no matrix of scores on %s', (_, target, { text }) => {
    const length = Number(/batch, (\d+), 4/.exec(text)?.[1]);
    const longest = (without: readonly string[]): number => {
      const { memory } = programOf(modelOf(text), target, false, without);
      const sizes = [...memory.offsets.keys()].flatMap(({ space, length: words }) =>
        space === 'arena' ? [evaluateSizes(words, () => 1)] : [],
      );
      return Math.max(...sizes);
    };
    const whole = longest(['block-attention']);
    expect(whole).toBeGreaterThanOrEqual(length * length);
    // In shaders all heads are computed side by side.
    expect(longest([])).toBeLessThanOrEqual(target === 'wgsl' ? whole / 2 : length * length - 1);
  });

  it('is as it was for fewer than 128 positions', () => {
    const { text } = caseOf(127, 'x |> attention(2)');
    const of = (without: readonly string[]) => programOf(modelOf(text), 'wasm', false, without).kernels.length;
    expect(of([])).toBe(of(['block-attention']));
  });
});

/** Loss and gradients of a model by the evaluator, with the graphs as they are and in blocks. */
function meanings({ text, inputs }: Case, sizes: Sizes, rows: number, seed: number) {
  const model = modelOf(text);
  const derived = differentiateModel(model);
  const blocked = blockAttention(derived, sizes);
  const parameters = new Map<string, ArrayLike<number>>(
    model.parameters.map(({ name, type }, i) => [
      name,
      made(
        evaluateSizes(elementCount(type), () => 1),
        seed + i,
      ),
    ]),
  );
  const given = inputs(rows, seed);
  const leaf = (node: Node): ArrayLike<number> => {
    const name = String(node.attrs.name);
    return node.op.name === 'input' ? given[name] : (parameters.get(name) ?? []);
  };
  const values = (of: typeof derived): number[][] =>
    evaluate([lossOf(of.model.training), ...of.gradients.values()], { leaf, sizes: { batch: rows } }).map((v) => [
      ...v,
    ]);
  const loops = reachable([...modeRoots(blocked.model), ...blocked.gradients.values()]).filter((n) => n.op === scan);
  return { derived, blocked, loops, values, parameters, model };
}

describe('values', () => {
  const shapes = fc.record({
    length: fc.integer({ min: 4, max: 13 }),
    rows: fc.integer({ min: 2, max: 6 }),
    apart: fc.boolean(),
    scores: fc.constantFrom(
      'x @ transpose(scale * x)',
      'tanh((scale * x) @ transpose(x)) * 3',
      '(scale * x) @ transpose(x) - 0.3 * f32(range(T))[none, :]',
      'seen + x @ transpose(x * scale)',
    ),
    mask: fc.constantFrom(
      ...['', 'lower_triangle(T)', 'range(T)[:, none] <= range(T)[none, :]'],
      ...['f32(range(T))[none, :] > f32(range(T))[:, none] - 3', 'lower_triangle(T) and not (seen > 0.4)'],
    ),
    after: fc.constantFrom('p @ x', 'p @ (x * scale)', '(p * p) @ x + x'),
  });

  it('are those of the graph as it was', { timeout: 120_000 }, () => {
    let loops = 0;
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 1e6 }), ({ length, rows, apart, scores, mask, after }, seed) => {
        const masked = mask === '' ? scores : `if ${mask} then ${scores} else -inf`;
        const layer = `{ p = softmax(${masked})\n return ${after} }`;
        const of = caseOf(length, 'weigh(x, scale, seen)', { seen: [length, length] });
        const text = `fn weigh(x, scale, seen) ${layer.replaceAll('T', String(length))}\n${of.text}`;
        const case_ = {
          text: text.replace('input seen: bool', 'input seen: '),
          inputs: (count: number, from: number) => ({
            ...of.inputs(count, from),
            seen: made(count * length ** 2, from + 1),
          }),
        };
        const found = meanings(case_, { fewest: 4, rows, apart }, 2, seed);
        loops += found.loops.length;
        const [want, have] = [found.values(found.derived), found.values(found.blocked)];
        have.forEach((values, i) =>
          values.forEach((v, k) => {
            if (Number.isNaN(want[i][k])) return;
            expect(Math.abs(v - want[i][k])).toBeLessThan(1e-12 * Math.max(1, Math.abs(want[i][k])));
          }),
        );
      }),
      { numRuns: full ? 300 : 40 },
    );
    expect(loops).toBeGreaterThan(40);
  });

  it('have the gradients that central differences give', () => {
    const case_ = caseOf(18, 'x |> attention(2, causal = true, rotary = true)');
    const found = meanings(case_, { fewest: 16, rows: 4, apart: true }, 1, 5);
    expect(found.loops.length).toBeGreaterThan(0);
    const [, ...gradients] = found.values(found.blocked);
    const names = [...found.blocked.gradients.keys()];
    const scale = Math.max(...gradients.flat().map(Math.abs));
    for (const [i, name] of names.entries()) {
      const values = Float64Array.from(found.parameters.get(name) ?? []);
      found.parameters.set(name, values);
      for (const at of [0, gradients[i].length - 1]) {
        const [before, h] = [values[at], 1e-4];
        const lossAt = (by: number): number => {
          values[at] = before + by;
          const [[loss]] = found.values({ ...found.blocked, gradients: new Map() });
          values[at] = before;
          return loss;
        };
        const slope = (8 * (lossAt(h) - lossAt(-h)) - (lossAt(2 * h) - lossAt(-2 * h))) / (12 * h);
        expect(Math.abs(gradients[i][at] - slope) / scale, `${name}[${at}]`).toBeLessThan(1e-8);
      }
    }
  });
});

it('gives 0 and finite gradients where nothing may be seen', { timeout: 100_000 }, async () => {
  const { createTrainer } = await loadText(
    caseOf(130, 'attention(2)(100 * x, mask = seen)', { seen: [1, 1, 130] }).text,
    {
      target: 'wasm',
    },
  );
  const trainer = await createTrainer({ seed: 0 });
  const x = { data: made(2 * 130 * 4, 1), shape: [2, 130, 4] };
  const seen = { data: Uint8Array.from({ length: 260 }, (_, i) => Number(i === 200)), shape: [2, 1, 1, 130] };
  const { gradients } = trainer.gradients({ x, seen });
  for (const [name, values] of Object.entries(gradients))
    expect(
      Array.from(values).filter((v) => !Number.isFinite(v)),
      name,
    ).toEqual([]);
});
