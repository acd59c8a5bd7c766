// The verifier of entries: it finds nothing in what passes make, and each way in which that is damaged.
import { describe, expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/compile.js';
import { axis, toIndex } from '../../src/ir/index.js';
import type { AnyNest, Nest } from '../../src/ir/program.js';
import { load, number } from '../../src/ir/scalar.js';
import type { EntryNests, Nests } from '../../src/passes/entries.js';
import { passesFrom } from '../../src/passes.js';
import { walk, type Form, type Pass } from '../../src/passes/pipeline.js';
import type { Call, Unit } from '../../src/passes/schedule/works.js';
import { verifyNests } from '../../src/passes/verifyEntries.js';
import { contextFor, formAfter } from '../support/forms.js';

/** Copies of a layer, draws, a schedule on the host, and momentum in place. */
const text = `
model deep {
  input x: [batch, 6]
  input y: [batch, 3]
  h = x |> dense(32) |> repeat(5, dense(32) >> tanh >> dropout(0.1))
  p = h |> dense(3) |> softmax
  output p
  loss = mean((p - y)^2)
  train { optimizer = adam(lr = cosine(0.1, steps = 100)) }
}
`;

it.each(['ts', 'wasm', 'wgsl'] as const)('finds nothing in what passes make for %s', (target) => {
  const { model } = check({ file: 'm.nn', text });
  if (!model) throw new Error('the model is right');
  const seen: string[] = [];
  const watch = (pass: Pass, form: Form): void => {
    seen.push(pass.name);
    expect(pass.verify(form, context), pass.name).toEqual([]);
  };
  const context = { ...contextFor(target), watch };
  walk({ stage: 'gradient', is: differentiateModel(model) }, passesFrom('store', 'limit'), context);
  expect(seen).toEqual(expect.arrayContaining(['store', 'join', 'order', 'rows', 'unite', 'plan', 'lower', 'memory']));
});

const nests = formAfter(text, 'copies', 'nests', 'wasm');

type Calls = readonly Call[];

function damaged(change: (calls: Calls) => Calls, name = 'step', of: Nests = nests): string {
  const entries = of.entries.map((entry): EntryNests => {
    const calls = (entry.calls ?? []).filter((work) => work.kind === 'run');
    return entry.name === name ? { ...entry, calls: change(calls) } : entry;
  });
  return verifyNests({ ...of, entries }).join('\n');
}

function withNest(unit: Unit, change: (nest: Nest) => Nest): Unit {
  const { nest } = unit;
  return { ...unit, nest: nest.kind === 'nest' ? change(nest) : { ...nest, parts: nest.parts.map(change) } };
}

const storesOf = (nest: AnyNest) => (nest.kind === 'nest' ? nest.stores : nest.parts.flatMap(({ stores }) => stores));
const first = (calls: Calls, test: (call: Call) => boolean): Call => {
  const found = calls.find(test);
  if (!found) throw new Error('there is no such call');
  return found;
};
const isUpdate = ({ unit: { nest } }: Call): boolean => storesOf(nest).some(({ to }) => to.space === 'parameter');
const isCopy = ({ given, unit }: Call): boolean => given !== undefined && !isUpdate({ kind: 'run', unit });

describe('finds', () => {
  it('what is read before it is written', () => {
    expect(damaged((calls) => [...calls].reverse())).toContain('which nothing before it writes');
  });

  it('a result that nothing writes', () => {
    expect(damaged((calls) => calls.slice(0, -1), 'predict')).toContain('predict: nothing writes the result p');
  });

  it('a parameter that is read after its update', () => {
    const late = (calls: Calls): Calls => {
      const update = first(calls, isUpdate);
      const reader = first(calls, ({ unit: { nest } }) => storesOf(nest).every(({ to }) => to.space === 'arena'));
      const written = storesOf(update.unit.nest).find(({ to }) => to.space === 'parameter');
      if (!written) throw new Error('an update writes a parameter');
      const actual = update.given?.get(written.to) ?? written.to;
      const unit = withNest(reader.unit, (nest) => ({
        ...nest,
        stores: nest.stores.map((s) => ({ ...s, value: load(actual, toIndex(0)) })),
      }));
      return [...calls, { ...reader, unit }];
    };
    expect(damaged(late)).toMatch(/reads .*, whose old value is gone/);
  });

  it('a parameter of a kernel that stands for another buffer than the one that is there', () => {
    const swapped = (calls: Calls): Calls => {
      const copy = first(calls, isCopy);
      const { writes } = { writes: new Set(storesOf(copy.unit.nest).map(({ to }) => to)) };
      const given = new Map([...(copy.given ?? [])].map(([from, to]) => [from, writes.has(from) ? from : to]));
      return calls.map((call) => (call === copy ? { ...call, given } : call));
    };
    expect(damaged(swapped)).toContain('which nothing before it writes');
  });

  it('a number that a call does not give', () => {
    const without = (calls: Calls): Calls => calls.map((call) => ({ ...call, numbers: undefined }));
    expect(damaged(without)).toMatch(/mentions site.*, over which nothing goes/);
  });

  it('a nest on the host that reads what only the device has', () => {
    const onHost = (calls: Calls): Calls =>
      calls.map((call) => (isUpdate(call) ? { ...call, unit: { ...call.unit, host: true } } : call));
    expect(damaged(onHost)).toContain('runs on the host, and reads');
  });

  it('a damaged nest, by the entry and its name', () => {
    const wrong = axis('nowhere', 3);
    const change = (calls: Calls): Calls =>
      calls.map((call, n) => {
        const unit = withNest(call.unit, (nest) => ({
          ...nest,
          stores: nest.stores.map((s) => ({ ...s, at: toIndex(wrong), value: number(1) })),
        }));
        return n === 0 ? { ...call, unit } : call;
      });
    expect(damaged(change, 'evaluate')).toMatch(/^evaluate: \w+: nowhere mentions nowhere, over which nothing goes$/m);
  });
});
