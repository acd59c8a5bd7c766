// Elements chosen by integer tensors.
import { atom, constant as whole, type Index } from '../index.js';
import { binding, type Op } from '../graph.js';
import { apply, indexValue, type Scalar } from '../scalar.js';
import { dim, tensor, type Dim } from '../types.js';
import { mul } from './arithmetic.js';
import { contract } from './contract.js';
import type { Plain } from './elementwise.js';
import { broadcast } from './movement.js';

/** An integer element as a coordinate. */
function coordinate(value: Scalar): Index {
  if (value.kind === 'number') return whole(value.value);
  return value.kind === 'index' ? value.of : atom({ kind: 'element', of: value });
}

export const oneHot: Op<{ classes: Dim }> = {
  kind: 'element',
  name: 'oneHot',
  summary: '1 at the class that each index names, 0 elsewhere, along a new last axis.',
  type: ([ids], { classes }) => tensor([...ids.shape, classes]),
  element: (at, [ids]) => apply('f32', apply('eq', ids(at.slice(0, -1)), indexValue(at[at.length - 1]))),
  notation: { kind: 'call', name: 'one_hot' },
  samples: [
    { inputs: ['index(4)[3]'], attrs: { classes: dim(whole(4)) } },
    { inputs: ['index(4)'], attrs: { classes: dim(whole(4)) } },
  ],
};

export const takeAlong: Op<Plain> = {
  kind: 'element',
  name: 'takeAlong',
  summary: 'The element of the last axis that ids choose: x[..., ids[...]].',
  type: ([x]) => ({ element: x.element, shape: x.shape.slice(0, -1) }),
  element: (at, [x, ids]) => x([...at, coordinate(ids(at))]),
  vjp: (d, { inputs: [x, ids] }, g) => {
    const classes = x.type.shape[x.type.shape.length - 1];
    const chosen = g.make(oneHot, [ids], { classes });
    return [
      g.make(mul, [g.make(broadcast, [d], { shape: x.type.shape, axes: [x.type.shape.length - 1] }), chosen], {}),
      undefined,
    ];
  },
  notation: { kind: 'call', name: 'take_along' },
  samples: [
    { inputs: ['f32[3, 4]', 'index(4)[3]'], attrs: {} },
    { inputs: ['f32[2, 3, 4]', 'index(4)[2, 3]'], attrs: {} },
  ],
};

export const gather: Op<Plain> = {
  kind: 'element',
  name: 'gather',
  summary: 'Rows of a table: table[ids].',
  type: ([table, ids]) => ({ element: table.element, shape: [...ids.shape, ...table.shape.slice(1)] }),
  element: (at, [table, ids], { inputs: [, chosen] }) => {
    const rank = chosen.type.shape.length;
    return table([coordinate(ids(at.slice(0, rank))), ...at.slice(rank)]);
  },
  // The cotangent of a row is the sum over the places that chose it: one_hot(ids)ᵀ · d.
  vjp: (d, { inputs: [table, ids] }, g) => {
    const [rows, ...rest] = table.type.shape;
    const chosen = g.make(oneHot, [ids], { classes: rows });
    const places = ids.type.shape.map((_, i) => `p${i}`);
    const inner = rest.map((_, i) => `r${i}`);
    return [
      g.make(contract, [chosen, d], { left: [...places, 'v'], right: [...places, ...inner], out: ['v', ...inner] }),
      undefined,
    ];
  },
  notation: {
    kind: 'form',
    write: ([table, ids]) => ({
      text: `${table.level < binding.atom ? `(${table.text})` : table.text}[${ids.text}]`,
      level: binding.atom,
    }),
  },
  samples: [
    { inputs: ['f32[4, 3]', 'index(4)[5]'], attrs: {} },
    { inputs: ['f32[4]', 'index(4)[2, 3]'], attrs: {} },
  ],
};
