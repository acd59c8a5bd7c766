// What a step of a model costs on a target: everything that is told of it, at the sizes that are expected or asked for.
import { differentiateModel, programWithNests } from '../../compile.js';
import type { ModelGraph } from '../../ir/model.js';
import { tablesOf, type TableUpdate } from '../../passes/derive/derive.js';
import type { Target } from '../../targets.js';
import { expectedSizes, memoryUse, type MemoryUse } from '../memory.js';
import { explain, type Explanation } from './costs.js';
import { layerTree, type Layer } from './tree.js';

export interface ModelExplanation {
  readonly sizes: ReadonlyMap<string, number>;
  readonly explanation: Explanation;
  readonly tree: Layer;
  readonly memory: MemoryUse;
  /** What a step updates of tables, by their names. */
  readonly tables: ReadonlyMap<string, TableUpdate>;
}

/** `batch`: rows in a step, where it is another number than the model's. */
export function explainModel(model: ModelGraph, target: Target, batch?: number): ModelExplanation {
  const derived = differentiateModel(model, target);
  const made = programWithNests(derived, target);
  const onGpu = target === 'wgsl' ? made.program : programWithNests(derived, 'wgsl').program;
  const sizes = expectedSizes(made.program, batch);
  const sizeOf = (name: string): number => sizes.get(name) ?? 1;
  const explanation = explain({ ...made, onGpu }, sizeOf);
  if (!explanation) throw new Error('the model has nothing to run');
  return {
    sizes,
    explanation,
    tree: layerTree(explanation.layers),
    memory: memoryUse(made.program, target, sizeOf),
    tables: tablesOf(derived),
  };
}
