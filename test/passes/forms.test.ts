// Nests of one form: what is made like another nest is, written out, what it says of itself.
import { expect, it } from 'vitest';
import { check, differentiateModel, targets } from '../../src/compile.js';
import { formOf, formOfRows } from '../../src/ir/nest/forms.js';
import { shapeOfNest } from '../../src/ir/nest/key.js';
import { foldsOf, partsOfNest } from '../../src/ir/nest/traverse.js';
import type { AnyNest } from '../../src/ir/program.js';
import { runsOf } from '../../src/ir/runs.js';
import { passesFrom } from '../../src/passes.js';
import { isAt, walk, type Context } from '../../src/passes/pipeline.js';

const text = `model deep {
  input x: [batch, 8]
  input y: [batch, 8]
  h = x |> repeat(3, dense(8) >> layer_norm >> gelu)
  output h
  loss = mse(h, y)
  train { optimizer = adamw() }
}`;

/** The nests of a model's entries once they are united. */
function nestsOf(target: 'ts' | 'wasm'): AnyNest[] {
  const { model } = check({ file: 'deep.nn', text });
  if (!model) throw new Error('the model has errors');
  const context: Context = {
    read: () => undefined,
    memoryLimit: Infinity,
    target: targets[target],
    threads: false,
    without: new Set(),
    diagnostics: [],
  };
  const end = walk({ stage: 'gradient', is: differentiateModel(model, target) }, passesFrom('store', 'unite'), context);
  if (!end || !isAt(end, 'nests')) throw new Error('the model has no nests');
  return [...new Set(end.is.entries.flatMap(({ calls = [] }) => runsOf(calls).map(({ unit }) => unit.nest)))];
}

const formed = (nest: AnyNest) => (nest.kind === 'nest' ? formOf(nest) : formOfRows(nest));
/** The same nest, which has no form to answer for it. */
const apart = (nest: AnyNest): AnyNest => ({ ...nest });

it.each(['ts', 'wasm'] as const)('writes copies of a layer like one of them: %s', (target) => {
  const nests = nestsOf(target);
  const copies = nests.filter((nest) => formed(nest) && formed(nest)?.form.nest !== nest);
  expect(new Set(copies.map(({ kind }) => kind))).toEqual(new Set(['nest', 'rows']));
  for (const nest of copies) {
    expect(shapeOfNest(apart(nest)), nest.name).toEqual(shapeOfNest(nest));
    const own = partsOfNest(nest).flatMap(({ stores }) => stores.flatMap(({ value }) => foldsOf(value)));
    const written = formed(nest)?.form.nest;
    const others = written ? partsOfNest(written).flatMap(({ stores }) => stores.flatMap((s) => foldsOf(s.value))) : [];
    const axes = new Set(others.flatMap(({ over }) => over));
    expect(own.length, nest.name).toBe(others.length);
    for (const { over } of own) expect(over.some((axis) => axes.has(axis))).toBe(false);
  }
});

it('has one accessor for the stores of all, so that engines keep nests as they keep other objects', () => {
  const accessors = nestsOf('ts').flatMap((nest) => Object.getOwnPropertyDescriptor(nest, 'stores')?.get ?? []);
  expect(accessors.length).toBeGreaterThan(1);
  expect(new Set(accessors).size).toBe(1);
});
