// What a step of a model costs, as amounts that a page can draw.
import { check } from '../../../../src/compile.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { fusedText } from '../../../../src/inspect/explain/cells.js';
import { explainModel } from '../../../../src/inspect/explain/explanation.js';
import type { LiveBuffer } from '../../../../src/inspect/explain/peak.js';
import { layerRows, type LayerRow } from '../../../../src/inspect/explain/tree.js';
import type { MemoryUse } from '../../../../src/inspect/memory.js';
import type { Target } from '../../../../src/targets.js';

export interface KernelRow {
  readonly name: string;
  readonly phase: string;
  readonly calls: number;
  readonly flops: number;
  /** Of all arithmetic, from 0 to 1. */
  readonly share: number;
  readonly bytes: number;
  /** `3 mul, add` */
  readonly fuses: string;
  /** Of the model. */
  readonly lines: readonly number[];
}

export interface Costs {
  /** `one training step on wasm, batch 64` */
  readonly of: string;
  readonly layers: readonly LayerRow[];
  readonly memory: MemoryUse;
  /** What lives in memory when most does, largest first. */
  readonly peak: { readonly kernel: string; readonly bytes: number; readonly buffers: readonly LiveBuffer[] };
  readonly kernels: readonly KernelRow[];
}

/** Of the target, for so many rows in a step as the model says or `batch`. */
export function costs(source: Source, target: Target, batch?: number): Costs | undefined {
  const { model } = check(source);
  if (!model) return undefined;
  const { sizes, explanation, tree, memory } = explainModel(model, target, batch);
  const { entry, total, kernels, peak } = explanation;
  const all = Math.max(1, total.forward + total.backward + total.update);
  const what = entry === 'step' ? 'one training step' : entry === 'gradients' ? 'gradients' : 'one prediction';
  return {
    of: [`${what} on ${target}`, ...[...sizes].map(([name, value]) => `${name} ${value}`)].join(', '),
    layers: layerRows(model.name, tree, total),
    memory,
    peak,
    kernels: [...kernels]
      .sort((a, b) => b.flops - a.flops)
      .map(({ name, phase, calls, flops, read, written, ops, sources }) => ({
        name,
        phase,
        calls,
        flops,
        share: flops / all,
        bytes: read + written,
        fuses: fusedText(ops),
        lines: [...new Set(sources.flatMap(({ file, line }) => (file === source.file ? [line] : [])))],
      })),
  };
}
