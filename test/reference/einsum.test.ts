// einsum against NumPy's numbers, with gradients; rearrange against what transposing and reshaping by hand gives.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import { constantOf } from '../../src/ir/index.js';
import { contract } from '../../src/ir/ops/contract.js';
import { reachable } from '../../src/ir/reachable.js';
import { startTrainer } from '../support/anyTarget.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { meaningOf } from '../support/randomModel.js';
import { tensorsDiffer, type TensorRecord } from './reference.js';

interface Recorded {
  readonly pattern: string;
  readonly operands: readonly TensorRecord[];
  readonly w: TensorRecord;
  readonly value: TensorRecord;
  /** Of the sum of value * w. */
  readonly gradients: readonly TensorRecord[];
}

const cases: Recorded[] = JSON.parse(readFileSync(new URL('einsum.json', import.meta.url), 'utf8'));
const exact = { rtol: 1e-8, atol: 1e-8, scale: 'tensor' } as const;

const declared = (keyword: string, name: string, { shape }: TensorRecord): string =>
  `${keyword} ${name}: ${shape.length === 0 ? 'f32' : `[${shape.join(', ')}]`}`;

/** The output y of a model, and the model. */
function outputOf(lines: readonly string[]): { y: Node; text: string } {
  const text = `model case {\n  ${lines.join('\n  ')}\n  output y\n}\n`;
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(`${text}${diagnostics.map((d) => d.message).join('\n')}`);
  return { y: model.evaluation.outputs[0].node, text };
}

describe('einsum', () => {
  it.each(cases.map((record) => [record.pattern, record] as const))('%s', (pattern, record) => {
    const names = record.operands.map((_, i) => `p${i}`);
    const lines = [
      ...record.operands.map((operand, i) => `${declared('param', names[i], operand)} = 0`),
      declared('input', 'w', record.w),
      `y = einsum("${pattern}", ${names.join(', ')})`,
    ];
    const rounded = (tensor: TensorRecord): number[] => tensor.data.map(Math.fround);
    const given = Object.fromEntries(record.operands.map((operand, i) => [names[i], rounded(operand)]));
    const { y } = outputOf(lines.filter((line) => !line.startsWith('input')));
    const [value] = evaluate([y], { leaf: (leaf) => given[String(leaf.attrs.name)] });
    expect(y.type.shape.map((d) => constantOf(d.size))).toEqual(record.value.shape);
    expect(tensorsDiffer('the', { value: record.value }, { value }, exact)).toEqual([]);

    const mean = meaningOf(`model case {\n  ${lines.join('\n  ')}\n  loss = sum(y * w)\n}\n`);
    const { gradients } = mean({ w: rounded(record.w) }, given, 1, {});
    const want = Object.fromEntries(record.gradients.map((gradient, i) => [names[i], gradient]));
    expect(tensorsDiffer('the gradient of', want, Object.fromEntries(gradients), exact)).toEqual([]);
  });

  it('has a diagonal of run-time size', () => {
    const { y } = outputOf(['input x: [n, 2]', 'y = einsum("ii->i", einsum("ik,jk->ij", x, x))']);
    const [value] = evaluate([y], { leaf: () => [1, 2, 3, 4, 5, 6], sizes: { n: 3 } });
    expect(Array.from(value)).toEqual([5, 25, 61]);
  });

  it.each([
    // Matrices before a vector: from the right; a vector before matrices: from the left.
    ['ij,jk,k->i', ['[20, 30]', '[30, 40]', '[40]'], 30 * 40 + 20 * 30],
    ['i,ij,jk->k', ['[20]', '[20, 30]', '[30, 40]'], 20 * 30 + 30 * 40],
    // From the middle.
    ['ab,bc,cd,de->ae', ['[30, 2]', '[2, 30]', '[30, 2]', '[2, 30]'], 2 * 30 * 2 + 30 * 2 * 2 + 30 * 2 * 30],
  ])('takes the least arithmetic for %s', (pattern, shapes, multiplications) => {
    const names = shapes.map((_, i) => `p${i}`);
    const { y } = outputOf([
      ...shapes.map((shape, i) => `param ${names[i]}: ${shape} = 0`),
      `y = einsum("${pattern}", ${names.join(', ')})`,
    ]);
    const costs = reachable([y]).flatMap((node) => {
      if (!isOp(node, contract)) return [];
      const sizes = new Map<string, number>();
      [node.attrs.left, node.attrs.right].forEach((labels, i) =>
        labels.forEach((label, axis) => sizes.set(label, constantOf(node.inputs[i].type.shape[axis].size) ?? 0)),
      );
      return [[...sizes.values()].reduce((n, size) => n * size, 1)];
    });
    expect(costs.reduce((sum, cost) => sum + cost, 0)).toBe(multiplications);
  });
});

describe('einsum of many patterns in one model', () => {
  /** Under FULL=1 all of them. */
  const chosen = cases.filter((_, i) => process.env.FULL === '1' || i % 3 === 0);
  let gpu: GpuProcess;
  beforeAll(async () => void (gpu = await startGpu('swiftshader')));
  afterAll(() => gpu?.end());
  const single = { rtol: 1e-5, atol: 1e-5, scale: 'tensor' } as const;

  it.each(['ts', 'wasm', 'wgsl'] as const)('gives the recorded numbers on %s', async (target) => {
    const all = chosen.map(({ pattern, operands, w, value, gradients }, n) => {
      const names = operands.map((_, i) => `p${n}_${i}`);
      const lines = [
        ...operands.map((operand, i) => `${declared('param', names[i], operand)} = 0`),
        `${declared('param', `w${n}`, w)} = 0`,
        `y${n} = einsum("${pattern}", ${names.join(', ')})`,
      ];
      const given = [[`w${n}`, w] as const, ...operands.map((operand, i) => [names[i], operand] as const)];
      // The loss is linear in the weights: its gradient by them is the value.
      const want = [[`w${n}`, value] as const, ...gradients.map((gradient, i) => [names[i], gradient] as const)];
      return { lines, given, want };
    });
    const loss = chosen.map((_, n) => `sum(y${n} * w${n})`).join(' + ');
    const text = `model many {\n  ${all.flatMap(({ lines }) => lines).join('\n  ')}\n  loss = ${loss}\n  train { optimizer = sgd(lr = 0.1) }\n}\n`;
    const start = all.flatMap(({ given }) => given.map(([name, { data }]) => [name, Float32Array.from(data)]));
    const trainer = await startTrainer(text, { target, gpu, options: { parameters: Object.fromEntries(start) } });
    const { gradients } = await trainer.gradients({});
    await trainer.dispose();
    const want = Object.fromEntries(all.flatMap((each) => each.want));
    expect(tensorsDiffer('the gradient of', want, gradients, single)).toEqual([]);
  });
});

describe('rearrange', () => {
  /** Elements count from 0 in row-major order. */
  it.each([
    ['[2, 6]', '"b (h d) -> h b d", h = 2', '[2, 2, 3]', [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]],
    ['[2, 6]', '"b (h d) -> d b h", d = 2', '[2, 2, 3]', [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]],
    ['[2, 3, 2]', '"b ... d -> b d ..."', '[2, 2, 3]', [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]],
    ['[2, 3, 2]', '"... d -> d ..."', '[2, 2, 3]', [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]],
    ['[2, 3, 2]', '"b ... -> b (...)"', '[2, 6]', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['[2, 3]', '"... b c -> c ... b"', '[3, 2]', [0, 3, 1, 4, 2, 5]],
    ['[2, 3]', '"b c -> b 1 c 1"', '[2, 1, 3, 1]', [0, 1, 2, 3, 4, 5]],
    ['[1, 2, 3]', '"1 b c -> c b"', '[3, 2]', [0, 3, 1, 4, 2, 5]],
    ['[2, 1]', '"b () -> () b"', '[1, 2]', [0, 1]],
    ['[4, 3]', '"(a b) c -> a (b c)", a = 2', '[2, 6]', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['[4, 3]', '"(a b) c -> b (a c)", a = 2', '[2, 6]', [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11]],
    ['[4, 4]', '"(h p) (w q) -> (h w) (p q)", p = 2, q = 2', '[4, 4]', [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]],
    ['[8]', '"(a b c) -> c b a", a = 2, b = 2', '[2, 2, 2]', [0, 4, 2, 6, 1, 5, 3, 7]],
  ])('of %s by %s', (shape, pattern, wanted, elements) => {
    const { y } = outputOf([`param x: ${shape} = 0`, `y = rearrange(x, ${pattern})`]);
    const [value] = evaluate([y], { leaf: () => elements.map((_, i) => i) });
    expect(`[${y.type.shape.map((d) => constantOf(d.size)).join(', ')}]`).toBe(wanted);
    expect(Array.from(value)).toEqual(elements);
  });

  it('keeps run-time sizes', () => {
    const { y } = outputOf(['input x: [batch, T, 4]', 'y = rearrange(x, "b ... (h d) -> (b h) ... d", h = 2)']);
    const [value] = evaluate([y], { leaf: () => [0, 1, 2, 3, 4, 5, 6, 7], sizes: { batch: 1, T: 2 } });
    expect(Array.from(value)).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
  });
});
