// scatter_add and table[ids] against PyTorch's index_add and embedding: values, gradients and second derivatives, on the evaluator and in modules.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { loadText } from '../support/trainer.js';
import { tensorsDiffer, type TensorRecord } from './reference.js';

interface Recorded {
  readonly name: string;
  readonly expression: string;
  readonly rows: number;
  readonly ids: TensorRecord;
  readonly x: TensorRecord;
  readonly w: TensorRecord;
  readonly v: TensorRecord;
  readonly y: TensorRecord;
  /** Of e = sum(y^3 * w) by x, and that of sum(gradient * v). */
  readonly gradient: TensorRecord;
  readonly second: TensorRecord;
}

const cases: Recorded[] = JSON.parse(readFileSync(new URL('scatterAdd.json', import.meta.url), 'utf8'));

const shapeOf = ({ shape }: TensorRecord): string => (shape.length === 0 ? '' : `[${shape.join(', ')}]`);

function modelOf({ expression, rows, ids, x, w, v }: Recorded): string {
  const lines = [
    `param x: ${shapeOf(x)} = 0`,
    `input ids: index(${rows})${shapeOf(ids)}`,
    `input w: ${shapeOf(w)}`,
    `input v: ${shapeOf(v)}`,
    `y = ${expression}`,
    'e = sum(y^3 * w)',
    'gradient = grad(e, x)',
    'output y',
    'output gradient',
    'output second = grad(sum(gradient * v), x)',
    'loss = e',
    'train { optimizer = sgd(lr = 0.1) }',
  ];
  return `model case {\n  ${lines.join('\n  ')}\n}\n`;
}

const wanted = ({ y, gradient, second }: Recorded) => ({ y, gradient, second });

describe.each(cases.map((record) => [record.name, record] as const))('%s', (_, record) => {
  const text = modelOf(record);
  const given = { x: record.x.data, ids: record.ids.data, w: record.w.data, v: record.v.data };

  it('is what PyTorch computes', () => {
    const { model, diagnostics } = check({ file: 'model.nn', text });
    if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
    const { outputs } = model.evaluation;
    const values = evaluate(
      outputs.map((o) => o.node),
      { leaf: (leaf) => given[String(leaf.attrs.name) as keyof typeof given] },
    );
    const got = Object.fromEntries(outputs.map(({ name }, i) => [name, values[i]]));
    expect(tensorsDiffer('the', wanted(record), got, { rtol: 1e-8, atol: 1e-8, scale: 'tensor' })).toEqual([]);
  });

  it.each(['ts', 'wasm'] as const)('is so on %s', async (target) => {
    const module = await loadText(text, { target });
    const trainer = await module.createTrainer({ seed: 0, parameters: { x: Float32Array.from(record.x.data) } });
    const inputs = { ids: Int32Array.from(given.ids), w: Float32Array.from(given.w), v: Float32Array.from(given.v) };
    const single = { rtol: 1e-5, atol: 1e-5, scale: 'tensor' } as const;
    expect(tensorsDiffer('the', wanted(record), trainer.predict(inputs), single)).toEqual([]);
    const { gradients } = trainer.gradients(inputs);
    expect(tensorsDiffer('the gradient of', { x: record.gradient }, gradients, single)).toEqual([]);
  });
});
