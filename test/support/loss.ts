// The loss of a model that has one.
import type { Node } from '../../src/ir/graph.js';
import type { Mode } from '../../src/ir/model.js';

export function lossOf({ loss }: Mode): Node {
  if (!loss) throw new Error('the model has no loss');
  return loss;
}
