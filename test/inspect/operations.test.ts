// Pages of operations: every primitive has one, made from its own record.
import { describe, expect, it } from 'vitest';
import { describeOperation, listOperations } from '../../src/inspect/operations.js';
import { ops } from '../../src/ir/ops/registry.js';

const library = [
  {
    file: 'std/layers.nn',
    text: '/// Twice as much.\nfn twice(x) = 2 * x\n\nlayer scale(k)(x) {\n  param W: f32 = k\n  return W * x\n}\n',
  },
];

describe('operations', () => {
  it('are listed with what they do', () => {
    const lines = listOperations(library);
    expect(lines).toContainEqual({ name: 'exp', kind: 'primitive', summary: 'e to the power x.' });
    expect(lines).toContainEqual({ name: 'twice', kind: 'fn', summary: 'Twice as much.' });
    expect(lines).toContainEqual({ name: 'scale', kind: 'layer', summary: '' });
  });

  it('say their derivatives', () => {
    expect(describeOperation('mul', library)).toContain('d_a = d_y * b');
    expect(describeOperation('tanh', library)).toContain('d_x = ');
    expect(describeOperation('floor', library)).toMatch(/no gradient flows|d_x/);
  });

  it('show the source of definitions', () => {
    expect(describeOperation('scale', library)).toBe(
      'scale: layer of the standard library, std/layers.nn\n\n  layer scale(k)(x) {\n    param W: f32 = k\n    return W * x\n  }',
    );
  });

  it('are unknown by other names', () => {
    expect(describeOperation('frobnicate', library)).toBeUndefined();
  });

  it.each(ops.map(({ name }) => name))('%s has a page', (name) => {
    const page = describeOperation(name, []);
    expect(page).toMatch(new RegExp(`^${name}: primitive operation\n  \\S`));
    expect(page).not.toMatch(/undefined|\[object/);
  });
});
