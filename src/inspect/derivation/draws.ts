// What is drawn at random, as a reader sees it: mask ~ Bernoulli(0.9), u ~ U(0, 1).
import { apply, number, type Formula } from '../../ir/formula/tree.js';
import { isOp, type Node, type NodeOf } from '../../ir/graph.js';
import { less, toF32 } from '../../ir/ops/logic.js';
import { random } from '../../ir/ops/random.js';
import { asName } from '../../ir/labels.js';
import type { Title } from '../../ir/formula/tree.js';
import type { LegendEntry } from './data.js';

export interface Draws {
  /** What a node draws from, where its formula is a draw. */
  drawnFrom(node: Node): Draw | undefined;
}

export interface Draw {
  readonly of: 'Bernoulli' | 'U';
  /** Of a Bernoulli draw: the probability of 1. */
  readonly p?: Node;
}

/** Among nodes: 1 where a uniform draw is below p, as a number or as a truth, is one draw; what else reads uniform draws reads them. */
export function drawsAmong(nodes: readonly Node[]): Draws {
  const read = new Map<Node, Node[]>();
  for (const node of nodes) for (const input of node.inputs) read.set(input, [...(read.get(input) ?? []), node]);
  const readersOf = (node: Node): readonly Node[] => read.get(node) ?? [];
  const isTest = (node: Node): node is NodeOf<typeof less> =>
    isOp(node, less) && isOp(node.inputs[0], random) && readersOf(node.inputs[0]).every((reader) => reader === node);
  const isNumber = (node: Node): boolean => isOp(node, toF32);
  return {
    drawnFrom(node) {
      const [of] = node.inputs;
      // The truth is drawn where it is read as such as well.
      const inner = isNumber(node) && readersOf(of).every(isNumber) ? of : node;
      if (isTest(inner)) return { of: 'Bernoulli', p: inner.inputs[1] };
      return isOp(node, random) && !readersOf(node).some(isTest) ? { of: 'U' } : undefined;
    },
  };
}

/** `Bernoulli(0.9)`, `U(0, 1)` */
export function drawFormula({ of, p }: Draw, write: (node: Node) => Formula): Formula {
  return apply(of, p ? [write(p)] : [number(0), number(1)]);
}

/** A mask of dropout, or a draw, by where it stands. */
export function drawTitle(node: Node, { of }: Draw): Title {
  const word = of === 'Bernoulli' ? 'mask' : 'draw';
  const path = node.origin?.path ?? '';
  return { of: 'value', word: path === '' ? word : `${asName(path)}_${word}` };
}

export const legendOf: Readonly<Record<Draw['of'], LegendEntry>> = {
  Bernoulli: {
    sign: '~ Bernoulli(p)',
    meaning: '1 with probability p, else 0: each element drawn anew in each update',
  },
  U: { sign: '~ U(0, 1)', meaning: 'uniform from 0 to 1: each element drawn anew in each update' },
};
