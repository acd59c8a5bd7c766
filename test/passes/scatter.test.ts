// Gradients of tables: what chooses the rows is never a matrix, whatever stands behind the table.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';

const uses: Record<string, string> = {
  'the vectors themselves': 'loss = mean((words |> embedding(16) |> dense(1))^2)',
  'their mean': 'v = words |> embedding(16)\n  loss = mean((mean(v, axis = 1) |> dense(1))^2)',
  'a part of them': 'v = words[:, 1:] |> embedding(16)\n  loss = mean((v |> dense(1))^2)',
  'two tables': 'loss = mean((words |> embedding(16))^2) + mean((words |> embedding(8) |> dense(3))^2)',
};

describe.each(['ts', 'wasm'] as const)('on %s', (target) => {
  it.each(Object.entries(uses))('of %s', (_, body) => {
    const text = `model m {\n  input words: index(3000)[batch, 5]\n  ${body}\n  train { optimizer = adam(), batch = 10 }\n}\n`;
    const { model, diagnostics } = check({ file: 'm.nn', text });
    if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
    const program = programOf(model, target);
    for (const { length, name } of program.buffers)
      for (const { factor, atoms } of length.terms) if (atoms.length > 0) expect(factor, name).toBeLessThan(3000);
    const plans = program.kernels.filter(({ plan }) => plan.startsWith('scatter'));
    const tables = model.parameters.filter(({ name }) => name.endsWith('embedding.W') || name.includes('embedding_'));
    expect(plans.length).toBeGreaterThanOrEqual(tables.length);
    expect(tables.length).toBeGreaterThan(0);
  });
});
