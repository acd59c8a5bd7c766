// Updates of low rank beside weights, added to these.
import type { Tensor } from './safetensors.js';

/** scale * down @ up, beside a weight; without one, it cannot be added to any. */
export interface Adapter {
  readonly weight?: string;
  readonly down: string;
  readonly up: string;
  readonly scale: number;
}

/** The tensors of the model without adapters: W + scale * A @ B for each W: [n, m], A: [n, rank], B: [rank, m]. */
export function mergeAdapters(tensors: readonly Tensor[], adapters: readonly Adapter[]): Tensor[] {
  // Averages of weights start anew from what is merged.
  const all = new Map(tensors.filter((t) => t.starts === undefined).map((t) => [t.name, t]));
  for (const { weight, down, up, scale } of adapters) {
    const [w, a, b] = [weight ?? '', down, up].map((name) => all.get(name));
    if (!w || !a || !b)
      throw new Error(
        `save: ${down} cannot be merged: it is not beside x @ W, or x @ W + b, with a W that is applied nowhere without it`,
      );
    const [columns, rank] = [b.shape[1], b.shape[0]];
    // In double precision, and rounded once.
    const data = Float32Array.from(w.data, (value, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += a.data[row * rank + k] * b.data[k * columns + column];
      return value + scale * sum;
    });
    all.set(w.name, { ...w, data });
  }
  for (const { down, up } of adapters) for (const name of [down, up]) all.delete(name);
  return [...all.values()];
}
