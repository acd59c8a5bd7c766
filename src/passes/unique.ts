// Names that are taken once each.

/** Of each set of names, and each of its names that was wanted again, the last number that it was given. */
const last = new WeakMap<Set<string>, Map<string, number>>();

/** The name, or the name with _2, _3 … where it is taken; takes it. */
export function unique(name: string, taken: Set<string>): string {
  if (!taken.has(name)) {
    taken.add(name);
    return name;
  }
  const numbers = last.get(taken) ?? new Map<string, number>();
  last.set(taken, numbers);
  let n = (numbers.get(name) ?? 1) + 1;
  while (taken.has(`${name}_${n}`)) n++;
  numbers.set(name, n);
  taken.add(`${name}_${n}`);
  return `${name}_${n}`;
}
