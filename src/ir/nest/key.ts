// A text that two nests share exactly when they compute the same into the same buffers: kernels are made once for all entries.
import { bufferKey } from '../bufferKey.js';
import type { Atom, Axis, Index } from '../index.js';
import type { AnyNest, Nest, Rows } from '../program.js';
import type { Buffer, Scalar } from '../scalar.js';
import { formOf, formOfRows, ownBuffer } from './forms.js';

/** What a nest computes, whatever buffers it does so with, and which those are. */
export interface NestShape {
  /** Equal for nests that are the same but for their buffers, with the same aliasing, and for the numbers of their random draws. */
  readonly text: string;
  /** What it reads and writes, in the order of its text. */
  readonly buffers: readonly Buffer[];
  /** The numbers of its random draws, in the same order. */
  readonly sites: readonly number[];
  /** Those, by what tells them apart: with the text, equal for nests that compute the same into the same buffers. */
  readonly own: string;
}

const shapes = new WeakMap<AnyNest, NestShape>();

/** Computed once for each nest. */
export function shapeOfNest(nest: AnyNest): NestShape {
  let known = shapes.get(nest);
  if (!known) shapes.set(nest, (known = shapeOfForm(nest) ?? writeShape(nest)));
  return known;
}

/** That of the written nest of its form, with its own buffers. */
function shapeOfForm(nest: AnyNest): NestShape | undefined {
  const formed = nest.kind === 'nest' ? formOf(nest) : formOfRows(nest);
  if (!formed || formed.form.nest === nest) return undefined;
  const { text, buffers, sites } = shapeOfNest(formed.form.nest);
  return shapeBy(text, buffers.map(ownBuffer(formed)), sites);
}

function shapeBy(text: string, buffers: readonly Buffer[], sites: readonly number[]): NestShape {
  return { text, buffers, sites, own: `${buffers.map(bufferKey).join(' ')} ${sites.join(' ')}` };
}

function writeShape(nest: AnyNest): NestShape {
  const writer = new ShapeWriter();
  if (nest.kind === 'nest') writer.addNest(nest);
  else writer.addRows(nest);
  return writer.shape();
}

/**
 * Axes count in the order in which the walk meets them, but those of loops around the nest, which are themselves; buffers and the numbers
 * of random draws count in that order as well, and everything else is by value.
 */
class ShapeWriter {
  private readonly lines: string[] = [];
  private readonly numbers = new Map<Axis, number>();
  /** Sub-expressions by their text, each with its number, so that shared ones are written once. */
  private readonly texts = new Map<string, number>();
  private readonly known = new Map<string, string>();

  private readonly buffers = new Map<Buffer, string>();
  private readonly sites = new Map<number, string>();

  shape(): NestShape {
    const text = [...this.lines, [...this.texts.keys()].join(';')].join('\n');
    const [buffers, sites] = [[...this.buffers.keys()], [...this.sites.keys()]];
    return shapeBy(text, buffers, sites);
  }

  addNest({ axes, ordered, stores }: Nest): void {
    this.lines.push(`for ${this.bindAll(axes)}`);
    if (ordered)
      this.lines.push(`along ${this.axis(ordered.axis)} ${ordered.reverse ? 'back' : 'on'} from ${ordered.start}`);
    for (const { to, at, value } of stores)
      this.lines.push(`${numberedIn(this.buffers, to)}[${this.index(at)}]=${this.scalar(value)}`);
  }

  addRows({ row, rowLocal, parts, totals }: Rows): void {
    const head = `rows ${this.bindAll([row])}`;
    this.lines.push(
      `${head} local ${rowLocal.map((b) => `${numberedIn(this.buffers, b)}:${this.index(b.length)}`).join(',')}`,
    );
    for (const part of parts) this.addNest(part);
    if (totals) this.lines.push('totals');
    for (const total of totals ?? []) this.addNest(total);
  }

  private bindAll(axes: readonly Axis[]): string {
    return axes
      .map((a) => `${this.bind(a)}<${this.index(a.extent)}${a.until ? `~${this.index(a.until)}` : ''}`)
      .join(',');
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
    return sorted(
      terms.map(
        ({ factor, atoms }) =>
          `${factor}*${sorted(
            atoms.map((part) => this.atom(part)),
            '*',
          )}`,
      ),
      '+',
    );
  }

  private atom(part: Atom): string {
    switch (part.kind) {
      case 'axis':
        return this.axis(part);
      case 'size':
        return part.name;
      case 'sum':
        return `(${this.index(part.of)})`;
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
        return value.site ? `site ${numberedIn(this.sites, value.value)}` : value.key;
      case 'local':
        return value.key;
      case 'index':
        return `<${this.index(value.of)}>`;
      case 'load':
        return `${numberedIn(this.buffers, value.from)}[${this.index(value.at)}]`;
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

function sorted(texts: string[], joint: string): string {
  return texts.length === 1 ? texts[0] : texts.sort().join(joint);
}

/** `@n` for the n-th that is met. */
function numberedIn<T>(known: Map<T, string>, of: T): string {
  const before = known.get(of);
  if (before !== undefined) return before;
  const made = `@${known.size}`;
  known.set(of, made);
  return made;
}
