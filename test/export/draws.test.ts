// Draws in ONNX Runtime: uniform ones to the bit, normal ones to a millionth.
import { expect, it } from 'vitest';
import { onnxModel } from '../../src/export/onnx/export.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { drawn } from './draws.js';
import { Opened } from './onnxRuntime.js';

it.each([18, 20])('version %d draws as the evaluator', async (opset) => {
  const { model, nodes, counters, leaf } = drawn();
  const wanted = evaluate(
    nodes.map(({ node }) => node),
    { leaf, singles: true },
  );
  const part = { kind: 'predict', tensors: new Map(), seed: counters.seed, metadata: {} } as const;
  const opened = await Opened.model(onnxModel(model, part, opset));
  const { uniform, normal } = await opened.predict({ x: new Float32Array(300) });
  await opened.close();
  expect(Array.from(uniform)).toEqual(Array.from(wanted[0]));
  const apart = Array.from(normal, (value, i) => Math.abs(value - wanted[1][i]));
  expect(Math.max(...apart)).toBeLessThan(1e-6);
  expect(new Set(Array.from(normal)).size).toBeGreaterThan(290);
});
