// Elements put elsewhere: broadcasts, slices, pads.
import type { broadcast, concat, pad, permute, reshape, slice, spreadOut } from '../../ir/ops/movement.js';
import type { iota } from '../../ir/ops/constants.js';
import { dimsOf, spelling, type AttrsOf, type Spelling } from './spelled.js';
import { type } from './types.js';

type Row<O> = Spelling<AttrsOf<O>>;

export const spellBroadcast: Row<typeof broadcast> = spelling((to, [x], node, sizeOf) => {
  const { axes } = node.attrs;
  const dims = dimsOf(node, sizeOf);
  return to.broadcast(
    x,
    dims,
    dims.flatMap((_, i) => (axes.includes(i) ? [] : [i])),
  );
});

export const spellReshape: Row<typeof reshape> = spelling((to, [x], node, sizeOf) =>
  to.reshape(x, dimsOf(node, sizeOf)),
);

export const spellPermute: Row<typeof permute> = spelling((to, [x], { attrs: { order } }) => to.transpose(x, order));

/** Of a negative step what it reaches is taken in order, and turned round. */
export const spellSlice: Row<typeof slice> = spelling((to, [x], node, sizeOf) => {
  const { starts, steps } = node.attrs;
  const sizes = dimsOf(node, sizeOf);
  const first = starts.map((start, i) => sizeOf(start) + (steps[i] < 0 ? (sizes[i] - 1) * steps[i] : 0));
  const taken = to.slice(x, first, steps.map(Math.abs), sizes);
  return to.reverse(
    taken,
    steps.flatMap((step, i) => (step < 0 && sizes[i] > 1 ? [i] : [])),
  );
});

export const spellSpreadOut: Row<typeof spreadOut> = spelling((to, [x], node, sizeOf) => {
  const { starts, steps } = node.attrs;
  const low = starts.map(sizeOf);
  const high = dimsOf(node, sizeOf).map((n, i) => n - low[i] - (x.type.dims[i] - 1) * steps[i] - 1);
  return to.pad(
    x,
    0,
    low,
    high,
    steps.map((step) => step - 1),
  );
});

export const spellPad: Row<typeof pad> = spelling((to, [x], { attrs: { low, high, value } }) =>
  to.pad(x, value, low, high),
);

export const spellConcat: Row<typeof concat> = spelling((to, parts, { attrs: { axis } }) =>
  to.concatenate(parts, axis),
);

export const spellIota: Row<typeof iota> = spelling((to, _, { attrs: { size } }, sizeOf) =>
  to.iota(0, type('i32', [sizeOf(size)])),
);
