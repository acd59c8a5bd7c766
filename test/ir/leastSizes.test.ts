// Small run-time sizes at which conditions hold, against trying all of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constant, add, mul, scale, size, sub, type Index } from '../../src/ir/index.js';
import { leastSizes, lengthsFit } from '../../src/ir/leastSizes.js';
import type { SizeCondition } from '../../src/ir/model.js';
import { holdsAt } from '../../src/ir/requirements.js';

const [H, W, T] = ['H', 'W', 'T'].map((name, i) => size(name, i));

type Operator = Extract<SizeCondition, { kind: 'compare' }>['operator'];
const compare = (left: Index, operator: Operator, right: Index | number): SizeCondition => ({
  kind: 'compare',
  operator,
  left,
  right: typeof right === 'number' ? constant(right) : right,
});

const found = (names: readonly string[], conditions: readonly SizeCondition[], from?: (name: string) => number) => {
  const sizes = leastSizes(names, conditions, from);
  return sizes && Object.fromEntries(sizes);
};

describe('leastSizes', () => {
  it('leaves at 1 what nothing is required of', () => {
    expect(found(['H', 'W'], [])).toEqual({ H: 1, W: 1 });
    expect(found(['H', 'W'], [compare(W, '>=', 5)])).toEqual({ H: 1, W: 5 });
  });

  it('finds sizes that must differ', () => {
    expect(found(['H', 'W'], [compare(H, '==', add(W, 9))])).toEqual({ H: 10, W: 1 });
    expect(found(['H', 'T'], [compare(T, '>', scale(H, 2)), compare(H, '>=', 3)])).toEqual({ H: 3, T: 7 });
  });

  it('raises the others with the first', () => {
    expect(found(['H', 'T'], [compare(T, '>', scale(H, 2))], (name) => (name === 'H' ? 32 : 1))).toEqual({
      H: 32,
      T: 65,
    });
  });

  it('raises one for the other', () => {
    expect(found(['H', 'W'], [compare(H, '==', W), compare(add(H, W), '>=', 8)])).toEqual({ H: 7, W: 7 });
    expect(found(['H', 'W'], [compare(mul(H, W), '==', 35), compare(H, '!=', 1), compare(W, '>', H)])).toEqual({
      H: 5,
      W: 7,
    });
  });

  it('reaches far', () => {
    expect(found(['H', 'W'], [compare(H, '>=', 40_001), compare(W, '==', sub(H, 1))])).toEqual({
      H: 40_001,
      W: 40_000,
    });
  });

  it('finds nothing where nothing holds', () => {
    expect(found(['H'], [compare(H, '<', 3), compare(H, '>', 5)])).toBeUndefined();
    expect(found(['H'], [compare(H, '<', 1)])).toBeUndefined();
  });

  it('finds sizes that fit wherever small ones do', () => {
    const linear = fc.record({
      factors: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }),
      operator: fc.constantFrom<Operator>('<', '<=', '>', '>=', '==', '!='),
      than: fc.integer({ min: -8, max: 8 }),
    });
    const names = ['H', 'W', 'T'];
    const upTo = Array.from({ length: 9 }, (_, i) => i + 1);
    const all = upTo.flatMap((h) => upTo.flatMap((w) => upTo.map((t) => [h, w, t])));
    fc.assert(
      fc.property(fc.array(linear, { minLength: 1, maxLength: 3 }), (list) => {
        const conditions = list.map(({ factors: [a, b, c], operator, than }) =>
          compare(add(scale(H, a), scale(W, b), scale(T, c)), operator, than),
        );
        const fits = (sizes: readonly number[]): boolean =>
          conditions.every((condition) => holdsAt(condition, (name) => sizes[names.indexOf(name)]));
        const sizes = leastSizes(names, conditions);
        if (sizes) expect(fits([...sizes.values()])).toBe(true);
        else expect(all.filter(fits)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

it('lengths ask for what may be negative, each once', () => {
  expect(lengthsFit([sub(H, 4), H, constant(8), sub(H, 4), mul(W, sub(H, 4))])).toHaveLength(2);
});
