// How a format says operations: a row for each, so that an operation without one does not compile.
import type { Node, NodeOf } from '../ir/graph.js';
import type { OpName, OpOf } from '../ir/ops/registry.js';

/** Says one node of an operation: asks the writer for what its inputs are called, and tells what the node is called. */
export type Row<N extends Node, Writer, Value> = (node: N, writer: Writer) => Value;

/** A row for each operation. `Value`: what a format knows a tensor by. */
export type Table<Writer, Value> = {
  readonly [Name in OpName]: Row<NodeOf<OpOf<Name>>, Writer, Value>;
};

/** Says a node by the row of its operation. */
export function spell<Writer, Value>(node: Node, table: Table<Writer, Value>, writer: Writer): Value {
  // The row of a name is of the op that bears it.
  const row = table[node.op.name] as Row<Node, Writer, Value>;
  return row(node, writer);
}
