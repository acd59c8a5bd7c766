// What was made of texts, kept so that what is the same in the next module need not be made again.

/** Values by text, of so many characters in all; those that were asked for longest ago go first. */
export class Memo {
  private readonly kept = new Map<string, string>();
  private size = 0;

  constructor(private readonly capacity: number) {}

  /**
   * The same for texts of code: those that differ only in digits of integers are laid out alike, with the integers in the order in which
   * they came. A model of other sizes has much of the same module.
   */
  async ofLayout(code: string, make: (code: string) => string | Promise<string>): Promise<string> {
    const found: string[] = [];
    const form = code.replace(integers, (digits) => {
      found.push(digits);
      return '1'.repeat(digits.length);
    });
    const made = await this.of(form, make);
    let at = 0;
    const restored = made.replace(integers, () => found[at++]);
    // Of code that has the stand-ins of integers for other words, or lost one, nothing is known.
    return at === found.length && restored.length === made.length ? restored : make(code);
  }

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

/** Not the parts of other numbers and of names. */
const integers = /(?<![\w$.])[1-9]\d*(?![\w$.])/g;
