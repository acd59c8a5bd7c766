// What values are called that nobody named, and that names given in a model stay.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';
import { printKernel } from '../../src/ir/printProgram.js';
import type { TrainerProgram } from '../../src/ir/program.js';

function compiled(body: string, before = '', target: 'ts' | 'wasm' = 'wasm'): TrainerProgram {
  const text = `${before}
model named {
  input x: [batch, 20]
  input y: index(3)[batch]
${body}
  output logits
  loss = cross_entropy(logits, y)
  train { optimizer = adam(lr = 0.01) }
}`;
  const { model, diagnostics } = check({ file: 'named.nn', text });
  if (!model) throw new Error(diagnostics[0].message);
  return programOf(model, target);
}

const buffersOf = (program: TrainerProgram): string[] => program.buffers.map((b) => b.name);
const formulasOf = (program: TrainerProgram): string[] => program.kernels.flatMap((k) => k.provenance.formulas);

describe('what nobody named', () => {
  const mlp = compiled(`
  h1     = x |> dense(64) |> gelu
  h2     = h1 |> layer_norm |> dense(64) |> gelu
  logits = h2 |> dense(3)`);

  it('is called by the bindings and instances that lead to it', () => {
    expect(buffersOf(mlp)).toEqual(expect.arrayContaining(['h1_dense', 'h2_dense', 'h2_layer_norm_centred']));
  });

  it('gives its gradient its name', () => {
    expect(buffersOf(mlp)).toEqual(expect.arrayContaining(['d_h1_dense', 'd_h2_dense']));
    expect(mlp.kernels.map((k) => k.name)).toContain('d_h2_dense');
  });

  it('is called by the optimizer where it is the same for every parameter', () => {
    expect(formulasOf(mlp)).toContain('inverse_adam_m_weight = 1 / (1 - 0.9^f32(update))');
  });

  it('is delta where an activation is applied to it', () => {
    const program = compiled(`
  param W: [20, 40] ~ glorot_uniform()
  h      = tanh(x @ W)
  logits = h |> dense(3)`);
    expect(formulasOf(program)).toContain('delta_h = d_logits @ transpose(logits.dense.W) * (1 - h^2)');
  });
});

describe('what a model names', () => {
  it('keeps its name', () => {
    const program = compiled(`
  wide   = x |> dense(64)
  h      = gelu(wide)
  logits = h |> dense(3)`);
    expect(buffersOf(program)).toEqual(expect.arrayContaining(['wide', 'h', 'logits', 'd_wide', 'd_logits']));
    expect(buffersOf(program)).not.toContain('wide_dense');
  });

  const block = `
layer block(units)(x: [..., n]) {
  inner = x |> dense(units)
  return x + (gelu(inner) |> dense(n))
}`;

  it('keeps its name in a layer that is applied once', () => {
    const program = compiled('  h = x |> block(64)\n  logits = h |> dense(3)', block);
    expect(buffersOf(program)).toEqual(expect.arrayContaining(['inner', 'd_inner', 'h']));
  });

  it('is called by its place where several copies of a layer name it', () => {
    const names = buffersOf(compiled('  h = x |> repeat(2, block(64))\n  logits = h |> dense(3)', block));
    expect(names).toEqual(
      expect.arrayContaining(['h_block_0_inner', 'h_block_1_inner', 'd_h_block_0_inner', 'h_block_0']),
    );
    expect(names).not.toContain('inner');
  });
});

describe('a long formula', () => {
  it('is written in the names of the model, line by line', () => {
    const program = compiled('  h = x |> dense(64) |> gelu\n  logits = h |> dense(3)', '', 'ts');
    const lines = formulasOf(program);
    expect(lines).toContain('h_dense = x @ h.dense.W + h.dense.b');
    expect(lines).toContain('h = 0.5 * h_dense * (1 + tanh(0.7978846 * (h_dense + 0.044715 * h_dense^3)))');
  });

  it('of an optimizer is written as the optimizer is: moments, then the weight by them', () => {
    const [update] = compiled('  logits = x |> dense(3, bias = false)').kernels.filter((k) =>
      k.name.startsWith('update'),
    );
    expect(update.provenance.formulas).toEqual([
      'logits.dense.W.m = 0.9 * logits.dense.W.m + 0.1 * (transpose(x) @ d_logits)',
      'logits.dense.W.v = 0.999 * logits.dense.W.v + 0.001 * (transpose(x) @ d_logits)^2',
      'logits.dense.W = logits.dense.W - 0.01 * learning_rate_scale * (logits.dense.W.m * inverse_adam_m_weight) / (sqrt(logits.dense.W.v * inverse_adam_v_weight) + 1e-8)',
    ]);
  });

  it('of an update reads the gradient that the backward pass has stored, which is all that is stored of it', () => {
    const program = compiled('  logits = x |> dense(64) |> relu |> dense(3)', '', 'ts');
    expect(formulasOf(program)).toContain('logits.dense_2.b.m = 0.9 * logits.dense_2.b.m + 0.1 * d_logits.dense_2.b');
    const kernel = program.kernels.find((k) => k.name === 'd_logits.dense_2.b');
    expect(kernel?.provenance.formulas).toEqual([
      'd_logits.dense_2.b = mean(softmax(logits) - one_hot(y), axis = batch)',
    ]);
    const update = program.kernels.find((k) => k.name === 'update_logits.dense_2.b');
    expect(update && printKernel(update)).toMatch(/ d_b0 = d_logits\.dense_2\.b\[/);
  });

  it('tells once what several results are made of', () => {
    const program = compiled('  logits = x |> dense(64) |> relu |> dense(3)');
    for (const { provenance } of program.kernels)
      expect([...new Set(provenance.formulas)]).toEqual(provenance.formulas);
    const update = program.kernels.find((k) => k.name === 'update_logits.dense_2.b');
    expect(update?.provenance.formulas[0]).toBe(
      'd_logits.dense_2.b = mean(softmax(logits) - one_hot(y), axis = batch)',
    );
  });
});
