// In which order the operands of einsum are contracted: the one that takes the fewest multiplications.

/** The sizes of labels, run-time ones as they may be assumed. */
type SizeOf = (label: string) => number;

type Labels = ReadonlySet<string>;

/** Two operands or products, by their numbers: operands are 0 … n - 1, and each step makes the next number. */
export type Step = readonly [number, number];

/** So many operands are searched through; for more, each step takes the pair that is cheapest then. */
const mostSearched = 8;

/**
 * The steps that make one product of all operands. A step's cost is the product of the sizes of all labels that its two sides have;
 * what neither `out` nor another operand has is summed in it.
 */
export function contractionOrder(operands: readonly Labels[], out: Labels, sizeOf: SizeOf): Step[] {
  return operands.length <= mostSearched ? searched(operands, out, sizeOf) : greedy(operands, out, sizeOf);
}

function costOf(a: Labels, b: Labels, sizeOf: SizeOf): number {
  return [...new Set([...a, ...b])].reduce((n, label) => n * sizeOf(label), 1);
}

/** What is left of labels where these others still need some. */
function kept(labels: Iterable<string>, others: readonly Labels[], out: Labels): Set<string> {
  return new Set([...labels].filter((label) => out.has(label) || others.some((other) => other.has(label))));
}

interface Plan {
  readonly cost: number;
  /** The two sets of operands, as bits, that the last step joins; absent of a single operand. */
  readonly halves?: readonly [number, number];
}

/** Every way to split every set of operands in two, by the sets that bits stand for. */
function searched(operands: readonly Labels[], out: Labels, sizeOf: SizeOf): Step[] {
  const all = 2 ** operands.length - 1;
  const labels = (set: number): Labels => {
    const [inside, outside] = [true, false].map((is) => operands.filter((_, i) => ((set >> i) & 1) === Number(is)));
    return kept(
      inside.flatMap((own) => [...own]),
      outside,
      out,
    );
  };
  const labelsOf = Array.from({ length: all + 1 }, (_, set) => labels(set));
  const best: Plan[] = [];
  for (let set = 1; set <= all; set++) {
    best[set] = { cost: (set & (set - 1)) === 0 ? 0 : Infinity };
    // Each split once: the first half holds the lowest operand.
    for (let half = (set - 1) & set; half > 0; half = (half - 1) & set) {
      const rest = set ^ half;
      if ((half & set & -set) === 0) continue;
      const cost = best[half].cost + best[rest].cost + costOf(labelsOf[half], labelsOf[rest], sizeOf);
      if (cost < best[set].cost) best[set] = { cost, halves: [half, rest] };
    }
  }
  const steps: Step[] = [];
  const made = (set: number): number => {
    const { halves } = best[set];
    if (!halves) return Math.log2(set);
    steps.push([made(halves[0]), made(halves[1])]);
    return operands.length + steps.length - 1;
  };
  made(all);
  return steps;
}

function greedy(operands: readonly Labels[], out: Labels, sizeOf: SizeOf): Step[] {
  const steps: Step[] = [];
  let open = operands.map((labels, number) => ({ number, labels }));
  while (open.length > 1) {
    const pairs = open.flatMap((a, i) =>
      open.slice(i + 1).map((b) => ({ a, b, cost: costOf(a.labels, b.labels, sizeOf) })),
    );
    const { a, b } = pairs.reduce((least, pair) => (pair.cost < least.cost ? pair : least));
    steps.push([a.number, b.number]);
    open = open.filter((one) => one !== a && one !== b);
    const labels = kept(
      [...a.labels, ...b.labels],
      open.map((one) => one.labels),
      out,
    );
    open.push({ number: operands.length + steps.length - 1, labels });
  }
  return steps;
}
