// What some results of a loop need of it: results that nobody reads take nothing.
import { isOp, type Node } from '../../ir/graph.js';
import { leavesOfLoop, scan, type ScanNode } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';

export interface Needs {
  /** The results of one run that are wanted. */
  readonly results: readonly ScanNode[];
  /** The values that go from round to round for their sake, by their numbers. */
  readonly carried: readonly number[];
  /** What each round must compute: what those become, and what is emitted. */
  readonly roots: readonly Node[];
}

/** What the results of one run need, of which there is at least one. */
export function needsOf(results: readonly ScanNode[]): Needs {
  const { loop } = results[0].attrs;
  const emitted = results.flatMap(({ attrs: { result } }) => (result.kind === 'emit' ? [result.of] : []));
  const carried = new Set(results.flatMap(({ attrs: { result } }) => (result.kind === 'emit' ? [] : [result.of])));
  const rootsNow = (): Node[] => [...new Set([...[...carried].map((k) => loop.next[k]), ...emitted])];
  for (let before = -1; before < carried.size;) {
    before = carried.size;
    const reached = new Set(reachable(rootsNow(), inputsNeeded));
    loop.carried.forEach((leaf, k) => {
      if (reached.has(leaf)) carried.add(k);
    });
  }
  return { results, carried: [...carried].sort((a, b) => a - b), roots: rootsNow() };
}

const followed = new WeakMap<ScanNode, readonly Node[]>();

/** The inputs of a node without which it cannot be made: of a result of a loop, those that its own rounds read. */
export function inputsNeeded(node: Node): readonly Node[] {
  if (!isOp(node, scan)) return node.inputs;
  let known = followed.get(node);
  if (!known) {
    const { carried, roots } = needsOf([node]);
    const { loop } = node.attrs;
    const read = new Set(reachable(roots, inputsNeeded));
    for (const k of carried) read.add(loop.carried[k]);
    followed.set(node, (known = node.inputs.filter((_, i) => read.has(leavesOfLoop(loop)[i]))));
  }
  return known;
}
