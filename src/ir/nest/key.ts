// A text that two nests share exactly when they compute the same into the same buffers: kernels are made once for all entries.
import { bufferKey } from '../bufferKey.js';
import type { Atom, Axis, Index } from '../index.js';
import type { AnyNest, Nest, Rows } from '../program.js';
import type { Buffer, Scalar } from '../scalar.js';

/**
 * Axes count in the order in which the walk meets them, but those of loops around the nest, which are themselves; everything else is by
 * value. Explicit nests have keys of their own.
 * `keyOf` tells buffers apart, and `siteOf` the numbers of random draws; the walk asks for one wherever the text has it.
 */
export function keyOfNest(
  nest: AnyNest,
  keyOf: (buffer: Buffer) => string = bufferKey,
  siteOf: (site: number) => string = String,
): string {
  const key = new Key(keyOf, siteOf);
  if (nest.kind === 'nest') key.addNest(nest);
  else key.addRows(nest);
  return key.text();
}

class Key {
  private readonly lines: string[] = [];
  private readonly numbers = new Map<Axis, number>();
  /** Sub-expressions by their text, each with its number, so that shared ones are written once. */
  private readonly texts = new Map<string, number>();
  private readonly known = new Map<string, string>();

  constructor(
    private readonly keyOf: (buffer: Buffer) => string,
    private readonly siteOf: (site: number) => string,
  ) {}

  text(): string {
    return [...this.lines, [...this.texts.keys()].join(';')].join('\n');
  }

  addNest({ axes, ordered, stores }: Nest): void {
    this.lines.push(`for ${this.bindAll(axes)}`);
    if (ordered)
      this.lines.push(`along ${this.axis(ordered.axis)} ${ordered.reverse ? 'back' : 'on'} from ${ordered.start}`);
    for (const { to, at, value } of stores)
      this.lines.push(`${this.keyOf(to)}[${this.index(at)}]=${this.scalar(value)}`);
  }

  addRows({ row, rowLocal, parts, totals }: Rows): void {
    const head = `rows ${this.bindAll([row])}`;
    this.lines.push(`${head} local ${rowLocal.map((b) => `${this.keyOf(b)}:${this.index(b.length)}`).join(',')}`);
    for (const part of parts) this.addNest(part);
    if (totals) this.lines.push('totals');
    for (const total of totals ?? []) this.addNest(total);
  }

  private bindAll(axes: readonly Axis[]): string {
    return axes.map((a) => `${this.bind(a)}<${this.index(a.extent)}`).join(',');
  }

  private bind(a: Axis): string {
    let n = this.numbers.get(a);
    if (n === undefined) this.numbers.set(a, (n = this.numbers.size));
    return `a${n}`;
  }

  private axis(a: Axis): string {
    return this.numbers.has(a) ? this.bind(a) : `#${a.id}`;
  }

  private index({ terms }: Index): string {
    return terms
      .map(
        ({ factor, atoms }) =>
          `${factor}*${atoms
            .map((part) => this.atom(part))
            .sort()
            .join('*')}`,
      )
      .sort()
      .join('+');
  }

  private atom(part: Atom): string {
    switch (part.kind) {
      case 'axis':
        return this.axis(part);
      case 'size':
        return part.name;
      case 'quotient':
        return `(${this.index(part.of)})/(${this.index(part.by)})`;
      case 'element':
        return `[${this.scalar(part.of)}]`;
      default:
        return part satisfies never;
    }
  }

  private scalar(value: Scalar): string {
    const before = this.known.get(value.key);
    if (before !== undefined) return before;
    const text = this.write(value);
    let n = this.texts.get(text);
    if (n === undefined) this.texts.set(text, (n = this.texts.size));
    this.known.set(value.key, `e${n}`);
    return `e${n}`;
  }

  private write(value: Scalar): string {
    switch (value.kind) {
      case 'number':
        return value.site ? `site ${this.siteOf(value.value)}` : value.key;
      case 'local':
        return value.key;
      case 'index':
        return `<${this.index(value.of)}>`;
      case 'load':
        return `${this.keyOf(value.from)}[${this.index(value.at)}]`;
      case 'apply':
        return `${value.op}(${value.args.map((arg) => this.scalar(arg)).join(',')})`;
      case 'fold':
        return `${value.op}{${this.bindAll(value.over)}}${this.scalar(value.body)}`;
      case 'splat':
        return `splat(${this.scalar(value.of)})`;
      case 'lane':
        return `lane${value.at}(${this.scalar(value.of)})`;
      default:
        return value satisfies never;
    }
  }
}
