// The graph as it is read: what a well-known form is made of is not seen, and sums of scaled values read as they are written.
import { isOp, type Node } from '../../ir/graph.js';
import { div, mul, neg } from '../../ir/ops/arithmetic.js';
import { constant, size } from '../../ir/ops/constants.js';
import { broadcast } from '../../ir/ops/movement.js';
import { sum } from '../../ir/ops/reductions.js';
import { runKey, runsAmong, scan, type ScanNode } from '../../ir/ops/scan.js';
import { seenBy } from '../../ir/labels.js';
import { reachable } from '../../ir/reachable.js';
import { drawsAmong, type Draws } from './draws.js';
import { axesOf, recognise, type Form } from '../../ir/recognise.js';

export interface Reading {
  readonly draws: Draws;
  formOf(node: Node): Form | undefined;
  inputsOf(node: Node): readonly Node[];
  /** What the roots are made from, inputs before what reads them. */
  inOrder(roots: readonly Node[]): Node[];
  /** The results of each loop. */
  readonly runs: ReadonlyMap<string, readonly ScanNode[]>;
  /** How many of the nodes read each. */
  readersOf(nodes: readonly Node[]): ReadonlyMap<Node, number>;
}

export function readingOf(roots: readonly Node[]): Reading {
  const all = reachable(roots);
  const sums = sumsOfScaled(all);
  const draws = drawsAmong(all);
  const formOf = (node: Node): Form | undefined => sums.get(node) ?? recognise(node);
  const inputsOf = (node: Node): readonly Node[] => {
    const draw = draws.drawnFrom(node);
    const made = draw ? (draw.p ? [draw.p] : []) : (formOf(node)?.inputs ?? node.inputs);
    return made.map(seenBy);
  };
  return { draws, formOf, inputsOf, inOrder: (from) => ordered(from, inputsOf), runs: runsAmong(all), readersOf };

  function readersOf(nodes: readonly Node[]): ReadonlyMap<Node, number> {
    const readers = new Map<Node, number>();
    const told = new Set<string>();
    for (const node of nodes) {
      // All results of a loop read alike.
      const key = isOp(node, scan) ? runKey(node) : undefined;
      if (key !== undefined && told.has(key)) continue;
      if (key !== undefined) told.add(key);
      for (const input of new Set(inputsOf(node))) readers.set(input, (readers.get(input) ?? 0) + 1);
    }
    return readers;
  }
}

function ordered(from: readonly Node[], inputsOf: (node: Node) => readonly Node[]): Node[] {
  const done = new Set<Node>();
  const open = [...from].reverse();
  const entered = new Set<Node>();
  for (let node = open.at(-1); node; node = open.at(-1)) {
    if (entered.has(node)) {
      done.add(node);
      open.pop();
      continue;
    }
    entered.add(node);
    for (const input of [...inputsOf(node)].reverse()) if (!entered.has(input)) open.push(input);
  }
  return [...done];
}

/**
 * sum(a) / n reads as sum(a / n) where a / n is there too: the simplifier divides last, a reader looks for the sum of the
 * cotangent that stands above.
 */
function sumsOfScaled(nodes: readonly Node[]): Map<Node, Form> {
  const scaled = new Map<Node, { readonly node: Node; readonly scale: string }[]>();
  const found = new Map<Node, Form>();
  const parts = nodes.map((node) => ({ node, ...unscaled(node) }));
  for (const { node, core, scale } of parts)
    if (scale !== '') scaled.set(core, [...(scaled.get(core) ?? []), { node, scale }]);
  for (const { node, core, scale } of parts) {
    if (scale === '' || !isOp(core, sum)) continue;
    const term = scaled.get(core.inputs[0])?.find((other) => other.scale === scale);
    if (term) found.set(node, { name: 'sum', inputs: [term.node], rest: axesOf(core), sum: core });
  }
  return found;
}

/** A node as core times a scale, the scale as a key; '' where there is none. */
function unscaled(node: Node): { readonly core: Node; readonly scale: string } {
  const [a, b] = node.inputs;
  const peeled = (core: Node, factor: string): { core: Node; scale: string } => {
    const inner = unscaled(core);
    return { core: inner.core, scale: inner.scale + factor };
  };
  if (isOp(node, neg)) return peeled(a, '-');
  if (isOp(node, div) && scalarKey(b) !== undefined) return peeled(a, `/${scalarKey(b)}`);
  if (isOp(node, mul) && scalarKey(a) !== undefined) return peeled(b, `*${scalarKey(a)}`);
  if (isOp(node, mul) && scalarKey(b) !== undefined) return peeled(a, `*${scalarKey(b)}`);
  return { core: node, scale: '' };
}

/** Numbers and run-time sizes, also broadcast. */
function scalarKey(node: Node): string | undefined {
  const at = isOp(node, broadcast) ? node.inputs[0] : node;
  return isOp(at, constant, size) ? String(at.id) : undefined;
}
