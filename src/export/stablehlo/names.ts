// What values of a function are called.

/** The names that a function has given. */
export class Names {
  private next = 0;
  private readonly taken = new Set<string>();

  fresh(): string {
    return `%${this.next++}`;
  }

  /** The name without what a name here cannot have, numbered where another has it; undefined where nothing is left of it. */
  like(word: string): string | undefined {
    const kept = word.replace(/[^A-Za-z0-9_.]/g, '_').replace(/^[^A-Za-z_]+/, '');
    if (!/[A-Za-z0-9]/.test(kept)) return undefined;
    let name = kept;
    for (let n = 2; this.taken.has(name); n++) name = `${kept}_${n}`;
    this.taken.add(name);
    return `%${name}`;
  }

  /** The number given last is free again. */
  back(): void {
    this.next--;
  }
}
