// What of a loop depends on what, in a way that can be differentiated.
import { isOp, type Node } from '../../../ir/graph.js';
import { bodyRoots, inputsOfScan, leavesOfLoop, runKey, scan, type Loop, type ScanNode } from '../../../ir/ops/scan.js';
import { reachable } from '../../../ir/reachable.js';

export interface Activity {
  /** The results that depend on an input that counts. */
  readonly results: ReadonlySet<Node>;
  /** The leaves of the body that do. */
  readonly leaves: ReadonlySet<Node>;
}

/** Remembers what it found: the results of one run share it. */
export function createActivity(): (results: readonly ScanNode[], counts: (input: Node) => boolean) => Activity {
  const known = new Map<string, Activity>();
  return (results, counts) => {
    const key = runKey(results[0]);
    const found = known.get(key) ?? activityOf(results, counts);
    known.set(key, found);
    return found;
  };
}

/** What depends on the inputs that count: what is carried does where its start or what it becomes does. */
export function activityOf(results: readonly ScanNode[], counts: (input: Node) => boolean): Activity {
  const [first] = results;
  const { loop } = first.attrs;
  const order = reachable(bodyRoots(results));
  const leaves = new Set<Node>(
    leavesOfLoop(loop).filter((leaf, i) => leaf.type.element.kind === 'f32' && counts(first.inputs[i])),
  );
  for (;;) {
    const active = dependents(order, leaves);
    const more = loop.carried.filter((leaf, k) => !leaves.has(leaf) && active.has(loop.next[k]));
    if (more.length === 0)
      return { leaves, results: new Set(results.filter((r) => active.has(rootOf(r)) || startsActive(r, leaves))) };
    for (const leaf of more) leaves.add(leaf);
  }
}

function startsActive({ attrs: { loop, result } }: ScanNode, leaves: ReadonlySet<Node>): boolean {
  return result.kind !== 'emit' && leaves.has(loop.carried[result.of]);
}

function rootOf({ attrs: { loop, result } }: ScanNode): Node {
  return result.kind === 'emit' ? result.of : loop.next[result.of];
}

/** The nodes that depend on the leaves. */
function dependents(order: readonly Node[], leaves: ReadonlySet<Node>): ReadonlySet<Node> {
  const active = new Set<Node>();
  for (const node of order) {
    const through = node.op.vjp !== undefined || isOp(node, scan);
    const f32 = node.type.element.kind === 'f32';
    if (leaves.has(node) || (f32 && through && node.inputs.some((i) => active.has(i)))) active.add(node);
  }
  return active;
}

/**
 * The carried values that have a cotangent: those whose last value or stack has, and those that lead there or to what is emitted.
 * `active`: the leaves on which something depends.
 */
export function carriedBack(
  loop: Loop,
  emitted: readonly Node[],
  wanted: ReadonlySet<number>,
  active: ReadonlySet<Node>,
): number[] {
  const found = new Set(wanted);
  for (;;) {
    const read = new Set(reachable([...emitted, ...[...found].map((k) => loop.next[k])], differentiated));
    const more = loop.carried.flatMap((leaf, k) => (!found.has(k) && active.has(leaf) && read.has(leaf) ? [k] : []));
    if (more.length === 0) return [...found].sort((a, b) => a - b);
    for (const k of more) found.add(k);
  }
}

/** What a node's derivative is taken by. */
function differentiated(node: Node): readonly Node[] {
  if (isOp(node, scan)) {
    const { sequences, starts, captured } = inputsOfScan(node);
    return [...sequences, ...starts, ...captured].filter(({ type }) => type.element.kind === 'f32');
  }
  return node.op.vjp ? node.inputs.filter(({ type }) => type.element.kind === 'f32') : [];
}
