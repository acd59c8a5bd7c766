// Every operation as it was run under JAX: its text is what was recorded, and the results are the evaluator's.
import { expect, it } from 'vitest';
import { ops } from '../../../src/ir/ops/registry.js';
import { digestOf, recorded } from './models.js';
import { samples } from './samples.js';

const { samples: record } = recorded();

it('the functions are those that were run', () => {
  expect(digestOf(samples().text)).toBe(record.module);
});

it('they gave what the evaluator gives', () => {
  const wrong = samples().samples.flatMap(({ name, wanted }) => {
    const found = record.results[name];
    const largest = Math.max(...wanted.map(Math.abs), 1e-30);
    const differs =
      wanted.length !== found?.length || wanted.some((v, i) => !(Math.abs(v - found[i]) <= 1e-5 * largest));
    return differs ? [{ name, wanted, found }] : [];
  });
  expect(wrong).toEqual([]);
});

it('draws of uniform numbers are the same to the bit, of normal ones to a millionth', () => {
  const of = (name: string) => samples().samples.find((each) => each.name === name)?.wanted ?? [];
  expect(record.results.uniform).toEqual(of('uniform'));
  const apart = of('normal').map((value, i) => Math.abs(value - record.results.normal[i]));
  expect([apart.length, Math.max(...apart) < 1e-6]).toEqual([300, true]);
});

it('operations that models compute with have samples there', () => {
  const without = ops.filter(({ kind, samples: own }) => kind !== 'leaf' && own.length === 0).map(({ name }) => name);
  // A loop and a declared gradient are in the models.
  expect(without).toEqual(['ownGradient', 'scan']);
});
