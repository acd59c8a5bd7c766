// Loops: a body that runs once for each slice of some sequences, in order, carrying values from round to round.
import { add, constant as whole } from '../index.js';
import { name, words, type Formula } from '../formula/tree.js';
import { isOp, type Builder, type Node, type Notation, type Op } from '../graph.js';
import { dim, printType, sameElement, sameShape, tensor, type Dim, type TensorType } from '../types.js';

/**
 * A leaf of a loop's body: what the loop puts there at each round. It is told from the loop's others by its number, and from those of
 * loops around it by its depth, so that equal bodies are one however often they are built. The name is a label.
 */
export const bound: Op<{ depth: number; number: number; name: string; type: TensorType }> = {
  kind: 'leaf',
  name: 'bound',
  summary: 'What a loop puts into its body at each round: a slice, a carried value or one from outside.',
  type: (_, { type }) => type,
  notation: { kind: 'form', write: (_, { attrs }) => name(attrs.name) },
  samples: [],
};

export type Bound = Node<{ depth: number; number: number; name: string; type: TensorType }>;

/**
 * A body, closed over leaves of its own: it reads nothing from outside but through them, and numbers. Invariant: made by `createLoop`,
 * so that equal loops have equal keys. The looped axis is the first of each sequence, and rounds go from its start; a loop backwards is
 * one over flipped sequences.
 */
export interface Loop {
  /** How many loops stand around it: the depth of its leaves. */
  readonly depth: number;
  readonly length: Dim;
  /** Leaf by sequence. */
  readonly slices: readonly Bound[];
  /** Leaf by value that goes from round to round. */
  readonly carried: readonly Bound[];
  /** Leaf by value from outside. */
  readonly captured: readonly Bound[];
  /** What each carried value becomes at the end of a round. */
  readonly next: readonly Node[];
  /** Its rounds are run again in the backward pass, rather than that what they make is kept. */
  readonly again?: true;
  readonly key: string;
}

/** What a scan node is of all that its loop gives. */
export type LoopResult =
  /** A node of the body at each round: [T, …]. */
  | { readonly kind: 'emit'; readonly of: Node }
  /** A carried value before each round, and after the last: [T + 1, …]. */
  | { readonly kind: 'stack'; readonly of: number }
  /** A carried value after the last round. */
  | { readonly kind: 'final'; readonly of: number };

export type ScanAttrs = { loop: Loop; result: LoopResult };
export type ScanNode = Node<ScanAttrs>;

/**
 * One result of a loop. Inputs are the sequences ([T, …]), what the carried values start from, and what is captured. Nodes of one loop
 * and the same inputs are results of one run of it (`runKey`).
 */
export const scan: Op<ScanAttrs> = {
  kind: 'structured',
  name: 'scan',
  summary:
    'A result of a loop: what it emits at each round, or a value that it carries. Its derivative is a loop that goes back: ' +
    'where round t makes e[t] and c[t + 1] of c[t], a slice s[t] and w from outside, it makes d_c[t] and d_s[t] of d_c[t + 1] and d_e[t], ' +
    'and adds up d_w, by the derivative of the body at that round.',
  rule: 'round by round, from the last to the first',
  type: (inputs, { loop, result }) => {
    checkInputs(inputs, loop);
    switch (result.kind) {
      case 'emit':
        return { element: result.of.type.element, shape: [loop.length, ...result.of.type.shape] };
      case 'stack': {
        const { element, shape } = loop.carried[result.of].type;
        return { element, shape: [dim(add(loop.length.size, whole(1))), ...shape] };
      }
      case 'final':
        return loop.carried[result.of].type;
      default:
        return result satisfies never;
    }
  },
  notation: {
    kind: 'form',
    write: (inputs, node) => scanFormula(inputs, node),
  } satisfies Notation<ScanAttrs>,
  samples: [],
};

/** The loop of these leaves and next values. */
export function createLoop(of: Omit<Loop, 'key'>): Loop {
  const ids = (nodes: readonly Node[]): string => nodes.map((n) => n.id).join(',');
  const lists = [of.slices, of.carried, of.captured, of.next].map(ids);
  return { ...of, key: `loop(${of.depth};${of.length.size.key};${lists.join(';')}${of.again ? ';again' : ''})` };
}

/** A result of a run. What a value is from its start on is called by it. */
export function resultOf(g: Builder, inputs: readonly Node[], loop: Loop, result: LoopResult): Node {
  const node = g.make(scan, inputs, { loop, result });
  if (result.kind === 'stack') node.name ??= `${loop.carried[result.of].attrs.name}_path`;
  return node;
}

/** A scan node's inputs by what they are there for. */
export function inputsOfScan({ inputs, attrs: { loop } }: ScanNode): {
  readonly sequences: readonly Node[];
  readonly starts: readonly Node[];
  readonly captured: readonly Node[];
} {
  const starts = loop.slices.length;
  const captured = starts + loop.carried.length;
  return {
    sequences: inputs.slice(0, starts),
    starts: inputs.slice(starts, captured),
    captured: inputs.slice(captured),
  };
}

/** All leaves of a loop, in the order of a scan node's inputs. */
export function leavesOfLoop({ slices, carried, captured }: Loop): readonly Bound[] {
  return [...slices, ...carried, ...captured];
}

/** Equal for the results of one run of a loop. */
export function runKey({ inputs, attrs: { loop } }: ScanNode): string {
  return `${loop.key}(${inputs.map((n) => n.id).join(',')})`;
}

/** The results of each run of a loop among some nodes, in order. */
export function runsAmong(nodes: readonly Node[]): ReadonlyMap<string, readonly ScanNode[]> {
  const runs = new Map<string, ScanNode[]>();
  for (const node of nodes) {
    if (!isOp(node, scan)) continue;
    const key = runKey(node);
    runs.set(key, [...(runs.get(key) ?? []), node]);
  }
  return runs;
}

/** What the body must compute for some results of a run: next values and emitted nodes. */
export function bodyRoots(results: readonly ScanNode[]): readonly Node[] {
  const emitted = results.flatMap(({ attrs: { result } }) => (result.kind === 'emit' ? [result.of] : []));
  return [...new Set([...results.flatMap((r) => r.attrs.loop.next), ...emitted])];
}

/** Throws where the inputs do not fit the loop, or the loop not itself: our bug. */
function checkInputs(inputs: readonly TensorType[], loop: Loop): void {
  const leaves = leavesOfLoop(loop);
  if (inputs.length !== leaves.length) throw new Error(`a loop of ${leaves.length} leaves has ${inputs.length} inputs`);
  if (loop.next.length !== loop.carried.length) throw new Error('each carried value has a next one');
  loop.next.forEach((next, k) => fits(next.type, loop.carried[k].type, 'what a carried value becomes'));
  leaves.forEach((leaf, i) => {
    const { element, shape } = leaf.type;
    const isSlice = i < loop.slices.length;
    fits(
      inputs[i],
      isSlice ? tensor([loop.length, ...shape], element) : leaf.type,
      isSlice ? 'a sequence' : 'an input',
    );
  });
}

function fits(found: TensorType, wanted: TensorType, what: string): void {
  if (!sameShape(found, wanted) || !sameElement(found.element, wanted.element))
    throw new Error(`${what} is ${printType(found)}, the loop says ${printType(wanted)}`);
}

/** `scan xt in x, h = start`: the loop's head stands for the whole; what it computes is shown beside it. */
function scanFormula(inputs: readonly Formula[], { attrs: { loop, result } }: ScanNode): Formula {
  const heads = [
    ...loop.slices.map((leaf, i) => [`${leaf.attrs.name} in `, inputs[i]] as const),
    ...loop.carried.map((leaf, k) => [`${leaf.attrs.name} = `, inputs[loop.slices.length + k]] as const),
  ];
  const of = result.kind === 'emit' ? '' : `${loop.carried[result.of].attrs.name} of `;
  return words(`(${of}scan `, ...heads.flatMap((head, i) => (i === 0 ? head : [', ', ...head])), ')');
}
