// How nodes become operators: several at once where ONNX has one for them, the others by the row of their operation.
import { everyNode } from '../../ir/bodies.js';
import { isOp, type Node } from '../../ir/graph.js';
import { spreadFrom } from '../../ir/ops/calls.js';
import { constant, iota, size } from '../../ir/ops/constants.js';
import { bodyRoots, scan } from '../../ir/ops/scan.js';
import { spell } from '../table.js';
import { createCounted } from './counted.js';
import { clip, elu, gelu, leakyRelu, mish, relu, selu, softplusOperator } from './standard/activations.js';
import { averagePool, convolution, gemm, maxPool, transposedConvolution } from './standard/convolutions.js';
import type { Match, Pattern, Setting } from './standard/match.js';
import {
  argMax,
  batchNormalization,
  layerNormalization,
  logSoftmax,
  mean,
  softmax,
} from './standard/normalizations.js';
import { table } from './table.js';
import type { Speller } from './writer.js';

/** The first that fits counts. */
const patterns: readonly Pattern[] = [
  convolution,
  transposedConvolution,
  gemm,
  batchNormalization,
  layerNormalization,
  softmax,
  logSoftmax,
  argMax,
  averagePool,
  maxPool,
  mean,
  clip,
  relu,
  leakyRelu,
  selu,
  elu,
  mish,
  softplusOperator,
  gelu,
];

/** `roots`: all that is exported, by which it is known what is read where. */
export function createSpeller(roots: readonly Node[], setting: Setting): Speller {
  const isCounted = createCounted();
  const readers = readersOf(roots);
  const known = new Map<Node, Match | undefined>();
  const find = (node: Node): Match | undefined => {
    if (node.op.kind === 'leaf' || isCounted(node)) return undefined;
    for (const pattern of patterns) {
      const match = pattern(node, setting);
      if (match && (match.shares || isApart(node, match, readers))) return match;
    }
    return undefined;
  };
  const matchOf = (node: Node): Match | undefined => {
    if (!known.has(node)) known.set(node, find(node));
    return known.get(node);
  };
  return {
    spell: (node, writer) => matchOf(node)?.say(writer) ?? spell(node, table, writer),
    parts: (node) => matchOf(node)?.parts ?? node.inputs,
    isCounted,
  };
}

/** What reads each node; a root is read from outside. */
function readersOf(roots: readonly Node[]): ReadonlyMap<Node, ReadonlySet<Node | undefined>> {
  const readers = new Map<Node, Set<Node | undefined>>();
  const note = (node: Node, reader: Node | undefined): void => {
    const known = readers.get(node);
    if (known) known.add(reader);
    else readers.set(node, new Set([reader]));
  };
  for (const root of roots) note(root, undefined);
  for (const node of everyNode(roots)) {
    for (const input of node.inputs) note(input, node);
    if (isOp(node, scan)) for (const result of bodyRoots([node])) note(result, undefined);
  }
  return readers;
}

/** Is what stands between the parts and the result read by nothing else, numbers aside? */
function isApart(node: Node, { parts }: Match, readers: ReturnType<typeof readersOf>): boolean {
  const inside = new Set<Node>([node]);
  const open = [node];
  for (let at = open.pop(); at; at = open.pop())
    for (const input of at.inputs) {
      if (inside.has(input) || parts.includes(input) || isNumber(input)) continue;
      inside.add(input);
      open.push(input);
    }
  return [...inside].every(
    (one) =>
      one === node || [...(readers.get(one) ?? [])].every((reader) => reader !== undefined && inside.has(reader)),
  );
}

/** Numbers and sizes, repeated or not, belong to no operator. */
function isNumber(node: Node): boolean {
  return isOp(spreadFrom(node), constant, size, iota);
}
