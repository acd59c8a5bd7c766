// One line of a derivation from a node.
import type { Formula, Title } from '../../ir/formula/tree.js';
import type { Node } from '../../ir/graph.js';
import type { TensorType } from '../../ir/types.js';
import type { Step } from './data.js';
import { linesOf } from './lines.js';
import { wordOf } from './naming.js';

export function stepOf(title: Title, left: Formula, formula: Formula, node: Node, type: TensorType = node.type): Step {
  return {
    name: wordOf(title),
    title,
    left,
    formula,
    type,
    lines: linesOf(node),
    layer: node.origin?.path ?? '',
    node,
  };
}
