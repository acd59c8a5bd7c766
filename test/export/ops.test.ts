// Every operation by its samples: ONNX Runtime gives what the reference evaluator gives, draws to the bit.
import { expect, it } from 'vitest';
import { sayOutputs } from '../../src/export/onnx/export.js';
import { createBuilder } from '../../src/ir/builder.js';
import { evaluate } from '../../src/ir/evaluate.js';
import type { Node } from '../../src/ir/graph.js';
import { input } from '../../src/ir/ops/leaves.js';
import { ops } from '../../src/ir/ops/registry.js';
import { random } from '../../src/ir/ops/random.js';
import { createDraws, fillType, readType } from '../support/sampleTypes.js';
import { differences, Opened, type Fed } from './onnxRuntime.js';

const g = createBuilder();
const draw = createDraws(1);
const fed: Record<string, { data: number[]; shape: number[] }> = {};
const outputs = ops.flatMap((op) =>
  op.kind === 'leaf'
    ? []
    : op.samples.map((sample, n) => {
        const inputs = sample.inputs.map((text, i): Node => {
          const type = readType(text);
          const name = `${op.name}_${n}_${i}`;
          const shape = type.shape.map((d) => Number(d.size.key.split('·')[0]));
          fed[name] = { data: fillType(type, draw, sample.domain).map(Math.fround), shape };
          return g.make(input, [], { name, type });
        });
        return { name: `${op.name} ${n}`, op, node: g.make(op, inputs, sample.attrs) };
      }),
);
const leaf = (node: Node): number[] => fed[(node.attrs as { name: string }).name].data;
const wanted = evaluate(
  outputs.map(({ node }) => node),
  { leaf, singles: true },
);
const inputs = Object.keys(fed).map((name) => ({ name, type: typeOf(name) }));

function typeOf(name: string) {
  const found = outputs
    .flatMap(({ node }) => node.inputs)
    .find((node) => (node.attrs as { name?: string }).name === name);
  if (!found) throw new Error(name);
  return found.type;
}

it.each([18, 20])('version %d says them all', async (opset) => {
  const graph = sayOutputs(
    'samples',
    { inputs, outputs, held: [], counters: new Map() },
    { tensors: new Map(), seed: 0 },
    opset,
  );
  const session = await Opened.model({
    graph,
    opset,
    producer: { name: 'test', version: '1' },
    description: '',
    metadata: {},
  });
  const got = await session.predict(fed as Fed);
  const named = outputs.map(({ name }, i): [string, ArrayLike<number>] => [name, wanted[i]]);
  expect(differences(Object.fromEntries(named), got, 2e-6)).toEqual([]);
  const draws = outputs.findIndex(({ op }) => op === random);
  expect(Array.from(got[outputs[draws].name])).toEqual(Array.from(wanted[draws]));
  await session.close();
});
