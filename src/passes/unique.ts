// Names that are taken once each.

/** The name, or the name with _2, _3 … where it is taken; takes it. */
export function unique(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name}_${n}`;
  taken.add(free);
  return free;
}
