// How a row of the table says what becomes of a node: which nodes it reads, and the operations that make its value of theirs.
import type { Attrs, Node, NodeOf } from '../../ir/graph.js';
import type { Block, Value } from './block.js';
import type { SizeOf } from './types.js';

/** What is read of a node, and what is written for it. */
export interface Spelled {
  readonly reads: readonly Node[];
  /** `wide`: what it makes is a number of a schedule or an optimizer, in f64. */
  write(to: Block, values: readonly Value[], wide: boolean): Value;
}

/** The row of an op: what it is once the batch is known. */
export type Spelling<A extends Attrs> = (node: Node<A>, sizeOf: SizeOf) => Spelled;

/** One that reads its node's inputs. */
export function spelling<A extends Attrs>(
  write: (to: Block, values: readonly Value[], node: Node<A>, sizeOf: SizeOf) => Value,
): Spelling<A> {
  return (node, sizeOf) => ({ reads: node.inputs, write: (to, values) => write(to, values, node, sizeOf) });
}

/** The attributes of an op's nodes. */
export type AttrsOf<O> = NodeOf<O> extends Node<infer A> ? A : never;

/** The shape of a node as numbers. */
export function dimsOf({ type }: Pick<Node, 'type'>, sizeOf: SizeOf): number[] {
  return type.shape.map(({ size }) => sizeOf(size));
}
