// What was made of texts, kept so that what is the same in the next module need not be made again.

/** Values by text, of so many characters in all; those that were asked for longest ago go first. */
export class Memo {
  private readonly kept = new Map<string, string>();
  private size = 0;

  constructor(private readonly capacity: number) {}

  /** What `make` makes of the text, or has made of it. */
  async of(text: string, make: (text: string) => string | Promise<string>): Promise<string> {
    const known = this.kept.get(text);
    const made = known ?? (await make(text));
    if (this.kept.delete(text)) this.size -= text.length + made.length;
    this.kept.set(text, made);
    this.size += text.length + made.length;
    for (const [oldest, value] of this.kept) {
      if (this.size <= this.capacity) break;
      this.kept.delete(oldest);
      this.size -= oldest.length + value.length;
    }
    return made;
  }
}
