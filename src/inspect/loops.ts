// Loops in the gradient document: each once, with what its body does, and its results by what they are called there.
import { createWriter } from '../ir/formula.js';
import { isOp, type Node, type NotationStyle } from '../ir/graph.js';
import { labelOf, leafName, titleOf, titleText } from '../ir/labels.js';
import { bodyRoots, inputsOfScan, runKey, runsAmong, scan, type ScanNode } from '../ir/ops/scan.js';
import { reachable } from '../ir/reachable.js';
import { printDim, printType } from '../ir/types.js';

/** A line of a body: `z = sigmoid(xt + h)`, `h := z * h`; or a loop in it, with lines of its own. */
export interface BodyLine {
  readonly text: string;
  readonly type: string;
  readonly body?: readonly BodyLine[];
}

export interface LoopText {
  readonly name: string;
  /** `scan xt in x, h = start`: what it goes over, and what it carries. */
  readonly head: string;
  /** How many rounds. */
  readonly rounds: string;
  readonly body: readonly BodyLine[];
}

export interface Loops {
  /** What a result is called: `loop_1.z` at each round, `path(loop_1.h)` a carried value from its start on, `last(loop_1.h)`. */
  readonly nameOf: (node: ScanNode) => string;
  /** The loop that such a name speaks of, over what `written` calls its inputs. */
  readonly textOf: (name: string, written: (node: Node) => string) => LoopText | undefined;
}

/** Names in a formula that speak of loops. */
export const loopNames = /\bloop_\d+/g;

/** The loops among some nodes, numbered in order; those in their bodies follow. */
export function loopsAmong(nodes: readonly Node[], style: NotationStyle): Loops {
  const runs = new Map<string, { readonly name: string; readonly results: readonly ScanNode[] }>();
  const open = [nodes];
  for (let list = open.shift(); list; list = open.shift())
    for (const [key, results] of runsAmong(list)) {
      if (runs.has(key)) continue;
      runs.set(key, { name: `loop_${runs.size + 1}`, results });
      open.push(reachable(bodyRoots(results)));
    }
  const bodies = new Map<string, ReadonlyMap<Node, string>>();
  const namesIn = (key: string, results: readonly ScanNode[]): ReadonlyMap<Node, string> => {
    const known = bodies.get(key) ?? namesOfBody(results);
    bodies.set(key, known);
    return known;
  };
  const nameOf = (node: ScanNode): string => {
    const key = runKey(node);
    const { name, results } = runs.get(key) ?? { name: 'loop', results: [node] };
    const { result, loop } = node.attrs;
    if (result.kind === 'emit') return `${name}.${namesIn(key, results).get(result.of) ?? leafName(result.of) ?? '…'}`;
    return `${result.kind === 'stack' ? 'path' : 'last'}(${name}.${loop.carried[result.of].attrs.name})`;
  };
  const bodyOf = (key: string, results: readonly ScanNode[]): BodyLine[] => {
    const names = namesIn(key, results);
    const called = (node: Node): string | undefined => names.get(node) ?? (isOp(node, scan) ? nameOf(node) : undefined);
    const written = (node: Node): string => createWriter(called, style)(node).text;
    const formula = (node: Node): string => {
      if (isOp(node, scan)) return nameOf(node);
      return createWriter((n) => (n === node ? undefined : called(n)), style)(node).text;
    };
    const { loop } = results[0].attrs;
    const nexts = loop.next.map((next, k): BodyLine => ({
      text: `${loop.carried[k].attrs.name} := ${written(next)}`,
      type: printType(next.type),
    }));
    const lines = reachable(bodyRoots(results)).flatMap((node): BodyLine[] => {
      const name = names.get(node);
      return name === undefined ? [] : [{ text: `${name} = ${formula(node)}`, type: printType(node.type) }];
    });
    return [...lines, ...nexts].flatMap(withLoops(textOf, written));
  };
  const textOf: Loops['textOf'] = (wanted, written) => {
    const found = [...runs].find(([, { name }]) => name === wanted);
    if (!found) return undefined;
    const [key, { name, results }] = found;
    const { loop } = results[0].attrs;
    const { sequences, starts } = inputsOfScan(results[0]);
    const heads = [
      ...loop.slices.map((leaf, i) => `${leaf.attrs.name} in ${written(sequences[i])}`),
      ...loop.carried.map((leaf, k) => `${leaf.attrs.name} = ${written(starts[k])}`),
    ];
    return {
      name,
      head: `scan ${heads.join(', ')}`,
      rounds: `${printDim(loop.length)} rounds`,
      body: bodyOf(key, results),
    };
  };
  return { nameOf, textOf };
}

/** A loop stands before the first line that speaks of it. */
function withLoops(textOf: Loops['textOf'], written: (node: Node) => string): (line: BodyLine) => BodyLine[] {
  const told = new Set<string>();
  return (line) => [
    ...(line.text.match(loopNames) ?? []).flatMap((name) => {
      const loop = told.has(name) ? undefined : textOf(name, written);
      told.add(name);
      return loop ? [{ text: `${name} = ${loop.head}`, type: loop.rounds, body: loop.body }] : [];
    }),
    line,
  ];
}

/** A shorter formula is repeated rather than named. */
const shortest = 16;

/** Nodes of a body that have a line: those with names, those emitted, and longer ones that several read. */
function namesOfBody(results: readonly ScanNode[]): ReadonlyMap<Node, string> {
  const roots = bodyRoots(results);
  const order = reachable(roots);
  const readers = new Map<Node, number>();
  for (const node of order) for (const input of new Set(node.inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);
  const emitted = new Set(results.flatMap(({ attrs: { result } }) => (result.kind === 'emit' ? [result.of] : [])));
  const taken = new Set(order.flatMap((node) => leafName(node) ?? []));
  const { carried, next } = results[0].attrs.loop;
  const names = new Map<Node, string>();
  for (const node of order) {
    if (node.inputs.length === 0 || node.op.notation?.kind === 'same') continue;
    const isNamed = labelOf(node)?.named === true;
    const k = next.indexOf(node);
    const isRead = k >= 0 && (readers.has(node) || emitted.has(node));
    if (!isNamed && !emitted.has(node) && !isRead) {
      if ((readers.get(node) ?? 0) < 2 || isOp(node, scan)) continue;
      if (createWriter((n) => names.get(n))(node).text.length <= shortest) continue;
    }
    const word = k >= 0 && !isNamed ? `${carried[k].attrs.name}_next` : titleText(titleOf(node));
    let name = word;
    for (let n = 2; taken.has(name); n++) name = `${word}_${n}`;
    taken.add(name);
    names.set(node, name);
  }
  return names;
}
