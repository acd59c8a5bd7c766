// one_hot, as the language names it and written out, along any axis: simplification keeps what it counts.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import { oneHot } from '../../src/ir/ops/indexing.js';
import { input } from '../../src/ir/ops/leaves.js';
import { reachable } from '../../src/ir/reachable.js';
import { simplify } from '../../src/passes/derive/simplify.js';

const label = [2, 0, 2, 1];
const other = [1, 1, 0, 2];
const counts = [0, 1, 2].map((c) => label.filter((l) => l === c).length);

/** The expression, what it is, and whether a one_hot is left of it (a sum of one is 1 without it). */
const uses: readonly (readonly [string, readonly number[], boolean])[] = [
  ['one_hot(label)', label.flatMap((l) => [0, 1, 2].map((c) => Number(l === c))), true],
  ['f32(label[:, none] == range(3))', label.flatMap((l) => [0, 1, 2].map((c) => Number(l === c))), true],
  ['f32(range(3) == label[:, none])', label.flatMap((l) => [0, 1, 2].map((c) => Number(l === c))), true],
  ['sum(one_hot(label), axis = -1)', [1, 1, 1, 1], false],
  ['sum(one_hot(label), axis = 0)', counts, true],
  ['sum(f32(range(3)[:, none] == label[none, :]), axis = -1)', counts, false],
  ['sum(f32(label[none, :] == range(3)[:, none]), axis = 0)', [1, 1, 1, 1], false],
  [
    'sum(f32(label[:, none] == other[none, :]), axis = -1)',
    label.map((l) => other.filter((o) => o === l).length),
    false,
  ],
];

describe.each(uses)('%s', (expression, expected, chooses) => {
  const text = `model m {\n  input label: index(3)[4]\n  input other: index(3)[4]\n  output y = ${expression}\n  param w: [1] = 0\n  loss = sum(w)^2\n}\n`;
  const { model, diagnostics } = check({ file: 'm.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  const { node } = model.evaluation.outputs[0];
  const leaf = (n: Node): readonly number[] => (isOp(n, input) && n.attrs.name === 'other' ? other : label);

  it('is the same after it is simplified', () => {
    const [simpler] = simplify([node], model.builder, 'value');
    expect([...evaluate([node], { leaf })[0]]).toEqual(expected);
    expect([...evaluate([simpler], { leaf })[0]]).toEqual(expected);
    expect(reachable([simpler]).some((n) => n.op === oneHot)).toBe(chooses);
  });
});
