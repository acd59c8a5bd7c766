// Made-up data has the types that the model's inputs ask for, and is the same in every run.
import { describe, expect, it } from 'vitest';
import { syntheticInputs } from '../../src/data/synthetic.js';
import { constant, size } from '../../src/ir/index.js';
import { bool, dim, f32, tensor } from '../../src/ir/types.js';

const batch = dim(size('batch'));
const inputs = [
  { name: 'image', type: tensor([batch, dim(constant(3))], f32) },
  { name: 'label', type: tensor([batch], { kind: 'index', size: constant(5) }) },
  { name: 'mask', type: tensor([dim(size('T')), batch], bool) },
];
const sizeOf = (name: string): number => (name === 'batch' ? 100 : 7);

describe('syntheticInputs', () => {
  const made = syntheticInputs(inputs, sizeOf, 1);

  it('fits the types', () => {
    expect(made.image.data).toBeInstanceOf(Float32Array);
    expect([made.image.shape, made.image.data.length]).toEqual([[100, 3], 300]);
    expect(made.image.data.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(made.label.data)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect([made.mask.shape, made.mask.data.length]).toEqual([[7, 100], 700]);
    expect(new Set(made.mask.data)).toEqual(new Set([0, 1]));
  });

  it('follows from the seed', () => {
    expect(syntheticInputs(inputs, sizeOf, 1)).toEqual(made);
    expect(syntheticInputs(inputs, sizeOf, 2)).not.toEqual(made);
  });
});
