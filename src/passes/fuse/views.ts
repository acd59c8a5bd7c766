// Buffers that are rows of others: while a loop's body is fused, what a round reads and makes of a longer tensor is a buffer of its own.
import { add, type Index } from '../../ir/index.js';
import { mapStores } from '../../ir/nest/traverse.js';
import type { AnyNest } from '../../ir/program.js';
import { storedIn } from './provenance.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../../ir/rewrite.js';
import { load, type Buffer, type Scalar } from '../../ir/scalar.js';

/** Element i of a view is element `from` + i of another buffer. */
export interface View {
  readonly to: Buffer;
  readonly from: Index;
  /** What the kernel is called that stores there last. */
  readonly kernel?: string;
}

export type Views = ReadonlyMap<Buffer, View>;

/** The nest with what is viewed instead of its views. */
export function throughViews(nest: AnyNest, views: Views): AnyNest {
  if (views.size === 0) return nest;
  const memo = new Map<string, Scalar>();
  const rewrite: Rewrite = {
    scalar: (value) => {
      const view = value.kind === 'load' ? views.get(value.from) : undefined;
      if (value.kind !== 'load' || !view) return undefined;
      return load(view.to, add(view.from, rewriteIndex(value.at, rewrite, memo)), value.lanes);
    },
  };
  const viewed = mapStores(nest, ({ to, at, value }) => {
    const view = views.get(to);
    const own = rewriteIndex(at, rewrite, memo);
    const stored = rewriteScalar(value, rewrite, memo);
    return view ? { to: view.to, at: add(view.from, own), value: stored } : { to, at: own, value: stored };
  });
  return { ...viewed, provenance: storedIn(nest.provenance, (buffer) => views.get(buffer)?.to) };
}
