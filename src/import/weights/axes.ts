// Axes by their names: where each element of one of our tensors stands in one of theirs.
import type { Spelling } from './layouts.js';

/** Elements of ours, by loops from the outermost in, and where they stand in both. */
export interface Placement {
  readonly sizes: readonly number[];
  readonly ours: readonly number[];
  /** For each loop, what each of its indices adds to the place in theirs. */
  readonly theirs: readonly (number | readonly number[])[];
  /** Where theirs begin. */
  readonly offset: number;
}

/** The names of the axes, those within parentheses together: `n (gate units)` as [[n], [gate, units]]. */
function namesIn(axes: string): readonly (readonly string[])[] {
  return [...axes.matchAll(/\(([^)]*)\)|\S+/g)].map(([all, inner]) => (inner ?? all).split(' '));
}

/** Sizes that follow from a shape, added to what is known; false where they contradict it. */
function solve(groups: readonly (readonly string[])[], shape: readonly number[], known: Map<string, number>): boolean {
  if (groups.length !== shape.length) return false;
  return groups.every((names, i) => {
    const open = names.filter((name) => !known.has(name));
    const product = names.reduce((size, name) => size * (known.get(name) ?? 1), 1);
    if (open.length > 1) return true;
    if (open.length === 0) return product === shape[i];
    known.set(open[0], shape[i] / product);
    return shape[i] % product === 0;
  });
}

interface Sides {
  readonly ours: { readonly axes: string; readonly shape: readonly number[]; readonly gates?: readonly string[] };
  readonly theirs: {
    readonly spelling: Pick<Spelling, 'axes' | 'part'>;
    readonly shape: readonly number[];
    readonly gates?: readonly string[];
  };
}

/** Where elements stand; undefined where the shapes do not fit together. */
export function placementOf({ ours, theirs }: Sides): Placement | undefined {
  const { part } = theirs.spelling;
  const known = new Map<string, number>([['one', 1]]);
  if (part) known.set('part', part.of);
  if (ours.gates) known.set('gate', ours.gates.length);
  const [own, other] = [namesIn(ours.axes), namesIn(theirs.spelling.axes)];
  // What parentheses of ours leave open, theirs may tell, and the other way round.
  const sides: readonly [readonly (readonly string[])[], readonly number[]][] = [
    [own, ours.shape],
    [other, theirs.shape],
  ];
  for (const [groups, shape] of [...sides, ...sides]) if (!solve(groups, shape, known)) return undefined;
  const names = own.flat();
  const unknown = own.map((group) => group.filter((name) => !known.has(name)).join(' ')).find((group) => group !== '');
  if (unknown !== undefined) return together(unknown, { ours, theirs });
  const [inOurs, inTheirs] = [strides(names, known), strides(other.flat(), known)];
  const gateOrder = ours.gates?.map((gate) => theirs.gates?.indexOf(gate) ?? 0);
  const isOrdered = gateOrder?.every((at, i) => at === i) === true;
  return {
    sizes: names.map((name) => known.get(name) ?? 1),
    ours: names.map((name) => inOurs.get(name) ?? 0),
    theirs: names.map((name) => {
      const stride = inTheirs.get(name) ?? 0;
      return name === 'gate' && gateOrder && !isOrdered ? gateOrder.map((at) => at * stride) : stride;
    }),
    offset: (part?.at ?? 0) * (inTheirs.get('part') ?? 0),
  };
}

/** Axes whose product alone is known, and which stand beside one another in both, are one axis. */
function together(group: string, { ours, theirs }: Sides): Placement | undefined {
  const merged = (axes: string): string => axes.replace(`(${group})`, 'joined').replace(group, 'joined');
  const axes = merged(ours.axes);
  if (axes === ours.axes) return undefined;
  return placementOf({
    ours: { ...ours, axes },
    theirs: { ...theirs, spelling: { ...theirs.spelling, axes: merged(theirs.spelling.axes) } },
  });
}

function strides(names: readonly string[], sizes: ReadonlyMap<string, number>): Map<string, number> {
  const found = new Map<string, number>();
  let stride = 1;
  for (const name of [...names].reverse()) {
    found.set(name, stride);
    stride *= sizes.get(name) ?? 1;
  }
  return found;
}

/** Tells for each element of ours where it and its own stand. */
export function eachPlace(
  { sizes, ours, theirs, offset }: Placement,
  visit: (own: number, other: number) => void,
): void {
  const last = sizes.length - 1;
  const along = (axis: number, own: number, other: number): void => {
    if (axis > last) return visit(own, other);
    const [size, step, steps] = [sizes[axis], ours[axis], theirs[axis]];
    for (let i = 0; i < size; i++)
      along(axis + 1, own + i * step, other + (typeof steps === 'number' ? i * steps : steps[i]));
  };
  along(0, 0, offset);
}

/** Does every element stand in both at the same place, from some place on? */
export function isStraight({ sizes, ours, theirs }: Placement): boolean {
  return sizes.every((size, i) => {
    const step = theirs[i];
    return size === 1 || (typeof step === 'number' ? step === ours[i] : step.every((at, k) => at === k * ours[i]));
  });
}
