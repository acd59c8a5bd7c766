// How terms are added to rows: in which runs of columns.
import { constantOf, mul, printIndex, type Axis } from '../../../ir/index.js';
import type { Nest, TargetTraits } from '../../../ir/program.js';
import type { Buffer } from '../../../ir/scalar.js';
import { vectorise } from '../../../ir/nest/lanes.js';
import { scatterOf } from '../../../ir/nest/scatter.js';
import { reshape } from '../../../ir/nest/reshape.js';
import { chooseShape } from './shape.js';
import { strideOfStore } from '../../../ir/nest/strides.js';
import type { LoopPlan, ScatterPlan } from '../../../ir/nest/plans.js';

/** Columns outside, so that threads can share them; for each run of them all terms in order. */
export function planScatter(nest: Nest, { lanes }: TargetTraits): ScatterPlan | undefined {
  const shape = chooseShape(nest);
  const reshaped = reshape(nest, shape);
  const scatter = scatterOf(reshaped);
  if (!scatter) return undefined;
  const [store] = reshaped.stores;
  const columns = reshaped.axes.filter((a) => a !== scatter.row);
  const dense = columns.find((a) => strideOfStore(store, a) === 1);
  const wide = lanes && dense !== undefined && vectorise(scatter.value, dense) !== undefined;
  const width = Math.min(wide ? 16 : 4, (dense && constantOf(dense.extent)) ?? 1);
  const loops = [...columns.filter((a) => a !== dense), ...(dense ? [dense] : [])].map((axis): LoopPlan => ({
    axis,
    tile: axis === dense ? width : 1,
    tail: 'exact',
    ...(wide && axis === dense && { lanes: true }),
  }));
  const show = (all: readonly Axis[]): string => all.map((a) => `${a.name}:${printIndex(a.extent)}`).join(' ');
  const text = [`scatter: to ${show([scatter.row])}`, show(columns), `from ${show(scatter.over)}`];
  const lost: Buffer = { name: 'lost', space: 'scratch', dtype: 'f32', length: mul(scatter.row.extent, width) };
  return { kind: 'scatter', shape, loops, lost, text: text.filter((part) => part !== '').join(', ') };
}
